"""What the command line prints: tables for a terminal of any width, names as text and never as markup."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from netsci.io import Loaded

_HEADINGS = ("presynaptic", "postsynaptic", "links", "sparsity", "isolated units")
_NAME_WIDTH = 6  # columns that a layer's name keeps on a narrow terminal
_WORD_WIDTH = 13  # columns that a measure's name keeps: its longest word


def print_layers(loaded: Loaded) -> None:
    """Print what was guessed, the layers of a loaded file as a table, then its other notes."""
    summary = loaded.summary()
    if loaded.guesses:
        Console(file=sys.stdout).print(Text(f"guessed, please check: {'; '.join(loaded.guesses)}"))
    # Text, not markup: names come from the file.
    table = Table(title=Text(f"{loaded.name}: {loaded.kind}"), title_justify="left")
    table.add_column("layer", overflow="fold", min_width=_NAME_WIDTH)
    rows = [
        _cells(layer, projection.undirected)
        for layer, projection in zip(summary["layers"], loaded.graph.projections, strict=True)
    ]
    # Names and headings fold where the terminal is narrow; numbers never do.
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)] or [0] * len(_HEADINGS)
    for heading, width in zip(_HEADINGS, widths, strict=True):
        table.add_column(heading, justify="right", overflow="fold", min_width=width)
    for layer, cells in zip(summary["layers"], rows, strict=True):
        table.add_row(Text(layer["name"]), *cells)
    console = _print_whole(table, _NAME_WIDTH + sum(widths))
    for note in summary["notes"]:
        if note not in loaded.guesses:
            console.print(Text(f"- {note}"))


def print_comparison(page: Any, names: tuple[str, str]) -> None:
    """Print what `netsci.report.compare` found of two networks: a table, then what differs beyond density."""
    from netsci.report.comparison import verdict

    table = page.table
    shown = Table(title=Text(f"A: {names[0]}\nB: {names[1]}"), title_justify="left")
    shown.add_column("where", overflow="fold", min_width=_NAME_WIDTH)
    shown.add_column("measure", overflow="fold", min_width=_WORD_WIDTH)
    records = table.to_dict("records")
    rows = [[_number(row[name]) for name in ("a", "b", "difference", "effect", "p")] for row in records]
    headings = ("A", "B", "B - A", "effect", "p")
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    for heading, width in zip(headings, widths, strict=True):
        shown.add_column(heading, justify="right", no_wrap=True, min_width=width)
    before = ""
    for row, numbers in zip(records, rows, strict=True):
        where = "" if row["where"] == before else str(row["where"])
        shown.add_row(Text(where), Text(str(row["measure"])), *numbers)
        before = row["where"]
    console = _print_whole(shown, _NAME_WIDTH + _WORD_WIDTH + sum(widths))
    _print_findings(console, page)
    console.print(Text(verdict(table)))
    if table.attrs.get("matched"):
        console.print(Text(f"- overlap: {table.attrs['matched']}"))
    if table.attrs["left_out"]:
        console.print(Text(f"- without a counterpart: {', '.join(table.attrs['left_out'])}"))
    console.print("- effect: Cliff's delta of degrees and weights, B against A; overlap: beyond chance")


def print_differences(page: Any) -> None:
    """Print what `netsci.report.compare` ranks of more than two networks, and its sentences."""
    table = page.table
    names = [str(name) for name in table.columns[2:-3]]
    shown = Table(title=Text(page.lead), title_justify="left")
    shown.add_column("where", overflow="fold", min_width=_NAME_WIDTH)
    shown.add_column("measure", overflow="fold", min_width=_WORD_WIDTH)
    records = table.to_dict("records")
    rows = [[_number(row[name]) for name in (*names, "difference")] for row in records]
    widths = [max([4, *map(len, column)]) for column in zip(*rows, strict=True)]
    for heading, width in zip((*names, "difference"), widths or [4] * (len(names) + 1), strict=True):
        shown.add_column(Text(heading), justify="right", overflow="fold", min_width=width)
    for row, numbers in zip(records, rows, strict=True):
        shown.add_row(Text(str(row["where"])), Text(str(row["measure"])), *numbers)
    console = _print_whole(shown, _NAME_WIDTH + _WORD_WIDTH + sum(widths))
    _print_findings(console, page)


def _print_findings(console: Console, page: Any) -> None:
    first = page.sections[0]
    for sentence in [one.sentence for one in first.findings] or [first.verdict]:
        console.print(Text(sentence))


def _print_whole(table: Table, least: int) -> Console:
    """Print a table with no number cut, wider than the terminal where it must be; `least` without borders."""
    console = Console(file=sys.stdout)
    borders = 3 * len(table.columns) + 1
    # A console prints nothing wider than itself, so a narrow terminal gets a wider one for the table.
    Console(file=sys.stdout, width=max(console.width, least + borders)).print(table, crop=False)
    return console


def _number(value: float) -> str:
    return "—" if math.isnan(value) else f"{value:,.0f}" if value == int(value) else f"{value:.4g}"


def _cells(layer: dict[str, Any], undirected: bool) -> tuple[str, ...]:
    """Return the numbers of one layer; an undirected one has no two sides to be isolated on."""
    from netsci.report.words import percent

    isolated = layer["isolated"][:1] if undirected else layer["isolated"]
    return (
        *(f"{side:,}" for side in layer["shape"]),
        f"{layer['links']:,}",
        "—" if layer["sparsity"] is None else percent(layer["sparsity"], fixed=True),
        " + ".join(f"{count:,}" for count in isolated),
    )
