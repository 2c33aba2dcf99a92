"""Colours that can be told apart, deterministic SVG, no global state."""

import subprocess
import sys
from itertools import combinations

import matplotlib as mpl
import numpy as np
import pandas as pd
import plotly.io as pio
import pytest
from numpy.typing import NDArray

from netsci import plot
from netsci.plot import theme

TABLE = pd.DataFrame({"x": [1.0, 2, 3], "y": [1.0, 4, 9], "h": ["a", "a", "b"]})
# Viénot, Brettel and Mollon (1999): how a deuteranope sees linear RGB
DEUTERANOPIA = np.array([[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]])


def linear(colour: str) -> NDArray[np.float64]:
    c = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def luminance(colour: str) -> float:
    return float(linear(colour) @ [0.2126, 0.7152, 0.0722])


def contrast(a: str, b: str) -> float:
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_colours_stand_out_from_the_background(mode: str) -> None:
    paper = theme.PAPER[mode]
    for colour in (*theme.PALETTE[mode], theme.NEUTRAL[mode], *theme.RAMP):
        assert contrast(colour, paper) >= 3.0
    assert contrast(theme.INK[mode], paper) > 10
    assert contrast(theme.SOFT[mode], paper) > 4.5


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("matrix", [np.eye(3), DEUTERANOPIA], ids=["typical", "deuteranopia"])
def test_first_six_colours_differ(mode: str, matrix: NDArray[np.float64]) -> None:
    seen = [np.cbrt(np.clip(matrix @ linear(c), 0, 1)) for c in theme.PALETTE[mode][:6]]
    assert min(float(np.linalg.norm(a - b)) for a, b in combinations(seen, 2)) > 0.1


def test_many_levels_get_a_ramp() -> None:
    assert len(set(theme.colours(30))) == 30
    assert theme.colours(3, "dark") == list(theme.PALETTE["dark"][:3])


def test_every_light_colour_has_a_dark_one() -> None:
    swaps = theme.swaps()
    assert set(theme.PALETTE["light"]) <= set(swaps)
    assert len(set(swaps.values())) == len(swaps)


def test_svg_bytes_are_deterministic() -> None:
    first, second = (
        theme.save_svg(plot.lines(TABLE, x="x", y="y", hue="h", low="y", high="y")) for _ in range(2)
    )
    assert first == second
    assert b"<dc:date>" not in first
    assert first.startswith(b"<?xml")
    with pytest.raises(TypeError, match="backend='matplotlib'"):
        theme.save_svg(plot.lines(TABLE, x="x", y="y", backend="plotly"))  # type: ignore[arg-type]


def test_global_state_is_untouched_and_does_not_matter() -> None:
    before, templates, default = dict(mpl.rcParams), set(pio.templates), pio.templates.default
    plain = theme.save_svg(plot.lines(TABLE, x="x", y="y"))
    plot.lines(TABLE, x="x", y="y", backend="plotly")
    assert dict(mpl.rcParams) == before
    assert (set(pio.templates), pio.templates.default) == (templates, default)
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red", "svg.hashsalt": "other"}):
        assert theme.save_svg(plot.lines(TABLE, x="x", y="y")) == plain


def test_modes_differ_in_both_backends() -> None:
    for backend in ("matplotlib", "plotly"):
        light, dark = (plot.lines(TABLE, x="x", y="y", mode=m, backend=backend) for m in ("light", "dark"))
        if backend == "plotly":
            assert light.data[0].line.color != dark.data[0].line.color
        else:
            assert light.get_facecolor() != dark.get_facecolor()


def test_import_is_cheap_and_stands_alone() -> None:
    heavy = "'matplotlib', 'plotly', 'pandas', 'torch', 'netsci.graph', 'netsci.measure'"
    code = f"import sys, netsci.plot; bad = [m for m in ({heavy}) if m in sys.modules]; assert not bad, bad"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)
    code = (
        "import sys; from netsci import plot; plot.lines; plot.disk; plot.matrix; plot.points; "
        "from netsci.plot import draw_matplotlib, draw_plotly; "
        "assert not {'matplotlib.pyplot', 'torch', 'netsci.graph'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
