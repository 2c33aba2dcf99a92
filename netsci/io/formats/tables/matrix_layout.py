"""Tell a matrix from a list of links by its first lines: names on its sides, blank cells, decimal commas."""

from __future__ import annotations

from dataclasses import dataclass

from netsci.io.formats.tables.fields import has_decimal_commas, is_missing, number
from netsci.io.formats.tables.sample import SAMPLE, Sample, is_whole
from netsci.io.formats.tables.words import find_ends, names_a_weight, names_an_id
from netsci.io.options import Hints

_MOST_COLUMNS = 5  # of an edge list without a header; more are a matrix
_LEAST_WIDTH = 3


@dataclass(frozen=True)
class MatrixLayout:
    """How a matrix is laid out.

    Parameters
    ----------
    delimiter : between cells; "" for white space.
    width : number of cells of a line, with the name of its row.
    header_line : the number of the line of the columns' names, 0 without names.
    labels : whether the first column names the rows; corner : what stands above it.
    comma : whether a comma stands for the decimal point.
    guessed : why nothing but its look makes it a matrix, or "".
    """

    delimiter: str
    width: int
    header_line: int = 0
    labels: bool = False
    corner: str = ""
    comma: bool = False
    guessed: str = ""


def find_matrix(sample: Sample, hints: Hints) -> MatrixLayout | None:
    """Return the layout of a matrix, or None where the table is a list of links."""
    rows, delimiter = sample.rows, sample.delimiter
    return _with_names(sample, rows, delimiter, hints) or _without_names(sample, rows, delimiter, hints)


def _with_names(sample: Sample, rows: list[list[str]], delimiter: str, hints: Hints) -> MatrixLayout | None:
    """Return the layout of a matrix whose rows and columns have names, or None."""
    width = len(rows[-1])
    full = all(len(row) == width for row in rows[1:])
    if len(rows) < 2 or width < _LEAST_WIDTH or not full or len(rows[0]) not in (width, width - 1):
        return None
    if sample.whole and rows[0] == [str(len(rows) - 1), str(width)]:
        return None  # the sides of a matrix without names
    if not rows[0][0] and "" in rows[0][1:] and all(not cell or number(cell) is not None for cell in rows[0]):
        return None  # a line of numbers in which some are blank
    inside = [cell for row in rows[1:] for cell in row[1:]]
    comma = (delimiter != "," and has_decimal_commas([cell for cell in inside if cell])) or delimiter == ";"
    if not all(number(cell, comma) is not None or is_missing(cell) for cell in inside):
        return None
    if all(is_missing(cell) for cell in inside):
        return None
    corner = rows[0][0] if len(rows[0]) == width else ""
    found = MatrixLayout(delimiter, width, sample.numbers[0], True, corner, comma)
    if not corner or (hints.format == "matrix" and number(corner) is None):
        return found
    return _with_named_corner(rows, found)


def _with_named_corner(rows: list[list[str]], found: MatrixLayout) -> MatrixLayout | None:
    """Return the layout of a matrix whose corner has a name, as pandas writes that of the index, or None.

    A list of links can look so: then its second column is a node. In a matrix of numbers with names, the
    names differ, no column is called a weight, and the cells are not all different measurements.
    """
    header, names = rows[0], [row[0] for row in rows[1:]]
    if len(set(names)) < len(names) or len(set(header)) < len(header) or find_ends(header):
        return None
    if number(header[0]) is not None:
        return None
    if any(number(name) is not None and not name.isdecimal() for name in header[1:]):
        return None
    inside = [row[1:] for row in rows[1:]]
    plain = all(cell in ("0", "1") or is_missing(cell) for row in inside for cell in row)
    alike = set(names) == set(header[1:])
    if any(map(names_a_weight, header[1:])) or (names_an_id(header[0]) and not plain and not alike):
        return None  # facts of nodes
    if all(number(name) is not None for name in names) and not alike:
        # Numbers of nodes: only a table wider than a list of links, whose rows are counted, is a matrix.
        counted = [int(name) if name.isdecimal() else -1 for name in names]
        if len(header) < 4 or counted not in ([*range(len(names))], [*range(1, len(names) + 1)]):
            return None
    absent = sum(is_missing(cell) or number(cell, found.comma) == 0 for row in inside for cell in row)
    if not absent and found.width < 4:
        return None
    why = f"a matrix under the name {header[0]!r} of its rows"
    return MatrixLayout(found.delimiter, found.width, found.header_line, True, header[0], found.comma, why)


def _without_names(
    sample: Sample, rows: list[list[str]], delimiter: str, hints: Hints
) -> MatrixLayout | None:
    """Return the layout of a table of nothing but numbers, or None."""
    width = len(rows[-1])
    cells = [cell for row in rows for cell in row]
    comma = delimiter == ";" or (delimiter != "," and has_decimal_commas(cells))
    if any(len(row) != width for row in rows):
        return None
    missing = [cell for cell in cells if number(cell, comma) is None]
    if not all(map(is_missing, missing)) or len(missing) == len(cells):
        return None
    few = len(rows) <= SAMPLE
    square = delimiter in (",", ";") and few and len(rows) == width and width > 1
    ends = all(is_whole(number(cell, comma)) for row in rows for cell in row[:2])
    if missing and width <= _MOST_COLUMNS and not square and hints.format != "matrix":
        return None
    if width > _MOST_COLUMNS or square or (width > 1 and not ends) or hints.format == "matrix":
        return MatrixLayout(delimiter, width, comma=comma)
    return None
