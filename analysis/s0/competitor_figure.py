"""The figure of s0-competitors: gain over dense against the sparsity that came out, and sparsity by epoch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from analysis.engine.drawing import AXES, OURS, PRINTED, Look, Said, Tables
from analysis.engine.entries import compare_entries
from analysis.engine.words import NAMES, choice
from netsci.plot.draw import draw
from netsci.plot.scene import Panel, Scene, Series

NEAR = 1.0  # points of sparsity within which names of one method would lie over each other
METHODS = ("grad-r", "deep-r", "dpap", "sd-snn", "ch-snn")
SPARSITY, GAIN = "link_sparsity_percent", "accuracy_improvement_percent"


def competitors(said: Said, look: Look, tables: Tables, backend: str) -> Any:
    """Draw each network's gain against its link sparsity, ours and printed, and how sparse it was when."""
    both = compare_entries(tables)
    gains = tuple(one for method in METHODS for one in _points(both, said, method))
    courses = tuple(one for method in METHODS for one in _course(both, said, method))
    names: dict[str, Any] = {"x_label": AXES[SPARSITY], "y_label": AXES[GAIN]}
    panels = [Panel(gains, title="at the end", **names) if gains else Panel(empty="no data")]
    if courses:
        panels.append(Panel(courses, title="by epoch", x_label="epoch", y_label=AXES[SPARSITY]))
    made = Scene(
        tuple(panels), title=look["title"], columns=2, share=False, n_colours=len(METHODS),
        panel_size=(400, 300),
    )  # fmt: skip
    return draw(made, backend)


def _of(both: pd.DataFrame, said: Said, method: str) -> pd.DataFrame:
    """Return the entries of a method, by row and column."""
    own = [said(*key)["method"] == method for key in zip(both["row"], both["column"], strict=True)]
    return both[own].set_index(["row", "column"])


def _points(both: pd.DataFrame, said: Said, method: str) -> Iterator[Series]:
    """Return the points of a method: what is printed, hollow, and ours, with the number of epochs beside."""
    own, number = _of(both, said, method), METHODS.index(method)
    rows = list(dict.fromkeys(row for row, _ in own.index))
    for who, value in ((PRINTED, "printed"), (OURS, "mean")):
        x, y = (own[value].reindex([(row, c) for row in rows]).to_numpy(float) for c in (SPARSITY, GAIN))
        shown = np.isfinite(x) & np.isfinite(y)
        if not shown.any():
            continue
        ends = own.reindex([(row, GAIN) for row in rows])[["low", "high"]].to_numpy(float)[shown]
        epochs = tuple(said(row, GAIN)["epochs"] for row, one in zip(rows, shown, strict=True) if one)
        alone = [int((np.abs(x[shown] - one) < NEAR).sum()) == 1 for one in x[shown]]
        ours: dict[str, Any] = {
            "whisker": (ends[:, 0], ends[:, 1]),
            "text": tuple(f"{one} epochs" if by else "" for one, by in zip(epochs, alone, strict=True)),
        }
        yield Series(
            "points", x[shown], y[shown], name=f"{NAMES[method]}, {who}", colour=number, symbol=number,
            size=7.0, hollow=who == PRINTED, key=True, **(ours if who == OURS else {}),
        )  # fmt: skip


def _course(both: pd.DataFrame, said: Said, method: str) -> Iterator[Series]:
    """Return the link sparsity of each network of a method after some epochs, from none at the start."""
    own, number = _of(both, said, method), METHODS.index(method)
    for row in dict.fromkeys(row for row, _ in own.index):
        known = [(choice(c), own.loc[(row, c), "mean"]) for r, c in own.index if r == row and choice(c) >= 0]
        x, y = np.array([(0.0, 0.0), *sorted(known)]).T
        if len(known) and np.isfinite(y[1:]).any():
            yield Series("line", x, y, colour=number)
            yield Series("points", x, y, colour=number, symbol=number, size=5.0)
