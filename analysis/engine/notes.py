"""Notes on exhibits: Markdown with numbers filled in from the table, and the table for which it was written.

    ---
    table: 0123456789abcdef
    ---
    CH-SNN reaches {{mnist/3fc/ch-snn|energy_mj}} mJ; {{mnist/3fc/ch-snn|energy_mj|printed}} mJ are printed.

A placeholder names row and column, and what of the cell: mean (nothing), printed, low, high, interval, seeds,
difference (to the printed value) or ratio (to it). A note whose table has moved since is marked, not hidden.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.engine.sheet import Sheet, write_number

PLACE = re.compile(r"\{\{([^{}|]+)\|([^{}|]+)(?:\|([^{}|]+))?\}\}")
FRONT = re.compile(r"\A---\ntable: ([0-9a-f]{16})\n---\n")
NOT_RUN = "(not run)"


@dataclass(frozen=True)
class Note:
    """A note as it is stored: the text, and the fingerprint of the tables it speaks of."""

    text: str
    table: str

    def stale(self, tables: Mapping[str, pd.DataFrame]) -> bool:
        """Return whether it was written for other tables."""
        return self.table != fingerprint(tables)


def fingerprint(tables: Mapping[str, pd.DataFrame]) -> str:
    """Return 16 hexadecimal digits that change with any text or number of the tables, as they are stored."""
    text = "\n".join(
        f"{name}\n{tables[name].to_csv(index=False, float_format='%.6g')}" for name in sorted(tables)
    )
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def read_note(path: Path) -> Note | None:
    """Read a note; None where there is no file.

    Raises ValueError where the file does not begin with the fingerprint of its table.
    """
    if not path.exists():
        return None
    front = FRONT.match(path.read_text(encoding="utf-8"))
    if front is None:
        raise ValueError(
            f"{path} must begin with ---, a line 'table: ' and 16 hexadecimal digits, and ---: "
            f"`./run figures --note {path.stem}` writes them"
        )
    return Note(read_text(path), front[1])


def read_text(path: Path) -> str:
    """Return a note's text without its first lines, "" where there is no file."""
    return FRONT.sub("", path.read_text(encoding="utf-8"), count=1).strip() if path.exists() else ""


def write_note(path: Path, text: str, tables: Mapping[str, pd.DataFrame]) -> None:
    """Write a note for these tables."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"---\ntable: {fingerprint(tables)}\n---\n{text.strip()}\n", encoding="utf-8")


def fill(text: str, sheet: Sheet, *, strict: bool = True) -> str:
    """Return a text with its placeholders filled in; a cell that was not run reads "(not run)".

    strict : refuse cells that the table does not have; else they, too, read "(not run)".

    Raises ValueError for a placeholder of a cell that the table does not have, or of an unknown part of one.
    """
    known = set(sheet.keys)

    def value(match: re.Match[str]) -> str:
        key, part = (match[1], match[2]), match[3] or "mean"
        if key not in known and strict:
            raise ValueError(f"{match[0]} names no cell of the table; it has {sorted(known)[:6]} ...")
        return _part(part, sheet, key) or NOT_RUN

    filled = PLACE.sub(value, text)
    if "{{" in filled:
        raise ValueError(f"a placeholder is {{{{row|column}}}} or {{{{row|column|part}}}}; got {filled!r}")
    return filled


def _part(part: str, sheet: Sheet, key: tuple[str, str]) -> str:
    found, printed, unit = sheet.estimate(key), sheet.printed.get(key, np.nan), sheet.unit(key)
    numbers = {
        "mean": found.mean,
        "printed": printed,
        "low": found.low,
        "high": found.high,
    }
    if part in numbers:
        return write_number(numbers[part], unit)
    if part == "difference":
        return write_number(found.mean - printed, unit, signed=True)
    if part == "ratio":
        return write_number(found.mean / printed, "1")
    if part == "interval":
        return (
            f"{write_number(found.low, unit)} to {write_number(found.high, unit)}"
            if found.n > 1
            else "one seed"
        )
    if part == "seeds":
        return str(found.n)
    raise ValueError(
        f"part must be mean, printed, low, high, interval, seeds, difference or ratio; got {part!r}"
    )
