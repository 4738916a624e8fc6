"""Writes csrc/kernels/special_tables.h: polynomials for special functions, fitted with mpmath.

Each function is cut into equal pieces of its variable; on a piece it is the polynomial in s, from -1 to 1, that
interpolates it at Chebyshev's points, computed with 60 digits and rounded.  All pieces of a function have the degree
at which the worst relative error falls below 2^-57.  Run ``python scripts/make_special_tables.py`` (needs mpmath).
"""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import mpmath
from mpmath import mp, mpf

mp.dps = 60
HEADER = Path(__file__).resolve().parent.parent / "csrc/kernels/special_tables.h"


def chebyshev_coefficients(f: Callable, low: mpf, high: mpf, n: int) -> list:
    nodes = [mpmath.cos(mp.pi * (k + mpf(1) / 2) / n) for k in range(n)]
    values = [f((high + low) / 2 + (high - low) / 2 * x) for x in nodes]
    return [
        (2 - (j == 0))
        / mpf(n)
        * mpmath.fsum(v * mpmath.cos(j * mp.pi * (k + mpf(1) / 2) / n) for k, v in enumerate(values))
        for j in range(n)
    ]


def monomials(coefficients: list) -> list:
    """The polynomial sum of c[j] T_j(s) in powers of s."""
    n = len(coefficients)
    result = [mpf(0)] * n
    before, now = [mpf(1)], [mpf(0), mpf(1)]
    for j, c in enumerate(coefficients):
        term = before if j == 0 else now
        for i, t in enumerate(term):
            result[i] += c * t
        if j >= 1:
            after = [mpf(0)] + [2 * t for t in now]
            for i, t in enumerate(before):
                after[i] -= t
            before, now = now, after
    return result


def fit(f: Callable, low: float, high: float, pieces: int, absolute: bool = False) -> list:
    """Rows of coefficients, one for each piece, lowest power first."""
    width = (mpf(high) - mpf(low)) / pieces
    rows, needed = [], 1
    for i in range(pieces):
        c = chebyshev_coefficients(f, low + i * width, low + (i + 1) * width, 40)
        scale = max(abs(c[0]), mpf(10) ** -3) if not absolute else mpf(1) / 4
        tail = [mpmath.fsum(abs(x) for x in c[j:]) / scale for j in range(len(c))]
        needed = max(needed, next(j for j, t in enumerate(tail) if t < mpf(2) ** -57))
        rows.append(c)
    return [monomials(c[:needed]) for c in rows]


def at_infinity(f: Callable, limit: mpf) -> Callable:
    """f(t) with its limit for t -> 0."""
    return lambda t: f(t) if t > mpf(10) ** -40 else limit


def bessel_rest(order: int, x: mpf) -> mpf:
    """What of Y(x) is no logarithm: even (order 0) or odd."""
    logarithm = mpmath.log(x / 2) * mpmath.besselj(order, x) - (1 / x if order else 0)
    return mpmath.bessely(order, x) - 2 / mp.pi * logarithm


def bessel_phase(order: int, x: mpf) -> tuple:
    """P and Q of J(x) = sqrt(2 / (pi x)) (P cos(u) - Q sin(u)), where u = x - (2 order + 1) pi / 4."""
    u = x - (2 * order + 1) * mp.pi / 4
    j, y = (f(order, x) * mpmath.sqrt(mp.pi * x / 2) for f in (mpmath.besselj, mpmath.bessely))
    return j * mpmath.cos(u) + y * mpmath.sin(u), y * mpmath.cos(u) - j * mpmath.sin(u)


def bessel_factor(order: int, part: int) -> Callable:
    """P (part 0) or Q of 8 / x."""
    return at_infinity(lambda t: bessel_phase(order, 8 / t)[part], mpf(1 - part))


def airy_phase(x: mpf) -> tuple:
    zeta = 2 * x ** mpf("1.5") / 3
    theta = zeta - mp.pi / 4
    scale = mpmath.sqrt(mp.pi) * x ** mpf("0.25")
    a, b = mpmath.airyai(-x) * scale, mpmath.airybi(-x) * scale
    return a * mpmath.cos(theta) - b * mpmath.sin(theta), a * mpmath.sin(theta) + b * mpmath.cos(theta)


def normal_tail(r: mpf) -> mpf:
    """x / r where erfc(x) = 2 exp(-r^2), by Newton's steps on the logarithm."""
    x = r
    for _ in range(60):
        density = 2 / mpmath.sqrt(mp.pi) * mpmath.exp(-x * x)
        step = (mpmath.log(mpmath.erfc(x) / 2) + r * r) * mpmath.erfc(x) / density
        x += step
        if abs(step) < mpf(10) ** -45:
            break
    return x / r


def temme(orders: int, terms: int) -> list:
    """Power series in eta of the coefficients c_k of the uniform expansion of the incomplete gamma functions.

    DLMF 8.12: eta^2 / 2 = mu - log(1 + mu), so mu mu' = eta (1 + mu); c_0 = 1 / mu - 1 / eta, and
    c_k = c_{k-1}' / eta + (-1)^k g_k / mu with Stirling's coefficients g_k.
    """
    size = terms + 3 * orders + 4
    mu = [mpf(0), mpf(1)]  # powers of eta
    for k in range(2, size + 1):
        # coefficient of eta^k in mu mu' is (k + 1) mu_k + known, in eta (1 + mu) it is mu_{k-1}
        known = mpmath.fsum(mu[i] * (k + 1 - i) * mu[k + 1 - i] for i in range(2, k))
        mu.append((mu[k - 1] - known) / (k + 1))
    shifted = mu[1:]  # mu / eta
    inverse = [mpf(1)]  # eta / mu
    for k in range(1, size - 1):
        inverse.append(-mpmath.fsum(shifted[i] * inverse[k - i] for i in range(1, k + 1)))
    # Stirling: Gamma(a) ~ sqrt(2 pi / a) (a / e)^a sum g_k / a^k
    g = [mpf(1), mpf(1) / 12, mpf(1) / 288, mpf(-139) / 51840, mpf(-571) / 2488320]
    rows = [inverse[1:]]
    for k in range(1, orders):
        derivative = [(i + 1) * c for i, c in enumerate(rows[-1][1:])]
        # the pole of c_{k-1}' / eta is that of the other term
        turned = [(-1) ** k * g[k] * c for c in inverse]
        rows.append([d + t for d, t in zip(derivative[1:], turned[1:])])
    return [row[:terms] for row in rows]


def emit(name: str, rows: list, note: str) -> str:
    lines = [f"// {note}", f"TORCH_TABLE double k{name}[{len(rows)}][{len(rows[0])}] = {{"]
    for row in rows:
        body = ", ".join(mpmath.nstr(c, 20) for c in row)
        lines.append(f"    {{{body}}},")
    return "\n".join(lines) + "\n};\n"


def main() -> None:
    exp, sqrt, log = mpmath.exp, mpmath.sqrt, mpmath.log
    root = mpmath.findroot(mpmath.digamma, mpf("1.4616321449683622"))
    root_high = mpf(float(root))
    i_limit, k_limit = 1 / sqrt(2 * mp.pi), sqrt(mp.pi / 2)
    parts = [
        emit("I0Small", fit(lambda x: mpmath.besseli(0, x) * exp(-x), 0, 8, 4), "exp(-x) I0(x), x in [0, 8]"),
        emit(
            "I0Large",
            fit(at_infinity(lambda t: mpmath.besseli(0, 8 / t) * exp(-8 / t) * sqrt(8 / t), i_limit), 0, 1, 4),
            "sqrt(x) exp(-x) I0(x), 8 / x in [0, 1]",
        ),
        emit("I1Small", fit(lambda x: mpmath.besseli(1, x) * exp(-x) / x, 0, 8, 4), "exp(-x) I1(x) / x, x in [0, 8]"),
        emit(
            "I1Large",
            fit(at_infinity(lambda t: mpmath.besseli(1, 8 / t) * exp(-8 / t) * sqrt(8 / t), i_limit), 0, 1, 4),
            "sqrt(x) exp(-x) I1(x), 8 / x in [0, 1]",
        ),
        emit(
            "K0Small",
            fit(lambda u: mpmath.besselk(0, sqrt(u)) + log(sqrt(u) / 2) * mpmath.besseli(0, sqrt(u)), 0, 1, 1),
            "K0(x) + log(x / 2) I0(x), x^2 in [0, 1]",
        ),
        emit(
            "K0Large",
            fit(at_infinity(lambda t: mpmath.besselk(0, 1 / t) * exp(1 / t) / sqrt(t), k_limit), 0, 1, 8),
            "sqrt(x) exp(x) K0(x), 1 / x in [0, 1]",
        ),
        emit(
            "K1Small",
            fit(
                lambda u: (
                    (mpmath.besselk(1, sqrt(u)) - 1 / sqrt(u) - log(sqrt(u) / 2) * mpmath.besseli(1, sqrt(u))) / sqrt(u)
                ),
                0,
                1,
                1,
            ),
            "(K1(x) - 1 / x - log(x / 2) I1(x)) / x, x^2 in [0, 1]",
        ),
        emit(
            "K1Large",
            fit(at_infinity(lambda t: mpmath.besselk(1, 1 / t) * exp(1 / t) / sqrt(t), k_limit), 0, 1, 8),
            "sqrt(x) exp(x) K1(x), 1 / x in [0, 1]",
        ),
        emit("J0Small", fit(lambda x: mpmath.besselj(0, x), 0, 8, 4, True), "J0(x), x in [0, 8]"),
        emit(
            "J1Small",
            fit(at_infinity(lambda x: mpmath.besselj(1, x) / x, mpf(1) / 2), 0, 8, 4, True),
            "J1(x) / x, x in [0, 8]",
        ),
        emit(
            "Y0Small",
            fit(lambda x: bessel_rest(0, x), 0, 8, 4, True),
            "Y0(x) - 2 / pi log(x / 2) J0(x), x in [0, 8]",
        ),
        emit(
            "Y1Small",
            fit(lambda x: bessel_rest(1, x) / x, 0, 8, 4, True),
            "(Y1(x) - 2 / pi (log(x / 2) J1(x) - 1 / x)) / x, x in [0, 8]",
        ),
        *(
            emit(
                f"Bessel{'PQ'[part]}{order}",
                fit(bessel_factor(order, part), 0, 1, 4, True),
                f"{'PQ'[part]} of J{order} and Y{order} as in bessel_phase, 8 / x in [0, 1]",
            )
            for order in (0, 1)
            for part in (0, 1)
        ),
        emit("AirySmall", fit(mpmath.airyai, 0, 2, 4), "Ai(x), x in [0, 2]"),
        emit(
            "AiryLarge",
            fit(
                at_infinity(
                    lambda t: mpmath.airyai(t ** (-mpf(2) / 3)) * t ** (-mpf(1) / 6) * exp(2 / (3 * t)),
                    1 / (2 * sqrt(mp.pi)),
                ),
                0,
                0.375,
                4,
            ),
            "x^(1/4) exp(2/3 x^(3/2)) Ai(x), x^(-3/2) in [0, 3/8]",
        ),
        emit("AiryNegative", fit(lambda x: mpmath.airyai(-x), 0, 4, 8, True), "Ai(-x), x in [0, 4]"),
        emit(
            "AiryEven",
            fit(at_infinity(lambda t: airy_phase(t ** (-mpf(2) / 3))[0], mpf(1)), 0, 0.125, 2, True),
            "Factor of the cosine in sqrt(pi) x^(1/4) Ai(-x), x^(-3/2) in [0, 1/8]",
        ),
        emit(
            "AiryOdd",
            fit(at_infinity(lambda t: airy_phase(t ** (-mpf(2) / 3))[1], mpf(0)), 0, 0.125, 2, True),
            "Factor of the sine there",
        ),
        emit("ErfcxSmall", fit(lambda x: exp(x * x) * mpmath.erfc(x), 0, 2, 8), "exp(x^2) erfc(x), x in [0, 2]"),
        emit(
            "ErfcxLarge",
            fit(at_infinity(lambda t: exp(1 / t**2) * mpmath.erfc(1 / t) / t, 1 / sqrt(mp.pi)), 0, 0.5, 8),
            "exp(x^2) erfc(x) x, 1 / x in [0, 1/2]",
        ),
        emit(
            "Digamma",
            fit(
                lambda x: (
                    mpmath.digamma(x) / (x - root) if abs(x - root) > mpf(10) ** -20 else mpmath.polygamma(1, root)
                ),
                1,
                2,
                2,
            ),
            "digamma(x) / (x - its root), x in [1, 2]",
        ),
        f"TORCH_TABLE double kDigammaRoot = {mpmath.nstr(root_high, 20)};\n"
        f"TORCH_TABLE double kDigammaRootRest = {mpmath.nstr(root - root_high, 20)};\n",
        emit(
            "ErfinvMiddle",
            fit(at_infinity(lambda u: mpmath.erfinv(sqrt(u)) / sqrt(u), sqrt(mp.pi) / 2), 0, 0.75, 12),
            "erfinv(y) / y, y^2 in [0, 3/4]",
        ),
        emit("ErfinvTail", fit(normal_tail, 1.5, 27.5, 26), "x / r for erfc(x) = 2 exp(-r^2), r in [1.5, 27.5]"),
        emit("ZetaLessOne", [[mpmath.zeta(k) - 1 for k in range(2, 30)]], "zeta(k) - 1, k = 2, 3, ..."),
        emit(
            "Temme",
            temme(4, 13),
            "Coefficients of the uniform expansion of the incomplete gamma functions (DLMF 8.12), in powers of eta",
        ),
    ]
    head = (
        "// Generated by scripts/make_special_tables.py: polynomials for special functions, in powers of a variable\n"
        "// from -1 to 1 on equal pieces of the range in the comment.\n// clang-format off\n"
        "#pragma once\n\n"
        "#ifdef __CUDACC__\n#define TORCH_TABLE __device__ constexpr\n#else\n#define TORCH_TABLE constexpr\n#endif\n\n"
        "namespace torch {\n\n"
    )
    HEADER.write_text(head + "\n".join(parts) + "\n} // namespace torch\n")


if __name__ == "__main__":
    main()
