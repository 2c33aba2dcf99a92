"""One self-contained HTML page: sections with figures, tables and their data, and where it all came from.

The page makes no request: plotly.js, styles, figures and data lie in the file, and a content security policy
forbids the rest. The template (templates/page.html) escapes every text, and `markup.json_script` the JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from netsci.arguments import check_mapping, check_text, list_of
from netsci.io.csv_text import format_csv
from netsci.report import markup
from netsci.report.tables import html_table
from netsci.report.words import count

if TYPE_CHECKING:
    import pandas as pd
    from jinja2 import Template

MOST_OPEN = 20  # rows of a table that is shown at once; a longer one unfolds
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'{eval}; style-src 'unsafe-inline'; img-src data: blob:; "
    "base-uri 'none'; form-action 'none'"
)


@dataclass(frozen=True, eq=False)
class Section:
    """A section of a page.

    title : heading. verdict : one plain sentence that says what the numbers show; more lines make a list.
    figure : plotly figure or None, with alt, what a reader who cannot see it should know (needed then).
    table : shown as it is, NaN and None as an em dash. notes : further remarks, one a line.
    data : the figure's data for download as CSV, one table or several by name; the table by default.
    table_file : end of the file name under which the table, too, can be downloaded when `data` is given; ""
    for no such download.
    findings : what `netsci.report.findings` found, sentences with links to the sections that they name.
    html : markup that is shown as it is, such as an SVG drawing with alt; the caller answers for it.
    stage : what `netsci.report.stage` returns for a disk that readers can move and colour.
    """

    title: str
    verdict: str = ""
    figure: Any = None
    table: pd.DataFrame | None = None
    data: pd.DataFrame | Mapping[str, pd.DataFrame] | None = None
    alt: str = ""
    notes: Sequence[str] = field(default_factory=tuple)
    stage: Mapping[str, Any] | None = None
    table_file: str = ""
    findings: Sequence[Any] = field(default_factory=tuple)
    html: str = ""


def render(
    title: str, sections: Iterable[Section], *, provenance: Mapping[str, Any] | None = None, lead: str = ""
) -> str:
    """Return the page as one HTML string that opens anywhere, offline.

    title : heading. sections : in order. lead : a sentence under the heading, "" for none.

    provenance holds one mapping for each block, such as {"File": {...}, "Versions": {...}}; single values
    stand in a block of their own. No date is written: the same input gives the same page.

    Raises ValueError where a figure has no alt text; TypeError where it is not a plotly figure.
    """
    parts = list_of(sections, Section, "sections", "a list of Section")
    for part in parts:
        check_text(part.title, "title of a section")
    check_mapping(provenance, "provenance")
    check_text(lead, "lead")
    titles = [part.title for part in parts] + (["Provenance"] if provenance else [])
    names = _anchors(titles)
    views, scripts = [], [markup.theme_script()]
    for name, part in zip(names, parts, strict=False):
        view, more = _view(name, part, dict(zip(titles, names, strict=True)))
        views.append(view)
        scripts += more
    figures = [part.figure for part in parts if part.figure is not None]
    needs_gl = any(markup.has_webgl(trace.type for trace in figure.data) for figure in figures)
    disk = markup.asset("disk.js") if any(part.stage is not None for part in parts) else ""
    return _template().render(
        policy=Markup(POLICY.format(eval=" 'unsafe-eval'" if needs_gl else "")),
        title=title,
        lead=lead,
        css=markup.asset("page.css") + markup.asset("drawing.css"),
        contents=list(zip(names, titles, strict=True)),
        parts=views,
        provenance=_provenance(provenance) if provenance else [],
        scripts=scripts,
        plotly=markup.plotly_script() if figures else "",
        js=disk + markup.asset("page.js"),
    )


def render_first(title: str, part: Section) -> str:
    """Return one section as HTML for a notebook: no script, no figure, colours of its own.

    What stands out, the drawing and the notes are shown; of a table the first rows.
    """
    name = "netsci-first"
    head = None if part.table is None else part.table.head(MOST_OPEN)
    view, _ = _view(name, replace(part, figure=None, stage=None, table=head, data=None), {})
    css = markup.asset("screen.css") + markup.asset("drawing.css")
    left_out = 0 if part.table is None else len(part.table) - len(head if head is not None else ())
    return (
        markup.environment("netsci.report")
        .get_template("screen.html")
        .render(title=title, part=view, css=css, left_out=count(left_out, "more row") if left_out else "")
    )


@cache
def _template() -> Template:
    return markup.environment("netsci.report").get_template("page.html")


def _view(name: str, part: Section, places: Mapping[str, str]) -> tuple[dict[str, Any], list[Markup]]:
    """Return what the template shows of a section, and the scripts that hold its figure and its data."""
    scripts = []
    height = 0
    if part.figure is not None:
        height = _height(part)
        scripts.append(markup.json_script(f"{name}-json", _figure_json(part.figure), encoded=True))
        if part.stage is not None:
            scripts.append(markup.json_script(f"{name}-stage", part.stage))
    downloads: list[tuple[str, str, str]] = []
    for file, table in _tables(name, part).items():
        where = f"{name}-csv-{len(downloads)}"
        downloads.append((where, file, count(len(table), "row")))
        scripts.append(markup.json_script(where, format_csv(table)))
    listed = {one.sentence for one in part.findings}
    view = {
        "name": name,
        "title": part.title,
        # A verdict that is the first finding stands in the list of them, with its link.
        "verdict": [] if part.verdict in listed else part.verdict.splitlines(),
        "height": height,
        "alt": part.alt,
        "looks": part.stage["looks"] if part.stage is not None else (),
        "table": "" if part.table is None else html_table(part.table),
        "downloads": downloads,
        "notes": part.notes,
        "long": part.table is not None and len(part.table) > MOST_OPEN,
        "rows": "" if part.table is None else count(len(part.table), "row"),
        "findings": [(one.sentence, places.get(one.section, ""), one) for one in part.findings],
        "html": Markup(part.html),
    }
    return view, scripts


def _height(part: Section) -> int:
    """Return the height of a section's figure in pixels, once the figure is known to be one with words."""
    import plotly.graph_objects as go

    if not isinstance(part.figure, go.Figure):
        raise TypeError(
            f"the figure of section {part.title!r} must be a plotly figure (backend='plotly'); "
            f"got {type(part.figure).__name__}"
        )
    if not part.alt:
        raise ValueError(f"the figure of section {part.title!r} needs alt: what it shows, in words")
    return int(part.figure.layout.height or 400)


def _figure_json(figure: Any) -> str:
    """Return a figure as JSON without its template, which the page holds once for each mode."""
    parsed = json.loads(figure.to_json())
    parsed["layout"].pop("template", None)
    return json.dumps(parsed, ensure_ascii=True, separators=(",", ":"))


def _tables(name: str, part: Section) -> dict[str, pd.DataFrame]:
    """Return the downloads of a section by file name."""
    data = part.data if part.data is not None else part.table
    if data is None:
        return {}
    tables = dict(data) if isinstance(data, Mapping) else {name: data}
    if part.table_file and part.table is not None:
        tables[f"{name}-{part.table_file}"] = part.table
    return {
        re.sub(r"[^A-Za-z0-9_.-]+", "-", file).strip("-.") or "data": table for file, table in tables.items()
    }


def _provenance(provenance: Mapping[str, Any]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the blocks of parameters, versions and hashes: heading and rows, loose values first."""
    loose = {key: value for key, value in provenance.items() if not isinstance(value, Mapping)}
    blocks = {"": loose} | {key: value for key, value in provenance.items() if isinstance(value, Mapping)}
    return [(heading, [(str(k), _value(v)) for k, v in rows.items()]) for heading, rows in blocks.items()]


def _value(value: Any) -> str:
    if value is None or value == "":
        return "—"
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _anchors(titles: Sequence[str]) -> list[str]:
    """Return one id for each title: ASCII letters and digits, each id once."""
    names: list[str] = []
    for title in titles:
        base = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "section"
        base = f"s-{base}" if base in ("theme", "mode", "main") or base[0].isdigit() else base
        name, again = base, 2
        while name in names:
            name, again = f"{base}-{again}", again + 1
        names.append(name)
    return names
