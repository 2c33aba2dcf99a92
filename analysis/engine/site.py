"""Draw Pages as a folder that opens offline: a front page, a page an exhibit, a committed scoreboard.

    index.html             what this is, papers, scoreboard, thumbnails, glossary
    README.md              the scoreboard again, committed: pages are not
    plotly.min.js          once for all pages
    <id>/figure.html       figure, verdict, table as printed, claims, note, data
    <id>/figure.svg, .pdf, table.csv, data/*.csv, provenance.json

The texts of the front page (papers, glossary) are in templates/front.toml. jinja2 escapes what comes from
outside; `Markup` marks the few texts that are HTML already.
"""

from __future__ import annotations

import base64
import re
import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, Template
from markupsafe import Markup, escape

from analysis.engine.page import HOLDS, Page, Paper
from analysis.engine.store import write_in
from netsci.report import markup

if TYPE_CHECKING:
    import pandas as pd

FORMATS = ("svg", "html", "pdf")
NOT_EXPLAINED = ("a", "abbr", "button", "cite", "code", "dt", "h1", "noscript", "script", "title")


def write(
    pages: Sequence[Page],
    folder: Path,
    *,
    formats: Sequence[str] = ("svg", "html"),
    only: Sequence[str] = (),
    single: str = "",
) -> Path:
    """Write the folder and return the path of its front page (of README.md where "html" is not asked for).

    Pages stand in the order of their papers; within one its tables and figures come first.

    only : ids of the exhibits to draw, all by default. The front page holds those and what was drawn before,
    the scoreboard all.
    single : id of one exhibit; only a self-contained file <id>.html is written then, and its path returned.

    Raises ValueError for an unknown format or id.
    """
    pages = in_order(pages)
    known = [page.id for page in pages]
    unknown = sorted({*only, *([single] if single else [])} - set(known))
    if unknown:
        raise ValueError(f"no page {', '.join(unknown)}; there are {', '.join(known)}")
    if strange := sorted(set(formats) - set(FORMATS)):
        raise ValueError(f"formats must be of {', '.join(FORMATS)}; got {', '.join(strange)}")
    if single:
        (page,) = (page for page in pages if page.id == single)
        return write_in(folder, f"{single}.html", exhibit_page(page, (None, None), single=True))
    chosen = [page for page in pages if not only or page.id in only]
    there = [page for page in pages if page in chosen or (folder / page.id / "figure.html").exists()]
    for before, page, after in zip([None, *there], there, [*there[1:], None], strict=False):
        if page in chosen:
            write_exhibit(page, folder / page.id, formats, before, after)
    front = write_in(folder, "README.md", scoreboard(pages))
    if "html" in formats:
        write_in(folder, "plotly.min.js", markup.plotly_script())
        front = write_in(folder, "index.html", index_page(there, folder))
    return front


def in_order(pages: Sequence[Page]) -> list[Page]:
    """Return pages in the order of their papers; within one its tables and figures come first."""
    order = [*papers(), *(page.paper for page in pages)]
    return sorted(pages, key=lambda page: (order.index(page.paper), not page.in_print))


def write_exhibit(page: Page, folder: Path, formats: Sequence[str], *beside: Page | None) -> None:
    """Write an exhibit's folder, whose page links to the two beside; build each format's figure once."""
    if "svg" in formats or "pdf" in formats:
        from netsci.plot import figure_size, theme

        with figure_size("page"):  # as wide as a journal's page
            figure = page.figure("matplotlib")
        for form in ("svg", "pdf"):
            if form in formats:
                write_in(folder, f"figure.{form}", getattr(theme, f"save_{form}")(figure))
    for _, path, table in _data(page):
        digits = "%.6g" if path == "table.csv" else "%.7g"
        place = folder / path
        write_in(place.parent, place.name, table.to_csv(index=False, float_format=digits))
    if page.source:
        write_in(folder, "provenance.json", page.source)
    if "html" in formats:
        picture = (folder / "figure.svg").exists()
        write_in(folder, "figure.html", exhibit_page(page, beside, picture=picture))


def exhibit_page(
    page: Page, beside: Sequence[Page | None], *, single: bool = False, picture: bool = False
) -> str:
    """Return one exhibit's page; a single one holds plotly.js and its data, others link to them."""
    from plotly.io.json import to_json_plotly

    drawn = page.figure("plotly").to_plotly_json()
    drawn["layout"].pop("template", None)
    downloads = []
    for name, path, table in _data(page):
        coded = base64.b64encode(table.to_csv(index=False).encode()).decode() if single else ""
        downloads.append((name, len(table), f"data:text/csv;base64,{coded}" if single else path))
    return _template("exhibit.html").render(
        page=page,
        single=single,
        before=beside[0],
        after=beside[1],
        picture=picture,
        height=int(drawn["layout"].get("height") or 400),
        downloads=downloads,
        webgl=markup.has_webgl(trace.get("type", "") for trace in drawn["data"]),
        figure=markup.json_script("figure-json", to_json_plotly(drawn), encoded=True),
    )


def index_page(pages: Sequence[Page], folder: Path) -> str:
    """Return the front page; thumbnails are the figure.svg files that lie in the folder."""
    pictures = [page for page in pages if (folder / page.id / "figure.svg").exists()]
    return _template("index.html").render(pages=pages, pictures=pictures, webgl=False)


def scoreboard(pages: Sequence[Page]) -> str:
    """Return the scoreboard as Markdown: a line an exhibit, with a link to its figure.svg."""
    return _template("README.md").render(pages=pages)


def flat(text: str) -> str:
    """Return a text as it stands in a cell of a Markdown table: on one line, nothing read as markup.

    >>> print(flat("a|b *c* <d>"))
    a\\|b \\*c\\* &lt;d&gt;
    """
    line = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\|*_`\[\]])", r"\\\1", line)


@cache
def front() -> dict[str, Any]:
    """Return the texts of the front page."""
    return tomllib.loads(_asset("front.toml"))


def papers() -> dict[str, Paper]:
    """Return the papers by short name."""
    return {entry["short"]: Paper(**entry) for entry in front()["paper"]}


def explain_terms(html: Markup) -> Markup:
    """Give the first use of each term of the glossary its meaning as a hover text.

    Only text between tags is changed, and none inside of headings, links, buttons or code.
    """
    left: dict[str, str] = dict(front()["glossary"])
    # the longest first: CH-SNN is no SNN
    names = "|".join(re.escape(term) for term in sorted(left, key=len, reverse=True))
    pattern = re.compile(rf"(?<![\w-])({names})(?![\w-])")

    def mark(found: re.Match[str]) -> str:
        meaning = left.pop(found[1], None)
        return found[1] if meaning is None else f'<abbr title="{escape(meaning)}">{found[1]}</abbr>'

    parts = re.split(r"(<[^>]*>)", html)
    inside = 0
    for number, part in enumerate(parts):
        if part.startswith("<"):
            name = re.match(r"</?(\w+)", part)
            if name and name[1].lower() in NOT_EXPLAINED:
                inside += -1 if part.startswith("</") else 1
        elif not inside:
            parts[number] = pattern.sub(mark, part)
    return Markup("".join(parts))


def _template(name: str) -> Template:
    return _environment().get_template(name)


@cache
def _environment() -> Environment:
    made = markup.environment("analysis.engine")
    made.filters |= {"explain_terms": explain_terms, "flat": flat, "markdown": _markdown}
    made.globals |= {"front": front(), "papers": papers(), "HOLDS": HOLDS}
    made.globals |= {"asset": _asset, "markup": markup}
    return made


def _data(page: Page) -> list[tuple[str, str, pd.DataFrame]]:
    """Return a page's downloads: name, file in its folder, table."""
    return [
        (name, "table.csv" if number == 0 else f"data/{re.sub('[^A-Za-z0-9_.-]+', '-', name)}.csv", table)
        for number, (name, table) in enumerate(page.tables.items())
    ]


def _markdown(text: str) -> Markup:
    """Return a note as HTML; tags in it are shown as text, and it can load no picture."""
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    return Markup(reader.render(text))


def _asset(name: str) -> Markup:
    return markup.asset(f"templates/{name}", "analysis.engine")
