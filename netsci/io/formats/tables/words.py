"""What the names of columns say: which are source and target, one or two kinds of nodes, what is a weight."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_ONE_WAY = {
    "source": "target", "from": "to", "pre": "post", "presynaptic": "postsynaptic", "src": "dst",
    "fromnodeid": "tonodeid", "fromnode": "tonode", "fromid": "toid", "sourceid": "targetid",
    "sourcenode": "targetnode", "preid": "postid", "prename": "postname", "precell": "postcell",
    "preneuron": "postneuron", "presynapticneuron": "postsynapticneuron", "prerootid": "postrootid",
    "bodyidpre": "bodyidpost", "sender": "receiver", "subject": "object",
    "origin": "destination", "tail": "head", "citing": "cited", "row": "column", "neuronpre": "neuronpost",
}  # fmt: skip
_TWO_WAY = {
    "node1": "node2", "nodea": "nodeb", "id1": "id2", "v1": "v2", "vertex1": "vertex2",
    "protein1": "protein2", "gene1": "gene2", "neuron1": "neuron2", "cell1": "cell2",
    "user1": "user2", "interactora": "interactorb", "nodei": "nodej",
}  # fmt: skip
_WEAK = {
    "parent": "child", "start": "end", "begin": "end", "follower": "followee", "giver": "taker",
    "caller": "callee", "exporter": "importer", "predator": "prey", "regulator": "target", "buyer": "seller",
    "kinase": "substrate", "ligand": "receptor", "departure": "arrival", "lender": "borrower",
}  # fmt: skip
_ALSO = {"src": ("target", "tgt", "dest"), "origin": ("target",), "row": ("col",), "source": ("sink", "dest")}
_RELATIONS = ("relation", "relationid", "predicate", "interaction", "edgetype", "rel")
# Words that name the two kinds of nodes of a bipartite network, in either order.
_TWO_KINDS = tuple(
    (set(first.split()), set(second.split()))
    for first, second in (
        (
            "user reviewer customer buyer reader viewer listener visitor client rater consumer",
            "item movie film product book song track artist album anime game restaurant business "
            "article news "
            "page song tag shop store recipe show video channel repo repository joke poi venue "
            "isbn asin "
            "location place",
        ),
        ("uid", "iid sid"),
        ("actor actress cast performer", "movie film show event"),
        ("author scientist researcher writer", "paper article publication book preprint work"),
        (
            "member person people individual student participant employee",
            "group club team organisation organization event course class project community "
            "meeting affiliation "
            "institution company board committee movie film",
        ),
        ("director", "company board firm film movie"),
        ("plant flower", "pollinator insect animal bee visitor disperser bird herbivore ant"),
        ("host", "parasite virus pathogen phage"),
        ("drug compound chemical", "target disease gene protein effect"),
        ("gene protein mirna", "disease phenotype pathway term goterm tissue sample drug"),
        ("country nation region", "product export language good"),
        ("word term keyword", "document doc text page topic paper"),
        ("species taxon otu", "site sample island plot habitat location"),
        ("patient", "disease drug symptom gene visit"),
        ("senator legislator politician judge", "bill committee case vote"),
    )
)
_NODE_IDS = ("id", "index", "node", "nodeid", "nodes", "idx", "nodeidx", "nodeindex", "vertex", "vertexid")
_NODE_FACTS = ("name", "label", "names", "labels", "x", "group", "type", "class", "pos")
_FACTS = (
    "label", "labels", "class", "type", "x", "y", "age", "gender", "sex", "country", "community",
    "cluster", "party", "role", "category", "language", "department", "degree", "year", "isfraud", "days",
)  # fmt: skip
_WEIGHTS = (
    "weight", "weights", "value", "synapses", "synapsecount", "syncount", "nsyn", "nsynapses", "nbr", "count",
    "strength", "w", "number", "numberofsynapses", "combinedscore", "score", "rating", "overall",
)  # fmt: skip
_ENDINGS = re.compile(r"(id|ids|no|nr|idx|index|name|names|number|key)$")


@dataclass(frozen=True)
class Ends:
    """The columns of source and target by their names.

    Parameters
    ----------
    source, target : columns from 0.
    one_way : whether the names tell a direction.
    two_kinds : whether they name two kinds of nodes.
    """

    source: int
    target: int
    one_way: bool
    two_kinds: bool = False


def plain(name: str) -> str:
    """Return a name in small letters and digits only.

    >>> plain("Pre_pt root-ID")
    'preptrootid'
    """
    return re.sub(r"[^a-z0-9]", "", name.lower())


def find_ends(header: Sequence[str] | None) -> Ends | None:
    """Return which columns are source and target, or None where the names do not tell."""
    words = [plain(name) for name in header or ()]
    if "head" in words and "tail" in words and set(words) & set(_RELATIONS):
        return Ends(words.index("head"), words.index("tail"), True)  # of a triple; else an arc has a head
    if words[:3] in (["h", "r", "t"], ["headid", "relationid", "tailid"]):
        return Ends(0, 2, True)  # of a triple
    for pairs, one_way in ((_ONE_WAY, True), (_TWO_WAY, False)):
        for first, second in pairs.items():
            for other in (second, *_ALSO.get(first, ())):
                if first in words and other in words and not _is_series(words, first, other):
                    return Ends(words.index(first), words.index(other), one_way)
    for column, word in enumerate(words):  # pre_pt_root_id and post_pt_root_id, and the like
        if word.startswith("pre") and f"post{word[3:]}" in words:
            return Ends(column, words.index(f"post{word[3:]}"), True)
    return _find_two_kinds(words)


def find_weak_ends(first: Sequence[str], body: Sequence[Sequence[str]]) -> Ends | None:
    """Return the ends where the first two names of a line look like names of columns and are no nodes below.

    Names that differ in their last letter (person_a, person_b), or known pairs (parent, child).
    """
    words = [plain(name) for name in first[:2]]
    if len(words) < 2 or len(body) < 2 or not all(words):
        return None
    below = {plain(cell) for row in body for cell in row[:2]}
    stem = words[0][:-1]
    paired = (
        len(stem) > 2
        and stem.isalpha()
        and words[1][:-1] == stem
        and words[0][-1] + words[1][-1] in ("ab", "12", "ij", "xy", "uv")
    )
    known = _WEAK.get(words[0]) == words[1]
    if not (paired or known) or below & set(words) or (paired and any(b.startswith(stem) for b in below)):
        return None
    return Ends(0, 1, one_way=known)


def _is_series(words: list[str], first: str, other: str) -> bool:
    """Whether two names such as v1 and v2 go on with v3 behind other columns: the columns of a matrix."""
    return other.endswith("2") and f"{other[:-1]}3" in words and words.index(first) > 0


def _find_two_kinds(words: list[str]) -> Ends | None:
    """Return the two columns whose names are two kinds of nodes, such as user and item."""
    kinds = [_kind_of(word) for word in words]
    for column, kind in enumerate(kinds):
        for other in range(column + 1, len(kinds)):
            if any(
                (kind in first and kinds[other] in second) or (kind in second and kinds[other] in first)
                for first, second in _TWO_KINDS
            ):
                return Ends(column, other, True, two_kinds=True)
    return None


def _kind_of(word: str) -> str:
    """Return what a column's name says about its nodes: movieId, movie_ids and Movies are movies."""
    short = _ENDINGS.sub("", word)
    known = {kind for pair in _TWO_KINDS for kinds in pair for kind in kinds}
    for found in (word, short, short.removesuffix("s"), word.removesuffix("s")):
        if found in known:
            return found
    return ""


def find_weight(header: Sequence[str]) -> int | None:
    """Return the column that a name calls the weight."""
    words = [plain(name) for name in header]
    return next((words.index(name) for name in _WEIGHTS if name in words), None)


def names_a_weight(name: str) -> bool:
    """Whether a name is one that weights have."""
    return plain(name) in _WEIGHTS


def names_a_relation(name: str) -> bool:
    """Whether a name is one that a column of kinds of links has."""
    return plain(name) in ("type", *_RELATIONS)


def names_nodes(names: Sequence[str]) -> bool:
    """Whether the names are those of a table of nodes: an id and a fact."""
    words = [plain(name) for name in names[:2]]
    return len(words) == 2 and words[0] in _NODE_IDS and words[1] in _NODE_FACTS


def may_name_nodes(names: Sequence[str]) -> bool:
    """Whether the names may be those of a table of nodes: some id (userId, txId), then a fact."""
    words = [plain(name) for name in names[:2]]
    return len(words) == 2 and words[0].endswith(("id", "idx", "user")) and words[1] in _FACTS


def names_an_id(name: str) -> bool:
    """Whether a column's name is that of the ids of nodes."""
    return plain(name) in _NODE_IDS
