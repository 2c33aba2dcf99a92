"""The fields of a line of text, the numbers they spell, and the attributes in braces that networkx writes."""

from __future__ import annotations

import ast
import csv
import re
from collections.abc import Sequence
from typing import Any

_MISSING = ("", "na", "nan", "n/a", "#n/a", "null", "none", "-", ".")  # what stands where nothing is known
_DECIMAL_COMMA = re.compile(r"[-+]?(\d+|[1-9]\d{0,2}(\.\d{3})+(?=,))(,\d+)?([eE][-+]?\d+)?")
_POINTS = re.compile(r"[-+]?[1-9]\d{0,2}(\.\d{3})+,\d+")  # before thousands
_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}(,\d{3})+")
_TRUTH = re.compile(r"\b(?:np|numpy)\.(True|False)_(?!\w)")
_SCALAR = re.compile(r"\b(?:np|numpy)\.\w+\(([^()]*)\)")
_MARKS = ("\t", ",", ";", "|", "::", ":")  # between the names before braces; else white space
_QUOTED = re.compile(r'"[^"]*"')
_LONGEST = 2**16  # characters of attributes that are looked at


def split_fields(line: str, delimiter: str) -> list[str]:
    """Return the fields of a line, quotes taken off."""
    if '"' in line:
        fields = next(csv.reader([line], delimiter=delimiter or " ", skipinitialspace=True))
        return [field.strip() for field in fields if field or delimiter]
    if not delimiter:
        return line.split()
    return [field.strip() for field in line.split(delimiter)]


def number(text: str, comma: bool = False) -> float | None:
    """Return the number that a text spells, or None if it is not a number; "1_0" is not.

    With `comma` a comma stands for the decimal point.
    """
    if "_" in text:
        return None
    try:
        if comma and _POINTS.fullmatch(text):
            text = text.replace(".", "")
        return float(text.replace(",", ".") if comma else text)
    except ValueError:
        return None


def is_missing(text: str) -> bool:
    """Whether a cell of a matrix says that there is no number."""
    return text.lower() in _MISSING


def has_decimal_commas(texts: Sequence[str]) -> bool:
    """Whether texts are numbers with decimal commas; 1,000 alone may have thousands and tells nothing.

    >>> has_decimal_commas(["1,5", "2"]), has_decimal_commas(["1,500"]), has_decimal_commas(["1.5"])
    (True, False, False)
    """
    found = [text for text in texts if "," in text]
    plain = all(_DECIMAL_COMMA.fullmatch(text) or is_missing(text) for text in texts)
    return bool(found) and plain and not all(map(_THOUSANDS.fullmatch, found))


def may_have_thousands(texts: Sequence[str]) -> bool:
    """Whether every comma in numbers may stand before thousands, so that 1,500 is 1.5 or 1500."""
    found = [text for text in texts if "," in text]
    rest = all(number(text) is not None for text in texts if "," not in text)
    return bool(found) and rest and all(map(_THOUSANDS.fullmatch, found))


def has_braces(line: str) -> bool:
    """Whether a line ends with attributes in braces."""
    return line.endswith("}") and "{" in line


def find_brace_mark(lines: Sequence[str]) -> str | None:
    """Return what separates the two names before braces, "" for white space; None where nothing does."""
    ends = [line.partition("{")[0] for line in lines]
    for mark in _MARKS:
        parts = [end.rstrip(" ").split(mark) for end in ends]
        if all(len(p) == 3 and p[0].strip() and p[1].strip() and not p[2].strip() for p in parts):
            return mark
    return "" if all(len(end.split()) == 2 for end in ends) else None


def split_braces(line: str, mark: str) -> tuple[list[str], dict[str, Any] | None]:
    """Return the names before the braces and the attributes in them, None where they are no dictionary."""
    ends, _, rest = line.partition("{")
    names = ends.split(mark)[:-1] if mark else ends.split()
    return [name.strip() for name in names], parse_attributes("{" + rest)


def parse_attributes(text: str) -> dict[str, Any] | None:
    """Return the dictionary that Python wrote, numpy's scalars as numbers, or None where it is none."""
    if len(text) > _LONGEST:
        return None
    bare = _TRUTH.sub(r"\1", _SCALAR.sub(r"\1", text))
    bare = re.sub(
        r"(?<=[:\s])(-?)(nan|inf)(?=\s*[,}])", lambda m: f"{m[1]}1e999" if m[2] == "inf" else "None", bare
    )
    try:
        found = ast.literal_eval(bare)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    return found if isinstance(found, dict) and all(isinstance(key, str) for key in found) else None


def without_quotes(line: str) -> str:
    """Return a line without what stands in quotation marks."""
    return _QUOTED.sub("", line) if '"' in line else line


def is_balanced(line: str) -> bool:
    """Whether every quotation mark of a line is paired, and every brace outside of them closed."""
    if '"' not in line and "{" not in line and "}" not in line:
        return True  # nearly every line
    bare = without_quotes(line)
    return '"' not in bare and bare.count("{") == bare.count("}")
