"""How much one session may compute in an hour, so that a server that many share stays fast for all of them."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.jobs.queue import Job

log = logging.getLogger(__name__)

VARIABLE = "REGLAB_LIVE_LIMIT"
HOUR = 3600.0


class LimitReached(RuntimeError):
    """A session has computed as much as it may for now; says when it may again."""


@dataclass(frozen=True)
class Limit:
    """What one session may have computed in any hour. A small run takes 5 to 10 seconds, a full one about a minute."""

    computations: int = 200
    seconds: float = 1800.0


def limit_in_force() -> Limit | None:
    """The limit of REGLAB_LIVE_LIMIT: "off" for none, or two numbers, "200,1800". The default where it says neither."""
    given = os.environ.get(VARIABLE, "").strip().lower()
    if not given:
        return Limit()
    if given in ("off", "none"):
        return None
    try:
        computations, seconds = (int(number) for number in given.split(","))
        if min(computations, seconds) < 1:
            raise ValueError("a limit is at least 1")
    except ValueError:
        log.warning("%s is neither off nor two whole numbers such as 200,1800; the default is in force", VARIABLE)
        return Limit()
    return Limit(computations, seconds)


@dataclass
class _Charge:
    """One computation that was begun: when, and how long it took; None while it is at work."""

    began: float
    seconds: float | None = None


class Allowance:
    """What each session has had computed within the last hour. A result that is there, or that another session had
    computed, costs nothing."""

    def __init__(self, limit: Limit | None, *, clock: Callable[[], float] = time.monotonic):
        self.limit, self._clock = limit, clock
        self._charges: dict[str, deque[_Charge]] = {}
        self._lock = threading.Lock()

    def check(self, session: str, seconds: float = 0.0) -> None:
        """Raises LimitReached where a further computation, expected to take so many seconds, is more than the session
        may have for now."""
        if self.limit is None:
            return
        if seconds > self.limit.seconds:
            raise LimitReached(
                f"This training would take about {_in_words(seconds)}. One visitor may have {_at_most(self.limit)} in "
                f"an hour. Choose fewer epochs, fewer images or a larger batch. {_at_home()}"
            )
        with self._lock:
            wait = self._wait(self._of(session), seconds, self.limit)
        if wait > 0:
            raise LimitReached(
                f"You have had as much trained as one visitor may have in an hour: {_at_most(self.limit)}. Everything "
                f"that is computed already is shown as before. You can train again in {_in_words(wait)}. {_at_home()}"
            )

    def _wait(self, charges: deque[_Charge], seconds: float, limit: Limit) -> float:
        """Seconds until so much more would be within the limit: until enough of the oldest are an hour old."""
        now, left = self._clock(), list(charges)
        while left:
            used = sum(now - one.began if one.seconds is None else one.seconds for one in left)
            if len(left) < limit.computations and used + seconds <= limit.seconds:
                break
            left.pop(0)
        gone = len(charges) - len(left)
        if not gone:
            return 0.0
        last = charges[gone - 1]
        return max(last.began + HOUR - now, 60.0 if last.seconds is None else 0.0)

    def charged(self, session: str, work: Callable[[Job], Any]) -> Callable[[Job], Any]:
        """The work, which when it is begun is charged to the session: one computation, and the time it takes."""

        def work_on_account(job: Job) -> Any:
            charge = self._begin(session)
            try:
                return work(job)
            finally:
                charge.seconds = self._clock() - charge.began

        return work_on_account

    def _begin(self, session: str) -> _Charge:
        charge = _Charge(self._clock())
        with self._lock:
            for other in list(self._charges):  # so that sessions that are gone are forgotten
                if not self._of(other):
                    del self._charges[other]
            self._charges.setdefault(session, deque()).append(charge)
        return charge

    def _of(self, session: str) -> deque[_Charge]:
        """A session's computations of the last hour; older ones are dropped."""
        charges = self._charges.get(session, deque())
        while charges and charges[0].seconds is not None and charges[0].began <= self._clock() - HOUR:
            charges.popleft()
        return charges


def _at_most(limit: Limit) -> str:
    return f"at most {limit.computations:,} computations, and {_in_words(limit.seconds)} of computing"


def _at_home() -> str:
    return f"On a machine of your own, start the app with {VARIABLE}=off, and there is no limit."


def _in_words(seconds: float) -> str:
    if seconds < 90:
        return "1 second" if seconds < 1.5 else f"{round(seconds)} seconds"
    return f"{round(seconds / 60)} minutes" if seconds < 5400 else f"{seconds / 3600:.0f} hours"
