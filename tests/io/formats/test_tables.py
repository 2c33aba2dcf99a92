"""Tables: two kinds of nodes, names on both sides, blanks and commas, what the user says of the columns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from netsci.io import CheckpointError, load
from tests.io.formats.test_edge_lists import matrix, read, refused, said
from tests.io.formats.test_lists import links


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.dat"


@pytest.mark.parametrize(
    ("text", "sizes", "weighted"),
    [
        ("userId,movieId,rating,timestamp\n1,1,4.0,9649\n1,3,4.0,964980017\n2,1,3.5,9649\n", (2, 2), True),
        ("user_id\titem_id\ttimestamp\n1\t1\t881250949\n1\t2\t881250949\n2\t1\t881250949\n", (2, 2), False),
        ("movie,user,rating\n1,1,5\n2,1,3\n", (2, 1), True),
        ("author;paper;year\nann;p1;1999\nbob;p1;1999\nann;p2;2001\n", (2, 2), False),
        ("plant,pollinator,visits\n1,1,3\n2,1,2\n", (2, 1), True),
        ("member,group\n1,1\n2,1\n1,2\n", (2, 2), False),
        ("% bip weighted\n1 1 7\n2 1 8\n", (2, 1), True),
    ],
)  # fmt: skip
def test_two_kinds_of_nodes_by_header(path, text, sizes, weighted):
    loaded = read(path, text)
    (p,) = loaded.graph.projections
    assert tuple(loaded.graph.sizes.values()) == p.shape == sizes
    assert (p.source, p.target) == ("rows", "columns")
    assert (p.weights is not None) == weighted
    assert "bipartite, as " in said(loaded)


@pytest.mark.parametrize(
    "text", ["user1,user2\n1,2\n2,3\n", "user,friend\n1,2\n2,3\n", "source,target\n1,2\n2,3\n"]
)
def test_one_kind_of_nodes_stays_one(path, text):
    assert read(path, text).graph.sizes == {"nodes": 3}


def test_the_bipartite_option(path):
    assert read(path, "1 1\n1 2\n2 1\n", bipartite=True).graph.sizes == {"rows": 2, "columns": 2}
    assert read(path, "0,1,0\n1,0,1\n0,1,1\n", bipartite=True).graph.sizes == {"rows": 3, "columns": 3}
    market = "%%MatrixMarket matrix coordinate pattern general\n2 2 2\n1 2\n2 1\n"
    assert read(path, market).graph.sizes == {"nodes": 2}
    assert read(path, market, bipartite=True).graph.sizes == {"rows": 2, "columns": 2}
    with pytest.raises(
        CheckpointError, match="--bipartite is for lists of links and tables, and this is gml"
    ):
        read(path, "graph [ node [ id 1 ] ]", bipartite=True)
    with pytest.raises(ValueError, match="undirected and bipartite exclude each other"):
        read(path, "a b\n", bipartite=True, undirected=True)


def test_a_square_table_is_an_adjacency_where_names_agree(path):
    same = ",C,A,B\nA,1,0,3\nB,0,2,0\nC,0,1,0\n"
    loaded = read(path, same)
    assert loaded.graph.node_labels == ["A", "B", "C"]
    assert links(loaded) == {("A", "C"): 1, ("A", "B"): 3, ("B", "A"): 2, ("C", "A"): 1}
    assert "columns are put into the order of its rows" in said(loaded)
    symmetric = pd.DataFrame([[0, 2, 0], [2, 0, 3], [0, 3, 0]], index=list("abc"), columns=list("abc"))
    turned = read(path, symmetric[list("cab")].to_csv())
    assert links(turned) == links(read(path, symmetric.to_csv()))
    assert turned.graph.projections[0].undirected


def test_a_square_table_of_two_sets_of_names(path):
    loaded = read(path, ",p,q,r\nA,3,0,1\nB,0,2,0\nC,1,0,4\n")
    assert loaded.graph.sizes == {"rows": 3, "columns": 3}
    assert links(loaded) == {("A", "p"): 3, ("A", "r"): 1, ("B", "q"): 2, ("C", "p"): 1, ("C", "r"): 4}
    assert "different names" in loaded.guesses[0]
    some = ",A,B,D\nA,0,0,3\nB,0,2,0\nC,0,1,0\n"
    refused(path, some, "2 of 3 names stand on both sides.*--bipartite")
    assert read(path, some, bipartite=True).graph.sizes == {"rows": 3, "columns": 3}
    one = read(path, "\tp\tq\tr\td\n" + "".join(f"{n}\t0\t1\t2.5\t0\n" for n in "abcd"))
    assert one.graph.sizes == {"rows": 4, "columns": 4}
    assert "different names, but for 1" in one.guesses[0]
    counted = read(path, ",1,2,3\nA,0,0,3\nB,0,2,0\nC,0,1,0\n")
    assert counted.graph.node_labels == ["A", "B", "C"]
    assert "only counted" in counted.guesses[0]
    wide = read(path, ",A,B,C\nA,0,0,3\nX,0,2,0\n")
    assert wide.graph.sizes == {"rows": 2, "columns": 3}
    assert "share 1 names" in wide.guesses[0]


@pytest.mark.parametrize(
    ("text", "sizes", "count"),
    [
        ("actor,F1,F2,F3\nann,1,1,0\nbob,0,1,0\ncyd,0,0,1\ndee,1,0,1\n", (4, 3), 6),
        ("actor,F1,F2,F3,F4,F5,F6\nann,1,1,0,0,0,1\nbob,0,1,0,1,1,0\n", (2, 6), 6),
        ("user;m1;m2;m3\n1;0;5;3\n2;1;0;0\n3;4,5;4;0\n", (3, 3), 5),
        ("site\tsp1\tsp2\na\t0\t3\nb\t1\t0\nc\t2\t2\n", (3, 2), 4),
        ("actor,F1,F2\nann,,1\nbob,1,\n", (2, 2), 2),
    ],
)
def test_a_corner_with_a_name(path, text, sizes, count):
    loaded = read(path, text)
    assert (tuple(loaded.graph.sizes.values()), loaded.graph.n_links) == (sizes, count)
    assert "under the name" in loaded.guesses[0]


def test_a_corner_with_a_name_over_an_adjacency(path):
    loaded = read(path, "region\tV1\tV2\tV3\nV1\t0\t1\t2\nV2\t1\t0\t0\nV3\t2\t0\t0\n")
    assert links(loaded)["V1", "V3"] == 2
    assert loaded.graph.sizes == {"nodes": 3}
    assert links(read(path, "V1,V2,V3\na,b,2\nb,c,3\n"))["b", "c"] == 3  # as R names the columns of a list


def test_blank_and_missing_cells_are_no_links(path):
    blank = ",A,B,C\nA,,3,\nB,2,,\nC,,1,\n"
    expected = {("A", "B"): 3, ("B", "A"): 2, ("C", "B"): 1}
    loaded = read(path, blank)
    assert links(loaded) == expected
    assert "6 blank or missing cells are no links" in loaded.notes
    assert links(read(path, blank.replace(",", "\t"))) == expected
    missing = '"A" "B" "C"\n"A" NA 3 0\n"B" 2 NA 0\n"C" NA 1 NA\n'
    assert links(read(path, missing)) == expected
    refused(path, ",A,B\nA,1,x\nB,1,2\n" + "C,1,2\n" * 70, "names|number")
    refused(path, ",A,B,C\n" + "A,1,2,3\n" * 80 + "B,1,x,2\n", "not a number")


def test_missing_weights_of_lists(path):
    loaded = read(path, "a b 1\nb c NA\nc d 2\n")
    assert loaded.graph.n_links == 3
    assert "weights hold NaN or infinite values: links kept, weights dropped" in loaded.notes
    rows = '"from" "to" "weight"\n"1" "a" "b" 3\n"2" "b" "c" 4\n'  # R numbers the rows, and not their header
    assert links(read(path, rows)) == {("a", "b"): 3, ("b", "c"): 4}


def test_a_diagonal_of_nan_is_none(path):
    values = np.array([[np.nan, 0.5, -1], [0.5, np.nan, 2], [-1, 2, np.nan]])
    np.savetxt(path, values, delimiter=",")
    loaded = load(path, isolate=False)
    assert matrix(loaded) == [[0, 0.5, -1], [0.5, 0, 2], [-1, 2, 0]]
    assert "its diagonal is NaN throughout, so it has no self-loops" in loaded.notes
    values[0, 0] = 1
    np.savetxt(path, values, delimiter=",")
    assert "weights dropped" in said(load(path, isolate=False))


@pytest.mark.parametrize(
    "text",
    [
        "A;B;1,5\nB;C;2,25\nC;A;0,5\n",
        "A\tB\t1,5\nB\tC\t2,25\nC\tA\t0,5\n",
        "A B 1,5\nB C 2,25\nC A 0,5\n",
        '"A","B","1,5"\n"B","C","2,25"\n"C","A","0,5"\n',
        "Quelle;Ziel;Gewicht\nA;B;1,5\nB;C;2,25\nC;A;0,5\n",
        "node1;node2;weight\nA;B;1,5\nB;C;2,25\nC;A;0,5\n",
    ],
)
def test_decimal_commas_of_lists(path, text):
    assert links(read(path, text)) == {
        (a, b): w
        for u, v, w in (("A", "B", 1.5), ("B", "C", 2.25), ("C", "A", 0.5))
        for a, b in ((u, v), (v, u))
    }


@pytest.mark.parametrize(
    "text",
    [";A;B\nA;0;1,5\nB;1,5;0\n", "\tA\tB\nA\t0\t1,5\nB\t1,5\t0\n", "0;1,5\n1,5;0\n", "0 1,5\n1,5 0\n"],
)
def test_decimal_commas_of_matrices(path, text):
    assert matrix(read(path, text)) == [[0, 1.5], [1.5, 0]]


def test_commas_that_may_stand_before_thousands_are_asked_about(path):
    refused(
        path,
        "a\tb\t1,500\nb\tc\t2,250\n",
        "for thousands or for the decimal point; .*--columns source,target",
    )
    assert links(read(path, "a\tb\t1,500\nb\tc\t2,250\n", columns="source,target"))["a", "b"] == 1


@pytest.mark.parametrize(
    "text",
    [
        "id,target\n0,0\n1,1\n2,0\n3,1\n",
        "id,degree\n1,3\n2,2\n3,1\n",
        "node,degree,betweenness\na,3,0.5\nb,2,0.1\n",
        "Id,community,age\n1,3,20\n2,2,30\n",
        "id,name\n1,a\n2,b\n",
    ],
)
def test_tables_of_nodes_are_named(path, text):
    refused(path, text, "a table of nodes, not of links; .*--columns source,target,weight")
    assert load(path, isolate=False, columns="1,2").graph.n_links > 0


@pytest.mark.parametrize(
    "text", ["parent,child\na,b\nb,c\n", "person_a,person_b\na,b\nb,c\n", "id,neighbor\na,b\nb,c\n"]
)
def test_lists_of_links_under_such_names_are_no_tables_of_nodes(path, text):
    assert {("a", "b"), ("b", "c")} <= set(links(read(path, text)))


@pytest.mark.parametrize(
    ("text", "columns", "expected"),
    [
        ("when,giver,who,amount\n1,a,b,3\n2,b,c,4\n", "giver,who,amount", {("a", "b"): 3, ("b", "c"): 4}),
        ("when,giver,who,amount\n1,a,b,3\n2,b,c,4\n", ["Giver", "Who"], {("a", "b"): 1, ("b", "c"): 1}),
        ("when,giver,who,amount\n1,a,b,3\n2,b,c,4\n", "2,3,4", {("a", "b"): 3, ("b", "c"): 4}),
        ("x a b 3\ny b c 4\n", "-,source,target,weight", {("a", "b"): 3, ("b", "c"): 4}),
        ("3 a b\n4 b c\n", "weight,source,target", {("a", "b"): 3, ("b", "c"): 4}),
        ("target,source,weight\na,b,3\nb,c,4\n", "source,target,weight", {("b", "a"): 3, ("c", "b"): 4}),
        ("a b x\nb c y\n", "source,target,type", {("a", "b"): 1, ("b", "c"): 1}),
        ("7;1,5;8\n8;2,5;9\n", "source,weight,target", {("7", "8"): 1.5, ("8", "9"): 2.5}),
    ],
)
def test_the_columns_option(path, text, columns, expected):
    found = links(read(path, text, columns=columns))
    assert {key: found.get(key) for key in expected} == expected


@pytest.mark.parametrize(
    ("columns", "pattern"),
    [
        ("foo,bar", "names 'foo', which is neither in its first line nor source, target, weight"),
        ("source,target,weight,kind", "names column 3, and its lines have 2 fields"),
        ("0,1", "counts columns from 1"),
        ("source,source", "say what each column is"),
    ],
)
def test_columns_that_are_not_there(path, columns, pattern):
    with pytest.raises(CheckpointError, match=pattern):
        read(path, "a b\nb c\n", columns=columns)


@pytest.mark.parametrize(
    ("options", "error", "pattern"),
    [
        ({"columns": "source"}, ValueError, "fewer than two columns"),
        ({"columns": 3}, TypeError, "columns must be a text"),
        ({"format": "word"}, ValueError, "format must be one of edges, matrix"),
        ({"bipartite": 1}, TypeError, "bipartite must be True or False"),
        ({"weights": True}, TypeError, "load has no option 'weights'"),
    ],
)
def test_options_are_checked(path, options, error, pattern):
    with pytest.raises(error, match=pattern):
        read(path, "a b\n", **options)


def test_the_format_option_overrides_what_the_content_tells(path):
    table = "0,2,0\n0,0,1\n0,0,0\n"
    assert read(path, table).graph.sizes == {"nodes": 3}
    assert links(read(path, table, format="edges"))["0", "2"] == 0
    assert matrix(read(path, "1 2 3\n2 3 4\n3 4 1\n", format="matrix")) == [[1, 2, 3], [2, 3, 4], [3, 4, 1]]
    with pytest.raises(CheckpointError, match="no table of numbers"):
        read(path, "a b\nb c\n", format="matrix")
    np.save(path.with_suffix(".npy"), np.eye(3))
    with pytest.raises(CheckpointError, match="damaged"):
        load(path.with_suffix(".npy"), format="gml", isolate=False)
    assert load(path.with_suffix(".npy"), format="npy").graph.sizes == {"input": 3, "net": 3}


@pytest.mark.parametrize(
    "names",
    ["海马体 前额叶 丘脑", "東京 大阪 京都", "서울 부산 대구", "Αθήνα Πάτρα Βόλος", "القاهرة دمشق بغداد"],
)
def test_utf8_without_a_mark_comes_first(path, names):
    a, b, c = names.split()
    for text in (f"source,target,weight\n{a},{b},3\n{b},{c},1\n", f"{a}\t{b}\t3\n{b}\t{c}\t1\n"):
        loaded = read(path, text)
        assert links(loaded)[a, b] == 3
        assert loaded.graph.node_labels == [a, b, c]
        assert not any("UTF-8" in guess for guess in loaded.guesses)
    many = "".join(f"{a}{i},{b}{i}\n" for i in range(700))  # the sample ends within a character
    assert read(path, f"source,target\n{many}").graph.n_links == 700
    assert read(path, f"source,target\nx{many}").graph.n_links == 700
    assert read(path, f"source,target\nxy{many}").graph.n_links == 700


def test_other_encodings_are_said_when_guessed(path):
    loaded = read(path, "source,target\nGröße,Maß\nMaß,x–y\n".encode("cp1252"))
    assert loaded.graph.node_labels == ["Größe", "Maß", "x–y"]
    assert "read as Western European" in loaded.guesses[0]
    assert "read as Western European" not in said(read(path, "source,target\nGröße,Maß\n".encode("utf-16")))
    refused(
        path,
        "source,target\n海马,前\n".encode("shift_jis", "ignore") + bytes(range(128, 160)) * 9,
        "unknown.*save a text as UTF-8",
    )


def test_what_is_certain_is_no_guess(path):
    assert read(path, "source,target,weight\na,b,2\n").guesses == ()
    assert read(path, "# undirected\na b\nb c\n").guesses == ()
    assert read(path, ",A,B\nA,0,1\nB,0,0\n").guesses == ()
    guessed = read(path, "a b 2\nb c 3\n")
    assert len(guessed.guesses) == 2
    assert set(guessed.guesses) <= set(guessed.notes)
    assert guessed.summary()["guesses"] == list(guessed.guesses)
    assert load(path).guesses == guessed.guesses  # from another process
