"""Exhibits as literals: analysis/<paper>/exhibits.toml says what each is, shows and claims.

[[exhibit]]                        id, title, place, caption, deviations (texts, or names of `shared` ones)
[[exhibit.claim]]                  words, place, main, and one of
order = ["a|x > 2 * b|x"]          `Order`: cells are row|column, times a number where one is given
spread, below or cells, above ...  `Bound`
rises, falls = ["a|x_{1,2,3}"]     `Trend`; braces stand for one cell each, as in a shell
positive, negative = ["a|x"]       `Sign`
among = 5                          how many claims are judged together
by, rivals                         of an order: by how much, and "printed" to compare with printed values
[[exhibit.derived]]                cells that follow from others (`analysis.engine.derived`)
[[exhibit.beside]]                 printed values of another table that claims speak of, under `row`
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from analysis.engine.claims import Bound, Claim, Order, Sign, Trend
from analysis.engine.derived import Derived, derive, read_derived
from analysis.engine.exhibit import Exhibit, Tables
from analysis.engine.printed import Entry, add_entries, read_printed
from analysis.engine.sheet import Sheet, expand
from analysis.engine.table import TITLED, Answers, make_table

PAIR = re.compile(r"(.+) > (?:([\d.]+) \* )?(.+)")


def read_exhibits(folder: Path) -> dict[str, dict[str, Any]]:
    """Return what a paper's exhibits.toml says, by the exhibit's id, with claims and printed entries made."""
    stored = tomllib.loads((folder / "exhibits.toml").read_text(encoding="utf-8"))
    shared, found = stored.get("shared", {}), {}
    for one in stored["exhibit"]:
        literal = {"paper": stored["paper"], **stored.get("every", {}), **one}
        claims = literal.pop("claim", ())
        literal["claims"] = tuple(make_claim({"place": literal["place"], **claim}) for claim in claims)
        literal["deviations"] = tuple(shared.get(text, text) for text in literal.get("deviations", ()))
        if "derived" in literal:
            literal["derived"] = read_derived(literal["derived"])
        for part in literal.pop("beside", ()):
            literal["beside"] = (*literal.get("beside", ()), *make_entries(part))
        if "printed" in literal:
            literal["printed"] = tuple(e for part in literal["printed"] for e in make_entries(part))
        found[one["id"]] = literal
    return found


def make_exhibits(
    folder: Path,
    made: Mapping[str, Mapping[str, Any]],
    answers: Answers,
    *,
    scale: str = "desk",
    first_seed: int = 0,
) -> list[Exhibit]:
    """Return a paper's exhibits, in the order of its exhibits.toml: all that stand there.

    made : cells and functions, by id, of those that are no printed tables. answers : how runs answer these.

    Raises ValueError for a literal that is neither in `made` nor a printed table, and for an id of `made`
    that has no literal.
    """
    literals, done = read_exhibits(folder), []
    if unknown := sorted(set(made) - set(literals)):
        raise ValueError(f"{folder / 'exhibits.toml'} has no {', '.join(unknown)}: add a literal of that id")
    for id_, literal in literals.items():
        if id_ in made:
            given = {**literal, **made[id_]}
            derived = given.pop("derived", ())
            given["title"] += TITLED[given.get("scale", "desk")]
            done.append(Exhibit(**given | {"sheet": partial(_sheet, given["sheet"], derived)}))
        elif "answer" in literal:
            done.append(make_table(literal, answers, scale, first_seed))
        else:
            raise ValueError(
                f"{id_} in {folder / 'exhibits.toml'} is never made: give it an `answer` if it is a printed "
                f"table, or add its cells and functions to `exhibits()` of {literal['paper']}"
            )
    return done


def _sheet(sheet: Callable[[Tables], Sheet], derived: Sequence[Derived], tables: Tables) -> Sheet:
    """Return the sheet of the tables with the cells that follow from others."""
    return derive(sheet(tables), derived)


def make_entries(part: Mapping[str, Any]) -> Sequence[Entry]:
    """Return entries: those of a printed table that fit `cells`, under another row and note if one is given.

    "@" in the other row stands for the printed one.

    Without a table they are ours: rows, and columns with their units.
    """
    if "table" not in part:
        return add_entries(part["rows"], part["columns"])
    kept = re.compile(part.get("cells", ".*"))
    return [
        replace(e, row=part.get("row", "@").replace("@", e.row), note=part.get("note", e.note))
        for e in read_printed(part["table"])
        if kept.fullmatch(f"{e.row}|{e.column}")
    ]


def make_claim(literal: Mapping[str, Any]) -> Claim:
    """Return the claim of a literal.

    Raises ValueError where it is of no kind, or a pair is not written "more > less".

    >>> make_claim({"words": "B is half of A", "place": "", "order": ["r|a > 2 * r|b"]}).contrasts[0].times
    2.0
    """
    said = dict(literal)
    cells = {name: tuple(expand(said.pop(name))) for name in _CELLS if name in said}
    kinds = {name: of for name, of in cells.items() if name != "order"}
    if "order" in said:
        return _order(said.pop("order"), said)
    if len(kinds) != 1:
        raise ValueError(
            f"claim {said.get('words')!r} needs one of order, {', '.join(_CELLS)}; got {list(kinds)}"
        )
    ((name, of),) = kinds.items()
    if name in ("rises", "falls"):
        return Trend(cells=of, rises=name == "rises", **said)
    if name in ("positive", "negative"):
        return Sign(cells=of, positive=name == "positive", **said)
    return Bound(cells=of, spread=name == "spread", **said)


_CELLS = ("cells", "spread", "rises", "falls", "positive", "negative")


def _order(pairs: Sequence[str], said: dict[str, Any]) -> Claim:
    found, times = [], set()
    for text in pairs:
        match = PAIR.fullmatch(text)
        if match is None:
            raise ValueError(f"a pair is written 'more > less' or 'more > 2 * less'; got {text!r}")
        found += [(more, less) for more in expand([match[1]]) for less in expand([match[3]])]
        times.add(float(match[2] or 1.0))
    if len(times) != 1:
        raise ValueError(
            f"claim {said.get('words')!r} must have one factor in all pairs; got {sorted(times)}"
        )
    return Order(pairs=tuple(found), times=times.pop(), **said)
