"""Random calls of every op against the oracle: values, dtypes, shapes, strides, exception classes.

python tests/differential.py                            the full run: fails at what differs and is not listed in
                                                        ops/disagreements.py, and at lines of that list without use
python tests/differential.py --calls 500 --op scatter   more calls of one op
python tests/differential.py --seeds 3 4                other calls
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import oracle as oracle_client  # noqa: E402
from ops import differing, mutate  # noqa: E402

BATCH, SEEDS, CALLS = 500, [1, 2], 40


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=CALLS, help="calls of each record and seed")
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--op", help="only records of this name")
    parser.add_argument("--show", type=int, default=6, help="unlisted disagreements shown of each op")
    parser.add_argument("--listed", action="store_true", help="show how many calls each listed disagreement covers")
    args = parser.parse_args()
    python = oracle_client.interpreter()
    if python is None:
        parser.error("no oracle: set TORCH_ORACLE_PYTHON to a Python that has PyTorch 2.13, or make .venv-pytorch")
    begin = time.monotonic()
    judge = differing.Judge()
    store = HERE.parent / ".pytest_cache" / "d" / "oracle.sqlite"
    with oracle_client.Oracle(python, store) as oracle, oracle_client.subject() as ours:
        for seed in args.seeds:
            calls = [call for call in mutate.calls(seed, args.calls) if args.op in (None, call.op.name)]
            for start in range(0, len(calls), BATCH):
                batch = calls[start : start + BATCH]
                asked = [call.asked for call in batch]
                for call, mine, theirs in zip(batch, ours.ask_each(asked), oracle.ask_each(asked)):
                    judge.see(call, mine, theirs)
    found: dict = defaultdict(list)
    for key, case, text in judge.unlisted:
        found[key].append(f"  {case}\n      {text}")
    for key, lines in sorted(found.items(), key=lambda item: -len(item[1])):
        print(f"{key}: {len(lines)}", *lines[: args.show], sep="\n")
    if args.listed:
        for entry in sorted(judge.listed, key=lambda entry: -entry.hits):
            print(f"{entry.hits:6} {entry}")
    whole = args.op is None and args.seeds == SEEDS and args.calls >= CALLS
    unused = judge.unused() if whole else []
    for entry in unused:
        print(f"listed, but nothing differs so: {entry}")
    print(f"{judge.summary()} ({time.monotonic() - begin:.0f} s)")
    return int(bool(judge.unlisted or unused))


if __name__ == "__main__":
    sys.exit(main())
