"""Cells that follow from others of a table: differences, ratios and means, of our runs and of printed values.

[[exhibit.derived]]     cell = "@|energy ratio", unit, each = ["mnist", "n-mnist"] (for @), and one of
difference = ["a|x", "b|x"]     ratio = ["a|x", "b|x"]     mean = ["{a,b}|x"]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from analysis.engine.sheet import Key, Sheet, expand

KINDS: dict[str, Callable[[list[Any]], Any]] = {
    "difference": lambda values: values[0] - values[1],
    "ratio": lambda values: values[0] / values[1],
    "mean": lambda values: sum(values) / len(values),
}


@dataclass(frozen=True)
class Derived:
    """A cell `key`, of a kind of `KINDS`, that is computed from `cells`, seed by seed."""

    key: Key
    kind: str
    cells: tuple[Key, ...]
    unit: str = "1"


def read_derived(literals: Sequence[Mapping[str, Any]]) -> tuple[Derived, ...]:
    """Return the derived cells of the literals of an exhibit.

    Raises ValueError where a literal is of no kind or of several, or a difference or ratio is not of two.
    """
    found = []
    for literal in literals:
        kinds = [kind for kind in KINDS if kind in literal]
        if len(kinds) != 1:
            raise ValueError(f"derived {literal['cell']!r} needs one of {', '.join(KINDS)}; got {kinds}")
        for name in literal.get("each", ("",)):
            (key,) = expand([literal["cell"].replace("@", name)])
            cells = tuple(expand([text.replace("@", name) for text in literal[kinds[0]]]))
            if kinds[0] != "mean" and len(cells) != 2:
                raise ValueError(f"a {kinds[0]} is of two cells; {literal['cell']!r} names {len(cells)}")
            found.append(Derived(key, kinds[0], cells, literal.get("unit", "1")))
    return tuple(found)


def derive(sheet: Sheet, derived: Sequence[Derived]) -> Sheet:
    """Return the sheet with cells added, in order: later ones may use earlier ones.

    Ours exists for the seeds that all cells have, printed where all are printed; the latter is implied.
    """
    for one in derived:
        sheet = _add(sheet, one)
    return sheet


def _add(sheet: Sheet, one: Derived) -> Sheet:
    compute = KINDS[one.kind]
    columns = pd.concat([sheet.by_seed(key) for key in one.cells], axis=1, join="inner").dropna()
    ours = compute([columns.iloc[:, number] for number in range(len(one.cells))])
    row, column = one.key
    lines = [(row, column, seed, value) for seed, value in ours.items()]
    values, printed = sheet.values, dict(sheet.printed)
    if lines:
        values = pd.concat([values, pd.DataFrame(lines, columns=["row", "column", "seed", "value"])])
    theirs = [sheet.printed.get(key, np.nan) for key in one.cells]
    if not np.isnan(theirs).any():
        printed[one.key] = float(compute(theirs))
    whole, before = one.kind == "difference", sheet.parts  # of others no sampling error is known

    def parts(key: Key) -> Sequence[Key]:
        return [p for cell in one.cells for p in before(cell)] if whole and key == one.key else before(key)

    found = [sheet.left_out.get(key, {}) for key in one.cells]
    seeds = [seed for seed in found[0] if all(seed in other for other in found)]
    without = {seed: np.asarray(compute([other[seed] for other in found])) for seed in seeds}
    return replace(
        sheet,
        left_out={**sheet.left_out, **({one.key: without} if without else {})},
        values=values,
        printed=printed,
        units={**sheet.units, one.key: one.unit},
        implied=sheet.implied | {one.key},
        failed=sheet.failed if sheet.failed.isdisjoint(one.cells) else sheet.failed | {one.key},
        parts=parts,
    )
