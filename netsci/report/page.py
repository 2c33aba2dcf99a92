"""One self-contained HTML page: sections with figures, tables and their data, and where it all came from.

The page makes no request: plotly.js, styles, figures and data lie in the file, and a content security policy
forbids the rest. Everything that comes from outside is escaped, as HTML and inside the embedded JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from netsci.plot import theme
from netsci.report.tables import html_table
from netsci.report.words import count

if TYPE_CHECKING:
    import pandas as pd

POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'{eval}; style-src 'unsafe-inline'; img-src data: blob:; "
    "base-uri 'none'; form-action 'none'"
)


@dataclass(frozen=True, eq=False)
class Section:
    """A section of a page.

    title : heading. verdict : one plain sentence that says what the numbers show; more lines make a list.
    figure : plotly figure or None, with alt, what a reader who cannot see it should know (needed then).
    table : shown as it is, NaN and None as an em dash. data : the figure's data for download as CSV, one
    table or several by name; the table itself by default. notes : further remarks, one a line.
    table_file : the table's own download, as the ending of its name, where `data` is something else.
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


def render(
    title: str, sections: Iterable[Section], *, provenance: Mapping[str, Any] | None = None, lead: str = ""
) -> str:
    """Return the page as one HTML string that opens anywhere, offline.

    provenance holds one mapping a block, such as {"File": {...}, "Versions": {...}, "Parameters": {...}};
    single values stand in a block of their own. No date is written: the same input gives the same page.

    Raises ValueError where a figure has no alt text; TypeError where it is not a plotly figure.
    """
    parts = list(sections)
    names = _anchors([part.title for part in parts] + (["Provenance"] if provenance else []))
    body, payload = [], []
    for name, part in zip(names, parts, strict=False):
        html, scripts = _section(name, part)
        body.append(html)
        payload += scripts
    if provenance:
        body.append(_provenance(names[-1], provenance))
    titles = [part.title for part in parts] + (["Provenance"] if provenance else [])
    contents = "".join(
        f'<li><a href="#{name}">{escape(text)}</a></li>' for name, text in zip(names, titles, strict=True)
    )
    needs_gl = any(_has_webgl(part.figure) for part in parts)
    return _PAGE.format(
        policy=POLICY.format(eval=" 'unsafe-eval'" if needs_gl else ""),
        title=escape(title),
        lead=f'<p class="lead">{escape(lead)}</p>' if lead else "",
        css=_asset("page.css"),
        contents=contents,
        body="\n".join(body),
        payload="\n".join([_json("theme", _theme()), *payload]),
        plotly=f"<script>{_plotly()}</script>" if any(part.figure is not None for part in parts) else "",
        js=(_asset("disk.js") if any(part.stage is not None for part in parts) else "") + _asset("page.js"),
    )


def _section(name: str, part: Section) -> tuple[str, list[str]]:
    """Return a section's HTML and the scripts that hold its figure and its data."""
    html = [_opening(name, part.title)]
    scripts = []
    if part.verdict:
        first, *more = part.verdict.splitlines()
        html.append(f'<p class="verdict">{escape(first)}</p>')
        if more:
            html.append(f'<ul class="verdict">{"".join(f"<li>{escape(line)}</li>" for line in more)}</ul>')
    if part.figure is not None:
        html.append(_figure(name, part))
        scripts.append(_json(f"{name}-json", _figure_json(part.figure), encoded=True))
        if part.stage is not None:
            scripts.append(_json(f"{name}-stage", part.stage))
    if part.table is not None:
        html.append(
            f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(part.title)}, table">'
            f"{html_table(part.table)}</div>"
        )
    downloads: list[str] = []
    for file, table in _tables(name, part).items():
        where = f"{name}-csv-{len(downloads)}"
        downloads.append(
            f'<button type="button" data-csv="{where}" data-file="{escape(file)}.csv">'
            f"Download {escape(file)}.csv ({count(len(table), 'row')})</button>"
        )
        scripts.append(_json(where, table.to_csv(index=False)))
    if downloads:
        html.append(f'<p class="download">{"".join(downloads)}</p>')
    if part.notes:
        html.append(f'<ul class="notes">{"".join(f"<li>{escape(note)}</li>" for note in part.notes)}</ul>')
    html.append("</section>")
    return "\n".join(html), scripts


def _opening(name: str, title: str) -> str:
    return f'<section id="{name}" aria-labelledby="{name}-title">\n<h2 id="{name}-title">{escape(title)}</h2>'


def _figure(name: str, part: Section) -> str:
    """Return the place of a figure; the caption is its label too. It holds buttons: a group."""
    import plotly.graph_objects as go

    if not isinstance(part.figure, go.Figure):
        raise TypeError(
            f"the figure of section {part.title!r} must be a plotly figure (backend='plotly'); "
            f"got {type(part.figure).__name__}"
        )
    if not part.alt:
        raise ValueError(f"the figure of section {part.title!r} needs alt: what it shows, in words")
    height = int(part.figure.layout.height or 400)
    alt = escape(part.alt)
    staged = ""
    controls = ""
    if part.stage is not None:
        staged = f' data-stage="{name}-stage" data-controls="{name}-controls" tabindex="0"'
        controls = _controls(name, part.stage)
    return (
        f'<figure>{controls}<div class="plot" id="{name}-figure" data-figure="{name}-json" role="group" '
        f'aria-labelledby="{name}-caption"{staged} style="min-height:{height}px"></div>'
        f'<figcaption id="{name}-caption">{alt}</figcaption></figure>'
    )


def _controls(name: str, stage: Mapping[str, Any]) -> str:
    """Return the buttons and the field that move and colour a disk."""
    looks = "".join(
        f'<button type="button" data-look="{number}" aria-pressed="{"false" if number else "true"}">'
        f"{escape(look['name'])}</button>"
        for number, look in enumerate(stage["looks"])
    )
    return (
        f'<div class="controls" id="{name}-controls" role="group" aria-label="Disk">'
        f'<span class="looks" role="group" aria-label="Colour by">Colour by {looks}</span>'
        f'<form><label>Centre <input type="text" list="{name}-nodes" autocomplete="off" size="14" '
        f'placeholder="a node"></label><datalist id="{name}-nodes"></datalist>'
        '<button type="submit">Move</button> <button type="button" data-home>Reset</button></form>'
        '<p class="hint">Click a node to move it to the centre. With the disk in focus: left and right go '
        "around it, down and up from hubs to leaves and back, Enter moves, Escape resets.</p>"
        "<output></output></div>"
    )


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


def _provenance(name: str, provenance: Mapping[str, Any]) -> str:
    """Return the block of parameters, versions and hashes."""
    loose = {key: value for key, value in provenance.items() if not isinstance(value, Mapping)}
    blocks = {"": loose} | {key: value for key, value in provenance.items() if isinstance(value, Mapping)}
    html = [_opening(name, "Provenance")]
    for heading, block in blocks.items():
        if block:
            html += [f"<h3>{escape(heading)}</h3>"] if heading else []
            rows = (f"<dt>{escape(str(k))}</dt><dd>{_value(v)}</dd>" for k, v in block.items())
            html.append(f"<dl>{''.join(rows)}</dl>")
    return "\n".join([*html, "</section>"])


def _value(value: Any) -> str:
    if value is None or value == "":
        return "—"
    return escape(", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value))


def _anchors(titles: Sequence[str]) -> list[str]:
    """Return one id a title: plain ASCII and unique."""
    names: list[str] = []
    for title in titles:
        base = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "section"
        base = f"s-{base}" if base in ("theme", "mode", "main") or base[0].isdigit() else base
        name, again = base, 2
        while name in names:
            name, again = f"{base}-{again}", again + 1
        names.append(name)
    return names


def _theme() -> dict[str, Any]:
    return {"swaps": theme.swaps(), "templates": {mode: theme.template(mode) for mode in ("light", "dark")}}


def _json(name: str, value: Any, *, encoded: bool = False) -> str:
    """Return a script element that holds JSON; no text in it can end the element or begin another."""
    text = value if encoded else json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return f'<script type="application/json" id="{name}">{text}</script>'


def _has_webgl(figure: Any) -> bool:
    return figure is not None and any(
        trace.type.endswith(("gl", "3d")) for trace in getattr(figure, "data", ())
    )


def _plotly() -> str:
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs())


def _asset(name: str) -> str:
    return files("netsci.report").joinpath(name).read_text(encoding="utf-8")


_PAGE = """<!DOCTYPE html>
<html lang="en" data-mode="light">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>{css}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header><div class="frame"><h1>{title}</h1>{lead}
<button type="button" id="mode">Dark mode</button></div></header>
<div class="frame columns">
<nav aria-label="Contents"><h2>Contents</h2><ol>{contents}</ol></nav>
<main id="main" tabindex="-1">
<noscript><p>The figures need JavaScript; the tables and all text do not.</p></noscript>
{body}
</main>
</div>
{payload}
{plotly}
<script>{js}</script>
</body>
</html>
"""
