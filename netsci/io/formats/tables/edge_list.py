"""Lists of links as text: columns by number or by name, separated by tabs, commas, semicolons or spaces."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from netsci.io.errors import CheckpointError, printable
from netsci.io.formats.graph_text import check_claim, encoding_guess, lines
from netsci.io.formats.lists.kinds import find_reader
from netsci.io.formats.tables.fields import is_balanced, number, split_fields
from netsci.io.formats.tables.find_layout import layout_of
from netsci.io.formats.tables.layout import Layout
from netsci.io.formats.tables.matrix_layout import MatrixLayout
from netsci.io.guess import Guess
from netsci.io.network.named_links import MERGE, NamedLinks
from netsci.io.options import Hints

if TYPE_CHECKING:
    from netsci.graph.layered import LayeredGraph

_DIRECTION = {"directed": True, "undirected": False}
_MAX_TYPES = 1000
_OTHERWISE = "--columns source,target,weight (columns= in load) says what the columns are"


def read_table(path: Path, hints: Hints) -> tuple[LayeredGraph, list[str]]:
    """Read a list of links or of neighbours, or a matrix, and notes that say which.

    What the first lines look like is checked against the whole file, and refused by name where it does not
    hold. A header or a comment decides which columns are source, target and weight and whether links are
    directed; without one, links are undirected unless some but not all run both ways.
    """
    said = list[str](encoding_guess(path))
    reader = find_reader(path, hints)
    if reader is not None:
        graph, notes = reader(path, hints)
        return graph, said + notes
    layout = layout_of(path, hints)
    if isinstance(layout, MatrixLayout):
        from netsci.io.formats.matrix_text import read_matrix

        graph, notes = read_matrix(path, layout, hints)
        return graph, said + notes
    graph, notes = _Links(path, layout, hints).graph()
    return graph, said + notes


class _Links:
    """The links of a list, collected line by line."""

    def __init__(self, path: Path, layout: Layout, hints: Hints) -> None:
        self.path, self.layout, self.hints = path, layout, hints
        self.links = NamedLinks(path, hints.bipartite or layout.bipartite or layout.two_kinds)
        self.kinds: Counter[str] = Counter()
        for line_number, line in lines(path):
            if line[0] not in "#%" and line_number > layout.header_line:
                self._take(line_number, line)

    def graph(self) -> tuple[LayeredGraph, list[str]]:
        """Return the graph and notes."""
        layout, links = self.layout, self.links
        if not links.sources:
            raise CheckpointError(
                self.path, "it holds a header and no links", "write it again with its links"
            )
        self._check_header()
        self._add_counted()
        count = len(links.sources)
        head = f"an edge list of {count:,} {'lines' if count != 1 else 'line'}: {layout.describe()}"
        notes: list[str] = [Guess(f"{head}; {_OTHERWISE}") if layout.guessed else head, *layout.notes]
        if len(self.kinds) > 1 and set(self.kinds) - set(_DIRECTION):
            most = ", ".join(f"{printable(kind)} {count:,}" for kind, count in self.kinds.most_common(6))
            notes.append(f"links of {len(self.kinds)} types are taken together: {most}")
        graph, said = links.graph(*self._find_direction())
        return graph, notes + said

    def _take(self, line_number: int, line: str) -> None:
        layout = self.layout
        fields = split_fields(line, layout.delimiter)
        if len(fields) <= layout.last:
            raise CheckpointError(
                self.path,
                f"line {line_number} has {len(fields)} fields where {layout.last + 1} are due",
                f"give every line source and target, and a weight if others have one; {_OTHERWISE}",
            )
        u, v = fields[layout.source], fields[layout.target]
        if not u or not v:
            raise CheckpointError(
                self.path,
                f"line {line_number} names no source or no target",
                f"complete or drop the line; {_OTHERWISE}, and --format matrix reads a matrix",
            )
        if not is_balanced(line) and not self.hints.columns:
            raise CheckpointError(
                self.path,
                f"line {line_number}: a brace or a quotation mark in a name is not closed",
                f"write the list again without attributes, or, if it is right, {_OTHERWISE}",
            )
        weight = None
        if layout.weight is not None:
            weight = number(fields[layout.weight], layout.comma)
            if weight is None and fields[layout.weight] == "NA":
                weight = float("nan")  # R's sign for a value that is missing
            if weight is None:
                raise CheckpointError(
                    self.path,
                    f"line {line_number}: the weight {printable(fields[layout.weight])!r} is not a number",
                    f"give every link a number, or leave the column out; {_OTHERWISE}",
                )
        self.links.add(u, v, weight)
        if layout.kind is not None and layout.kind < len(fields) and len(self.kinds) < _MAX_TYPES:
            self.kinds[fields[layout.kind].lower()] += 1

    def _add_counted(self) -> None:
        """Add the nodes without links that the first line counts: they are numbered from 0 or 1."""
        n, index = self.layout.nodes, self.links.index
        if (
            not n
            or self.links.two_kinds
            or not all(name == str(int(name)) for name in index if name.isdecimal())
        ):
            return
        check_claim(self.path, n, self.path.stat().st_size, "nodes")
        first = 0 if "0" in index else 1
        if all(name.isdecimal() and first <= int(name) < first + n for name in index):
            for node in range(first, first + n):
                self.links.add_node(str(node))

    def _check_header(self) -> None:
        """Raise CheckpointError where the names of the columns stand again as a link: two files in one."""
        layout, links = self.layout, self.links
        if layout.header is None:
            return
        names = layout.header[layout.source], layout.header[layout.target]
        u, v = links.index.get(names[0]), links.targets_index.get(names[1])
        if u is None or v is None or (u, v) not in zip(links.sources, links.targets, strict=True):
            return
        raise CheckpointError(
            self.path,
            f"the names of its columns ({layout.name_ends()}) stand again among its links: two files in one",
            f"split it, or, if these are nodes, {_OTHERWISE}",
        )

    def _find_direction(self) -> tuple[bool | None, str]:
        """Return whether links run one way, None where only they can tell, and the note that says why."""
        layout, links = self.layout, self.links
        if self.hints.bipartite:
            return True, "bipartite, as told: sources and targets are two sets of nodes"
        if layout.bipartite:
            return True, "bipartite, as a comment says: sources and targets are two sets of nodes"
        if layout.two_kinds:
            return True, f"bipartite, as the header says ({layout.name_ends()}): two sets of nodes"
        told = {_DIRECTION.get(kind) for kind in self.kinds}
        if told == {True} or told == {False}:
            word = "directed" if told == {True} else "undirected"
            return told == {True}, f"{word}, as the column 'type' says"
        if layout.directed is not None:
            way_on = MERGE if layout.directed else "put the comment line '# directed' first"
            mend = f"; if not, {way_on}" if layout.by_header else ""
            return layout.directed, f"{layout.why}{mend}"
        if links.separate():
            return True, Guess(
                "bipartite: no name stands in both columns, so that they are two sets of nodes; if they are "
                "not, put the comment line '# undirected' or '# directed' first"
            )
        return None, ""
