"""What one session may have computed in an hour: so many computations, so many seconds, and then when again."""

from __future__ import annotations

import threading

import pytest

from core.jobs.limits import Allowance, Limit, LimitReached, limit_in_force


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def allowance(clock) -> Allowance:
    return Allowance(Limit(computations=3, seconds=100.0), clock=clock)


def compute(allowance, clock, session="ann", seconds=1.0):
    def work(job):
        clock.now += seconds
        return f"{job} done"

    return allowance.charged(session, work)("a job")


def refused(allowance, session="ann", seconds=0.0) -> str:
    with pytest.raises(LimitReached) as caught:
        allowance.check(session, seconds)
    return str(caught.value)


def test_work_that_is_charged_gives_its_result_and_passes_on_what_it_raises(allowance, clock):
    assert compute(allowance, clock) == "a job done"

    def failing(job):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        allowance.charged("ann", failing)("a job")


def test_so_many_computations_an_hour_and_then_the_oldest_must_be_an_hour_old(allowance, clock):
    for _ in range(3):
        allowance.check("ann")
        compute(allowance, clock)
        clock.now += 600 - 1  # begun at 1000, 1600, 2200; now it is 2800
    said = refused(allowance)
    assert "at most 3 computations" in said and "You can train again in 30 minutes." in said  # at 4600
    clock.now = 4599
    assert "again in 1 second." in refused(allowance)
    clock.now = 4601
    allowance.check("ann")
    compute(allowance, clock)
    assert refused(allowance)  # three within the last hour again


def test_so_many_seconds_an_hour_counting_what_is_about_to_begin(allowance, clock):
    compute(allowance, clock, seconds=60)
    allowance.check("ann", 40)
    said = refused(allowance, seconds=41)
    assert "100 seconds" not in said and "2 minutes of computing" in said and "59 minutes" in said
    allowance.check("bob", 100)  # another session has an hour of its own


def test_what_is_at_work_counts_with_the_time_it_has_taken_so_far(allowance, clock):
    def work(job):
        clock.now += 70
        allowance.check("ann", 30)
        assert refused(allowance, seconds=31)

    allowance.charged("ann", work)("a job")


def test_work_that_is_never_begun_costs_nothing(allowance):
    for _ in range(10):
        allowance.charged("ann", lambda job: None)
    allowance.check("ann", 100)


def test_work_that_fails_or_is_cancelled_is_charged_for_the_time_it_took(allowance, clock):
    def failing(job):
        clock.now += 80
        raise KeyError

    with pytest.raises(KeyError):
        allowance.charged("ann", failing)("a job")
    allowance.check("ann", 20)
    assert refused(allowance, seconds=21)


def test_one_training_that_is_longer_than_the_hours_share_is_told_what_to_change(allowance):
    said = refused(allowance, seconds=7300)
    assert "about 2 hours" in said and "fewer epochs" in said and "REGLAB_LIVE_LIMIT=off" in said
    allowance.check("ann", 100)


def test_without_a_limit_nothing_is_refused(clock):
    allowance = Allowance(None, clock=clock)
    for _ in range(1000):
        compute(allowance, clock, seconds=100)
    allowance.check("ann", 1e6)


def test_sessions_that_are_gone_are_forgotten(allowance, clock):
    for i in range(50):
        compute(allowance, clock, session=f"session {i}")
    assert len(allowance._charges) == 50
    clock.now += 3601
    compute(allowance, clock, session="late")
    assert list(allowance._charges) == ["late"]


def test_a_computation_of_more_than_an_hour_counts_until_it_ends(allowance, clock):
    def work(job):
        clock.now += 4000
        assert "again in 60 seconds" in refused(allowance)

    allowance.charged("ann", work)("a job")
    allowance.check("ann")


def test_many_threads_may_compute_on_one_account():
    allowance, gate = Allowance(Limit(computations=10_000, seconds=1e6)), threading.Barrier(8)

    def session():
        gate.wait(5)
        for _ in range(100):
            allowance.check("ann")
            allowance.charged("ann", lambda job: None)("a job")

    threads = [threading.Thread(target=session) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(allowance._charges["ann"]) == 800


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, Limit()),
        ("", Limit()),
        ("off", None),
        (" None ", None),
        ("5,60", Limit(5, 60)),
        (" 5 , 60 ", Limit(5, 60)),
    ],
)
def test_the_limit_is_read_from_the_environment(monkeypatch, given, expected):
    if given is None:
        monkeypatch.delenv("REGLAB_LIVE_LIMIT", raising=False)
    else:
        monkeypatch.setenv("REGLAB_LIVE_LIMIT", given)
    assert limit_in_force() == expected


@pytest.mark.parametrize("junk", ["much", "5", "5,", "5,60,7", "-1,60", "5,0", "1e3,5", "5;60"])
def test_a_limit_that_cannot_be_read_is_named_and_the_default_is_in_force(monkeypatch, caplog, junk):
    monkeypatch.setenv("REGLAB_LIVE_LIMIT", junk)
    assert limit_in_force() == Limit() and "REGLAB_LIVE_LIMIT" in caplog.text


def test_the_default_is_generous_to_one_student(clock):
    """A small run of 7 seconds every 20 seconds for an hour."""
    allowance = Allowance(Limit(), clock=clock)
    for _ in range(180):
        allowance.check("ann", 10)
        compute(allowance, clock, seconds=7)
        clock.now += 13
