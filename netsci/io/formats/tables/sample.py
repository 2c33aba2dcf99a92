"""The first lines of a text, in fields: what the layout of a table is told by."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from netsci.io.errors import CheckpointError
from netsci.io.formats.graph_text import lines
from netsci.io.formats.tables.fields import has_braces, number, split_fields, without_quotes
from netsci.io.formats.tables.words import find_ends, find_weak_ends

SAMPLE = 64  # lines looked at before reading
_DECIMAL = re.compile(r"[-+]?\d+(,\d+)?([eE][-+]?\d+)?")


@dataclass(frozen=True)
class Sample:
    """The first lines of a text.

    Parameters
    ----------
    path : the file.
    lines, numbers : its first lines that are no comments, and their numbers from 1.
    remarks : the comments before them, without their marks; between : whether others follow.
    whole : whether the file has no more lines.
    """

    path: Path
    lines: list[str]
    numbers: list[int]
    remarks: list[str]
    between: bool
    whole: bool

    @cached_property
    def delimiter(self) -> str:
        """What separates fields, "" for white space."""
        return find_delimiter(self.lines[1:] or self.lines[:1])

    @cached_property
    def rows(self) -> list[list[str]]:
        """The fields of each line."""
        return [split_fields(line, self.delimiter) for line in self.lines]

    @cached_property
    def has_header(self) -> bool:
        """Whether the first line or the last comment names source and target."""
        names = [self.rows[0], re.split(r"[\s,;]+", self.lines[0].strip())]
        names += [re.split(r"[\s,;]+", self.remarks[-1].strip())] if self.remarks else []
        known = any(find_ends(one) is not None for one in names)
        return known or find_weak_ends(self.rows[0], self.rows[1:]) is not None

    def all_rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the number and the fields of every line that is no comment."""
        for line_number, line in lines(self.path):
            if line[0] not in "#%":
                yield line_number, split_fields(line, self.delimiter)


def take_sample(path: Path) -> Sample:
    """Return the first lines of a text; raises CheckpointError where there is nothing but comments."""
    remarks: list[str] = []
    kept: list[str] = []
    numbers: list[int] = []
    between, whole = False, True
    for line_number, line in lines(path):
        if line[0] not in "#%":
            kept.append(line)
            numbers.append(line_number)
        elif kept:
            between = True
        elif len(remarks) < SAMPLE:
            remarks.append(line.lstrip("#% \t"))
        if len(kept) > SAMPLE or line_number > 100_000:
            whole = False
            break
    if not kept:
        raise CheckpointError(path, "it holds nothing but comments", "write it again with its links")
    return Sample(path, kept, numbers, remarks, between, whole)


def find_delimiter(sample: list[str]) -> str:
    """Return what stands in most lines, tabs before semicolons before commas, else "" for white space."""
    sample = [without_quotes(line.partition("{")[0] if has_braces(line) else line) for line in sample]
    if all(re.match(r"[^\s,]+\s+[^\s,]+\s+[-+]?\d+,\d+$", line) for line in sample):
        return ""  # a comma in every weight: no number here, and nothing that separates
    if not any(mark in line for mark in "\t;" for line in sample) and _are_decimal(sample):
        return ""
    return next((mark for mark in "\t;," if 2 * sum(mark in line for line in sample) >= len(sample)), "")


def _are_decimal(sample: list[str]) -> bool:
    """Whether lines are numbers with decimal commas, separated by spaces."""
    rows = [line.split() for line in sample]
    return all(len(row) > 1 and all(map(_DECIMAL.fullmatch, row)) for row in rows) and any(
        "," in cell for row in rows for cell in row
    )


def is_whole(value: float | None) -> bool:
    """Whether a number can be a node's: programs write them as 1.0 or 1e+00 as well."""
    return value is not None and value >= 0 and value.is_integer()


def spells_whole(text: str) -> bool:
    """Whether a text spells a number that can be a node's."""
    return is_whole(number(text))
