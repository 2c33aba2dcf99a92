"""The exhibits of S3, the derivation of I(W): its worked vectors, its properties, and its claims, checked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from analysis import s3_figures as figures
from analysis.engine.cells import Cell, Record, Task
from analysis.runs import Exhibit, Tables
from analysis.s3_claims import CLAIMS
from analysis.s3_tasks import OPERATIONS
from analysis.statistics import mean_and_interval

VECTORS = Task("s3-vectors", "analysis.s3_tasks:vectors")
CHANGES = Task("s3-changes", "analysis.s3_tasks:changes")
CHECKS = Task("s3-claims", "analysis.s3_claims:check_all")
EXPECTED = Path(__file__).parent / "expected"
ORDERS = ((0.5, 1.0), (1.0, 2.0))
UNCHANGED = 1e-9  # rounding
MEASURES = ("norm_p", "norm_q", "I(W)")
DATA = "none: vectors that are written out, or drawn at random"


def exhibits(first_seed: int = 0) -> list[Exhibit]:
    """Return the exhibits of S3; `first_seed` is that of the random vectors."""
    worked = (Cell.of(VECTORS, version=1, data=DATA, orders=ORDERS),)
    operated = tuple(
        Cell.of(CHANGES, version=1, data=DATA, seed=first_seed + i, count=500, p=p, q=q)
        for p, q in ORDERS
        for i in range(3)
    )
    claimed = (Cell.of(CHECKS, version=1, data=DATA, seed=first_seed, vectors=500),)
    return [
        Exhibit(
            "s3-vectors",
            "I(W) of the worked vectors of S3",
            "Norms and index of W1 = [10, 0, 0, 0] and W2 = [5, 5, 0, 0] as S3 A.2 prints them (evaluated at "
            "p and q, to which it gives no numbers) and as computed here.",
            worked,
            tabulate=_vectors,
            draw=figures.vectors,
            verdict=figures.vectors_verdict,
            summarise=lambda tables: tables["compared"],
        ),
        Exhibit(
            "s3-properties",
            "What operations on the weights do to I(W)",
            "Change of I(W) of 500 random vectors (2 to 40 entries, normal times log-normal, up to 90 % "
            "zeros, at least two entries that differ) under each operation. Dots are medians, bars reach "
            "from the 5 % to the 95 % quantile of the vectors, means of three draws. Robin Hood moves a "
            "part of the largest entry to the smallest, rising tide adds the mean to all, Bill Gates "
            "multiplies the largest by 100; the small raise adds a tenth of the mean to one entry; the step "
            "that follows is drawn anew.",
            operated,
            tabulate=_changes,
            draw=figures.changes,
            verdict=figures.changes_verdict,
            summarise=lambda tables: mean_and_interval(tables["table"]),
        ),
        Exhibit(
            "s3-claims",
            "The claims of S3 on I(W), checked",
            "One number for each claim, named in the table with the correction where there is one; p = .5, "
            "q = 1 unless said; no dot where the number is 0/0. General claims were tried on 500 random "
            "vectors.",
            claimed,
            tabulate=_claims,
            draw=figures.claims,
            verdict=figures.claims_verdict,
        ),
    ]


def expected(name: str) -> pd.DataFrame:
    """Return the printed numbers of an exhibit, readings applied."""
    return pd.read_csv(EXPECTED / f"s3.{name}.csv")


def _vectors(records: Mapping[Cell, Record]) -> Tables:
    """Tabulate the computed values, and beside the printed ones."""
    (record,) = records.values()
    rows = [
        {"vector": vector, "p": p, "q": q, "seed": 0, "measure": measure, "value": value, "unit": "1"}
        for vector, of_vector in zip(record.notes["vectors"], record.arrays["values"], strict=True)
        for (p, q), of_order in zip(record.notes["orders"], of_vector, strict=True)
        for measure, value in zip(MEASURES, of_order.tolist(), strict=True)
    ]
    table = pd.DataFrame(rows)
    printed = expected("vectors").dropna(subset="value")
    names = {"norm_p": ("norm_p", 0), "norm_q": ("norm_q", 0), "sparsity_i": ("I(W)", 0)}
    names["sparsity_i_p1_q2"] = ("I(W)", 1)
    compared = []
    for line in printed[printed["column"].isin(names)].itertuples():
        measure, order = names[line.column]
        p, q = ORDERS[order]
        same = (table["vector"] == line.row) & (table["measure"] == measure) & (table["p"] == p)
        value = float(table.loc[same, "value"].item())
        compared.append(
            {
                "vector": line.row,
                "p": p,
                "q": q,
                "measure": measure,
                "printed": float(line.value),
                "computed": value,
                "difference": value - float(line.value),
                "reading": line.reading,
            }
        )
    return {"table": table, "compared": pd.DataFrame(compared)}


def _changes(records: Mapping[Cell, Record]) -> Tables:
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
            rows += [
                {**line, "measure": measure, "value": value, "unit": unit}
                for measure, (value, unit) in measured.items()
            ]
    return {"table": pd.DataFrame(rows)}


def _claims(records: Mapping[Cell, Record]) -> Tables:
    """Tabulate the verdicts with their numbers."""
    ((cell, record),) = records.items()
    notes, values = record.notes, record.arrays["value"]
    found = zip(CLAIMS, notes["keys"], notes["verdict"], notes["correction"], values, strict=True)
    rows = []
    for entry, key, verdict, correction, value in found:
        if key != [entry.section, entry.key]:
            raise ValueError(f"the record is of other claims: {key} stands where {entry.key!r} is expected")
        rows.append(
            {
                "seed": cell["seed"],
                "section": entry.section,
                "key": entry.key,
                "label": entry.label,
                "claim": entry.words,
                "verdict": verdict,
                "correction": correction,
                "measure": entry.quantity,
                "value": value,
                "unit": "1",
            }
        )
    return {"table": pd.DataFrame(rows)}
