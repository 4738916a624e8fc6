"""Writes docs/accuracy.md: the largest errors that the code of the tests beside it measures, ours and the oracle's.

    python tests/accuracy/report.py --reference .venv-pytorch/bin/python --write docs/accuracy.md

Both interpreters need NumPy and mpmath.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent))
sys.path.insert(0, str(HERE))

HEAD = """# Accuracy

Written by `python tests/accuracy/report.py`; the tests in `tests/accuracy` hold every line to its limit. *ulp* is the
unit in the last place of the exact value (from mpmath, 40 digits) in the result's dtype.

- **Sums of float32** are within one ulp of the exact sum, and 0 where that is 0, in every layout and for any number of
  threads: up to 1024 values are added in double, then joined to a sum in two words of double. Promised for values within
  2^23 of each other in size, or sums above 1e-6 of what is added up; beyond both the error is 2^-46 of what is added up.
- **Sums of float64** are added by fours (short ones singly), then in two words: the error does not grow with the length.
  PyTorch's does.
- **3x3 convolutions of float32** with stride 1 and many channels, and their gradients, go by Winograd's F(2x2, 3x3): exact for
  small integers, errors up to three times those of plain sums (`tests/nn/test_conv_tiles.py`). float64 is summed plainly.
- **float16 and bfloat16** are computed in float32 and rounded once: functions of one number are within 0.51 ulp for
  every number that there is. Sums add four numbers in float32, then these in float64.
- **Threads**: results are the same bits for any number of threads. **Place**: a function's value does not depend on where
  in the tensor, or in which layout, its argument lies.
- **Special functions** in float32 are computed in float64 and rounded.
"""

FUNCTIONS = """
## Functions of numbers

Largest errors in ulp over the points of the tests: all orders of magnitude, the neighbourhood of zeros, poles and ends
of the domain, denormal results. *Limit* is what the test allows.

| function | float32 | float64 | limit | PyTorch 2.13 float32 | float64 |
| --- | --- | --- | --- | --- | --- |
"""

NOTES = """
Notes:

- Next to a zero of a function that has no closed form there, no algorithm of this kind keeps the last digits: `bessel_*`
  and `airy_ai` are counted against the height of the wave around the zero, `lgamma` and `digamma` of negative numbers
  against the size of the terms that cancel (`|x| log |x|`, `1 + log |x|`). For positive numbers both are counted against
  their own value, zeros included.
- `gelu` is counted against its argument: far on the left it is the product of that and a normal tail computed to 1e-7,
  as PyTorch's. `silu` below the smallest normal number likewise.
- `multigammaln` is a sum of terms of either sign, counted against 1 where it is less.
"""

COMPLEX = """
## Functions of complex numbers

Largest |error| / |value| in units of 2^-24 (complex64) and 2^-53 (complex128). Cuts, signs of zeros and infinities follow
Annex G of C99.

| function | complex64 | complex128 | PyTorch 2.13 complex64 | complex128 |
| --- | --- | --- | --- | --- |
"""

REDUCTIONS = """
## Reductions

Root mean square of the errors, over matrices of 24 x 301 numbers reduced along a dimension, in units of 2^-24 (float32)
and 2^-53 (float64) of the result (sums, norms, variances), of the larger of 1 and the result (normalisations and
logarithms), or of what is added up (products, `cumsum`): the best and the worst of the sets of hard data (large offset,
cancellation, wide range, growing, alternating, denormal, outlier ...).

| operation | float32 | float64 | PyTorch 2.13 float32 | float64 |
| --- | --- | --- | --- | --- |
"""


def measure() -> dict:
    """The errors under this interpreter."""
    import complex_functions
    import functions
    import reductions
    import torch

    return {
        "functions": {
            name: [functions.worst(case, dtype)[0] for dtype in (torch.float32, torch.float64)]
            for name, case in functions.CASES.items()
        },
        "complex": {
            name: [complex_functions.worst(case, dtype)[0] for dtype in (torch.complex64, torch.complex128)]
            for name, case in complex_functions.CASES.items()
        },
        "reductions": {
            name: [
                [mean for _, mean in reductions.errors(torch, name, dtype).values()] for dtype in ("float32", "float64")
            ]
            for name in reductions.operations(torch)
        },
    }


def number(x: float) -> str:
    if not math.isfinite(x) or x >= 1e15:
        return "all digits"
    return f"{x:.2f}" if x < 100 else f"{x:.1e}"


def spread(values: list) -> str:
    return f"{number(min(values))} … {number(max(values))}"


def page(ours: dict, theirs: dict) -> str:
    import functions

    text = HEAD + FUNCTIONS
    for name, (single, double) in ours["functions"].items():
        limits = functions.CASES[name].limits
        limit = f"{limits[0]:g}" if limits[0] == limits[1] else f"{limits[0]:g}, {limits[1]:g}"
        other = " | ".join(map(number, theirs["functions"][name]))
        text += f"| `{name}` | {number(single)} | {number(double)} | {limit} | {other} |\n"
    text += NOTES + COMPLEX
    for name, errors in ours["complex"].items():
        text += f"| `{name}` | {' | '.join(map(number, errors + theirs['complex'][name]))} |\n"
    text += REDUCTIONS
    for name, errors in ours["reductions"].items():
        text += f"| {name} | {' | '.join(map(spread, errors + theirs['reductions'][name]))} |\n"
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reference", default=os.environ.get("TORCH_ORACLE_PYTHON"), help="PyTorch's interpreter")
    parser.add_argument("--write", type=Path, help="file to write; printed without it")
    parser.add_argument("--measure", action="store_true", help="only print this interpreter's errors, as JSON")
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure()))
        return
    from oracle import environment

    command = [options.reference, __file__, "--measure"]
    answer = subprocess.run(command, env=environment(), stdout=subprocess.PIPE, check=True, text=True)
    text = page(measure(), json.loads(answer.stdout))
    if options.write:
        options.write.write_text(text)
    else:
        print(text)


if __name__ == "__main__":
    main()
