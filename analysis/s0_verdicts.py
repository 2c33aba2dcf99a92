"""What S0's tables show, in a sentence: each claim of the paper that the runs can judge, and how it fares.

Everything said is computed from the tables; a claim whose runs are missing is not mentioned.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from analysis.runs import Tables
from analysis.s0_claims import (
    Judge,
    Values,
    datasets,
    holds,
    if_printed,
    interval,
    judged,
    one_seed,
    over,
    paired,
    ratio,
)
from analysis.s0_names import NAMES, choice, row_name

NEGLIGIBLE = 1.0  # points of accuracy: a smaller spread over choices is "negligible variation"
FAILS = 20.0  # percent: below twice the chance of ten classes a network has not learnt
_PAIR = ("dense", "ch-snn")
ENOUGH = 0.15  # points that more than 8 time steps may add if T = 8 is to be the optimum


def table1(values: Values, tables: Tables) -> list[str]:
    """Accuracy of both, the gain, and how many synaptic operations are saved."""
    said = []
    rows = list(dict.fromkeys(row for row, _ in values))
    for row in sorted(rows, key=lambda row: row != "mnist/2fc/ch-snn"):
        gain = values.get((row, "accuracy_improvement_percent"))
        if gain is None:
            continue
        words = (
            f"{row_name(row.removesuffix('/ch-snn'))}: CH-SNN {values[row, 'accuracy_percent'].text()}, "
            f"dense {values[row, 'dense_accuracy_percent'].text()}, difference {gain.mean:+.2f} points"
            + (f" ({gain.low:+.2f} to {gain.high:+.2f})" if gain.n > 1 else "")
            + f", {judged(gain)}"
        )
        sops = [values.get((row, f"{of}sops_per_sample")) for of in ("dense_", "")]
        if sops[0] is not None and sops[1] is not None:
            words += f"; dense needs {ratio(sops[0].mean, sops[1].mean)} the synaptic operations"
        said.append(words)
    return said


def table2(values: Values, tables: Tables) -> list[str]:
    """Accuracy and energy of S-TP's networks, dense and sparse."""
    said = []
    for dataset in datasets(values):
        sparse, dense = (f"{dataset}/3fc/{method}" for method in ("ch-snn", "dense"))
        if any((row, "energy_mj") not in values for row in (dense, sparse)):
            continue
        a, b = values[sparse, "accuracy_percent"], values[dense, "accuracy_percent"]
        gain = paired(tables, sparse, dense, "accuracy_percent")
        e, f = values[sparse, "energy_mj"], values[dense, "energy_mj"]
        words = (
            f"{NAMES[dataset]}: CH-SNN {a.text()}, dense {b.text()}"
            + if_printed(", printed {:.2f} and {:.2f}", a.printed, b.printed)
            + f"; difference {gain.mean:+.2f} points, {judged(gain)}; dense needs {ratio(f.mean, e.mean)} "
            "the energy" + if_printed(", printed {:.1f} times", f.printed / e.printed)
        )
        said.append(words)
    return said


def table3(values: Values, tables: Tables) -> list[str]:
    """Whether delta 0.5 is best."""
    said = []
    for row in dict.fromkeys(row for row, _ in values):
        found = over(values, row)
        top = max(value.mean for value in found.values())
        best = [at for at, value in found.items() if value.mean == top]
        right = best == [0.5]
        listed = ", ".join(f"δ = {at:g} {value.text()}" for at, value in sorted(found.items()))
        said.append(
            f"{row_name(row)}: {listed}; S0's claim that δ = 0.5 is best {holds(right)}"
            + ("" if right else f": the best is {' and '.join(f'{at:g}' for at in best)}")
            + one_seed(found.values())
        )
    return said


def table4(values: Values, tables: Tables) -> list[str]:
    """Whether both initialisations beat each alone, each beats none, and which variants fail to learn."""
    said = []
    for dataset in datasets(values):
        good, bad, fails, best = [], [], [], {}
        for column in dict.fromkeys(column for _, column in values):
            of = {
                row.split("/")[1]: value.mean
                for (row, c), value in values.items()
                if c == column and row.startswith(f"{dataset}/")
            }
            if not {"none", "sscti_only", "sswi_only", "both"} <= set(of):
                continue
            single = (of["sscti_only"], of["sswi_only"])
            sparsity = f"{choice(column):g}"
            best[sparsity] = max(of, key=lambda name: of[name])
            if of["both"] > max(single) and min(single) > of["none"]:
                good.append(sparsity)
            else:
                listed = " > ".join(
                    f"{NAMES[name]} {of[name]:.2f}"
                    for name in sorted(("none", "sscti_only", "sswi_only", "both"), key=lambda n: -of[n])
                )
                bad.append(f"{sparsity} % ({listed})")
            fails += [f"{NAMES[v]} at {sparsity} %" for v, accuracy in of.items() if accuracy < FAILS]
        if not best:
            continue
        where = f"{', '.join(good)} % sparsity" if good else "no sparsity"
        words = f"{NAMES[dataset]}: both > each alone > neither holds at {where}"
        words += f", not at {', '.join(bad)}" if bad else ""
        words += f"; best of all variants: {', '.join(f'{NAMES[v]} at {s} %' for s, v in best.items())}"
        words += f"; below {FAILS:g} %, so not learning: {', '.join(fails) or 'none'}"
        said.append(words + one_seed(values.values()))
    return said


def table5(values: Values, tables: Tables) -> list[str]:
    """Whether accuracy falls as the learning rate rises."""
    said = []
    for row in dict.fromkeys(row for row, _ in values):
        found = over(values, row)
        means = [found[rate].mean for rate in sorted(found)]
        best = max(found, key=lambda rate: found[rate].mean)
        printed = {rate: value.printed for rate, value in found.items() if not np.isnan(value.printed)}
        falls = all(a >= b for a, b in pairwise(means))
        said.append(
            f"{row_name(row)}: best at learning rate {best:g}, {found[best].text()}"
            + (f" (printed at {max(printed, key=lambda r: printed[r]):g})" if printed else "")
            + f", lowest {min(means):.2f} %; S0's fall of accuracy as the rate rises {holds(falls)}"
            + one_seed(found.values())
        )
    return said


def spread(values: Values, tables: Tables) -> list[str]:
    """How much accuracy varies over the choices of Tables 6, 7 and 8."""
    said = []
    for row in dict.fromkeys(row for row, _ in values):
        found = over(values, row)
        if len(found) < 2:
            continue
        means = [value.mean for value in found.values()]
        width = max(means) - min(means)
        printed = [value.printed for value in found.values() if not np.isnan(value.printed)]
        said.append(
            f"{row_name(row)}: accuracy from {min(means):.2f} to {max(means):.2f} % over {len(found)} "
            f"choices, a spread of {width:.2f} points"
            + (f" (printed {max(printed) - min(printed):.2f})" if printed else "")
            + f"; S0's negligible variation, read as less than {NEGLIGIBLE:g} point, "
            f"{holds(width < NEGLIGIBLE)}" + one_seed(found.values())
        )
    return said


def table9(values: Values, tables: Tables) -> list[str]:
    """Node sparsity beside the printed one."""
    said = []
    for (row, _), value in sorted(values.items(), key=lambda item: item[0][0] != "mnist/2fc/ch-snn"):
        words = f"{row_name(row)}: {value.text()} of the units have percolated away"
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
        found = over(values, row)
        means = {at: found[at].mean for at in sorted(found)}
        steps = list(means)
        rises = all(means[a] < means[b] for a, b in pairwise(steps))
        listed = ", ".join(f"T = {at:g} {mean:.2f} %" for at, mean in means.items())
        words = f"{row_name(row)}: {listed}; a rise with every doubling {holds(rises)}"
        if 8 in means and max(steps) > 8:
            more = max(means[at] for at in steps if at > 8) - means[8]
            less = means[8] - max([means[at] for at in steps if at < 8], default=-np.inf)
            optimal = more <= ENOUGH and less > 0
            words += (
                f"; T = 8 as the optimum, read as better than fewer steps and at most {ENOUGH:g} points "
                f"below more, {holds(optimal)} (more steps add {more:+.2f})"
            )
        said.append(words + one_seed(found.values()))
    return said


JUDGES: dict[str, Judge] = {
    "s0.table1": table1,
    "s0.table2": table2,
    "s0.table3": table3,
    "s0.table4": table4,
    "s0.table5": table5,
    **{f"s0.table{n}": spread for n in (6, 7, 8)},
    "s0.table9": table9,
    **{f"s0.table{n}": noise for n in (10, 11, 12, 13)},
    "s0.table14": table14,
    "s0.table15": table15,
}
