"""The layout of a list of links: its separator, its columns, and what comments say of its direction."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice

from netsci.io.errors import printable
from netsci.io.formats.tables.sample import SAMPLE


@dataclass(frozen=True)
class Layout:
    """Where source, target, weight and type of a link stand.

    Parameters
    ----------
    delimiter : between fields; "" for white space.
    header : the names of the columns, or None; header_line : the number of its line, 0 without one.
    width : number of columns.
    source, target, weight, kind : columns from 0; weight and kind may be None.
    comma : whether a comma stands for the decimal point.
    directed : what header or comments say, or None; by_header : which of them; why : in words.
    bipartite : whether a comment says so; two_kinds : whether the header names two kinds of nodes.
    guessed : whether nothing but their order says what the columns are.
    nodes : how many nodes the first line counts, or 0.
    notes : what else the user should know.
    """

    delimiter: str
    header: tuple[str, ...] | None
    header_line: int
    width: int
    source: int = 0
    target: int = 1
    weight: int | None = None
    kind: int | None = None
    comma: bool = False
    directed: bool | None = None
    by_header: bool = False
    why: str = ""
    bipartite: bool = False
    two_kinds: bool = False
    guessed: bool = False
    nodes: int = 0
    notes: tuple[str, ...] = ()

    @property
    def last(self) -> int:
        """The last column that every line must have."""
        return max(self.source, self.target, -1 if self.weight is None else self.weight)

    def name_ends(self) -> str:
        """Return the names of the columns of source and target, safe to show."""
        header = self.header or ("",) * self.width
        return f"{printable(header[self.source])}, {printable(header[self.target])}"

    def describe(self) -> str:
        """Describe in words how each column is read."""
        parts = [("source", self.source), ("target", self.target)]
        parts += [] if self.weight is None else [("weight", self.weight)]
        used = {column for _, column in parts} | ({self.kind} if self.kind is not None else set())
        rest = [self._name_column(column) for column in range(self.width) if column not in used]
        what = ", ".join(f"{name} {self._name_column(column)}" for name, column in parts)
        more = f"; {', '.join(rest[:6])} left out" if rest else ""
        return what + ("" if self.weight is not None else ", no weights") + more

    def _name_column(self, column: int) -> str:
        name = printable(self.header[column]) if self.header else ""
        return repr(name) if name else f"column {column + 1}"


def read_remarks(remarks: list[str]) -> tuple[bool | None, str, bool]:
    """Return what comments say: directed or not, in words, and whether the network is bipartite."""
    for remark in islice(remarks, SAMPLE):
        words = remark.lower()
        if re.match(r"bip\b|.*\bbipartite\b", words):
            return True, "bipartite", True
        if re.search(r"\bun-?directed\b", words) or re.match(r"sym\b", words):
            return False, "undirected, as a comment says", False
        if re.search(r"\bdirected\b", words) or re.match(r"asym\b", words):
            return True, "directed, as a comment says", False
    return None, "", False
