"""Times ours against PyTorch in one alternating run and prints ratios (see README.md beside this file)."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import guard  # noqa: E402
import report  # noqa: E402
from measure import PROCESS_GROUPS, ROOT, TIMED_GROUPS, Setting, measure, reference_python  # noqa: E402
from targets import TARGETS  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ours", default=sys.executable, help="Python that imports our torch (default: this one)")
    parser.add_argument("--reference", help="Python that imports PyTorch")
    parser.add_argument(
        "--group", action="append", choices=[*TIMED_GROUPS, *PROCESS_GROUPS], help="only these groups (repeatable)"
    )
    parser.add_argument("--case", default="", help="only cases whose name contains this text")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--avx2", action="store_true", help="switch AVX-512 off on both sides")
    parser.add_argument("--rounds", type=int, help="rounds per interpreter (default 5; page: 3; quick: 2)")
    parser.add_argument("--quick", action="store_true", help="two short rounds")
    parser.add_argument(
        "--page", action="store_true", help="1 and 2 threads, with and without AVX-512: docs/benchmarks.md"
    )
    parser.add_argument("--guard", action="store_true", help="name what got worse than benchmarks/ratios.json says")
    parser.add_argument("--store", action="store_true", help="write benchmarks/ratios.json anew")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a promise is missed")
    parser.add_argument("--json", metavar="FILE")
    args = parser.parse_args()
    reference = reference_python(args.reference)
    setting = Setting(
        threads=args.threads,
        avx512=not args.avx2,
        rounds=args.rounds or (2 if args.quick else 3 if args.page else 5),
        share=0.03 if args.quick or args.page else 0.1,
        case=args.case,
    )
    if args.group:
        setting = replace(setting, groups=tuple(args.group))
    if args.guard or args.store:
        return (guard.store if args.store else guard.run)(args.ours, reference)
    if args.page:
        each = tuple(group for target in TARGETS if not target.once for group in target.groups)
        settings = [
            replace(setting, groups=tuple(group for group in setting.groups if group != "shared core")),
            replace(setting, threads=2, groups=(*each, "shared core")),
            replace(setting, groups=each, avx512=False),
            replace(setting, threads=2, groups=each, avx512=False),
        ]
        all_found = [measure(args.ours, reference, s) for s in settings]
        report.page(all_found, ROOT / "docs")
    else:
        all_found = [measure(args.ours, reference, setting)]
    for found in all_found:
        print(report.summary(found) + report.cases(found))
        said = report.missed(found)
        print("\n".join(["Promises missed:", *said]) if said else "All promises kept.")
    if args.json:
        Path(args.json).write_text("[" + ",\n".join(found.as_json() for found in all_found) + "]\n")
    return 1 if args.check and any(report.missed(found) for found in all_found) else 0


if __name__ == "__main__":
    sys.exit(main())
