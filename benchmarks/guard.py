"""The guard against getting slower: compares ratios with those stored in ratios.json, in under three minutes.

Ratios to PyTorch of one run vary less between machines and minutes than times do. A case that looks worse is measured
again, longer, before it is named.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from measure import Setting, measure
from report import processor

STORED = Path(__file__).resolve().with_name("ratios.json")
WORSE = 1.15  # a ratio this much above the stored one is named
GROUPS = (
    "overhead",
    "pointwise",
    "reduce",
    "indexing",
    "sort",
    "matmul",
    "conv",
    "attention",
    "training",
    "inference",
)


def _quick(ours: str, reference: str, rounds: int, share: float, groups: tuple[str, ...]) -> dict[str, float]:
    found = measure(ours, reference, Setting(groups=groups, rounds=rounds, share=share))
    return {f"{group} / {case}": ratio for group, cases in found.ratios().items() for case, ratio in cases.items()}


def worse(now: dict[str, float], stored: dict[str, float]) -> dict[str, float]:
    """{case: how many times its stored ratio} of those that got worse by more than ``WORSE``."""
    return {case: now[case] / ratio for case, ratio in stored.items() if case in now and now[case] > WORSE * ratio}


def run(ours: str, reference: str, store: bool) -> int:
    start = time.monotonic()
    now = _quick(ours, reference, 4 if store else 2, 0.02, GROUPS)
    if store:
        ratios = {case: round(ratio, 4) for case, ratio in now.items()}
        STORED.write_text(json.dumps({"processor": processor(), "ratios": ratios}, indent=1) + "\n")
        print(f"{len(now)} ratios stored")
        return 0
    kept = json.loads(STORED.read_text())
    stored = kept["ratios"]
    if kept["processor"] != processor():
        print(f"The ratios were stored on {kept['processor']}; on {processor()} they may differ by more.")
    suspects = worse(now, stored)
    for turn in range(2):
        if not suspects or time.monotonic() - start > 140:
            break
        print(f"{len(suspects)} cases look worse: once more", file=sys.stderr)
        groups = tuple(dict.fromkeys(case.split(" / ")[0] for case in suspects))
        again = _quick(ours, reference, 1, 0.02 * (turn + 1), groups)
        now.update({case: min(now.get(case, ratio), ratio) for case, ratio in again.items()})
        suspects = worse(now, stored)
    missing = sorted(set(stored) - set(now))
    for case, times in sorted(suspects.items(), key=lambda item: -item[1]):
        print(f"{case}: {now[case]:.3f} of PyTorch's time, {times:.2f} times the stored {stored[case]:.3f}")
    for case in missing:
        print(f"{case}: not measured")
    print(f"{len(stored)} ratios compared in {time.monotonic() - start:.0f} s, {len(suspects)} worse by over 15 %")
    return 1 if suspects or missing else 0
