"""What an SVG of matplotlib shows, read from its bytes: texts with their type, symbols and strokes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree

SVG = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True)
class Text:
    """One line of text: its type size in points, its family, whether bold, and where it stands."""

    words: str
    size: float
    family: str
    bold: bool
    at: tuple[float, float]


@dataclass(frozen=True)
class Mark:
    """One symbol: where it stands, in points from the upper left, and its colours ("none" for no filling)."""

    x: float
    y: float
    fill: str
    stroke: str


def width(svg: bytes) -> float:
    """Width in inches."""
    found = re.match(r"([\d.]+)pt", _root(svg).get("width", ""))
    assert found
    return float(found[1]) / 72


def texts(svg: bytes) -> list[Text]:
    """All texts, one a line."""
    return [_text(element) for element in _root(svg).iter(f"{SVG}text")]


def marks(svg: bytes) -> list[Mark]:
    """All symbols, but the strokes of ticks, which are symbols as well."""
    found = []
    for use in _uses(_root(svg)):
        style = _style(use)
        at = float(use.get("x", "nan")), float(use.get("y", "nan"))
        found.append(Mark(*at, style.get("fill", "none"), style.get("stroke", "none")))
    return found


def bars(svg: bytes) -> list[tuple[tuple[float, float, float, float], str]]:
    """All strokes of two ends inside collections of lines (whiskers): x0, y0, x1, y1 and the colour."""
    found = []
    for group in _root(svg).iter(f"{SVG}g"):
        if group.get("id", "").startswith("LineCollection"):
            for path in group.iter(f"{SVG}path"):
                ends = re.fullmatch(
                    r"M ([\d.-]+) ([\d.-]+)\s+L ([\d.-]+) ([\d.-]+)\s*", path.get("d", "").strip()
                )
                if ends:
                    x0, y0, x1, y1 = map(float, ends.groups())
                    found.append(((x0, y0, x1, y1), _style(path)["stroke"]))
    return found


def _uses(element: ElementTree.Element) -> Iterator[ElementTree.Element]:
    """Yield the uses of symbols outside ticks."""
    for child in element:
        if child.tag == f"{SVG}use":
            yield child
        elif "tick" not in child.get("id", ""):
            yield from _uses(child)


def _root(svg: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def _style(element: ElementTree.Element) -> dict[str, str]:
    pairs = [part.split(":", 1) for part in element.get("style", "").split(";") if ":" in part]
    return {name.strip(): value.strip() for name, value in pairs}


def _text(element: ElementTree.Element) -> Text:
    style = _style(element)
    if "font" in style:  # in one: weight, size, families
        found = re.search(r"([\d.]+)px\s+(.*)", style["font"])
        assert found
        size, family = float(found[1]), found[2]
        weight = style["font"].split(found[1] + "px")[0]
    else:
        size, family = float(style["font-size"].removesuffix("px")), style["font-family"]
        weight = style.get("font-weight", "")
    place = re.search(r"translate\(([\d.-]+) ([\d.-]+)\)", element.get("transform", ""))
    at = place.groups() if place else (element.get("x", "nan"), element.get("y", "nan"))
    words = "".join(element.itertext())
    return Text(words, size, family, "700" in weight or "bold" in weight, (float(at[0]), float(at[1])))
