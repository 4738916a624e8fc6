"""Tables and plots of what was found, and which promises were missed."""

from __future__ import annotations

import math
import platform
from pathlib import Path
from typing import Any, Optional

from measure import Found
from slower import SLOWER
from targets import SHARED_CORE, TARGETS, Target


def show(name: str, value: Optional[float]) -> str:
    if value is None:
        return "-"
    if name.startswith("shared core / "):
        return f"{value:.2f} x"
    if name.startswith("memory / "):
        return f"{value:.1f}"
    for unit, factor in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if value >= factor:
            return f"{value / factor:.3g} {unit}"
    return f"{value * 1e9:.0f} ns"


def mean(values: list[float]) -> float:
    return math.exp(sum(map(math.log, values)) / len(values))


def counted(target: Target, found: Found) -> dict[str, float]:
    """{"group / case": ratio} of what a row of the summary is about: eager twins of compiled cases are not."""
    return {
        f"{group} / {case}": ratio
        for group in target.groups
        for case, ratio in found.ratios().get(group, {}).items()
        if not (group == "compile" and case.endswith(" eager"))
    }


def share(name: str, seconds: float, found: Found) -> Optional[float]:
    """How much of the machine's limit a case reaches: of the FMA peak, or of the rate of copying as many bytes."""
    if name not in found.work or not found.limits:
        return None
    kind, amount = found.work[name]
    if kind == "flops":
        return amount / seconds / found.limits["flops"]
    rates = found.limits[kind if kind == "read" else "copy"]
    nearest = min(rates, key=lambda size: abs(math.log(float(size) / amount)))
    return amount / seconds / rates[nearest]


def summary_table(found: Found) -> list[str]:
    lines = [
        "| group | cases | geometric mean | promised | worst | promised | worst case |",
        "|---|---|---|---|---|---|---|",
    ]
    for target in TARGETS:
        ratios = counted(target, found)
        if not ratios:
            continue
        worst = max(ratios, key=lambda case: ratios[case])
        promises = [f"{limit:g}" if limit else "" for limit in (target.mean, target.worst)]
        lines.append(
            f"| {target.row} | {len(ratios)} | **{mean(list(ratios.values())):.3f}** | {promises[0]} "
            f"| {ratios[worst]:.2f} | {promises[1]} | {worst} |"
        )
    return lines


def shared_core_table(found: Found) -> list[str]:
    names = [name for name in found.ours if name.startswith("shared core / ")]
    if not names:
        return []
    return [
        "",
        f"Steps with two threads while another process keeps one of the processors busy, as a multiple of their quiet time (promised: {SHARED_CORE}):",
        "",
        "| step | ours | PyTorch |",
        "|---|---|---|",
        *(
            f"| {n.split(' / ')[1].split(',')[0]} | {found.ours[n]:.2f} | {found.reference.get(n, math.nan):.2f} |"
            for n in names
        ),
    ]


def compile_table(found: Found) -> list[str]:
    cases = [c for c in found.ratios().get("compile", {}) if not c.endswith(" eager")]
    if not cases:
        return []
    lines = [
        "",
        "| torch.compile | ours | ours eager | PyTorch compiled | PyTorch eager |",
        "|---|---|---|---|---|",
    ]
    for case in cases:
        name = f"compile / {case}"
        row = [side.get(key) for key in (name, f"{name} eager") for side in (found.ours, found.reference)]
        lines.append(f"| {case} | " + " | ".join(show(name, row[i]) for i in (0, 2, 1, 3)) + " |")
    return lines


def case_tables(found: Found) -> list[str]:
    lines: list[str] = []
    for group, cases in found.ratios().items():
        limited = any(f"{group} / {case}" in found.work for case in cases)
        lines += [
            "",
            f"### {group}",
            "",
            "| case | ours | PyTorch | ratio |" + (" share of the limit |" if limited else ""),
            "|---|---|---|---|" + ("---|" if limited else ""),
        ]
        for case, ratio in cases.items():
            name = f"{group} / {case}"
            reached = share(name, found.ours[name], found)
            lines.append(
                f"| {case} | {show(name, found.ours[name])} | {show(name, found.reference[name])} | {ratio:.2f} |"
                + (f" {'' if reached is None else f'{reached:.0%}'} |" if limited else "")
            )
    return lines


def slower_table(found: Found) -> list[str]:
    rows = [
        f"| {group} / {case} | {ratio:.2f} | {SLOWER.get(f'{group} / {case}', '')} |"
        for group, cases in found.ratios().items()
        if group != "shared core"
        for case, ratio in sorted(cases.items(), key=lambda item: -item[1])
        if ratio > 1.0
    ]
    return ["", "### Slower than PyTorch", "", "| case | ratio | known cause |", "|---|---|---|", *rows] if rows else []


def setting_text(found: Found) -> str:
    return f"{found.threads} thread{'s' if found.threads > 1 else ''}{'' if found.avx512 else ', without AVX-512'}"


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []:
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def limits_text(found: Found) -> str:
    if not found.limits:
        return ""
    copy, flops = found.limits["copy"], found.limits["flops"]
    rates = ", ".join(f"{rate / 1e9:.0f} GB/s at {float(size) / 1e6:g} MB" for size, rate in copy.items())
    return f"Limits measured beside: {flops / 1e9:.0f} GF/s of fused multiply-adds; copying (read and write) {rates}."


def summary(found: Found) -> str:
    """What one setting showed, without the cases."""
    lines = [
        f"## {setting_text(found)}",
        "",
        f"Ours {found.versions.get('ours', '')}, PyTorch {found.versions.get('reference', '')}; {processor()}, Python "
        f"{platform.python_version()}; minima of {found.rounds} alternating rounds. A ratio below 1: ours is faster.",
        limits_text(found),
        "",
        *summary_table(found),
        *shared_core_table(found),
        *compile_table(found),
    ]
    return "\n".join(lines) + "\n"


def cases(found: Found) -> str:
    """Every case of one setting, the slower ones first."""
    lines = [*slower_table(found), *case_tables(found)]
    if found.errors:
        lines += ["", "Not measured:", "", *(f"- {text}" for text in found.errors)]
    return "\n".join(lines) + "\n"


INTRODUCTION = """# Benchmarks

Written by `make bench` ({rounds} alternating rounds of fresh processes, the shortest time of each case); the cases are in
`benchmarks/`. A ratio is the time (or memory) of ours by that of PyTorch {reference}: below 1, ours is faster. The share of
the limit is of what this machine was measured to do in the same run: fused multiply-adds for products and convolutions, copying
of as many bytes for the others (an operator that only reads, or whose data lies nearer to the processor than the copy's did,
can exceed it).

![Ratios by group](benchmarks-groups.png)

![Ratios of every case](benchmarks-cases.png)
"""


def page(all_found: list[Found], folder: Path) -> None:
    """benchmarks.md, a page of cases for each setting, and the plots in ``folder``."""
    first = all_found[0]
    parts = [INTRODUCTION.format(rounds=first.rounds, reference=first.versions.get("reference", ""))]
    for found in all_found:
        name = f"benchmarks-{found.threads}{'' if found.avx512 else '-avx2'}.md"
        parts.append(summary(found) + f"\n[Every case]({name})\n")
        (folder / name).write_text(
            f"---\norphan: true\n---\n\n# Benchmarks, case by case: {setting_text(found)}\n" + cases(found)
        )
    (folder / "benchmarks.md").write_text("\n".join(parts))
    plot_groups(all_found, folder / "benchmarks-groups.png")
    plot_cases(first, folder / "benchmarks-cases.png")


def _pyplot() -> Any:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    return plt


def plot_groups(all_found: list[Found], path: Path) -> None:
    """Geometric means (bars) and worst cases (dots) of the rows of the summary by setting, on a logarithmic axis."""
    plt = _pyplot()
    rows = [t for t in TARGETS if any(counted(t, found) for found in all_found)]
    figure, axis = plt.subplots(figsize=(8, 0.8 + 0.42 * len(rows)), layout="constrained")
    height = 0.8 / len(all_found)
    for i, found in enumerate(all_found):
        for j, target in enumerate(rows):
            ratios = list(counted(target, found).values())
            if ratios:
                y = j + (i - (len(all_found) - 1) / 2) * height
                label = setting_text(found) if j == 0 else None
                axis.barh(y, mean(ratios), height * 0.9, color=f"C{i}", label=label)
                axis.plot(max(ratios), y, "o", color=f"C{i}", markersize=3)
    axis.set_yticks(range(len(rows)), [t.row for t in rows])
    axis.set_xscale("log")
    axis.axvline(1.0, color="black", linewidth=0.8)
    axis.invert_yaxis()
    axis.legend(fontsize=8, ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    axis.set_xlabel("time of ours / time of PyTorch: geometric mean (bar), worst case (dot)")
    figure.savefig(path, dpi=110)
    plt.close(figure)


def plot_cases(found: Found, path: Path) -> None:
    """The ratio of every case, a row of dots for a group."""
    plt = _pyplot()
    made = {group: cases for group, cases in found.ratios().items() if group != "shared core"}
    figure, axis = plt.subplots(figsize=(8, 0.8 + 0.3 * len(made)), layout="constrained")
    for i, cases in enumerate(made.values()):
        axis.plot(list(cases.values()), [i] * len(cases), "o", alpha=0.5, markersize=4, color=f"C{i % 10}")
        worst = max(cases, key=lambda case: cases[case])
        axis.annotate(worst, (cases[worst], i), textcoords="offset points", xytext=(5, 2), fontsize=6)
    axis.set_yticks(range(len(made)), list(made))
    axis.set_xscale("log")
    axis.axvline(1.0, color="black", linewidth=0.8)
    axis.invert_yaxis()
    axis.set_xlabel(f"time of ours / time of PyTorch, {setting_text(found)}; the worst case of a group by name")
    figure.savefig(path, dpi=110)
    plt.close(figure)


def missed(found: Found) -> list[str]:
    """Sentences about the promises that are not kept. Worst cases that slower.py names with a cause do not count."""
    said = []
    for target in TARGETS:
        ratios = counted(target, found)
        if ratios and target.mean is not None and mean(list(ratios.values())) > target.mean:
            said.append(f"{target.row}: geometric mean {mean(list(ratios.values())):.3f}, promised {target.mean:g}")
        for case, ratio in ratios.items():
            if target.worst is not None and ratio > target.worst and case not in SLOWER:
                said.append(f"{target.row}: {case} {ratio:.2f}, promised {target.worst:g}")
    said += [
        f"{name}: {value:.2f} times, promised {SHARED_CORE:g}"
        for name, value in found.ours.items()
        if name.startswith("shared core / ") and value > SHARED_CORE
    ]
    return said + [text for text in found.errors if text.startswith("ours")]
