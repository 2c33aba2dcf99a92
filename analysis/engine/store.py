"""Tables on disk, with where their numbers come from: results/<exhibit>/*.csv and provenance.json."""

from __future__ import annotations

import hashlib
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.engine.exhibit import Exhibit, Tables
from analysis.engine.names import RUN_NAMES
from netsci.io.files import sha256, write_atomically
from netsci.sweep import CHANGED, Cell, Record, describe_origin, read_clock, read_sums


def write_in(folder: Path, name: str, content: bytes | str) -> Path:
    """Write a file atomically, making its folder, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    return write_atomically(folder / name, content)


def save_tables(exhibit: Exhibit, tables: Tables, records: Mapping[Cell, Record], results: Path) -> None:
    """Write an exhibit's tables; the provenance last, so that a table without it counts as unfinished."""
    folder = results / exhibit.id
    (folder / "provenance.json").unlink(missing_ok=True)
    for name, table in tables.items():
        write_in(folder, f"{name}.csv", table.to_csv(index=False, float_format="%.7g"))
    source = provenance(exhibit, list(tables), [records[cell].notes for cell in exhibit.cells])
    source["sha256"] = {f"{name}.csv": sha256(folder / f"{name}.csv") for name in tables}
    source["sha256"]["provenance"] = _digest(source)
    write_in(folder, "provenance.json", json.dumps(source, indent=1) + "\n")


def list_cells(id_: str, results: Path) -> list[str]:
    """Return the keys of the cells that an exhibit's stored tables were made from, [] without any."""
    path = results / id_ / "provenance.json"
    try:
        return [RUN_NAMES.resolve(key) for key in json.loads(path.read_text())["cells"]]
    except (FileNotFoundError, ValueError, KeyError, TypeError):  # a damaged one is named by `load_tables`
        return []


def load_tables(exhibit: Exhibit, results: Path) -> Tables | None:
    """Return an exhibit's tables if all are there and made from exactly its cells and version, else None.

    Damaged files are named on stderr, and are made anew as if they were not there.
    """
    folder = results / exhibit.id
    if not (folder / "provenance.json").exists():
        return None
    made, damaged = _read_checked(folder, read_sums(results))
    if damaged:
        print(f"{damaged}: the tables of {exhibit.id} are made anew", file=sys.stderr)
        return None
    cells = list_cells(exhibit.id, results)
    if (cells, made["version"]) != ([cell.key for cell in exhibit.cells], exhibit.version):
        return None
    paths = {name: folder / f"{name}.csv" for name in made["tables"]}
    if not all(path.exists() for path in paths.values()):
        return None
    texts: Any = {"row": str, "column": str}  # also where a name looks like a number, or like no value
    return {name: pd.read_csv(path, converters=texts) for name, path in paths.items()}


def _read_checked(folder: Path, listed: Mapping[str, str]) -> tuple[dict[str, Any], str]:
    """Return an exhibit's provenance, and which of its files is damaged, "" if none is.

    listed : the sums of files that were written before a provenance held them; files without any are read,
    and said to be unchecked.
    """
    place = folder / "provenance.json"
    try:
        made = json.loads(place.read_text(encoding="utf-8"))
        names = [f"{name}.csv" for name in made["tables"]]
        if not isinstance(made["cells"], list) or made["version"] is None:
            raise TypeError("another kind of file")
    except (ValueError, KeyError, TypeError) as error:
        return {}, f"{place} is damaged ({type(error).__name__})"
    sums = dict(made.get("sha256", {}))
    own = sums.pop("provenance", None)
    if sums or own:
        if own != _digest(made):
            return {}, f"{place} is damaged: its checksum does not fit its content"
    else:
        sums = {name: listed.get(f"{folder.name}/{name}", "") for name in [*names, place.name]}
        if not all(sums.values()):
            print(f"{folder} holds no checksums (an older version wrote it): read unchecked", file=sys.stderr)
    for name, sum_ in sums.items():
        if sum_ and (folder / name).exists() and sha256(folder / name) != sum_:
            return {}, f"{folder / name} is damaged: its checksum does not fit its content"
    return made, ""


def _digest(source: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a provenance without its own sum."""
    sums = {name: sum_ for name, sum_ in source["sha256"].items() if name != "provenance"}
    text = json.dumps({**source, "sha256": sums}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def provenance(exhibit: Exhibit, tables: Sequence[str], runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Say where the numbers come from: cells and their parameters, and by what and where they were run.

    "device" counts the runs on each device, of those that note it; "changed" those made from a work tree that
    differed from its commit.
    """

    def each(name: str) -> list[str]:
        return sorted({run.get(name, "unknown") for run in runs})

    return {
        "exhibit": exhibit.id,
        "version": exhibit.version,
        "tables": list(tables),
        "cells": [cell.key for cell in exhibit.cells],
        "tasks": sorted({f"{cell.task.name} version {cell.version}" for cell in exhibit.cells}),
        "data": sorted({cell.data for cell in exhibit.cells}),
        "seeds": sorted({dict(cell.parameters).get("seed", "none") for cell in exhibit.cells}),
        "parameters": [dict(cell.parameters) for cell in exhibit.cells],
        "run": {
            "seconds": round(sum(run.get("seconds", 0.0) for run in runs), 1),
            **{name: each(name) for name in ("commit", "versions", "machine")},
            "device": dict(sorted(Counter(run["device"] for run in runs if "device" in run).items())),
            "changed": sum(run.get("commit", "").endswith(CHANGED) for run in runs),
        },
        "tabulated": describe_origin(__file__) | {"at": read_clock()},
    }


def describe(source: Mapping[str, Any]) -> dict[str, str]:
    """Return a provenance as the lines that a page shows."""
    run, count = source["run"], len(source["cells"])
    if not count:
        return {"runs": "none is finished: printed values only", "made": source["tabulated"]["at"]}
    devices = "; ".join(f"{name} ({n} of the runs)" for name, n in run.get("device", {}).items())
    changed = run.get("changed", 0)
    differed = [f"{changed} of {count} from a work tree that differed from its commit"] if changed else []
    return {
        "runs": f"{count}, seeds {', '.join(map(str, source['seeds']))}, {run['seconds']:g} s in all",
        "data": "; ".join(source["data"]),
        **({"devices of the runs": devices} if devices else {}),
        "commit of the runs": "; ".join([*run["commit"], *differed]),
        "commit of the table": source["tabulated"]["commit"],
        "versions": "; ".join(run["versions"]),
        "machine": "; ".join(run["machine"]),
        "made": source["tabulated"]["at"],
    }
