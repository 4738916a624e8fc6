"""The guard against getting slower: compares ratios with those stored in ratios.json.

Ratios to PyTorch of one round vary less between machines and minutes than times do, but they do vary, most for short
cases. What is stored is the median of some rounds. A case that looks worse is measured again and again, and named if
even its best round is.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from pathlib import Path

from measure import Setting, measure
from report import processor
from targets import TARGETS

STORED = Path(__file__).resolve().with_name("ratios.json")
WORSE = 1.15  # a ratio this much above the stored one is named
ROUNDS_STORED, ROUNDS_AGAIN, SECONDS = 5, 6, 150
# Those with a promise, but for the cases that would take the time of all others together.
GROUPS = tuple(
    g for target in TARGETS if not target.once for g in target.groups if "(layouts)" not in g and g != "compile"
)


def one_round(ours: str, reference: str, only: tuple[str, ...] = ()) -> dict[str, float]:
    """{"group / case": ratio}, of all cases or of some."""
    groups = tuple(g for g in GROUPS if not only or any(case.startswith(f"{g} / ") for case in only))
    found = measure(ours, reference, Setting(groups=groups, rounds=1, share=0.02, only=only))
    return {f"{group} / {case}": ratio for group, cases in found.ratios().items() for case, ratio in cases.items()}


def worse(now: dict[str, float], stored: dict[str, float]) -> dict[str, float]:
    """{case: how many times its stored ratio} of those that got worse by more than ``WORSE``."""
    return {case: now[case] / ratio for case, ratio in stored.items() if case in now and now[case] > WORSE * ratio}


def store(ours: str, reference: str) -> int:
    rounds = [one_round(ours, reference) for _ in range(ROUNDS_STORED)]
    ratios = {case: round(statistics.median(found[case] for found in rounds), 4) for case in rounds[0]}
    STORED.write_text(json.dumps({"processor": processor(), "ratios": ratios}, indent=1) + "\n")
    print(f"{len(ratios)} ratios stored")
    return 0


def run(ours: str, reference: str) -> int:
    start = time.monotonic()
    kept = json.loads(STORED.read_text())
    stored = kept["ratios"]
    if kept["processor"] != processor():
        print(f"The ratios were stored on {kept['processor']}; on {processor()} they may differ by more.")
    now = one_round(ours, reference)
    missing = sorted(set(stored) - set(now))
    suspects = worse(now, stored)
    for _ in range(ROUNDS_AGAIN):
        if not suspects or time.monotonic() - start > SECONDS:
            break
        print(f"{len(suspects)} cases look worse: once more", file=sys.stderr)
        for case, ratio in one_round(ours, reference, tuple(suspects)).items():
            now[case] = min(now[case], ratio)
        suspects = worse(now, stored)
    for case, times in sorted(suspects.items(), key=lambda item: -item[1]):
        print(f"{case}: {now[case]:.3f} of PyTorch's time, {times:.2f} times the stored {stored[case]:.3f}")
    for case in missing:
        print(f"{case}: not measured")
    print(f"{len(stored)} ratios compared in {time.monotonic() - start:.0f} s, {len(suspects)} worse by over 15 %")
    return 1 if suspects or missing else 0
