"""The exhibits of S3, the derivation of I(W): its worked vectors, its properties, and its claims, checked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.engine.claims import Bound
from analysis.engine.exhibit import Exhibit, Tables
from analysis.engine.literals import make_exhibits
from analysis.engine.names import RUN_NAMES
from analysis.engine.printed import expected
from analysis.engine.sheet import Sheet, exact
from analysis.engine.statistics import average, tidy
from analysis.engine.table import Answers
from analysis.s3.checks import VERDICTS, Claim, read_claims
from analysis.s3.tasks import OPERATIONS
from netsci import plot
from netsci.plot.draw import draw
from netsci.plot.scene import Panel, Scene, Series
from netsci.sweep import Cell, Record, Task

ORDERS = ((0.5, 1.0), (1.0, 2.0))
UNCHANGED = 1e-9  # rounding
MEASURES = ("norm_p", "norm_q", "I(W)")
PRINTED = {  # column of the printed table -> measure, p, q
    "norm_p": ("norm_p", *ORDERS[0]),
    "norm_q": ("norm_q", *ORDERS[0]),
    "sparsity_i": ("I(W)", *ORDERS[0]),
    "sparsity_i_p1_q2": ("I(W)", *ORDERS[1]),
}
DATA = "none: vectors that are written out, or drawn at random"
VECTORS = Task("s3-vectors", "analysis.s3.tasks:vectors", RUN_NAMES)
CHANGES = Task("s3-changes", "analysis.s3.tasks:changes", RUN_NAMES)
CHECKS = Task("s3-claims", "analysis.s3.checks:check_all", RUN_NAMES)
AS_SAID = "holds as said"
MAIN = ("a.5.1", "definition")  # the property whose proof S3 builds on its measure


def exhibits(first_seed: int = 0) -> list[Exhibit]:
    """Return the exhibits of S3; `first_seed` is that of the random vectors."""
    worked = (Cell.of(VECTORS, version=1, data=DATA, orders=ORDERS),)
    operated = tuple(
        Cell.of(CHANGES, version=1, data=DATA, seed=first_seed + i, count=500, p=p, q=q)
        for p, q in ORDERS
        for i in range(3)
    )
    claimed = (Cell.of(CHECKS, version=1, data=DATA, seed=first_seed, vectors=500),)
    vectors: dict[str, Any] = {"tabulate": tabulate_vectors, "draw": draw_vectors, "sheet": sheet_of_vectors}
    vectors |= {"cells": worked, "summarise": lambda tables: tables["compared"]}
    changes: dict[str, Any] = {"tabulate": tabulate_changes, "draw": draw_changes, "sheet": sheet_of_changes}
    changes |= {"cells": operated, "summarise": average}
    claims: dict[str, Any] = {"tabulate": tabulate_claims, "draw": draw_claims, "sheet": sheet_of_claims}
    claims |= {"cells": claimed, "claims": tuple(as_claim(entry) for entry in read_claims())}
    made = {"s3-vectors": vectors, "s3-properties": changes, "s3-claims": claims}
    return make_exhibits(Path(__file__).parent, made, Answers())


def as_claim(entry: Claim) -> Bound:
    """Return a claim of S3 as one on the table of its checks."""
    place = entry.section.upper() if entry.section.startswith("a.") else entry.section
    cells = ((f"{entry.section}/{entry.key}", AS_SAID),)
    main = (entry.section, entry.key) == MAIN
    return Bound(words=entry.words, place=place, main=main, cells=cells, above=0.5)


def tabulate_vectors(records: Mapping[Cell, Record]) -> Tables:
    """Tabulate the computed values, and beside the printed ones."""
    (record,) = records.values()
    rows = [
        {"vector": vector, "p": p, "q": q, "seed": 0, "measure": measure, "value": value, "unit": "1"}
        for vector, of_vector in zip(record.notes["vectors"], record.arrays["values"], strict=True)
        for (p, q), of_order in zip(record.notes["orders"], of_vector, strict=True)
        for measure, value in zip(MEASURES, of_order.tolist(), strict=True)
    ]
    table = pd.DataFrame(rows)
    computed = table.rename(columns={"value": "computed"})[["vector", "p", "q", "measure", "computed"]]
    printed = expected("s3.vectors").query("value != '' and column in @PRINTED")
    of = pd.DataFrame([PRINTED[column] for column in printed["column"]], columns=["measure", "p", "q"])
    of = of.assign(vector=printed["row"].array, printed=printed["value"].array.astype(float))
    both = of.assign(reading=printed["reading"].array).merge(computed, validate="one_to_one")
    both["difference"] = both["computed"] - both["printed"]
    columns = ["vector", "p", "q", "measure", "printed", "computed", "difference", "reading"]
    return {"table": table, "compared": both[columns]}


def sheet_of_vectors(tables: Tables) -> Sheet:
    """Return vectors as rows, measures as columns, and the largest difference of all."""
    both = tables["compared"]
    columns = [f"{line.measure}, p = {line.p:g}, q = {line.q:g}" for line in both.itertuples()]
    values = [*zip(both["vector"], columns, both["computed"], strict=True)]
    values.append(("all", "largest difference", both["difference"].abs().max()))
    printed = dict(zip(zip(both["vector"], columns, strict=True), both["printed"], strict=True))
    return as_sheet(values, printed)


def as_sheet(values: Any, printed: Any = None, **how: Any) -> Sheet:
    """Return (row, column, value) that are computed, not drawn at random, as a sheet."""
    frame = pd.DataFrame(values, columns=["row", "column", "value"]).assign(seed=0)
    return Sheet(frame, printed or {}, error=exact, **how)


def tabulate_changes(records: Mapping[Cell, Record]) -> Tables:
    """Tabulate quantiles of the changes and the shares that rose, fell and stayed."""
    rows = []
    for cell, record in records.items():
        for name, (theory, _) in OPERATIONS.items():
            change = pd.Series(record.arrays[name])
            measured = {
                "median change": (change.median(), "1"),
                "5 % quantile": (change.quantile(0.05), "1"),
                "95 % quantile": (change.quantile(0.95), "1"),
                "rises": ((change > UNCHANGED).mean(), "share"),
                "falls": ((change < -UNCHANGED).mean(), "share"),
                "unchanged": ((change.abs() <= UNCHANGED).mean(), "share"),
            }
            line = {"operation": name, "theory": theory, "p": cell["p"], "q": cell["q"], "seed": cell["seed"]}
            rows += tidy(line, measured)
    return {"table": pd.DataFrame(rows)}


def sheet_of_changes(tables: Tables) -> Sheet:
    """Return operations, at each p and q, as rows and measures as columns; a draw of vectors is a seed."""
    table = tables["table"]
    orders = [f" at p = {p:g} and q = {q:g}" for p, q in zip(table["p"], table["q"], strict=True)]
    named = table.assign(row=table["operation"] + orders, column=table["measure"])
    values = named[["row", "column", "seed", "value"]]
    held = float(_keep_by_theory(table))
    count = pd.DataFrame([("all", "kept in every draw", 0, held)], columns=values.columns)
    units = {("all", "kept in every draw"): "count"}
    return Sheet(pd.concat([values, count], ignore_index=True), units=units)


def _keep_by_theory(table: pd.DataFrame) -> int:
    """Return of how many operations all vectors of all draws do what theory says."""
    said = table[table["theory"] == table["measure"]]
    return int((said.groupby("operation")["value"].min() == 1).sum())


def tabulate_claims(records: Mapping[Cell, Record]) -> Tables:
    """Tabulate the verdicts with their numbers."""
    ((cell, record),) = records.items()
    notes, values = record.notes, record.arrays["value"]
    claims = read_claims()
    for entry, key in zip(claims, notes["keys"], strict=True):
        if key != [entry.section, entry.key]:
            raise ValueError(f"the record is of other claims: {key} stands where {entry.key!r} is expected")
    table = pd.DataFrame(claims).rename(columns={"words": "claim", "quantity": "measure"})
    table = table.assign(**{name: notes[name] for name in ("verdict", "correction")}, value=values)
    columns = [
        "seed",
        "section",
        "key",
        "label",
        "claim",
        "verdict",
        "correction",
        "measure",
        "value",
        "unit",
    ]
    return {"table": table.assign(seed=cell["seed"], unit="1")[columns]}


def sheet_of_claims(tables: Tables) -> Sheet:
    """Return claims as rows, with their number and whether they hold as said; and the counts of all."""
    table = tables["table"]
    rows = table["section"] + "/" + table["key"]
    as_said = (table["verdict"] == VERDICTS[0]).astype(float)
    values = [*zip(rows, ["number"] * len(rows), table["value"], strict=True)]
    values += [*zip(rows, [AS_SAID] * len(rows), as_said, strict=True)]
    words = ("hold as said", "hold with a correction", "do not hold")
    values += [("all", word, (table["verdict"] == v).sum()) for word, v in zip(words, VERDICTS, strict=True)]
    values.append(("all", "claims", len(table)))
    units = {(row, AS_SAID): "yes/no" for row in rows} | {("all", c): "count" for c in (*words, "claims")}
    corrected = table["verdict"] == VERDICTS[1]
    said = zip(rows[corrected], table["correction"][corrected], strict=True)
    corrections = {(row, AS_SAID): text for row, text in said}
    return as_sheet(values, units=units, corrections=corrections)


def draw_vectors(made: Tables, backend: str) -> Any:
    """Draw printed and computed values side by side: a panel for each measure, which names its axis."""
    compared = made["compared"]
    names = {"norm_p": "‖W‖p, p = {p:g}", "norm_q": "‖W‖q, q = {q:g}", "I(W)": "I(W), p = {p:g}, q = {q:g}"}
    panels = [names[line.measure].format(p=line.p, q=line.q) for line in compared.itertuples()]
    named = compared.rename(columns={"printed": "closed form of S3"})
    shown = named.assign(measure=panels, unit="1", vector=compared["vector"].str.upper()).melt(
        ["measure", "unit", "vector"], ["closed form of S3", "computed"], var_name="source"
    )
    return plot.measures(shown, y="vector", hue="source", columns=2, backend=backend)


def draw_changes(made: Tables, backend: str) -> Any:
    """Draw medians and quantiles of the change of I, an operation a row."""
    keys = ["operation", "theory", "p", "q"]
    means = made["table"].groupby([*keys, "measure"], sort=False)["value"].mean()
    wide, order = means.unstack("measure").reset_index(), list(dict.fromkeys(made["table"]["operation"]))
    wide = wide.sort_values("operation", key=lambda names: names.map(order.index), kind="stable")
    wide["orders"] = [f"p = {p:g}, q = {q:g}" for p, q in zip(wide["p"], wide["q"], strict=True)]
    wide["operation"] = wide["operation"] + " (" + wide["theory"] + ")"
    return plot.points(
        wide.rename(columns={"5 % quantile": "low", "95 % quantile": "high"}),
        x="median change",
        y="operation",
        hue="orders",
        low="low",
        high="high",
        order=sorted(set(wide["orders"])),
        labels={"median change": "change of I(W)", "operation": "operation (in theory I)"},
        backend=backend,
    )


def draw_claims(made: Tables, backend: str) -> Any:
    """Draw how each claim fares; its number is of another kind than the next one's, so it has no axis."""
    table = made["table"]
    labels = table["section"].str.replace("definition", "def.") + " " + table["label"]
    shown = table.assign(label=labels, place=table["verdict"].map(VERDICTS.index).astype(float))
    series = [
        Series(
            "points",
            np.full(int((table["verdict"] == verdict).sum()), float(number)),
            np.flatnonzero(table["verdict"] == verdict).astype(float),
            name=verdict,
            colour=number,
            symbol=number,
            size=8.0,
            key=True,
        )
        for number, verdict in enumerate(VERDICTS)
    ]
    panel = Panel(
        tuple(series),
        x_ticks=VERDICTS,
        y_ticks=tuple(shown["label"]),
        x_range=(-0.5, len(VERDICTS) - 0.5),
        y_range=(len(shown) - 0.5, -0.5),
    )
    scene = Scene((panel,), y_label="claim", n_colours=3, panel_size=(420, 60 + 26 * len(shown)))
    return draw(scene, backend)
