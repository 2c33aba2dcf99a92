"""The result of reading a file: the network, and the decisions of the reader."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from netsci.graph.layered import LayeredGraph
from netsci.graph.projection import Projection
from netsci.io.errors import printable


@dataclass(frozen=True)
class Loaded:
    """A network read from a file.

    Parameters
    ----------
    graph : the network.
    kind : what the file is, for people.
    notes : what the reader decided or did not read, one sentence each.
    path : the file.
    sha256 : its checksum, 64 hexadecimal digits.
    guesses : those of the notes that tell a guess, such as the order of layers or the columns of a table:
        what to check first. Each ends with the option that overrides it.
    """

    graph: LayeredGraph
    kind: str
    notes: tuple[str, ...]
    path: Path
    sha256: str
    guesses: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name of the file, safe to print: bytes that are not text become "?"."""
        return printable(self.path.name)

    def _repr_html_(self) -> str:
        notes = "".join(f"<li>{escape(note)}</li>" for note in self.notes)
        listed = f"<ul>{notes}</ul>" if notes else ""
        head = f"<p><b>{escape(self.name)}</b>: {escape(self.kind)}</p>"
        return f"<div>{head}{listed}{self.graph._repr_html_()}</div>"

    def summary(self) -> dict[str, Any]:
        """Return {"kind", "layers", "notes", "guesses"} in plain types, ready for JSON.

        A layer has name, source and target (populations), shape [presynaptic, postsynaptic], rows_per_unit,
        links, sparsity in [0, 1] (None if no link is possible), weights (dtype or None) and isolated, the
        numbers of units without links [presynaptic, postsynaptic].
        """
        layers = [_layer_summary(projection) for projection in self.graph.projections]
        return {"kind": self.kind, "layers": layers, "notes": list(self.notes), "guesses": list(self.guesses)}


def _layer_summary(projection: Projection) -> dict[str, Any]:
    rows = projection.degrees("source").reshape(-1, projection.rows_per_unit).sum(axis=1)
    columns = projection.degrees("target")
    return {
        "name": projection.name,
        "source": projection.source,
        "target": projection.target,
        "shape": list(projection.shape),
        "rows_per_unit": projection.rows_per_unit,
        "links": projection.n_links,
        "sparsity": None if math.isnan(projection.sparsity) else float(projection.sparsity),
        "weights": None if projection.weights is None else str(projection.weights.dtype),
        "isolated": [int(np.count_nonzero(rows == 0)), int(np.count_nonzero(columns == 0))],
    }
