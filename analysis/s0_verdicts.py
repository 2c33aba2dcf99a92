"""What S0's tables show, in a sentence: each claim of the paper that the runs can judge, and how it fares.

Everything said is computed from the tables. A claim is decided by differences beyond error only, and over a
set of choices only if all of them were run; see `analysis.s0_claims`.
"""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np

from analysis.runs import Tables
from analysis.s0_claims import (
    Judge,
    Judged,
    Value,
    Values,
    apart,
    columns,
    datasets,
    holds,
    incomplete,
    interval,
    less_than,
    one_seed,
    over,
    paired,
    printed_over,
    ruling,
)
from analysis.s0_comparisons import table1, table2
from analysis.s0_names import NAMES, choice, row_name, run_name

NEGLIGIBLE = 1.0  # points of accuracy: a smaller spread over choices is "negligible variation"
FAILS = 20.0  # percent: below twice the chance of ten classes a network has not learnt
_PAIR = ("dense", "ch-snn")
ENOUGH = 0.15  # points that more than 8 time steps may add if T = 8 is to be the optimum


def table3(values: Values, tables: Tables) -> list[str]:
    """Whether delta 0.5 is best."""
    said = []
    for row in dict.fromkeys(row for row, _ in values):
        found, at = over(values, row), columns(values, row)
        listed = ", ".join(f"δ = {at:g} {value.text()}" for at, value in sorted(found.items()))
        fares = incomplete(values, tables, row)
        if not fares:
            others = [column for delta, column in at.items() if delta != 0.5]
            fares = ruling([apart(values, tables, (row, at[0.5]), (row, other)) for other in others])
            top = max(value.mean for value in found.values())
            best = [delta for delta, value in found.items() if value.mean == top]
            fares += f": the best is {' and '.join(f'{delta:g}' for delta in best)}" if best != [0.5] else ""
        said.append(
            f"{row_name(row)}: {listed}; S0's claim that δ = 0.5 is best {fares}" + one_seed(found.values())
        )
    return said


def table4(values: Values, tables: Tables) -> list[str]:
    """Whether both initialisations beat each alone, each beats none, and which variants fail to learn."""
    said = []
    for dataset in datasets(values):
        fares, best, fails, ours = [], [], [], []
        for column in dict.fromkeys(column for _, column in values):
            of = {
                row.split("/")[1]: value.mean
                for (row, c), value in values.items()
                if c == column and row.startswith(f"{dataset}/")
            }
            at = f"at {choice(column):g} %"
            fails += [f"{NAMES[variant]} {at}" for variant, accuracy in of.items() if accuracy < FAILS]
            ran = sorted((name for name in ABLATED if name in of), key=lambda name: -of[name])
            if len(ran) < len(ABLATED):
                if ran:
                    fares.append(f"is not decided {at}: {len(ran)} of {len(ABLATED)} variants run")
                continue
            gaps = [
                apart(values, tables, (f"{dataset}/{more}", column), (f"{dataset}/{less}", column))
                for more, less in ORDER
            ]
            listed = " > ".join(f"{NAMES[name]} {of[name]:.2f}" for name in ran)
            first, colon, rest = ruling(gaps).partition(":")
            fares.append(f"{first} {at} ({listed}{f';{rest}' if colon else ''})")
            best.append(f"{NAMES[max(of, key=lambda name: of[name])]} {at}")
            ours += _against_both(values, tables, dataset, column, at)
        if not (fares or fails):
            continue
        said += [f"{NAMES[dataset]}: both > each alone > neither {fare}" for fare in fares]
        highest = f"highest of all variants: {', '.join(best)}; " if best else ""
        failing = f"below {FAILS:g} %, so not learning: {', '.join(fails) or 'none'}"
        said.append(f"{NAMES[dataset]}: {highest}{failing}{one_seed(values.values())}")
        if ours:
            said.append(f"{NAMES[dataset]}, against both with phi: {'; '.join(ours)}")
    return said


def _against_both(values: Values, tables: Tables, dataset: str, column: str, at: str) -> list[str]:
    """Return how our variants differ from both initialisations as S0 has them, at a sparsity."""
    said = []
    for name in ("both_as_printed", "both_calibrated"):
        if (f"{dataset}/{name}", column) not in values:
            continue
        gap = apart(values, tables, (f"{dataset}/{name}", column), (f"{dataset}/both", column))
        clear = "" if gap.low > 0 or gap.high < 0 else ", within error"
        said.append(f"{NAMES[name].removeprefix('both, ')} {gap.mean:+.2f} points {at}{clear}")
    return said


ABLATED = ("none", "sscti_only", "sswi_only", "both")
ORDER = (("both", "sscti_only"), ("both", "sswi_only"), ("sscti_only", "none"), ("sswi_only", "none"))


def table5(values: Values, tables: Tables) -> list[str]:
    """Whether accuracy falls as the learning rate rises: from each rate to the next, and never up."""
    said = []
    for row in dict.fromkeys(row for row, _ in values):
        found, at = over(values, row), columns(values, row)
        best = max(found, key=lambda rate: found[rate].mean)
        printed = printed_over(tables, row)
        fares = incomplete(values, tables, row)
        if not fares:
            falls = {
                pair: apart(values, tables, *((row, at[rate]) for rate in pair))
                for pair in combinations(at, 2)
            }
            rises = any(gap.high < 0 for gap in falls.values())
            fares = holds(False) if rises else ruling([falls[pair] for pair in pairwise(at)])
        said.append(
            f"{row_name(row)}: best at learning rate {best:g}, {found[best].text()}"
            + (f" (printed at {max(printed, key=lambda r: printed[r]):g})" if printed else "")
            + f", lowest {min(value.mean for value in found.values()):.2f} %; S0's fall of accuracy as the "
            f"rate rises, at this budget, {fares}" + one_seed(found.values())
        )
    return said


def spread(values: Values, tables: Tables) -> list[str]:
    """How much accuracy varies over the choices of Tables 6, 7 and 8."""
    said = []
    claim = f"S0's negligible variation, read as less than {NEGLIGIBLE:g} point,"
    for row in dict.fromkeys(row for row, _ in values):
        found, at = over(values, row), columns(values, row)
        fares = incomplete(values, tables, row)
        if len(found) < 2:
            listed = ", ".join(value.text() for value in found.values())
            said.append(f"{row_name(row)}: {listed}; {claim} {fares}")
            continue
        low, high = (pick(found, key=lambda at: found[at].mean) for pick in (min, max))
        gap = apart(values, tables, (row, at[high]), (row, at[low]))
        fares = fares or ruling([less_than(NEGLIGIBLE, gap)], "its distance to that")
        printed = printed_over(tables, row).values()
        said.append(
            f"{row_name(row)}: accuracy from {found[low].mean:.2f} to {found[high].mean:.2f} % over "
            f"{len(found)} choices, a spread of {gap.mean:.2f} points"
            + (f" (printed {max(printed) - min(printed):.2f})" if printed else "")
            + f"; {claim} {fares}"
            + one_seed(found.values())
        )
    return said


def table8(values: Values, tables: Tables) -> list[str]:
    """How much accuracy varies over constant zetas, and whether it is below that under the falling one."""
    constant = Values({key: value for key, value in values.items() if not key[0].endswith("/falling")})
    constant.scale = values.scale
    said = spread(constant, tables)
    for row in dict.fromkeys(row for row, _ in constant):
        falling, at = columns(values, f"{row}/falling"), columns(values, row)
        shared = [zeta for zeta in at if zeta in falling]
        if not shared:
            continue
        gaps = {z: apart(values, tables, (f"{row}/falling", falling[z]), (row, at[z])) for z in shared}
        fares = incomplete(values, tables, row) or ruling(list(gaps.values()))
        listed = ", ".join(f"{gap.mean:+.2f} at ζ = {zeta:g}" for zeta, gap in gaps.items())
        said.append(
            f"{row_name(row)}: a ζ that falls from there (Table 7) against a constant one: {listed} points; "
            f"S0's slight decrease under a constant one {fares}" + one_seed(values.values())
        )
    return said


def table9(values: Values, tables: Tables) -> list[str]:
    """Node sparsity beside the printed one."""
    said = []
    for (row, column), value in sorted(values.items(), key=lambda item: item[0][0] != "mnist/2fc/ch-snn"):
        if column != "node_sparsity_percent":
            continue
        words = f"{run_name(row, values.scale)}: {value.text()} of the units have percolated away"
        words += "" if value.n > 1 else " (one seed)"
        if not np.isnan(value.printed):
            inside = value.n > 1 and value.low <= value.printed <= value.high
            where = "inside the interval" if inside else "less" if value.printed < value.mean else "more"
            words += f"; printed {value.printed:.2f} %, {where}"
        said.append(words)
    return said


def noise(values: Values, tables: Tables) -> list[str]:
    """Which network loses less accuracy under the strongest noise of each kind."""
    said = []
    for dataset in datasets(values):
        for source, of in (("here", "mean"), ("as printed", "printed")):
            losses = {}
            for kind in dict.fromkeys(row.split("/")[1] for row, _ in values):
                lost = {}
                for method in _PAIR:
                    found = over(values, f"{dataset}/{kind}/{method}")
                    if found:
                        lost[method] = getattr(found[min(found)], of) - getattr(found[max(found)], of)
                if len(lost) == 2 and not np.isnan(sum(lost.values())):
                    losses[kind] = lost
            if losses:
                tougher = [kind for kind, lost in losses.items() if lost["dense"] < lost["ch-snn"]]
                listed = ", ".join(
                    f"{NAMES[k]} {lost['dense']:.1f} and {lost['ch-snn']:.1f}".replace("-0.0", "0.0")
                    for k, lost in losses.items()
                )
                if source == "here":
                    clear = [NAMES[k] for k in losses if _clear(values, tables, f"{dataset}/{k}")]
                    listed += f"; beyond the spread of the seeds: {', '.join(clear) or 'none'}"
                said.append(
                    f"{NAMES[dataset]}, {source}: dense loses fewer points than CH-SNN under {len(tougher)} "
                    f"of {len(losses)} kinds of noise at their strongest ({listed})"
                )
    return said


def _clear(values: Values, tables: Tables, rows: str) -> bool:
    """Whether the losses of dense and CH-SNN under a kind of noise differ by more than chance over seeds."""
    columns = {choice(column): column for row, column in values if row == f"{rows}/dense"}
    clean, worst = columns[min(columns)], columns[max(columns)]
    table = tables["table"]
    wide = table[table["row"].str.startswith(f"{rows}/")].pivot(
        index="seed", columns=["row", "column"], values="value"
    )
    lost = {method: wide[f"{rows}/{method}", clean] - wide[f"{rows}/{method}", worst] for method in _PAIR}
    gap = interval(lost["dense"] - lost["ch-snn"])
    return gap.n > 1 and not gap.low <= 0 <= gap.high


def table14(values: Values, tables: Tables) -> list[str]:
    """Whether the dense network is the more robust one, on average over the kinds of noise."""
    said = []
    column = "rpdr_average"
    for dataset in datasets(values):
        rows = [f"{dataset}/{method}" for method in ("dense", "ch-snn")]
        if any((row, column) not in values for row in rows):
            continue
        dense, sparse = (values[row, column] for row in rows)
        gap = paired(tables, rows[0], rows[1], column)
        clear = gap.n > 1 and not gap.low <= 0 <= gap.high
        more = "dense" if gap.mean < 0 else "CH-SNN"
        words = (
            f"{NAMES[dataset]}: mean RPDR dense {dense.text()}, CH-SNN {sparse.text()}: {more} is the more "
            f"robust{'' if clear else ', though not beyond the spread of the seeds'}"
        )
        if not np.isnan(gap.printed):
            agrees = (gap.mean < 0) == (gap.printed < 0)
            words += (
                f"; printed {dense.printed:.2f} and {sparse.printed:.2f}, "
                f"{'the same' if agrees else 'the other'} way round"
            )
        said.append(words)
    return said


def table15(values: Values, tables: Tables) -> list[str]:
    """Whether accuracy rises with the time steps, and T = 8 is enough."""
    said = []
    for row in dict.fromkeys(row for row, _ in values):
        found, at = over(values, row), columns(values, row)
        listed = ", ".join(f"T = {steps:g} {found[steps].mean:.2f} %" for steps in at)
        missing = incomplete(values, tables, row)

        def more(ours: float, other: float, row: str = row, at: dict[float, str] = at) -> Value:
            return apart(values, tables, (row, at[ours]), (row, at[other]))

        fares = missing or ruling([more(after, before) for before, after in pairwise(at)])
        words = f"{row_name(row)}: {listed}; a rise with every doubling {fares}"
        if not missing and 8 in at and max(at) > 8:
            top = max((steps for steps in at if steps > 8), key=lambda steps: found[steps].mean)
            gaps = [more(8, steps) for steps in at if steps < 8] + [less_than(ENOUGH, more(top, 8))]
            words += (
                f"; T = 8 as the optimum, read as better than fewer steps and less than {ENOUGH:g} points "
                f"below more, {ruling(gaps)} (more steps add {more(top, 8).mean:+.2f})"
            )
        said.append(words + one_seed(found.values()))
    return said


_JUDGES: dict[str, Judge] = {
    "s0.table1": table1,
    "s0.table2": table2,
    "s0.table3": table3,
    "s0.table4": table4,
    "s0.table5": table5,
    "s0.table6": spread,
    "s0.table7": spread,
    "s0.table8": table8,
    "s0.table9": table9,
    **{f"s0.table{n}": noise for n in (10, 11, 12, 13)},
    "s0.table14": table14,
    "s0.table15": table15,
}
JUDGES: dict[str, Judge] = {exhibit: Judged(exhibit, judge) for exhibit, judge in _JUDGES.items()}
