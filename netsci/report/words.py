"""Numbers in sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence


def count(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun.

    Examples
    --------
    >>> count(1, "link"), count(12345, "link"), count(0, "node")
    ('1 link', '12,345 links', '0 nodes')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def percent(share: float) -> str:
    """Return a share in percent; never 0 % or 100 % unless it is exactly that.

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
    return f"{100 * share:.2f}".rstrip("0").rstrip(".") + " %"


def listed(names: Sequence[str], most: int = 4) -> str:
    """Return names as a list in a sentence, the first few if there are many.

    Examples
    --------
    >>> listed(["a", "b", "c"]), listed(["a", "b", "c", "d", "e"], most=2)
    ('a, b and c', 'a, b and 3 more')
    """
    names = list(names)
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)
