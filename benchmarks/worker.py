"""One round of one interpreter: times the cases that it is told and prints JSON.

``python worker.py '{"groups": [...], "case": "", "threads": 1, "share": 0.1}'`` writes one object with the shortest
seconds per call by "group / case" (or an error text), and the library's version.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from typing import Any, Callable

HERE = os.path.dirname(os.path.abspath(__file__))


def shortest(call: Callable[[], Any], share: float) -> float:
    """Seconds per call: the fastest of batches over ``share`` seconds, after a warm-up.

    Batches take about a millisecond, so that many of them miss what else the machine does."""
    clock = time.perf_counter
    start = clock()
    call()
    call()
    once = (clock() - start) / 2
    count = max(1, int(0.001 / max(once, 1e-7)))
    turns = range(count)
    best, end = float("inf"), clock() + share
    rounds = 0
    gc.disable()
    try:
        while clock() < end or rounds < 2:
            start = clock()
            for _ in turns:
                call()
            took = clock() - start
            best = min(best, took / count)
            if took < 0.0005:
                count *= 2
                turns = range(count)
            rounds += 1
    finally:
        gc.enable()
    return best


def main() -> None:
    job = json.loads(sys.argv[1])
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    sys.path[:] = [p for p in sys.path if os.path.abspath(p or ".") != HERE]
    import torch

    sys.path.insert(0, HERE)
    from cases import GROUPS

    torch.set_num_threads(job["threads"])
    times: dict = {}
    works: dict = {}
    only = set(job.get("only", ()))
    errors: dict = {}
    for group in job["groups"]:
        try:
            for name, call, *work in GROUPS[group]():
                if job["case"] not in name or (only and f"{group} / {name}" not in only):
                    continue
                if work:
                    works[f"{group} / {name}"] = work[0]
                try:
                    times[f"{group} / {name}"] = shortest(call, job["share"])
                except Exception as error:
                    errors[f"{group} / {name}"] = f"{type(error).__name__}: {error}"
        except Exception as error:
            errors[f"{group} / (setup)"] = f"{type(error).__name__}: {error}"
    json.dump({"version": torch.__version__, "times": times, "work": works, "errors": errors}, out)
    out.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
