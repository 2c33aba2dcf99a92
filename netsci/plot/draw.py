"""Draw a scene with the backend that is asked for, after checking it and fitting it to its size."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from typing import Any

from netsci.arguments import check_choice
from netsci.plot.scene import BACKENDS, LOGS, MODES, PIXELS, SIZES, Scene, grid_columns
from netsci.plot.tidy import name_quantity

LONGEST_NOTE = 14  # letters: a longer one covers what a narrow panel shows
LEAST_HEIGHT = 165.0  # pixels of a panel with its labels, whatever its width
_size: ContextVar[str] = ContextVar("size", default="screen")


@contextmanager
def figure_size(size: str) -> Iterator[None]:
    """Draw figures that name no size of their own at this one while a `with` block runs.

    size : "screen", "column" (3.5 inches wide) or "page" (7.2 inches).

    Raises ValueError if it is another.

    Examples
    --------
    >>> with figure_size("column"):
    ...     pass  # draw here
    """
    _check_size(size)
    token = _size.set(size)
    try:
        yield
    finally:
        _size.reset(token)


def draw(scene: Scene, backend: str) -> Any:
    """Return the scene as a figure of the backend."""
    if backend not in BACKENDS:
        raise ValueError(f"backend must be one of {', '.join(BACKENDS)}; got {backend!r}")
    if scene.mode not in MODES:
        raise ValueError(f"mode must be one of {', '.join(MODES)}; got {scene.mode!r}")
    _check_size(scene.size)
    if scene.size == "screen":
        scene = replace(scene, size=_size.get())
    _check(scene)
    scene = _fit(_name_axes(scene))
    if backend == "plotly":
        from netsci.plot import draw_plotly

        return draw_plotly.figure(scene)
    from netsci.plot import draw_matplotlib

    return draw_matplotlib.figure(scene)


def _check_size(size: str) -> None:
    check_choice(size, tuple(SIZES), "size")


def _fit(scene: Scene) -> Scene:
    """Return the scene of a journal's figure with as many columns as its width has room for."""
    if not scene.width:
        return scene
    names = any(panel.y_ticks for panel in scene.panels)
    texts = any(any(s.text) for panel in scene.panels for s in panel.series)
    notes = max(len(line) for panel in scene.panels for line in panel.note.split("\n")) > LONGEST_NOTE
    bare = all(panel.bare for panel in scene.panels)
    most = 4 if bare else 2 if texts or notes else 3
    if scene.size == "column":
        most = 1 if names or texts or notes else 2
    columns = grid_columns(len(scene.panels), None, widest=min(most, scene.columns))
    width, height = scene.panel_size
    fitted = PIXELS * scene.width / columns
    # Rows of text keep their height; other panels keep their shape.
    tall = 0.8 * height if names else max(LEAST_HEIGHT, min(fitted, 360.0) * height / width)
    return replace(scene, columns=columns, panel_size=(round(fitted), round(tall)))


def _name_axes(scene: Scene) -> Scene:
    """Return the scene with names of axes that leave out "(no unit)"."""
    panels = tuple(
        replace(panel, x_label=name_quantity(panel.x_label), y_label=name_quantity(panel.y_label))
        for panel in scene.panels
    )
    x_label, y_label, value_label = map(name_quantity, (scene.x_label, scene.y_label, scene.value_label))
    return replace(scene, panels=panels, x_label=x_label, y_label=y_label, value_label=value_label)


def _check(scene: Scene) -> None:
    """Raise ValueError where log axes are unknown or shared, or a series has parts of two lengths."""
    for panel in scene.panels:
        if panel.log not in LOGS:
            raise ValueError(f"log must be one of {', '.join(map(repr, LOGS))}; got {panel.log!r}")
        if "y" in panel.log and scene.share and len(scene.panels) > 1:
            raise ValueError(
                "panels that share their y axis cannot have a log y axis of their own: set share=False, or "
                "log='y' for the scene"
            )
        for s in panel.series:
            parts = {"text": (s.text,) if s.text else (), "whisker": s.whisker or ()}
            for name, arrays in parts.items():
                if any(len(one) != len(s.x) for one in arrays):
                    raise ValueError(
                        f"{name} of series {s.name!r} must hold one entry for each of its {len(s.x)} points; "
                        f"got {', '.join(str(len(one)) for one in arrays)}"
                    )
