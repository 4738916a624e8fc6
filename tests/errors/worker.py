"""Runs wrong calls in a process of its own: reads case numbers from the command line, writes one JSON line a case."""

from __future__ import annotations

import faulthandler
import json
import os
import resource
import signal
import sys
import warnings

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]


def snapshot(space: dict) -> dict:
    """Shape, strides, version-independent contents of every tensor among the names."""
    import torch
    import wire

    return {
        name: (wire.encode(value) if value.device.type == "cpu" else tuple(value.shape))
        for name, value in space.items()
        if isinstance(value, torch.Tensor)
    }


def run(number: int) -> dict:
    import numpy as np
    import torch
    from wrong_calls import CASES

    case = CASES[number]
    space: dict = {"torch": torch, "np": np, "__name__": "wrong"}
    exec(case.setup, space)
    before = snapshot(space)
    answer: dict = {"number": number}
    try:
        exec(compile(case.call, "<call>", "exec"), space)
        answer["raised"] = None
    except Exception as error:
        answer["raised"] = [cls.__name__ for cls in type(error).__mro__]
        answer["text"] = str(error)
    try:
        after = snapshot(space)
    except Exception as error:
        answer["changed"] = [f"a tensor so that it cannot be read: {error!r}"]
    else:
        answer["changed"] = [name for name in before if after.get(name) != before[name]]
    return answer


def main() -> None:
    faulthandler.enable()
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for number in map(int, sys.argv[1:]):
        out.write(json.dumps({"start": number}) + "\n")
        out.flush()
        # A call that never returns is a failure as well and ends this process: after a minute of computing (a busy machine
        # only makes that minute longer), or ten of waiting.
        signal.setitimer(signal.ITIMER_PROF, 60)
        signal.alarm(600)
        out.write(json.dumps(run(number)) + "\n")
        out.flush()


if __name__ == "__main__":
    main()
