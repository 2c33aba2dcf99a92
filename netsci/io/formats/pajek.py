"""Pajek networks (.net, .paj): vertices, arcs and edges as pairs, as lists or as a matrix."""

from __future__ import annotations

import re
from array import array
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from netsci.io.errors import CheckpointError, printable
from netsci.io.formats.graph_text import check_claim, lines
from netsci.io.limits import MAX_UNITS
from netsci.io.network.graphs import LinkTable, build

if TYPE_CHECKING:
    from netsci.graph.layered import LayeredGraph

_PAIRS, _LISTS, _MATRIX = ("arcs", "edges"), ("arcslist", "edgeslist"), "matrix"
_PASSED = ("partition", "vector", "cluster", "permutation", "hierarchy", "events")
_QUOTED = re.compile(r'"[^"]*"')
_VERTEX = re.compile(r'(\d{1,15})\s+(?:"([^"]*)"|(\S+))')


def read_pajek(path: Path) -> tuple[LayeredGraph, list[str]]:
    """Read the first network of a Pajek file and notes; two-mode networks become a bipartite layer."""
    found = _Network(path)
    section = ""
    for number, line in lines(path):
        if line.startswith("%"):
            continue
        if line.startswith("*"):
            section = found.section(number, line)
            if section == "end":
                break
        else:
            found.line(number, line, section)
    return found.graph()


class _Network:
    """What a Pajek file holds, collected line by line."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.n = self.first = -1
        self.sources, self.targets, self.weights = array("q"), array("q"), array("d")
        self.one_way = array("b")  # whether each link is an arc
        self.weighted = 0
        self.row = 0
        self.notes: dict[str, None] = {}
        self._networks = 0
        self._relations = 0
        self._labels: dict[int, str] = {}

    def section(self, number: int, line: str) -> str:
        """Return the section that a line opens, "end" where a second network begins."""
        words = line[1:].split()
        name = words[0].lower() if words else ""
        if name == "network" or (name == "vertices" and self.n >= 0):
            self._networks += name == "network"
            if self._networks > 1 or name == "vertices":
                self.notes["only the first network is read"] = None
                return "end"
        elif name == "vertices":
            self._vertices(number, words[1:])
        elif name in _PAIRS + _LISTS or name == _MATRIX:
            if self.n < 0:
                raise self.wrong(number, f"*{name} stands before *Vertices")
            self._relations += 1
            if self._relations > 1 and ":" in line:
                self.notes["several relations are merged into one"] = None
        elif name in _PASSED:
            self.notes[f"*{name} is left out"] = None
        else:
            raise self.wrong(number, f"the section *{name} is unknown")
        return name

    def line(self, number: int, line: str, section: str) -> None:
        """Read a line of a section."""
        if section == "vertices":
            self._read_label(line)
        if section in ("vertices", "network", *_PASSED):
            return
        words = _QUOTED.sub(" ", line).split()
        if section in _PAIRS:
            if len(words) < 2:
                raise self.wrong(number, "a link needs two vertices")
            weight = None if len(words) < 3 else self._weight(number, words[2])
            u, v = self._vertex(number, words[0]), self._vertex(number, words[1])
            self._add(u, v, weight, section == "arcs")
        elif section in _LISTS:
            source = self._vertex(number, words[0]) if words else 0
            for word in words[1:]:
                self._add(source, self._vertex(number, word), None, section == "arcslist")
        elif section == _MATRIX:
            self._matrix_row(number, words)
        else:
            raise self.wrong(number, "text stands before the first section")

    def graph(self) -> tuple[LayeredGraph, list[str]]:
        """Return the graph of all lines read so far."""
        if self.n < 0:
            raise CheckpointError(self.path, "it has no *Vertices", "write it again as a Pajek network")
        source, target = np.asarray(self.sources, np.int64), np.asarray(self.targets, np.int64)
        one_way, weights = np.asarray(self.one_way, bool), np.asarray(self.weights, np.float64)
        notes = list(self.notes)
        if 0 < self.weighted < len(source):
            notes.append(f"{len(source) - self.weighted:,} links without a weight weigh 1, as Pajek has it")
        if self.first >= 0:
            return self._two_mode(source, target, weights if self.weighted else None, notes)
        directed = bool(one_way.any())
        back = ~one_way & (source != target) if directed else np.zeros(len(source), bool)
        if back.any():
            notes.append(f"{int(back.sum()):,} edges beside arcs became two links each")
        table = LinkTable(
            np.concatenate([source, target[back]]),
            np.concatenate([target, source[back]]),
            np.concatenate([weights, weights[back]]) if self.weighted else None,
            (self.n, self.n),
            directed,
            labels=(self._labels_of(0, self.n), None),
        )
        graph, said = build(self.path, table)
        return graph, notes + said

    def wrong(self, number: int, what: str) -> CheckpointError:
        """Return the error for a line."""
        return CheckpointError(self.path, f"line {number}: {printable(what)}", "correct or fetch it again")

    def _vertices(self, number: int, words: list[str]) -> None:
        if not words or not all(re.fullmatch(r"\d{1,15}", word) for word in words[:2]):
            raise self.wrong(number, "*Vertices needs the number of vertices")
        self.n = int(words[0])
        held = self.path.stat().st_size
        if self.n > MAX_UNITS:
            raise self.wrong(number, f"{self.n:,} vertices are above the limit of {MAX_UNITS:,}")
        check_claim(self.path, self.n, held, "vertices")
        if self.n < 1:
            raise self.wrong(number, "the network has no vertices")
        if len(words) > 1 and 0 < int(words[1]) < self.n:
            self.first = int(words[1])

    def _read_label(self, line: str) -> None:
        """Read the label of a vertex, in quotes or a single word."""
        match = _VERTEX.match(line)
        if match and 1 <= (vertex := int(match[1])) <= self.n:
            quoted, word = match[2], match[3]
            self._labels[vertex - 1] = word if quoted is None else quoted

    def _labels_of(self, first: int, last: int) -> list[str]:
        """Return the labels of some vertices, their numbers where they have none."""
        return [self._labels.get(vertex, str(vertex + 1)) for vertex in range(first, last)]

    def _vertex(self, number: int, word: str) -> int:
        vertex = int(word) if re.fullmatch(r"[+-]?\d{1,15}", word) else 0
        vertex = abs(vertex)  # Pajek marks some links by a sign
        if not 1 <= vertex <= self.n:
            raise self.wrong(number, f"{word!r} is no vertex from 1 to {self.n}")
        return vertex - 1

    def _weight(self, number: int, word: str) -> float | None:
        try:
            return float(word)
        except ValueError:
            if re.fullmatch(r"[A-Za-z]\w*|\[.*", word):  # "c Blue", "[1-3]": how to draw it, or when
                return None
            raise self.wrong(number, f"the weight {word!r} is not a number") from None

    def _add(self, u: int, v: int, weight: float | None, arc: bool) -> None:
        self.sources.append(u)
        self.targets.append(v)
        self.weights.append(1.0 if weight is None else weight)
        self.weighted += weight is not None
        self.one_way.append(arc)

    def _matrix_row(self, number: int, words: list[str]) -> None:
        rows, columns = (self.n, self.n) if self.first < 0 else (self.first, self.n - self.first)
        if len(words) != columns or self.row >= rows:
            raise self.wrong(
                number, f"row {self.row + 1} has {len(words)} numbers; *Matrix is {rows} x {columns}"
            )
        start = 0 if self.first < 0 else self.first
        for column, word in enumerate(words):
            weight = self._weight(number, word)
            if weight is None:
                raise self.wrong(number, f"{word!r} is not a number")
            if weight != 0:
                self._add(self.row, start + column, weight, True)
        self.row += 1

    def _two_mode(
        self, source: np.ndarray, target: np.ndarray, weights: np.ndarray | None, notes: list[str]
    ) -> tuple[LayeredGraph, list[str]]:
        """Return the bipartite graph of a two-mode network; its links run from the first mode."""
        low, high = np.minimum(source, target), np.maximum(source, target)
        inside = int(np.count_nonzero((high < self.first) | (low >= self.first)))
        if inside:
            raise CheckpointError(
                self.path,
                f"*Vertices announces two modes, but {inside:,} links join vertices of one mode",
                "write *Vertices with one number for a plain network",
            )
        shape = (self.first, self.n - self.first)
        labels = (self._labels_of(0, self.first), self._labels_of(self.first, self.n))
        table = LinkTable(low, high - self.first, weights, shape, True, bipartite=True, labels=labels)
        graph, said = build(self.path, table)
        return graph, [f"a two-mode network: {shape[0]:,} x {shape[1]:,}", *notes, *said]
