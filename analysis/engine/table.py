"""A printed table as an exhibit: a literal says what is printed, `Answers` which runs answer its cells.

literal -> Entry (row, column, printed, runs | reason) -> tidy tables (`analysis.engine.entries`)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from analysis.engine import entries
from analysis.engine.drawing import DRAWINGS, SCALES, Draw
from analysis.engine.exhibit import Exhibit
from analysis.engine.printed import Entry
from analysis.engine.sheet import Key, Spread, unknown
from analysis.engine.training import Answer

SMOKE = ("Digits stand in for the paper's data and layers are narrow: no printed value is compared.",)
DRAWN = "Filled: ours, 95 % intervals over seeds (one seed: test images). Hollow: printed."
TITLED = {"smoke": " (smoke scale, digits)", "desk": "", "paper": " (paper scale)"}
LOOK = ("panel", "hue", "spot", "label", "log", "share", "shown")  # what a literal says of its figure
Literal = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Answers:
    """How a paper's runs answer the cells of its printed tables.

    runs : by the `answer` of a literal, answer(scale, seeds, **what the names of row and column say), which
    returns the runs of a cell, or why there are none.
    seconds(cell) : a run's time, where runs are so long that they are made only when asked for.
    needs : the environment variable that names their data. version : of the tables.
    drawings : by the `draw` of a literal, beside `DRAWINGS`.
    remark(row) : a note on the entries of a row that was run, where a literal has `remark = true`.
    error(scale), parts : as of `Sheet`: what one seed leaves open, and which cells' errors make up a cell's.
    """

    runs: Mapping[str, Answer] = field(default_factory=dict)
    seconds: entries.Cost | None = None
    needs: str | None = None
    version: int = 1
    drawings: Mapping[str, Draw] = field(default_factory=dict)
    remark: Callable[[str], str] = lambda row: ""
    error: Callable[[str], Spread] = lambda scale: unknown
    parts: Callable[[Key], Sequence[Key]] = lambda key: (key,)


def make_table(literal: Literal, answers: Answers, scale: str = "desk", first_seed: int = 0) -> Exhibit:
    """Return the exhibit of a printed table: its literal has patterns of `rows` and `columns`, and `printed`.

    Raises ValueError where the answer or the drawing has an unknown name.
    """
    said = {name: value for name, value in literal.items() if name not in LOOK}
    for name in ("answer", "rows", "columns", "printed", "seeds", "remark"):
        said.pop(name, None)
    answered = answer_entries(literal, answers, scale, first_seed)
    groups = [group for entry in answered if entry.source for group in entry.source.cells]
    cells = tuple(dict.fromkeys(cell for group in groups for cell in group))
    smoke = scale == "smoke"
    long = bool(cells) and not smoke
    draw = find_named("draw", literal, {**DRAWINGS, **answers.drawings})
    look = {name: literal[name] for name in LOOK if name in literal}
    look |= {"title": SCALES[scale], "scale": scale}
    derived, beside = said.pop("derived", ()), said.pop("beside", ())
    said |= {
        "title": said["title"] + TITLED[scale],
        "caption": f"{said['caption']} {DRAWN}",
        "draw": partial(draw, partial(read_words, literal), look),
        "sheet": partial(
            entries.sheet,
            answers.error(scale),
            parts=answers.parts,
            derived=derived,
            beside=() if smoke else beside,
        ),
        "deviations": SMOKE if smoke else said["deviations"] if scale == "desk" else (),
    }
    return Exhibit(
        **said,
        cells=cells,
        tabulate=partial(entries.tabulate, answered, answers.seconds),
        summarise=entries.beside,
        pivot=entries.pivot,
        needs=answers.needs if long else None,
        seconds=answers.seconds if long else None,
        printed=True,
        scale=scale,
        version=answers.version,
    )


def answer_entries(literal: Literal, answers: Answers, scale: str, first_seed: int = 0) -> tuple[Entry, ...]:
    """Return a table's entries with their runs at a scale, or the reason why there are none."""
    several = {"paper": 3, "desk": literal.get("seeds", 1), "smoke": 1}[scale]
    seeds, done = range(first_seed, first_seed + several), []
    answer = find_named("answer", literal, answers.runs)
    for entry in literal["printed"]:
        found = answer(scale, seeds, **read_words(literal, entry.row, entry.column))
        if scale == "smoke":
            entry = replace(entry, printed=np.nan, note="printed value not compared")
        elif literal.get("remark") and not isinstance(found, str):
            entry = replace(entry, note="; ".join(filter(None, (entry.note, answers.remark(entry.row)))))
        said = {"reason": found} if isinstance(found, str) else {"source": found}
        done.append(replace(entry, **said))
    return tuple(done)


def find_named(name: str, literal: Literal, known: Mapping[str, Any]) -> Any:
    """Return what a literal names.

    Raises ValueError for a name that is not known.
    """
    if literal[name] not in known:
        raise ValueError(
            f"{literal['id']}: {name} must be one of {', '.join(known)}; got {literal[name]!r}: mend "
            f"exhibits.toml, or add it to the `Answers` of {literal['paper']}"
        )
    return known[literal[name]]


def read_words(literal: Literal, row: str, column: str) -> dict[str, str]:
    """Return what a cell's names say, by the literal's patterns, such as "{dataset}/{method}" and "lr_{lr}".

    Raises ValueError for a row or column of no pattern.
    """
    rows, columns = literal["rows"], literal["columns"]
    of_row = next(filter(None, (re.fullmatch(_pattern(one), row) for one in rows)), None)
    of_column = re.fullmatch(_pattern(columns), column)
    if of_row is None or of_column is None:
        raise ValueError(f"{literal['id']}: {row!r} or {column!r} fits none of {rows}, {columns!r}")
    return of_row.groupdict() | of_column.groupdict()


def _pattern(names: str) -> str:
    """Return the regular expression of a pattern.

    >>> _pattern("{dataset}/lr_{lr}")
    '(?P<dataset>[^/]+)/lr_(?P<lr>[^/]+)'
    """
    return re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", names)
