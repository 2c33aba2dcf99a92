"""Drawing a printed table: our runs, filled and solid, beside what is printed, hollow and dashed.

A cell that was not run is not drawn, unless nothing of the table was run: then all that is printed is drawn.
Every panel has its own value axis: no two measures share one. Names of panels, places and hues are templates,
such as "{dataset}, {kind}", filled with what a cell's row and column say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.engine.entries import compare_entries
from analysis.engine.words import NAMES, choice, column_name, row_name
from netsci import plot
from netsci.plot.draw import draw
from netsci.plot.scene import Panel, Scene, Series, grid_columns

OURS, PRINTED = "this library", "printed"
SCALES = {"smoke": "smoke scale: digits, not the paper's data", "desk": "", "paper": "the paper's sizes"}
AXES = {  # column of a measure -> the name of its axis, "" of one that is not drawn
    "accuracy_percent": "accuracy (%)",
    "dense_accuracy_percent": "accuracy (%)",
    "accuracy_improvement_percent": "gain over own dense network (points)",
    "accuracy_loss_percent": "loss against own dense network (points)",
    "link_sparsity_percent": "link sparsity (%)",
    "sparsity_percent": "sparsity (%)",
    "node_sparsity_percent": "node sparsity (%)",
    "sops_per_sample": "operations a sample",
    "dense_sops_per_sample": "operations a sample",
    "macs_per_sample": "first layer's MACs a sample",
    "dense_macs_per_sample": "first layer's MACs a sample",
    "firing_rate_percent": "firing rate (%)",
    "spike_count": "spikes",
    "energy_mj": "energy (mJ)",
    "energy_uj": "energy (µJ)",
    "once_energy_uj": "energy, exact, first current once (µJ)",
    "dcgs_t8_energy_uj": "energy, DCGS T = 8 (µJ)",
    "cs-qcfs_t16_energy_uj": "energy, CS-QCFS T = 16 (µJ)",
    "cs-qcfs_t16_snn_accuracy_percent": "accuracy, CS-QCFS T = 16 (%)",
    "reduction_percent": "energy saved (%)",
    "ann_accuracy_percent": "accuracy of the ANN (%)",
    "snn_accuracy_percent": "accuracy of the SNN (%)",
    "fine_tuned_accuracy_percent": "accuracy, fine-tuned (%)",
    "network_sparsity_percent": "sparsity (%)",
    **dict.fromkeys(("before_fine_tuning_percent", "dcgs_t8_energy_reduction_percent"), ""),
    "dcgs_t8_energy_mj": "energy of the SNN (mJ)",
    "dcgs_t8_snn_accuracy_percent": "accuracy of the SNN (%)",
    **dict.fromkeys(("sops", "training_loss", "dense_training_loss", "first_node_sparsity_percent"), ""),
}
NAME_ROOM = 28  # letters of a name that a figure has room for
LOGARITHMIC = ("operations a sample", "first layer's MACs a sample", "spikes", "energy (mJ)")
Tables = Mapping[str, pd.DataFrame]
Said = Callable[[str, str], Mapping[str, str]]  # (row, column) -> what their names say
Look = Mapping[str, Any]
Draw = Callable[[Said, Look, Tables, str], Any]
Naming = Callable[[str, str, str], str]  # (row, column, who) -> text


def select_rows(tables: Tables, *, all_printed: bool = False) -> pd.DataFrame:
    """Return what is drawn, long: row, column, who, value, low, high."""
    both = compare_entries(tables)
    run = both[both["mean"].notna()]
    theirs = both if run.empty or all_printed else run
    theirs = theirs[theirs["printed"].notna()]
    theirs = theirs.assign(who=PRINTED, value=theirs["printed"], low=np.nan, high=np.nan)
    rows = pd.concat([run.assign(who=OURS, value=run["mean"]), theirs], ignore_index=True)
    return rows[["row", "column", "who", "value", "low", "high"]]


def by_template(template: str, said: Said) -> Naming:
    """Return the naming of a template; what a cell does not say is left out, with the comma before it."""

    def name(row: str, column: str, who: str) -> str:
        words = {key: NAMES.get(value, value) for key, value in said(row, column).items()}
        return template.format_map(_Blank(words)).removesuffix(", ").removeprefix(", ")

    return name


class _Blank(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""


def curves(said: Said, look: Look, tables: Tables, backend: str) -> Any:
    """Draw values against the choice that the column names, with the templates `panel` and `hue`."""
    rows = _name_rows(
        select_rows(tables), panel=by_template(look["panel"], said), hue=by_template(_hue(look), said)
    )
    rows = rows.assign(x=[choice(column) for column in rows["column"]]).sort_values("x", kind="stable")
    hues, panels = _hues(rows), []
    for name in dict.fromkeys(
        _name_rows(select_rows(tables), panel=by_template(look["panel"], said))["panel"]
    ):
        series = []
        for who in hues:
            one = rows[(rows["panel"] == name) & (rows["hue"] == who[0]) & (rows["who"] == who[1])]
            x, y, low, high = (one[c].to_numpy(float) for c in ("x", "value", "low", "high"))
            style = _style(who, hues)
            line = {key: style[key] for key in ("name", "colour", "dashed")}
            series.append(Series("line", x, y, width=1.3 if style["dashed"] else 1.8, **line))
            series.append(Series("points", x, y, size=6.0, whisker=(low, high), **style))
        panels.append(Panel(tuple(series), title=str(name), log=look.get("log", "")))
    labels = {"x_label": look["label"], "y_label": "accuracy (%)", "share": look.get("share", False)}
    return _draw_rows(panels, hues, look, backend, panel_size=(320, 250), **labels)


def dots(said: Said, look: Look, tables: Tables, backend: str) -> Any:
    """Draw dots by place, with the templates `spot`, `panel`, `hue`; spots omit what is the same in all."""
    rows = select_rows(tables)
    all_said = [said(*cell) for cell in zip(rows["row"], rows["column"], strict=True)]
    same = {key for key in all_said[0] if len({one[key] for one in all_said}) == 1} if all_said else set()

    def varied(row: str, column: str) -> dict[str, str]:
        return {key: value for key, value in said(row, column).items() if key not in same}

    names = {"spot": by_template(look["spot"], varied), "panel": by_template(look["panel"], said)}
    return place_dots(rows, look, backend, hue=by_template(_hue(look), said), **names)


def measures(said: Said, look: Look, tables: Tables, backend: str) -> Any:
    """Draw a panel a measure, of all or of those in `shown`; networks downwards, dense beside sparse.

    Where a name is too long, all leave out what they begin with alike.
    """
    shown, rows = look.get("shown"), select_rows(tables)
    longest = max((len(row_name(row)) for row in rows["row"]), default=0)
    first = count_shared(list(rows["row"])) if longest > NAME_ROOM else 0

    def spot(row: str, column: str, who: str) -> str:
        kept = [part for part in row.split("/")[first:] if part not in ("ch-snn", "dense")]
        simulated = who == OURS and look["scale"] == "desk" and row.startswith("n-mnist")
        return row_name("/".join(kept)) + (" (sim.)" if simulated else "")

    def hue(row: str, column: str, who: str) -> str:
        of_dense = row.rpartition("/")[2].partition("-")[0] == "dense"
        return "dense" if column.startswith("dense_") or of_dense else "sparse"

    def panel(row: str, column: str, who: str) -> str:
        if shown is not None and column not in shown:
            return ""
        return AXES.get(column, column_name(column))

    return place_dots(rows, look, backend, spot=spot, panel=panel, hue=hue)


def count_shared(rows: Sequence[str]) -> int:
    """Return how many parts all rows begin with alike, at least one part of each left over.

    Examples
    --------
    >>> count_shared(["mnist/2fc/set", "mnist/2fc/dense"]), count_shared(["a/b", "a/b"]), count_shared([])
    (2, 1, 0)
    """
    parts = [row.split("/")[:-1] for row in rows]
    alike = 0
    for level in zip(*parts, strict=False):
        if len(set(level)) > 1:
            break
        alike += 1
    return alike


DRAWINGS: dict[str, Draw] = {"curves": curves, "dots": dots, "measures": measures}


def place_dots(
    rows: pd.DataFrame, look: Look, backend: str, *, spot: Naming, panel: Naming, hue: Naming
) -> Any:
    """Draw dots with intervals, places downwards, one panel a measure; a panel named "" is left out.

    A panel's name is that of its value axis.
    """
    rows = _name_rows(rows, measure=panel, spot=spot, hue=hue).query("measure != ''")
    hues = _hues(rows)
    names = {who: str(_style(who, hues)["name"]) for who in hues}
    # what has no interval is drawn as large as what has one
    ends = {end: rows[end].where(rows[end].notna(), rows["value"]) for end in ("low", "high")}
    named = [names[who] for who in zip(rows["hue"], rows["who"], strict=True)]
    several = rows["measure"].nunique()
    return plot.measures(
        rows.assign(hue=named, unit="", **ends),
        y="spot",
        hue="hue",
        low="low",
        high="high",
        order=list(names.values()),
        hollow={name: names.get((who[0], OURS)) for who, name in names.items() if who[1] == PRINTED},
        log=[name for name in rows["measure"].unique() if name.startswith(LOGARITHMIC)],
        labels={"spot": ""},
        title=look.get("title", ""),
        columns=2 if several == 4 else min(several, 3) or None,
        backend=backend,
    )


def _name_rows(rows: pd.DataFrame, **names: Naming) -> pd.DataFrame:
    of = list(zip(rows["row"], rows["column"], rows["who"], strict=True))
    return rows.assign(**{name: [naming(*cell) for cell in of] for name, naming in names.items()})


def _hue(look: Look) -> str:
    hue: str = look.get("hue", "")
    return hue


def _hues(rows: pd.DataFrame) -> list[tuple[str, str]]:
    """Return (network, source), ours before the printed ones, dense before sparse."""
    found = set(zip(rows["hue"], rows["who"], strict=True))
    return sorted(found, key=lambda pair: (pair[1] == PRINTED, not pair[0].startswith("dense"), pair[0]))


def _style(who: tuple[str, str], hues: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Return how a hue is drawn: a colour a network, hollow and dashed where it is printed."""
    number = list(dict.fromkeys(network for network, _ in hues)).index(who[0])
    theirs, name = who[1] == PRINTED, f"{who[0]}, {who[1]}" if who[0] else who[1]
    style = {"name": name, "colour": number, "symbol": number, "hollow": theirs, "dashed": theirs}
    return style | {"key": True}


def _draw_rows(
    panels: Sequence[Panel], hues: Sequence[tuple[str, str]], look: Look, backend: str, **scene: Any
) -> Any:
    columns = grid_columns(len(panels), None, widest=2 if len(panels) == 4 else 3)
    colours = len({network for network, _ in hues})
    shown = tuple(panels) or (Panel(empty="no data"),)
    made = Scene(shown, title=look.get("title", ""), columns=columns, n_colours=colours, **scene)
    return draw(made, backend)
