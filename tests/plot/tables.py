"""Small tidy tables for every kind of figure, and how to read values back from both backends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from netsci import plot


def lines() -> pd.DataFrame:
    x = np.array([1.0, 2.0, 4.0])
    frames = [
        pd.DataFrame(
            {"x": x, "y": x * k, "low": x * k - 0.5, "high": x * k + 0.25, "hue": hue, "panel": panel}
        )
        for panel in ("p", "q")
        for k, hue in ((1.0, "a"), (2.0, "b"))
    ]
    return pd.concat(frames, ignore_index=True)


def ccdf() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "degree": [1, 2, 5, 1, 3],
            "ccdf": [1.0, 0.5, 0.1, 1.0, 0.4],
            "fit": [np.nan, 0.5, 0.08, np.nan, np.nan],
            "side": ["in", "in", "in", "out", "out"],
            "note": ["gamma = 2.71", None, None, None, None],
        }
    )


def bins() -> pd.DataFrame:
    return pd.DataFrame({"left": [0.0, 1.0, 4.0], "right": [1.0, 2.0, 5.0], "density": [0.2, 0.5, 0.3]})


def disk_nodes() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "x": [0.1, -0.5, 0.0],
            "y": [0.0, 0.2, 0.9],
            "degree": [10, 2, 1],
            "population": ["in", "in", "out"],
            "label": ["in[0]", "in[1]", "out[0]"],
            "caption": "N = 3",
        }
    )


def disk_arcs() -> pd.DataFrame:
    nan = np.nan
    return pd.DataFrame(
        {"x": [0.1, 0.05, 0.0, nan, -0.5, 0.0, nan], "y": [0.0, 0.4, 0.9, nan, 0.2, 0.9, nan]}
    )


def links() -> pd.DataFrame:
    return pd.DataFrame({"row": [0, 2, 2], "column": [1, 0, 4], "projection": ["a", "a", "a"]})


def seeds() -> pd.DataFrame:
    nan = np.nan
    return pd.DataFrame(
        {
            "method": ["SET", "SET", "SET", "CHT", "CHT"],
            "accuracy": [90.0, 92.0, 91.0, 95.0, 95.5],
            "low": [nan, nan, 90.2, nan, 95.1],
            "high": [nan, nan, 91.9, nan, 95.8],
        }
    )


def all_figures(backend: str, mode: str = "light") -> dict[str, Any]:
    """Every kind of figure from these tables."""
    k: dict[str, Any] = {"backend": backend, "mode": mode}
    return {
        "lines": plot.lines(
            lines(), x="x", y="y", hue="hue", panel="panel", low="low", high="high", title="T", **k
        ),
        "ccdf": plot.ccdf(ccdf(), hue="side", **k),
        "distribution": plot.distribution(bins(), **k),
        "disk": plot.disk(disk_nodes(), disk_arcs(), **k),
        "spy": plot.matrix(links(), panel="projection", shapes=(3, 5), **k),
        "cells": plot.matrix(links().assign(value=[1.0, 2.0, 3.0]), **k),
        "points": plot.points(seeds(), x="method", y="accuracy", low="low", high="high", **k),
    }


def traces(figure: Any, role: str) -> list[Any]:
    """The plotly traces that play a role."""
    return [trace for trace in figure.data if trace.meta["role"] == role]
