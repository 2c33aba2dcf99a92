"""Which column of a list is the weight, and the columns that the user names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from netsci.io.errors import CheckpointError, printable
from netsci.io.formats.tables.fields import has_decimal_commas, may_have_thousands, number
from netsci.io.formats.tables.layout import Layout, read_remarks
from netsci.io.formats.tables.sample import Sample
from netsci.io.formats.tables.words import find_weight, plain
from netsci.io.options import Hints

_ROLES = ("source", "target", "weight", "type", "kind", "relation", "-", "_", "")
_NO_WEIGHTS = ("", "id", "year", "date", "time", "timestamp", "datetime", "month", "day")


def find_weight_column(
    path: Path, layout: Layout, body: list[list[str]], delimiter: str
) -> tuple[int | None, bool]:
    """Return the column of weights and whether its numbers have decimal commas.

    By its name, else the first one of numbers after source and target; with other names, the only one.
    """
    header, ends = layout.header, {layout.source, layout.target}
    named = find_weight(header) if header else None
    if named is not None and named not in ends:
        return named, _has_commas(body, named, delimiter)
    others = [i for i in range(layout.width) if i not in ends]
    numbers = [i for i in others if _numeric(body, i) or _has_commas(body, i, delimiter)]
    if header and any(map(plain, header)):
        # Of several columns without a name that we know, none can be told to be the weight.
        numbers = [i for i in numbers if plain(header[i]) not in _NO_WEIGHTS]
        found = numbers[0] if len(numbers) == 1 else None
    else:
        found = next((i for i in numbers if not _times(body, i)), None)
        if found is None and (doubtful := [i for i in others if _doubtful(body, i, delimiter)]):
            raise CheckpointError(
                path,
                f"column {doubtful[0] + 1} holds numbers with commas, for thousands or for the decimal point",
                "write them without commas, or leave the column out: --columns source,target "
                "(columns= in load)",
            )
    return found, found is not None and _has_commas(body, found, delimiter)


def _has_commas(body: list[list[str]], column: int, delimiter: str) -> bool:
    """Whether a column holds numbers with decimal commas; after semicolons 1,500 is one and a half."""
    if not body or any(len(row) <= column for row in body):
        return False
    texts = [row[column] for row in body]
    if delimiter == ";" and may_have_thousands(texts):
        return True
    return has_decimal_commas(texts)


def _doubtful(body: list[list[str]], column: int, delimiter: str) -> bool:
    texts = [row[column] for row in body if len(row) > column]
    return bool(body) and len(texts) == len(body) and may_have_thousands(texts)


def _times(body: list[list[str]], column: int) -> bool:
    """Whether a column holds times in seconds since 1970, of the years 1980 to 2060: no weights."""
    return all(r[column].isdecimal() and 315_000_000 < int(r[column]) < 2_870_000_000 for r in body)


def _numeric(body: list[list[str]], column: int) -> bool:
    """Whether a column holds numbers, some of which may be missing as R writes it."""
    texts = [row[column] for row in body if len(row) > column]
    known = [text for text in texts if text != "NA"]
    return bool(known) and len(texts) == len(body) and all(number(text) is not None for text in known)


def apply(
    path: Path, hints: Hints, sample: Sample, names: list[str] | None, own_line: bool, width: int
) -> Layout:
    """Return the layout that the user says: names or numbers of columns, or what each column is."""
    first = sample.rows[0]
    chosen = _by_name(hints.columns, first)
    header: Sequence[str] | None = first if chosen else names
    header_line = sample.numbers[0] if chosen or own_line else 0
    chosen = chosen or _by_number(path, hints.columns, width) or _by_role(path, hints.columns)
    source, target, weight, kind = chosen
    if max(source, target, weight or 0) >= width:
        raise CheckpointError(
            path,
            f"--columns names column {max(source, target, weight or 0) + 1}, and its lines have "
            f"{width} fields",
            "name columns that are there",
        )
    body = sample.rows[1:] if header_line else sample.rows
    comma = weight is not None and _has_commas(body, weight, sample.delimiter)
    if not header_line and weight is not None and body and _is_name(body[0][weight]) and len(body) > 1:
        header_line = sample.numbers[0]  # a line of names, which the weights below it tell
        header = first
    padded = (*header, *[""] * (width - len(header))) if header else None
    directed, why, bipartite = read_remarks(sample.remarks)
    return Layout(
        sample.delimiter, padded, header_line, width, source, target, weight, kind, comma, directed, False,
        why, bipartite,
    )  # fmt: skip


def _is_name(text: str) -> bool:
    return number(text) is None and not has_decimal_commas([text]) and text != "NA"


Columns = tuple[int, int, int | None, int | None]


def _by_name(columns: Sequence[str], first: Sequence[str]) -> Columns | None:
    """Return the columns of these names in the header, for source, target and perhaps weight."""
    words = [plain(name) for name in first]
    if len(columns) > 3 or not all(plain(name) in words and plain(name) for name in columns):
        return None
    places = [words.index(plain(name)) for name in columns]
    return places[0], places[1], places[2] if len(places) > 2 else None, None


def _by_number(path: Path, columns: Sequence[str], width: int) -> Columns | None:
    if len(columns) > 3 or not all(re.fullmatch(r"\d{1,4}", name) for name in columns):
        return None
    places = [int(name) - 1 for name in columns]
    if min(places) < 0:
        raise CheckpointError(path, "--columns counts columns from 1", "write 1 for the first column")
    return places[0], places[1], places[2] if len(places) > 2 else None, None


def _by_role(path: Path, columns: Sequence[str]) -> Columns:
    roles = [name.lower() for name in columns]
    if not set(roles) <= set(_ROLES) or roles.count("source") != 1 or roles.count("target") != 1:
        unknown = next((name for name in columns if name.lower() not in _ROLES), columns[0])
        raise CheckpointError(
            path,
            f"--columns names {printable(unknown)!r}, which is neither in its first line nor "
            f"source, target, weight",
            "say what each column is in order (source,target,weight; - leaves one out), or name "
            "or number two or three",
        )
    kind = next((roles.index(role) for role in ("type", "kind", "relation") if role in roles), None)
    weight = roles.index("weight") if "weight" in roles else None
    return roles.index("source"), roles.index("target"), weight, kind
