"""Write numbers and names in sentences."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence


def count(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun.

    Examples
    --------
    >>> count(1, "link"), count(12345, "link"), count(0, "node")
    ('1 link', '12,345 links', '0 nodes')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def percent(share: float, *, fixed: bool = False) -> str:
    """Return a share in percent; never 0 % or 100 % unless it is exactly that.

    fixed : keep both decimals, for columns of numbers.

    Examples
    --------
    >>> percent(0.98), percent(1.0), percent(0.99999999)
    ('98 %', '100 %', '> 99.99 %')
    """
    if math.isnan(share):
        return "—"
    if 0 < share < 5e-5:
        return "< 0.01 %"
    if 1 - 5e-5 < share < 1:
        return "> 99.99 %"
    text = f"{100 * share:.2f}"
    return (text if fixed else text.rstrip("0").rstrip(".")) + " %"


def decimal(value: float) -> str:
    """Return a number in [0, 1] with two decimals, or more where two would make it 0 or 1.

    Examples
    --------
    >>> [decimal(v) for v in (0.5, 1.0, 0.9975, 0.0, 1e-9)]
    ['0.50', '1', '0.998', '0', '< 0.000001']
    """
    if value in (0.0, 1.0):
        return f"{value:.0f}"
    for digits in range(2, 7):
        text = f"{value:.{digits}f}"
        if float(text) not in (0.0, 1.0):
            return text
    return "< 0.000001" if value < 0.5 else "> 0.999999"


def group_reasons(pairs: Iterable[tuple[str, str]]) -> list[str]:
    """Return one line for each reason, with everything that it applies to: pairs are (what, reason).

    Examples
    --------
    >>> group_reasons([("a", "it is dense"), ("b", "it has no link"), ("c", "it is dense")])
    ['a and c: it is dense', 'b: it has no link']
    """
    by: dict[str, list[str]] = {}
    for what, reason in pairs:
        by.setdefault(reason, []).append(what)
    return [f"{list_names(list(dict.fromkeys(names)))}: {reason}" for reason, names in by.items()]


def list_names(names: Sequence[str], most: int = 4) -> str:
    """Join names for a sentence; of many, name the first `most` and count the others.

    Examples
    --------
    >>> list_names(["a", "b", "c"]), list_names(["a", "b", "c", "d", "e"], most=2)
    ('a, b and c', 'a, b and 3 more')
    """
    names = list(names)
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)
