"""Under how many controls a claim on the time lag is shown, its opposite is shown, or nothing is.

A control that is undecided has too few networks, or too much noise, to say anything: it turns no verdict.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.s2.lag_controls import PRINTED
from analysis.s2.lag_rows import FIRST, LONGER, NOTHING, OPEN

CLAIMS = {"longer": ("verdict", LONGER), "rate first": ("order", FIRST)}
MOST_NAMED = 3  # controls that a claim names
SHOWN, OPPOSITE, UNDECIDED = "shown", "opposite", "undecided"


@dataclass(frozen=True)
class Turns:
    """What controls say of a claim: names of those that show it, that show its opposite, and the undecided.

    base : what the setting of S2 says, "shown", "opposite" or "undecided"; "" where it has no pair.
    """

    base: str = ""
    shown: tuple[str, ...] = ()
    opposite: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()

    @property
    def number(self) -> int:
        """How many controls there are."""
        return len(self.shown) + len(self.opposite) + len(self.undecided)

    @property
    def turned(self) -> tuple[str, ...]:
        """The controls that show the opposite of what the setting of S2 shows."""
        return {SHOWN: self.opposite, OPPOSITE: self.shown}.get(self.base, ())

    def __str__(self) -> str:
        """Return what a claim adds: which controls turn its verdict, and how many are undecided.

        >>> str(Turns("shown", ("a",), ("b",), ("c", "d")))
        '; turned in 1 of 4 controls (b), undecided in 2'
        >>> str(Turns("undecided", ("a",), (), ("c", "d")))
        '; shown in 1 of 3 controls (a), the opposite in none, undecided in 2'
        """
        if not self.number:
            return ""
        of, left = f" of {self.number} controls", f", undecided in {_count(self.undecided)}"
        if self.base == UNDECIDED:
            opposite = f"the opposite in {_count(self.opposite)}{_name(self.opposite)}"
            return f"; shown in {_count(self.shown)}{of}{_name(self.shown)}, {opposite}{left}"
        return f"; turned in {_count(self.turned)}{of}{_name(self.turned)}{left}"


def find_turns(controls: pd.DataFrame, claim: str) -> Turns:
    """Return what the controls say of a claim of `CLAIMS`; rows that have no verdict on it do not count."""
    if controls.empty or controls["name"].iloc[0] != PRINTED:
        return Turns()
    column, wanted = CLAIMS[claim]
    said = controls[column].map(lambda one: _rule(str(one), wanted))
    voting = ~controls["null"].astype(bool)
    voting.iloc[0] = False
    names = {
        kind: tuple(controls.loc[voting & (said == kind), "name"].astype(str))
        for kind in (SHOWN, OPPOSITE, UNDECIDED)
    }
    return Turns(said.iloc[0], **names)


def _rule(verdict: str, wanted: str) -> str:
    if verdict in (OPEN, NOTHING):
        return UNDECIDED
    return SHOWN if verdict == wanted else OPPOSITE


def _count(names: tuple[str, ...]) -> str:
    return str(len(names) or "none")


def _name(names: tuple[str, ...]) -> str:
    """Return the first names in brackets, and how many more there are."""
    if not names:
        return ""
    more = f"; {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f" ({'; '.join(names[:MOST_NAMED])}{more})"
