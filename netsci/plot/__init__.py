"""Draw figures from tidy tables. Nothing is computed here, no window is opened and no file is written.

Every function takes a pandas table and returns a figure, matplotlib's (for SVG) or plotly's (for HTML), from
one backend-neutral description (`scene`), so that both hold the same values. Where a table has no rows, or
only NaN, the figure says "no data". Importing this package loads neither backend.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from netsci.plot.balls import ball
    from netsci.plot.categories import measures, points
    from netsci.plot.curves import ccdf, distribution, lines, scatter
    from netsci.plot.disks import disk
    from netsci.plot.draw import figure_size
    from netsci.plot.matrices import matrix
    from netsci.plot.rasters import firing_rates, operations, raster
    from netsci.plot.theme import save_pdf, save_svg

_HOME = {
    "ball": "balls",
    "ccdf": "curves",
    "disk": "disks",
    "distribution": "curves",
    "figure_size": "draw",
    "firing_rates": "rasters",
    "lines": "curves",
    "matrix": "matrices",
    "measures": "categories",
    "operations": "rasters",
    "points": "categories",
    "raster": "rasters",
    "save_pdf": "theme",
    "save_svg": "theme",
    "scatter": "curves",
}

__all__ = [
    "ball",
    "ccdf",
    "disk",
    "distribution",
    "figure_size",
    "firing_rates",
    "lines",
    "matrix",
    "measures",
    "operations",
    "points",
    "raster",
    "save_pdf",
    "save_svg",
    "scatter",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"netsci.plot.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
