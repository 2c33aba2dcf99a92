import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

from netsci.graph import LayeredGraph
from netsci.graph.structure import significance
from netsci.graph.structure.bipartite_measures import (
    bipartite_graph,
    latapy_clustering,
    nodf,
    robins_alexander,
)
from netsci.graph.structure.classical import clustering, rich_club_share
from netsci.graph.structure.null_models import rewire
from netsci.graph.structure.path_measures import path_length
from netsci.graph.structure.significance import (
    BIPARTITE_MEASURES,
    COLUMNS,
    LEAST,
    MEASURES,
    UNIPARTITE_MEASURES,
    structure_table,
)
from tests import graphs
from tests.strategies import chains

RNG = np.random.default_rng


def layer(rows=30, columns=40, density=0.1, seed=7):
    return RNG(seed).random((rows, columns)) < density


@settings(deadline=None, max_examples=15)
@given(chains(max_layers=2), st.sampled_from(["erdos_renyi", "degree_preserving"]), st.integers(0, 99))
def test_table_of_any_chain(graph, null, seed):
    table = structure_table(graph, null=null, replicates=LEAST, rng=RNG(seed))
    assert tuple(table) == COLUMNS
    assert table["measure"].tolist() == list(BIPARTITE_MEASURES) * len(graph.projections)
    p = table["p"].dropna()
    assert ((p >= 1 / (1 + LEAST)) & (p <= 1)).all()
    assert (table["replicates"] <= LEAST).all()
    silent = table[table["note"] == ""]
    assert silent[["value", "null_mean", "null_std", "z", "p", "p_corrected"]].notna().all(axis=None)
    assert (silent["replicates"] == LEAST).all()
    assert (table.loc[table["value"].isna(), "note"] != "").all()
    assert table.loc[table["value"].isna(), ["z", "p", "p_corrected"]].isna().all(axis=None)


def test_values_and_replicates_are_those_of_the_measures():
    mask = layer()
    table = structure_table(LayeredGraph.from_masks([mask]), rng=RNG(7)).set_index("measure")
    assert table["value"]["robins_alexander"] == robins_alexander(mask)
    assert table["value"]["latapy_rows"] == latapy_clustering(mask, "rows")
    assert table["value"]["latapy_columns"] == latapy_clustering(mask, "columns")
    assert table["value"]["nodf"] == nodf(mask).total
    assert table["value"]["path_length"] == path_length(bipartite_graph(mask))
    drawn = np.array([robins_alexander(rewire(mask, rng=RNG(seed))) for seed in range(200)])
    line = structure_table(
        LayeredGraph.from_masks([mask]), measures=["robins_alexander"], replicates=200, rng=RNG(7)
    ).iloc[0]
    assert line["null_mean"] == pytest.approx(drawn.mean(), abs=5 * drawn.std() / np.sqrt(100))
    assert line["null_std"] == pytest.approx(drawn.std(), rel=0.25)
    assert line["z"] == pytest.approx((line["value"] - line["null_mean"]) / line["null_std"])


def test_plain_networks():
    net = nx.karate_club_graph()
    adjacency = nx.to_numpy_array(net, weight=None)
    graph = LayeredGraph.from_adjacency(adjacency)
    table = structure_table(graph, rng=RNG(7))
    assert table["measure"].tolist() == list(UNIPARTITE_MEASURES)
    value = table.set_index("measure")["value"]
    assert value["clustering"] == clustering(adjacency)
    assert value["rich_club"] == rich_club_share(adjacency)
    assert value["path_length"] == pytest.approx(nx.average_shortest_path_length(net))
    assert value["assortativity"] == pytest.approx(nx.degree_assortativity_coefficient(net))


def test_structure_is_found():
    """A lattice closes far more than its degrees explain; blocks of a layer are modules."""
    ring = LayeredGraph.from_adjacency(nx.to_numpy_array(nx.watts_strogatz_graph(150, 6, 0.05, seed=7)))
    table = structure_table(ring, measures=["clustering", "small_worldness", "path_length"], rng=RNG(7))
    z = table.set_index("measure")["z"]
    assert z["clustering"] > 10
    assert z["path_length"] > 10
    assert table.set_index("measure")["value"]["small_worldness"] > 3
    assert (table["p"] == 1 / 21).all()
    blocks = np.kron(np.eye(4), np.ones((8, 10))) * RNG(7).random((32, 40)) > 0.5
    z = structure_table(LayeredGraph.from_masks([blocks]), rng=RNG(7)).set_index("measure")["z"]
    assert z["modularity"] > 5
    assert z["robins_alexander"] > 5
    assert z["small_worldness"] > 5


@pytest.mark.parametrize("null", ["erdos_renyi", "degree_preserving"])
def test_random_layers_have_no_structure(null):
    """Of Erdos-Renyi layers z is about standard normal and p about uniform, under either null."""
    lines = []
    for seed in range(150):
        graph = LayeredGraph.from_masks([layer(25, 30, 0.15, seed)])
        lines.append(
            structure_table(graph, measures=["robins_alexander"], null=null, replicates=40, rng=RNG(seed))
        )
    table = pd.concat(lines)
    assert kstest(table["z"], "norm").pvalue > 0.01
    assert abs(table["z"].mean()) < 3 / np.sqrt(150)
    assert 0.8 < table["z"].std() < 1.3
    assert kstest(table["p"], "uniform").pvalue > 0.01


def test_random_networks_have_no_structure():
    z = []
    for seed in range(25):
        net = nx.gnm_random_graph(40, 160, seed=seed)
        graph = LayeredGraph.from_adjacency(nx.to_numpy_array(net))
        table = structure_table(
            graph, measures=["clustering", "path_length"], null="erdos_renyi", replicates=20, rng=RNG(seed)
        )
        z.append(table["z"].to_numpy())
    assert (np.abs(np.mean(z, axis=0)) < 3 / np.sqrt(25)).all()
    assert ((np.std(z, axis=0) > 0.7) & (np.std(z, axis=0) < 1.4)).all()


def test_corrected_p_by_hand():
    """Each network in turn against the others; only the largest |z| of any measure counts."""
    rng = RNG(7)
    values = [rng.normal(size=(20, 3)), rng.normal(size=(20, 2))]
    values[0][0, 1] = 9.0
    first, second = significance._correct(values)
    every = np.concatenate(values, axis=1)
    z = np.array(
        [
            [abs(x[k] - np.delete(x, k).mean()) / np.delete(x, k).std(ddof=1) for k in range(20)]
            for x in every.T
        ]
    )
    expected = [(1 + np.count_nonzero(z.max(axis=0)[1:] >= own)) / 20 for own in z[:, 0]]
    assert [*first, *second] == expected
    assert first[1] == 1 / 20


def test_measures_without_enough_values_do_not_correct_others():
    few = RNG(7).normal(size=(20, 2))
    few[3:, 1] = np.nan
    few[0, 1] = 1e9
    (p,) = significance._correct([few])
    (alone,) = significance._correct([few[:, :1]])
    assert np.isnan(p[1])
    assert p[0] == alone[0]


def test_alike_and_apart():
    """Where nothing varies nothing stands out; a value that no other network has stands out at once."""
    values = np.ones((20, 2))
    values[0, 1] = 2.0
    assert significance._correct([values])[0].tolist() == [1.0, 1 / 20]
    values[5, 1] = 2.0
    assert significance._correct([values])[0][1] == 2 / 20


def test_a_random_layer_stands_out_in_one_of_twenty():
    """Ten measures, of which one or two are often far out; the corrected p keeps its promise."""
    said = 0
    for seed in range(60):
        graph = LayeredGraph.from_masks([layer(20, 15, 0.15, seed)])
        table = structure_table(graph, rng=RNG(seed))
        said += bool((table["p_corrected"] < 0.05).any())
    assert said <= 8  # binomial: 60 at 1 in 21, beyond it with a chance of .002


def test_planted_blocks_stand_out():
    told = 0
    for seed in range(10):
        rng = RNG(seed)
        odds = np.where(np.kron(np.eye(2), np.ones((30, 20))), 10.0, 1.0).ravel()
        mask = np.zeros(2400, bool)
        mask[rng.choice(2400, 240, replace=False, p=odds / odds.sum())] = True
        table = structure_table(LayeredGraph.from_masks([mask.reshape(60, 40)]), rng=rng)
        told += bool((table["p_corrected"] < 0.05).any())
    assert told == 10


def test_a_directed_network_is_measured_without_its_loops_and_says_so():
    rng = RNG(7)
    links = rng.random((20, 20)) < 0.15
    np.fill_diagonal(links, False)
    plain = structure_table(LayeredGraph.from_adjacency(links, directed=True), rng=RNG(7))
    looped = structure_table(
        LayeredGraph.from_adjacency(links | np.eye(20, dtype=bool), directed=True), rng=RNG(7)
    )
    pd.testing.assert_frame_equal(plain, looped)
    assert plain["note"].str.contains("senders and receivers count as two sides").all()
    layers = structure_table(LayeredGraph.from_masks([links]), rng=RNG(7))
    assert not layers["note"].str.contains("two sides").any()


def test_few_replicates_give_no_z():
    table = structure_table(LayeredGraph.from_masks([layer()]), replicates=LEAST - 1, rng=RNG(7))
    assert table[["z", "p_corrected"]].isna().all(axis=None)
    assert table["null_mean"].notna().any()


def test_p_by_hand():
    """Centre 2.5: distance 2.5 of the network, 1.5, 1.5, .5, 2.5, 2.5, 2 of the replicates."""
    values = np.array([5.0, 1.0, 4.0, 2.0, 0.0, 5.0, 0.5])
    (value, mean, deviation, z, p, count), note = significance._statistics("nodf", values)
    assert (value, count) == (5.0, 6)
    assert (mean, deviation) == (pytest.approx(12.5 / 6), pytest.approx(np.std(values[1:], ddof=1)))
    assert p == 3 / 7
    assert np.isnan(z)
    assert note == ["no z: 6 replicates have a value, and a deviation needs 15"]


def test_low_values_count_on_their_own_side():
    (_, mean, deviation, z, p, _), notes = significance._statistics("nodf", np.r_[0.0, 14:29])
    assert p == 1 / 16
    assert z == pytest.approx((0 - mean) / deviation)
    assert z < -4
    assert notes == []


def test_replicates_that_are_all_alike():
    """A full layer has one matrix of its degrees only."""
    table = structure_table(LayeredGraph.from_masks([np.ones((4, 5))]), rng=RNG(7)).set_index("measure")
    line = table.loc["robins_alexander"]
    assert (line["value"], line["null_std"], line["p"]) == (1.0, 0.0, 1.0)
    assert np.isnan(line["z"])
    assert line["note"] == "all replicates are alike: no z"
    assert np.isnan(table.loc["assortativity", "value"])
    assert "all alike; undefined in 20 of 20 replicates" in table.loc["assortativity", "note"]


def test_one_replicate_and_no_links():
    graph = LayeredGraph.from_masks([layer(), np.zeros((40, 5))])
    table = structure_table(graph, measures=["robins_alexander"], replicates=1, rng=RNG(7))
    assert table["note"][0] == "no z: 1 replicates have a value, and a deviation needs 15"
    assert np.isnan(table["z"][0])
    assert table["p"][0] in (0.5, 1.0)
    assert table["note"][1] == "undefined: no path of three links; undefined in 1 of 1 replicates"
    assert table["replicates"].tolist() == [1, 0]


def test_too_large_is_said(monkeypatch):
    monkeypatch.setattr(significance, "LARGEST_WORK", 100)
    table = structure_table(LayeredGraph.from_masks([layer()]), rng=RNG(7)).set_index("measure")
    assert table.loc["lcp_correlation", "note"].startswith("too large: about")
    assert np.isnan(table.loc["nodf", "value"])
    assert table.loc["nodf", "replicates"] == 0
    assert table.loc["modularity", "note"] == ""


def test_measures_restrict_and_projections_differ():
    table = structure_table(graphs.mixed(), measures=["clustering", "nodf"], replicates=2, rng=RNG(7))
    assert list(zip(table["projection"], table["measure"], strict=True)) == [
        ("a -> b", "nodf"),
        ("b -> b", "clustering"),
    ]
    assert set(MEASURES) == set(BIPARTITE_MEASURES) | set(UNIPARTITE_MEASURES)
    recurrent = structure_table(graphs.residual(), measures=["nodf"], replicates=2, rng=RNG(7))
    assert len(recurrent) == 4


def test_a_seed_gives_the_same_table(monkeypatch):
    graph = LayeredGraph.from_masks([layer(), layer(40, 10)])
    first = structure_table(graph, replicates=5, rng=RNG(3))
    monkeypatch.setattr(significance, "processors", lambda: 1)
    pd.testing.assert_frame_equal(first, structure_table(graph, replicates=5, rng=RNG(3)))


def test_no_projections():
    graph = LayeredGraph(graphs.chain().populations, ())
    assert tuple(structure_table(graph, rng=RNG(7))) == COLUMNS


def test_bad_input():
    graph = graphs.chain()
    with pytest.raises(ValueError, match="a measure must be one of"):
        structure_table(graph, measures=["closeness"], rng=RNG(7))
    with pytest.raises(TypeError, match=r"pass \['nodf'\]"):
        structure_table(graph, measures="nodf", rng=RNG(7))
    with pytest.raises(ValueError, match="null must be one of"):
        structure_table(graph, null="er", rng=RNG(7))
    with pytest.raises(ValueError, match="replicates"):
        structure_table(graph, replicates=0, rng=RNG(7))
    with pytest.raises(TypeError, match="Generator"):
        structure_table(graph, rng=7)
