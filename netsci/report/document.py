"""A page as an object: it shows its first screen in a notebook, takes further sections, and is saved."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from netsci.arguments import check_mapping, check_path, list_of
from netsci.report.page import Section, render, render_first

Tell = Callable[[str], object] | None  # what is called with the name of each stage, such as print


class Document:
    """A page of sections, the first of which is what a notebook shows.

    title, lead : heading and what stands below it. sections : of the page. provenance : where it came from.
    path : the file that it was saved in last, or None. table : what was computed, where the page is about one
    table. A saved document can be used as its path, for example in `open`.
    """

    def __init__(
        self,
        title: str,
        sections: Sequence[Section],
        *,
        lead: str = "",
        provenance: Mapping[str, Any] | None = None,
        table: Any = None,
    ) -> None:
        check_mapping(provenance, "provenance")
        self.title, self.lead, self.table = title, lead, table
        self.sections = list_of(sections, Section, "sections", "a list of Section")
        self.provenance = dict(provenance or {})
        self.path: Path | None = None

    def html(self) -> str:
        """Return the whole page, one self-contained HTML text."""
        return render(self.title, self.sections, provenance=self.provenance, lead=self.lead)

    def save(self, path: str | Path) -> Document:
        """Write the whole page into a file, atomically, and return the document; its folder must exist."""
        from netsci.io.files import write_atomically

        check_path(path, "path")
        self.path = Path(write_atomically(path, self.html()))
        return self

    def add(self, title: str, content: Any, *, text: str = "", alt: str = "") -> Document:
        """Add a section at the end, and return the document.

        content : a plotly or matplotlib figure, a pandas table, a text of HTML that is shown as it is, or an
        object that shows itself in notebooks (`_repr_html_`). text : a sentence above it. alt : what a figure
        shows, for readers who cannot see it; the title by default.

        Raises TypeError if title is no text or content is none of these.
        """
        if not isinstance(title, str) or not title:
            raise TypeError(f"title must be a text (str), the heading of the section; got {title!r}")
        self.sections.append(_make_section(title, content, text, alt or f"{title}."))
        return self

    def _repr_html_(self) -> str:
        return render_first(self.title, self.sections[0])

    def __repr__(self) -> str:
        where = "not saved" if self.path is None else f"saved in {self.path.name}"
        return f"<{self.title}: {len(self.sections)} sections, {where}>"

    def __fspath__(self) -> str:
        if self.path is None:
            raise TypeError(f"the page {self.title!r} has no path yet: save it first, with save(path)")
        return str(self.path)

    def __getattr__(self, name: str) -> Any:
        # What writes a page used to return its path: read_text, stat, exists, with_name ... go on working.
        path = self.__dict__.get("path")
        if path is None or name.startswith("_"):
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
        return getattr(path, name)


def _make_section(title: str, content: Any, text: str, alt: str) -> Section:
    if _is(content, "pandas", "DataFrame"):
        return Section(title, text, table=content)
    if _is(content, "plotly.graph_objects", "Figure"):
        return Section(title, text, figure=content, alt=alt)
    if _is(content, "matplotlib.figure", "Figure"):
        return Section(title, text, html=_draw_svg(content), alt=alt)
    if isinstance(content, str):
        return Section(title, text, html=content)
    if callable(getattr(content, "_repr_html_", None)):
        return Section(title, text, html=str(content._repr_html_()))
    raise TypeError(
        "content must be a plotly or matplotlib figure, a pandas table, a text of HTML or an object with "
        f"_repr_html_; got {type(content).__name__}"
    )


def _draw_svg(figure: Any) -> str:
    """Return a matplotlib figure as SVG that stands in a page."""
    held = io.StringIO()
    figure.savefig(held, format="svg", bbox_inches="tight")
    text = held.getvalue()
    return text[text.index("<svg") :]


def _is(x: Any, module: str, name: str) -> bool:
    """Whether x is of a class of a package that is loaded; nothing is imported for it."""
    kind = getattr(sys.modules.get(module), name, None)
    return isinstance(kind, type) and isinstance(x, kind)
