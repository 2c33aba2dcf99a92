"""Find the layout of a text table by its first lines, its comments, and what the user says."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from netsci.io.errors import CheckpointError, printable
from netsci.io.formats.tables import columns, first_line
from netsci.io.formats.tables.fields import has_decimal_commas, is_missing, number
from netsci.io.formats.tables.layout import Layout, read_remarks
from netsci.io.formats.tables.matrix_layout import MatrixLayout, find_matrix
from netsci.io.formats.tables.sample import Sample, is_whole, take_sample
from netsci.io.formats.tables.words import (
    Ends,
    find_ends,
    find_weak_ends,
    may_name_nodes,
    names_a_relation,
    names_an_id,
    names_nodes,
    plain,
)
from netsci.io.guess import Guess
from netsci.io.options import Hints

_MOST_COLUMNS = 5  # of an edge list without a header; more are a matrix
_SAY = "--columns source,target,weight (columns= in load) says what the columns are"


def layout_of(path: Path, hints: Hints) -> Layout | MatrixLayout:
    """Return the layout of a table by its first lines; raises CheckpointError where it is none."""
    sample = take_sample(path)
    counts = not hints.format and not hints.columns and first_line.is_counts(sample)
    if counts:
        _check_sides(sample, hints)
        sample = replace(sample, lines=sample.lines[1:], numbers=sample.numbers[1:])
    rows = sample.rows
    names, own_line = _header(sample)
    body = rows[1:] if own_line else rows
    width = max(map(len, body), default=len(names or ()))
    ends = find_ends(names) or (find_weak_ends(names, body) if names and own_line else None)
    if names and ends and width == len(names) + 1 and all(len(row) == width for row in body):
        names, ends = ["", *names], replace(ends, source=ends.source + 1, target=ends.target + 1)  # R's rows
    if hints.format == "matrix" or not (ends or hints.columns or hints.format or counts):
        if found := find_matrix(sample, hints):
            return found
        if hints.format == "matrix":
            raise CheckpointError(
                path, "it is no table of numbers", "complete it, or leave out --format matrix"
            )
    if hints.columns:
        return columns.apply(path, hints, sample, names, own_line, width)
    if ends is None:
        _check_nodes(sample, names or (_split_names(sample.remarks[-1]) if sample.remarks else []))
    _check_widths(path, body, width, ends is not None, names)
    if ends is None:
        _check_ends(path, body)
    header = (*names, *[""] * (width - len(names))) if names else None
    first = sample.numbers[0] if own_line else sample.numbers[0] - 1 if counts else 0
    layout = Layout(sample.delimiter, header, first, width)
    layout = _with_ends(layout, ends, sample.remarks)
    weight, comma = columns.find_weight_column(path, layout, body, sample.delimiter)
    kind = next((i for i, name in enumerate(header or ()) if names_a_relation(name)), None)
    layout = replace(layout, weight=weight, comma=comma, kind=kind if kind != weight else None)
    return replace(
        layout,
        guessed=ends is None and width > 2,
        nodes=int(_first_count(path)) if counts else 0,
        notes=_say_counts(path) if counts else (),
    )


def _with_ends(layout: Layout, ends: Ends | None, remarks: list[str]) -> Layout:
    """Return the layout with source and target, and what comments and header say of the direction."""
    directed, why, bipartite = read_remarks(remarks)
    layout = replace(layout, directed=directed, why=why, bipartite=bipartite)
    if ends is None:
        return layout
    layout = replace(layout, source=ends.source, target=ends.target)
    if ends.two_kinds:
        return replace(layout, two_kinds=directed is None)
    if directed is None and layout.header:
        word = "directed" if ends.one_way else "undirected"
        why = f"{word}, as the header says ({layout.name_ends()})"
        return replace(layout, directed=ends.one_way, by_header=True, why=why)
    return layout


def _check_sides(sample: Sample, hints: Hints) -> None:
    """Raise CheckpointError where a first line counts rows and other columns, unless they are two sets."""
    first = sample.rows[0]
    if len(first) == 3 and first[0] != first[1] and not hints.bipartite:
        raise CheckpointError(
            sample.path,
            f"its first line ({printable(sample.lines[0])}) counts rows, columns and links of a matrix",
            "--bipartite (bipartite= in load) reads rows and columns as two sets of nodes; if the "
            "line is a link, "
            "--format edges",
        )


def _first_count(path: Path) -> float:
    return number(take_sample(path).rows[0][0]) or 0.0


def _say_counts(path: Path) -> tuple[str, ...]:
    line = printable(take_sample(path).lines[0])
    return (
        Guess(
            f"the first line ({line}) counts nodes and links, which fits all others, and is no "
            f"link; if it is, "
            "--format edges (format= in load)"
        ),
    )


def _split_names(line: str) -> list[str]:
    return re.split(r"[\s,;]+", line.strip())


def _header(sample: Sample) -> tuple[list[str] | None, bool]:
    """Return the names of the columns, if any, and whether they stand on a line of their own."""
    rows, delimiter, remarks = sample.rows, sample.delimiter, sample.remarks
    first, body = rows[0], rows[1:]
    width = max(map(len, body), default=len(first))
    if len(first) != width and delimiter:  # columns by tabs under names by spaces
        spaced = _split_names(sample.lines[0])
        first = spaced if len(spaced) == width and find_ends(spaced) else first
    if find_ends(first) is not None or find_weak_ends(first, body) is not None:
        return first, True
    if body and may_name_nodes(first):
        return first, True
    if body and (names_nodes(first) or (names_an_id(first[0]) and all(row[0].isdecimal() for row in body))):
        return first, True
    if remarks and find_ends(names := _split_names(remarks[-1])) is not None and len(names) == width:
        return names, False
    columns = range(2, min(len(first), width))
    numbers = [
        i for i in columns if body and all(len(r) > i for r in body) and _are_numbers(body, i, delimiter)
    ]
    whole = all(len(r) > 1 and r[0].isdecimal() and r[1].isdecimal() for r in body)
    words = [i for i in range(min(2, len(first))) if number(first[i]) is None]
    if body and (
        any(not is_missing(first[i]) and not _are_numbers([first], i, delimiter) for i in numbers)
        or (whole and words)
    ):
        return first, True
    return None, False


def _are_numbers(rows: list[list[str]], column: int, delimiter: str) -> bool:
    """Whether a column holds numbers, all with decimal points or all with decimal commas."""
    texts = [row[column] for row in rows]
    even = len(set(map(len, rows))) == 1
    plain_numbers = all(number(text, delimiter == ";") is not None for text in texts)
    return plain_numbers or (even and has_decimal_commas(texts))


def _check_nodes(sample: Sample, names: list[str]) -> None:
    """Raise CheckpointError for a table of nodes, which would pass as links."""
    ids = len(names) > 1 and (names_an_id(names[0]) or may_name_nodes(names))
    if names_nodes(names) or (ids and _lists_nodes(sample, names)):
        raise CheckpointError(
            sample.path,
            "this is a table of nodes, not of links",
            f"give the table of the links; if it is one, {_SAY}; --format matrix reads a table of numbers",
        )


def _check_ends(path: Path, body: list[list[str]]) -> None:
    """Raise CheckpointError for a table of measured numbers, which would pass as links."""
    ends = [number(cell) for r in body for cell in r[:2]]
    if None not in ends and not all(map(is_whole, ends)):
        raise CheckpointError(
            path,
            "its first two columns are numbers with fractions or signs, which cannot be names of nodes",
            "if it is a matrix, drop the line of names, or say --format matrix; if it lists links, name the "
            f"columns: source,target,weight; {_SAY}",
        )


def _lists_nodes(sample: Sample, names: list[str]) -> bool:
    """Whether every line of the whole file begins with another id, and the next column is no id."""
    if names_an_id(names[1]) or plain(names[1]) in ("neighbor", "neighbour", "parent", "friend"):
        return False
    seen: set[str] = set()
    for line_number, row in sample.all_rows():
        if line_number <= sample.numbers[0] and row[:1] == names[:1]:
            continue
        if row[0] in seen:
            return False
        seen.add(row[0])
    return True


def _check_widths(
    path: Path, body: list[list[str]], width: int, known: bool, header: list[str] | None
) -> None:
    least = min(map(len, body), default=width)
    if not body and header:
        raise CheckpointError(path, "it holds a header and no links", "write it again with its links")
    wide = width > _MOST_COLUMNS and not known
    if (least < 2 and not known) or wide or (least < width and not header):
        span = f"{least}" if least == width else f"{least} to {width}"
        raise CheckpointError(
            path,
            f"this is a text file whose lines have {span} fields, and neither an edge list nor a matrix",
            "an edge list has a source, a target and perhaps a weight on every line; name them in a header: "
            f"source,target,weight; or {_SAY}, or --format adjlist reads a source and its neighbours",
        )
