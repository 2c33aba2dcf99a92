"""Tables and lists that names, blanks and empty diagonals explain, each beside a look-alike."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import numpy as np
import pytest
import scipy.io

from netsci.io import load
from tests.io.formats.test_edge_lists import matrix, read, refused, said
from tests.io.formats.test_lists import links, written


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.dat"


@pytest.mark.parametrize("empty", [np.nan, np.inf])
def test_a_diagonal_without_numbers_is_none_in_text_matlab_and_npy(path, empty):
    values = np.array([[empty, 0.5, -1], [0.5, empty, 2], [-1, 2, empty]])
    np.savetxt(path, values, delimiter=",")
    npy = path.with_suffix(".npy")
    np.save(npy, values)
    mat = path.with_suffix(".mat")
    scipy.io.savemat(mat, {"Z": values})
    for file in (path, npy, mat):
        loaded = load(file)
        assert matrix(loaded) == [[0, 0.5, -1], [0.5, 0, 2], [-1, 2, 0]]
        assert "throughout, so it has no self-loops" in said(loaded)
    values[0, 0] = 1  # an array that is not empty there throughout stays a layer, and a full diagonal stays
    np.save(npy, values)
    assert load(npy).graph.projections[0].n_links == 9
    np.fill_diagonal(values, 1)
    np.savetxt(path, values, delimiter=",")
    assert load(path).graph.projections[0].n_links == 6  # three of them self-loops


@pytest.mark.parametrize(
    "text",
    [
        "user_id,age\n" + "".join(f"{i},{20 + i % 4}\n" for i in range(9)),
        "txId,class\n" + "".join(f"{7000 + i},{('unknown', '1')[i % 2]}\n" for i in range(9)),
        "user,label\n" + "".join(f"{i},{i % 3}\n" for i in range(9)),
        "vertex,group\n" + "".join(f"{i},{i % 3}\n" for i in range(9)),
        "node_idx,y\n" + "".join(f"{i},{i % 3}\n" for i in range(9)),
        "id,days,mature,views,partner,new_id\n"
        + "".join(f"{90 - i},1,False,{i},True,{i}\n" for i in range(9)),
    ],
)
def test_facts_of_nodes_under_other_names(path, text):
    refused(path, text, "a table of nodes, not of links; .*--columns source,target,weight")
    repeated = text.splitlines()[-1].split(",")[0] + ",x\n"
    if text.startswith("user_id"):  # an id that comes twice is no key of a table of nodes
        assert len(links(read(path, text + repeated.replace("x", "99")))) == 10


def test_header_of_triples_and_books(path):
    assert set(links(read(path, "h\tr\tt\n0\t1\t5\n3\t0\t2\n5\t1\t3\n"))) == {
        ("0", "5"),
        ("3", "2"),
        ("5", "3"),
    }
    loaded = read(path, "User-ID;ISBN;Book-Rating\n276725;034545104X;1\n276726;0155061224;5\n")
    assert loaded.graph.sizes == {"rows": 2, "columns": 2}
    assert links(loaded)["276725", "034545104X"] == 1
    assert read(path, "h,w\n1,2\n2,3\n").graph.sizes["nodes"] >= 3  # h alone names nothing


def test_a_first_row_of_blanks_and_numbers_is_no_header(path):
    text = ",3,,1\n2,,,\n,1,,5\n1,,2,\n"
    assert matrix(read(path, text)) == [[0, 3, 0, 1], [2, 0, 0, 0], [0, 1, 0, 5], [1, 0, 2, 0]]
    assert len(links(read(path, ",a,b,c\na,,3,1\nb,2,,\nc,1,,\n"))) == 4


def test_an_adjacency_under_the_name_node(path):
    text = "node,A,B,C\nA,0,1,0\nB,0,0,2\nC,3,0,0\n"
    assert links(read(path, text)) == {("A", "B"): 1, ("B", "C"): 2, ("C", "A"): 3}
    refused(path, "id,size,rank\nA,4,1\nB,5,2\nC,6,3\n", "a table of nodes, .*--format matrix")
    facts = read(path, "id,size,rank\nA,4,1\nB,5,2\nC,6,3\n", format="matrix")
    assert facts.graph.sizes == {"rows": 3, "columns": 2}


def test_truth_values_of_numpy_stand_beside_the_weight(path):
    network = nx.DiGraph()
    network.add_edge("a", "b", weight=np.int64(2), good=np.True_)
    network.add_edge("b", "c", weight=np.int64(3), good=np.False_)
    path.write_bytes(written("edgelist", network))
    assert links(load(path)) == {("a", "b"): 2, ("b", "a"): 2, ("b", "c"): 3, ("c", "b"): 3}


def test_whole_numbers_in_two_columns_that_are_no_pairs_are_a_guess(path):
    pairs = np.array([(0, 1), (0, 1), (1, 2), (4, 2), (3, 7)])  # one comes twice
    npy = path.with_suffix(".npy")
    np.save(npy, pairs)
    assert any("--format edges" in guess for guess in load(npy).guesses)
    assert links(load(npy, format="edges"))["4", "2"] == 1
    mat = path.with_suffix(".mat")
    scipy.io.savemat(mat, {"edges": pairs})
    assert any("links go into npy" in guess for guess in load(mat).guesses)
    np.save(npy, pairs > 1)
    assert not load(npy).guesses
    np.save(npy, pairs - 0.5)
    assert not load(npy).guesses


def test_lists_with_colons_are_named(path):
    refused(path, "1: 2 3\n2: 3 4\n3: 4 1\n", "adjacency lists with colons, .*--format adjlist")
    assert read(path, "a:1 b:2 3\nb:2 c:3 1\n").graph.sizes == {"nodes": 3}


def test_points_before_thousands_and_a_decimal_comma(path):
    text = "A;B;1.234,5\nB;C;2,25\nC;A;0,5\n"
    assert links(read(path, text))["A", "B"] == 1234.5
    assert links(read(path, "A;B;1.5\nB;C;2.25\n"))["A", "B"] == 1.5


def test_users_and_items_by_short_names(path):
    loaded = read(path, "uid,iid,rating\n1,1,2\n1,2,3\n2,1,4\n")
    assert loaded.graph.sizes == {"rows": 2, "columns": 2}
    text = "reviewerID,asin,overall,unixReviewTime\nA2,0013,5.0,1252800000\nA1,0013,4.0,1362787200\n"
    assert links(read(path, text))["A2", "0013"] == 5
