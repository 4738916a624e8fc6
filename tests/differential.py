"""Random calls of every op against the oracle: values, dtypes, shapes, strides, exception classes.

python tests/differential.py --calls 60 --seed 1            how many calls agree, and those that do not
python tests/differential.py --calls 500 --op scatter -v    the calls of one op, each named before it runs (to find a crash)
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Optional

sys.path.insert(0, str(Path(__file__).resolve().parent))

import oracle as oracle_client  # noqa: E402
import wire  # noqa: E402
from ops import checks, mutate  # noqa: E402

BATCH = 200


def difference(call: mutate.Call, theirs: tuple) -> Optional[str]:
    lacking = theirs[0] == "error" and (theirs[1][0] == "NotImplementedError" or "not implemented" in theirs[2])
    ours = wire.run(call.asked)
    return checks.same_answer(call.op, call.sample, ours, theirs, strict_errors=not lacking, case=call.case)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=60, help="calls of each record")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--op", help="only records of this name")
    parser.add_argument("--show", type=int, default=6, help="disagreements shown of each op")
    parser.add_argument("-v", action="store_true", help="name each call before it runs")
    args = parser.parse_args()
    python = oracle_client.interpreter()
    if python is None:
        parser.error("no oracle: set TORCH_ORACLE_PYTHON to a Python that has PyTorch 2.13, or make .venv-pytorch")
    calls = [c for c in mutate.calls(args.seed, args.calls) if args.op in (None, c.op.name)]
    found: dict = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        oracle = oracle_client.Oracle(python, Path(folder) / "answers.sqlite")
        for start in range(0, len(calls), BATCH):
            batch = calls[start : start + BATCH]
            for call, theirs in zip(batch, oracle.ask([c.asked for c in batch])):
                if args.v:
                    print(call.case, flush=True)
                text = difference(call, theirs)
                if text:
                    found[call.op.key].append(f"{call.case}\n      {text}")
        oracle.close()
    for key, lines in sorted(found.items(), key=lambda item: -len(item[1])):
        print(f"{key}: {len(lines)}")
        for line in lines[: args.show]:
            print(f"  {line}")
    different = sum(map(len, found.values()))
    print(f"{len(calls)} calls, {different} differ: {100 * (1 - different / max(len(calls), 1)):.2f} % agree")
    return int(different > 0)


if __name__ == "__main__":
    sys.exit(main())
