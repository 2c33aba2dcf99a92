"""Every kind of figure in both backends and modes can be drawn, without a warning, to the same bytes."""

import json

import pytest

from netsci.plot.theme import save_svg
from tests.plot import tables


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_matplotlib_bytes(mode: str) -> None:
    first, second = tables.all_figures("matplotlib", mode), tables.all_figures("matplotlib", mode)
    for name, figure in first.items():
        svg = save_svg(figure)
        assert svg == save_svg(second[name]), name
        assert save_svg(figure) == svg, name  # saving does not change the figure
        assert len(svg) > 3_000


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_plotly_json(mode: str) -> None:
    for name, figure in tables.all_figures("plotly", mode).items():
        parsed = json.loads(figure.to_json())
        assert parsed["layout"]["meta"]["netsci"]["panels"] >= 1, name
        again = tables.all_figures("plotly", mode)[name]
        assert figure.to_json() == again.to_json()
