"""Colours, type and lines of every figure, in light and dark, and figures as deterministic SVG.

The palettes were chosen by search: at least 3:1 contrast with their background, and far apart in OKLab under
deuteranopia and protanopia too. Number i of the light palette is number i of the dark one, so a page can
change a figure's mode by replacing colours. Lines carry symbols as well: colour is never the only sign.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PALETTE = {
    "light": ("#1e70b3", "#e26a0f", "#0a886f", "#9978f8", "#980355", "#894e01", "#0d0c86", "#5b010b"),
    "dark": ("#4a86ff", "#ff9f1c", "#2dd4a7", "#b3a8ff", "#d94a9d", "#8f7430", "#f4e9f7", "#e3f56b"),
}
# More levels than the palette holds are mostly the layers of one network, whose order a ramp shows; it is
# of middle lightness, hence one for both modes.
RAMP = ("#2b6cb0", "#16858a", "#4f8a2a", "#b0780f", "#d0533f", "#b8478f", "#7a5fd0")
INK = {"light": "#22262d", "dark": "#e3e6eb"}
SOFT = {"light": "#5c6470", "dark": "#a4acb8"}
NEUTRAL = {"light": "#767d88", "dark": "#8d95a1"}
GRID = {"light": "#e7e9ed", "dark": "#2b313a"}
PAPER = {"light": "#ffffff", "dark": "#14181f"}
SEQUENTIAL = {
    "light": ("#dbe9f4", "#7fb2d9", "#1e70b3", "#0b2f57"),
    "dark": ("#1d3350", "#2f6db5", "#7db4f2", "#eef6ff"),
}
PLOTLY_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "triangle-down", "star", "cross")
MATPLOTLIB_SYMBOLS = ("o", "s", "D", "^", "X", "v", "*", "P")
SANS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'DejaVu Sans', sans-serif"
TYPE = {  # points; journals ask for at least 7 at the printed size
    "screen": {"text": 8.5, "tick": 8.0, "title": 9.5, "note": 8.0, "head": 11.0},
    "column": {"text": 7.5, "tick": 7.0, "title": 8.0, "note": 7.0, "head": 9.0},
    "page": {"text": 7.5, "tick": 7.0, "title": 8.0, "note": 7.0, "head": 9.0},
}
RASTER_DPI = 120  # of links and nodes too many for vectors: sharp on a page, a third of the bytes of 200
HASH_SALT = "netsci"
# Figures are laid out in DejaVu Sans, the widest of these, so text fits in whichever a machine has.
DRAWN = "DejaVu Sans"
SHOWN = "Arial, 'Helvetica Neue', Helvetica, 'Liberation Sans', 'DejaVu Sans', sans-serif"


def colours(count: int, mode: str = "light") -> list[str]:
    """Return `count` hex colours: the palette's first, or a ramp where it has too few."""
    palette = PALETTE[mode]
    if count <= len(palette):
        return list(palette[:count])
    return [_ramp(i / (count - 1)) for i in range(count)]


def colour(number: int | None, count: int, mode: str) -> str:
    """Return one of `count` colours; the neutral grey for None."""
    return NEUTRAL[mode] if number is None else colours(max(count, number + 1), mode)[number]


def swaps() -> dict[str, str]:
    """Return the dark colour of each light one, for pages that change the mode of a drawn figure."""
    pairs = dict(zip(PALETTE["light"], PALETTE["dark"], strict=True))
    for role in (INK, SOFT, NEUTRAL, GRID, PAPER):
        pairs[role["light"]] = role["dark"]
    return pairs


def template(mode: str = "light") -> dict[str, Any]:
    """Return the plotly template "light" or "dark" as a plain dictionary; none is registered globally."""
    axis = {
        "gridcolor": GRID[mode],
        "linecolor": SOFT[mode],
        "tickcolor": SOFT[mode],
        "tickfont": {"size": 11, "color": SOFT[mode]},
        "title": {"font": {"size": 12}, "standoff": 6},
        "linewidth": 1,
        "ticks": "outside",
        "ticklen": 4,
        "showline": True,
        "zeroline": False,
        "automargin": True,
    }
    scale = [[i / (len(SEQUENTIAL[mode]) - 1), c] for i, c in enumerate(SEQUENTIAL[mode])]
    layout = {
        "font": {"family": SANS, "size": 12, "color": INK[mode]},
        "title": {"font": {"size": 15}, "x": 0, "xref": "container", "xanchor": "left", "pad": {"l": 10}},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "colorway": list(PALETTE[mode]),
        "xaxis": axis,
        "yaxis": axis,
        "coloraxis": {
            "colorscale": scale,
            "colorbar": {"thickness": 10, "outlinewidth": 0, "tickfont": {"size": 11, "color": SOFT[mode]}},
        },
        "legend": {"font": {"size": 12}, "bgcolor": "rgba(0,0,0,0)"},
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": SOFT[mode], "activecolor": INK[mode]},
        "hoverlabel": {
            "bgcolor": PAPER[mode],
            "bordercolor": SOFT[mode],
            "font": {"family": SANS, "size": 12, "color": INK[mode]},
            "align": "left",
            "namelength": -1,
        },
        "hovermode": "closest",
        "dragmode": "zoom",
    }
    return {"layout": layout}


@contextmanager
def matplotlib_style(mode: str, size: str = "screen") -> Iterator[None]:
    """Hold matplotlib's defaults and this style while a figure is drawn or saved; then all is as before."""
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()  # whatever a user has set must not change our figures
        mpl.rcParams.update(_style(mode, size))
        yield


def _style(mode: str, size: str) -> Any:
    type_size = TYPE[size]
    return {
        "font.family": ["sans-serif"],
        "font.sans-serif": [DRAWN],  # shipped with matplotlib: the same glyphs everywhere
        "font.size": type_size["text"],
        "axes.titlesize": type_size["title"],
        "axes.labelsize": type_size["text"],
        "axes.titlelocation": "left",
        "axes.linewidth": 0.7,
        "axes.edgecolor": SOFT[mode],
        "axes.labelcolor": INK[mode],
        "axes.facecolor": "none",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "axes.grid": False,
        "axes.unicode_minus": True,
        "grid.color": GRID[mode],
        "grid.linewidth": 0.7,
        "grid.linestyle": "-",
        "grid.alpha": 1.0,
        "text.color": INK[mode],
        "text.usetex": False,
        "xtick.color": SOFT[mode],
        "ytick.color": SOFT[mode],
        "xtick.labelsize": type_size["tick"],
        "ytick.labelsize": type_size["tick"],
        "xtick.major.width": 0.7,
        "ytick.major.width": 0.7,
        "xtick.minor.width": 0.5,
        "ytick.minor.width": 0.5,
        "legend.frameon": False,
        "legend.fontsize": type_size["text"],
        "figure.facecolor": PAPER[mode],
        "savefig.facecolor": "auto",
        "svg.fonttype": "none",  # text as text: readers find, copy and edit it
        "pdf.fonttype": 42,  # TrueType, as journals ask
        "pdf.compression": 6,
        "svg.hashsalt": HASH_SALT,
        "svg.image_inline": True,
        "path.simplify": True,
    }


def save_svg(figure: Figure) -> bytes:
    """Return a matplotlib figure as SVG with text as text, the same bytes each time: fixed ids and no date.

    Raises TypeError for anything but a matplotlib figure.
    """
    drawn = _save(figure, "svg", {"Date": None, "Creator": None})
    return drawn.replace(f"'{DRAWN}', sans-serif".encode(), SHOWN.encode())


def save_pdf(figure: Figure) -> bytes:
    """Return a matplotlib figure as PDF with its fonts inside. The bytes are the same each time: no date.

    Raises TypeError for anything but a matplotlib figure.
    """
    return _save(figure, "pdf", {"CreationDate": None, "Creator": None, "Producer": None})


def _save(figure: Figure, form: str, metadata: dict[str, None]) -> bytes:
    """Return a matplotlib figure as a file of a form."""
    from matplotlib.figure import Figure

    if not isinstance(figure, Figure):
        raise TypeError(
            f"save_{form} takes a matplotlib Figure; got {type(figure).__name__}. Draw with "
            "backend='matplotlib'"
        )
    buffer = io.BytesIO()
    with matplotlib_style("light"):
        figure.savefig(buffer, format=form, metadata=metadata, dpi=RASTER_DPI)
    return buffer.getvalue()


def _ramp(place: float) -> str:
    position = place * (len(RAMP) - 1)
    left = min(int(position), len(RAMP) - 2)
    share = position - left
    ends = [[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in RAMP[left : left + 2]]
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(*ends, strict=True))
