"""Find the layout of a text table: its separator, and what its header and comments say."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from netsci.io.errors import CheckpointError, printable
from netsci.io.formats.graph_text import lines

_SAMPLE = 64  # lines looked at before reading
_MOST_COLUMNS = 5  # of an edge list without a header; more are a matrix
_ONE_WAY = {
    "source": "target", "from": "to", "pre": "post", "presynaptic": "postsynaptic", "src": "dst",
    "fromnodeid": "tonodeid", "fromnode": "tonode", "fromid": "toid", "sourceid": "targetid",
    "sourcenode": "targetnode", "preid": "postid", "prename": "postname", "precell": "postcell",
    "preneuron": "postneuron", "presynapticneuron": "postsynapticneuron", "prerootid": "postrootid",
    "bodyidpre": "bodyidpost", "sender": "receiver",
    "origin": "destination", "tail": "head", "citing": "cited", "row": "column", "neuronpre": "neuronpost",
}  # fmt: skip
_TWO_WAY = {
    "node1": "node2", "nodea": "nodeb", "id1": "id2", "v1": "v2", "vertex1": "vertex2",
    "protein1": "protein2", "gene1": "gene2", "neuron1": "neuron2", "cell1": "cell2",
    "user1": "user2", "interactora": "interactorb", "nodei": "nodej",
}  # fmt: skip
_ALSO = {"src": ("target", "tgt", "dest"), "origin": ("target",), "row": ("col",), "source": ("sink", "dest")}
_NODES = (
    ("id", "index", "node", "nodeid", "nodes", "idx"),
    ("name", "label", "names", "labels", "x", "group", "type", "class", "pos"),
)
_WEIGHTS = (
    "weight", "weights", "value", "synapses", "synapsecount", "syncount", "nsyn", "nsynapses", "nbr", "count",
    "strength", "w", "number", "numberofsynapses", "combinedscore", "score",
)  # fmt: skip


@dataclass(frozen=True)
class Layout:
    """Where source, target, weight and type of a link stand, or that the table is a matrix.

    Parameters
    ----------
    delimiter : between fields; "" for white space.
    header : the names of the columns, or None; header_line : the number of its line, 0 without one.
    width : number of columns.
    matrix : whether it is a matrix; labels : whether its first column names the rows.
    source, target, weight, kind : columns from 0; weight and kind may be None.
    directed : what header or comments say, or None; by_header : which of them; why : in words.
    bipartite : whether a comment says so.
    """

    delimiter: str
    header: tuple[str, ...] | None
    header_line: int
    width: int
    matrix: bool = False
    labels: bool = False
    source: int = 0
    target: int = 1
    weight: int | None = None
    kind: int | None = None
    directed: bool | None = None
    by_header: bool = False
    why: str = ""
    bipartite: bool = False

    @property
    def last(self) -> int:
        """The last column that every line must have."""
        return max(self.source, self.target, -1 if self.weight is None else self.weight)

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


def layout_of(path: Path) -> Layout:
    """Return the layout of a table by its first lines; raises CheckpointError where it is none."""
    remarks: list[str] = []
    sample: list[tuple[int, str]] = []
    for line_number, line in lines(path):
        if line[0] not in "#%":
            sample.append((line_number, line))
        elif not sample and len(remarks) < _SAMPLE:
            remarks.append(line.lstrip("#% \t"))
        if len(sample) > _SAMPLE or line_number > 100_000:
            break
    if not sample:
        raise CheckpointError(path, "it holds nothing but comments", "write it again with its links")
    delimiter = _delimiter([line for _, line in sample[1:]] or [sample[0][1]])
    rows = [split_fields(line, delimiter) for _, line in sample]
    names, own_line = _header(rows, sample, delimiter, remarks)
    body = rows[1:] if own_line else rows
    width = max(map(len, body), default=len(names or ()))
    known = _find_columns(names)
    if known is None and (found := _matrix(rows, body, own_line, delimiter, path, sample[0][0])):
        return found
    _check_widths(path, body, width, known is not None, names)
    if known is None:
        _check_ends(path, body, names or (re.split(r"[\s,;]+", remarks[-1].strip()) if remarks else []))
    header = (*names, *[""] * (width - len(names))) if names else None
    source, target, one_way = known or (0, 1, None)
    weight = _weight(header, body, width, {source, target})
    kind = next((i for i, name in enumerate(header or ()) if _word(name) == "type"), None)
    directed, why, bipartite = _read_remarks(remarks)
    by_header = directed is None and one_way is not None
    if by_header and header:
        directed = one_way
        word = "directed" if one_way else "undirected"
        why = f"{word}, as the header says ({printable(header[source])}, {printable(header[target])})"
    return Layout(
        delimiter, header, sample[0][0] if own_line else 0, width, False, False, source, target, weight,
        kind if kind != weight else None, directed, by_header, why, bipartite,
    )  # fmt: skip


def split_fields(line: str, delimiter: str) -> list[str]:
    """Return the fields of a line, quotes taken off; of the attributes that networkx writes, the weight."""
    if not delimiter and line.endswith("}") and "{" in line:
        ends, _, attributes = line.partition("{")
        found = re.search(r"[\'\"]weight[\'\"]: ([^,}\s]+)", attributes)
        return [*ends.split(), *([found[1]] if found else [])]
    if '"' in line:
        fields = next(csv.reader([line], delimiter=delimiter or " ", skipinitialspace=True))
        return [field.strip() for field in fields if field or delimiter]
    if not delimiter:
        return line.split()
    return [field.strip() for field in line.split(delimiter)]


def number(text: str, delimiter: str = "") -> float | None:
    """Return the number that a text spells, or None if it is not a number; "1_0" is not."""
    if "_" in text:
        return None
    try:
        return float(text.replace(",", ".") if delimiter == ";" else text)
    except ValueError:
        return None


def _delimiter(sample: list[str]) -> str:
    """Return what stands in most lines, tabs before semicolons before commas, else "" for white space."""
    if all(re.match(r"[^\s,]+\s+[^\s,]+\s+[-+]?\d+,\d+$", line) for line in sample):
        return ""  # a comma in every weight: no number here, and nothing that separates
    return next((mark for mark in "\t;," if 2 * sum(mark in line for line in sample) >= len(sample)), "")


def _header(
    rows: list[list[str]], sample: list[tuple[int, str]], delimiter: str, remarks: list[str]
) -> tuple[list[str] | None, bool]:
    """Return the names of the columns, if any, and whether they stand on a line of their own."""
    first, body = rows[0], rows[1:]
    width = max(map(len, body), default=len(first))
    if len(first) != width and delimiter:  # columns by tabs under names by spaces
        spaced = re.split(r"[\s,;]+", sample[0][1].strip())
        first = spaced if len(spaced) == width else first
    if _find_columns(first) is not None:
        return first, True
    if (
        remarks
        and _find_columns(names := re.split(r"[\s,;]+", remarks[-1].strip())) is not None
        and len(names) == width
    ):
        return names, False
    columns = range(2, min(len(first), width))
    numbers = [
        i for i in columns if body and all(len(r) > i and number(r[i], delimiter) is not None for r in body)
    ]
    ends = all(len(r) > 1 and r[0].isdecimal() and r[1].isdecimal() for r in body)
    plain = [i for i in range(min(2, len(first))) if number(first[i]) is None]
    if body and (any(number(first[i], delimiter) is None for i in numbers) or (ends and plain)):
        return first, True
    return None, False


def _find_columns(header: list[str] | tuple[str, ...] | None) -> tuple[int, int, bool] | None:
    """Return the columns of source and target and whether their names tell a direction, or None."""
    words = [_word(name) for name in header or ()]
    for pairs, one_way in ((_ONE_WAY, True), (_TWO_WAY, False)):
        for first, second in pairs.items():
            for other in (second, *_ALSO.get(first, ())):
                if first in words and other in words:
                    return words.index(first), words.index(other), one_way
    for column, word in enumerate(words):  # pre_pt_root_id and post_pt_root_id, and the like
        if word.startswith("pre") and f"post{word[3:]}" in words:
            return column, words.index(f"post{word[3:]}"), True
    return None


def _word(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _weight(header: tuple[str, ...] | None, body: list[list[str]], width: int, ends: set[int]) -> int | None:
    """Return the column of weights: by its name, else the first one after source and target of numbers."""
    words = [_word(name) for name in header or ()]
    named = next((words.index(name) for name in _WEIGHTS if name in words), None)
    if named is not None and named not in ends:
        return named
    if header and any(words):
        # Of several columns without a name that we know, none can be told to be the weight.
        numbers = [
            i for i in range(width) if i not in ends and words[i] not in ("", "id") and _numeric(body, i)
        ]
        return numbers[0] if len(numbers) == 1 else None
    columns = [i for i in range(width) if i not in ends and _numeric(body, i)]
    return next((i for i in columns if not _times(body, i)), None)


def _times(body: list[list[str]], column: int) -> bool:
    """Whether a column holds times in seconds since 1970, of the years 1980 to 2060: no weights."""
    return all(r[column].isdecimal() and 315_000_000 < int(r[column]) < 2_870_000_000 for r in body)


def _numeric(body: list[list[str]], column: int) -> bool:
    return bool(body) and all(len(r) > column and number(r[column]) is not None for r in body)


def _read_remarks(remarks: list[str]) -> tuple[bool | None, str, bool]:
    """Return what comments say: directed or not, in words, and whether the network is bipartite."""
    for remark in islice(remarks, _SAMPLE):
        words = remark.lower()
        if re.match(r"bip\b|.*\bbipartite\b", words):
            return True, "bipartite", True
        if re.search(r"\bun-?directed\b", words) or re.match(r"sym\b", words):
            return False, "undirected, as a comment says", False
        if re.search(r"\bdirected\b", words) or re.match(r"asym\b", words):
            return True, "directed, as a comment says", False
    return None, "", False


def _matrix(
    rows: list[list[str]], body: list[list[str]], own_line: bool, delimiter: str, path: Path, first_line: int
) -> Layout | None:
    """Return the layout of a matrix, or None where the table is a list of links."""
    width = len(rows[-1])
    labelled = rows[0][0] == "" or len(rows[0]) == width - 1
    if labelled and len(rows) > 1 and width > 2 and all(len(r) == width for r in rows[1:]):
        names = rows[0][1:] if rows[0][0] == "" else rows[0]
        inside = [cell for r in rows[1:] for cell in r[1:]]
        if len(names) == width - 1 and all(number(cell, delimiter) is not None for cell in inside):
            return Layout(delimiter, None, first_line, width, True, True)
    if any(len(r) != width for r in rows) or any(number(c, delimiter) is None for r in rows for c in r):
        return None
    few = len(rows) <= _SAMPLE
    square = delimiter in (",", ";") and few and len(rows) == width and width > 1
    ends = all(_whole(number(cell, delimiter)) for r in rows for cell in r[:2])
    if width > _MOST_COLUMNS or square or (width > 1 and not ends):
        return Layout(delimiter, None, 0, width, True, False)
    return None


def _whole(value: float | None) -> bool:
    """Whether a number can be a node's: programs write them as 1.0 or 1e+00 as well."""
    return value is not None and value >= 0 and value.is_integer()


def _check_ends(path: Path, body: list[list[str]], names: list[str]) -> None:
    """Raise CheckpointError for a table of nodes or of measured numbers, which would pass as links."""
    words = [_word(name) for name in names[:2]]
    if len(words) == 2 and words[0] in _NODES[0] and words[1] in _NODES[1]:
        raise CheckpointError(path, "this is a table of nodes, not of links", "give the table of the links")
    ends = [number(cell) for r in body for cell in r[:2]]
    if None not in ends and not all(map(_whole, ends)):
        raise CheckpointError(
            path,
            "its first two columns are numbers with fractions or signs, which cannot be names of nodes",
            "if it is a matrix, drop the line of names; if it lists links, name the columns: "
            "source,target,weight",
        )


def _check_widths(
    path: Path, body: list[list[str]], width: int, known: bool, header: list[str] | None
) -> None:
    least = min(map(len, body), default=width)
    if not body and header:
        raise CheckpointError(path, "it holds a header and no links", "write it again with its links")
    wide = width > _MOST_COLUMNS and not known
    if (least < 2 and not known) or wide or (least < width and not header):
        span = f"{least}" if least == width else f"{least} to {width}"
        raise CheckpointError(
            path,
            f"this is a text file whose lines have {span} fields, and neither an edge list nor a matrix",
            "an edge list has a source, a target and perhaps a weight on every line; name them in a header: "
            "source,target,weight",
        )
