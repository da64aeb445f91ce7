"""Every technique at every strength against the plain network: `python -m bench.techniques`. Reads what is shipped.

Held-out accuracy of the last epoch, paired over five seeds, in both settings: mean difference in points, Student's
95 % interval, and the share of wrong labels that the network reproduces at the small and noisy setting.
"""

from __future__ import annotations

from core.config import FULL, SMALL_AND_NOISY
from core.course.claims import LAST_ACCURACY, MEMORISED, compare
from core.course.over_seeds import runs_at
from core.techniques import TECHNIQUES

SETTINGS = {"full": FULL, "small and noisy": SMALL_AND_NOISY}


def main() -> None:
    for setting, plain in SETTINGS.items():
        print(f"\n{setting}: plain {LAST_ACCURACY.over(runs_at(plain))}")
        for technique in TECHNIQUES:
            if not technique.strength:
                continue
            for strength in technique.stops[1:]:
                found = runs_at(technique.at(plain, strength))
                difference = compare(LAST_ACCURACY, runs_at(plain), found)
                if difference is None:
                    print(f"  {technique.name:16} {strength:<8g} not stored")
                    continue
                learned = MEMORISED.over(found) if plain.label_noise else ""
                mean, low, high = (100 * x for x in (difference.mean, difference.low, difference.high))
                print(
                    f"  {technique.name:16} {strength:<8g} {mean:+5.1f} points ({low:+.1f} to {high:+.1f}), "
                    f"{difference.n} seeds  {learned}"
                )


if __name__ == "__main__":
    main()
