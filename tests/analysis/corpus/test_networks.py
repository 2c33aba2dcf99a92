import hashlib
import io
import json
import zipfile
from collections import Counter

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import wilcoxon
from typer.testing import CliRunner

from analysis import figures
from analysis.corpus import networks, study
from analysis.corpus import tables as networks_tables
from analysis.corpus.study import PRECISION
from analysis.corpus.tables import ALL, RULES, STRUCTURE
from analysis.engine import agreement
from netsci.sweep import Cell, Record, Task

SETTING = {"per_domain": 6, "per_series": 2, "largest": 60, "hidden": 0.1, "repetitions": 2}
PREDICTION, ROUTING = study.exhibits()


def adjacency(graph: nx.Graph) -> sp.csr_array:
    return sp.csr_array(nx.to_scipy_sparse_array(graph, dtype=bool))


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    """Seven networks a domain, of which three are of one series, one is too large and one there twice."""
    graphs = [nx.connected_watts_strogatz_graph(24 + i, 4, 0.3, seed=i) for i in range(5)]
    graphs += [nx.connected_watts_strogatz_graph(61, 4, 0.3, seed=9), graphs[0]]
    names = ["Lake_web_1999", "Lake_web_2000", "Lake_web_2001", "5ab0_code", "Other", "Large", "Again"]
    known, buffer = {}, io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as stored:
        for domain in networks.DOMAINS:
            for name, graph in zip(names, graphs, strict=True):
                file = f"{len(known):03d}.tsv"
                links = "".join(f"{a}\t{b}\n" for a, b in sorted(map(sorted, graph.edges)))
                stored.writestr(file, f"source\ttarget\n{links}")
                entry = {"domain": domain, "file": file, "n": len(graph), "m": graph.number_of_edges()}
                known[f"{len(known)}_{name}"] = entry
        stored.writestr("index.json", json.dumps({"networks": known}))
    path = tmp_path / "data" / networks.ARCHIVE
    path.parent.mkdir(parents=True)
    path.write_bytes(buffer.getvalue())
    monkeypatch.setattr(networks, "CHECKSUM", hashlib.sha256(buffer.getvalue()).hexdigest())
    monkeypatch.setenv(networks.NEEDS, str(tmp_path / "data"))
    return zipfile.ZipFile(buffer)


def chosen(corpus, seed=0, domain="Social", **changes):
    setting = {"per_domain": 6, "per_series": 2, "largest": 60} | changes
    return networks.sample(corpus, domain, seed=seed, **setting)


def test_the_sample_is_stratified(corpus):
    start = 7 * networks.DOMAINS.index("Social")
    for seed in range(5):
        found = [number - start for number in chosen(corpus, seed)]
        assert Counter(number in (0, 1, 2) for number in found) == {True: 2, False: len(found) - 2}
        assert {3, 4} <= set(found) <= {0, 1, 2, 3, 4, 6}
        assert not {0, 6} <= set(found)
    assert chosen(corpus) == chosen(corpus)
    assert len({tuple(chosen(corpus, seed)) for seed in range(5)}) > 1
    assert len(chosen(corpus, per_domain=2)) == 2
    assert 5 + start in chosen(corpus, largest=61, per_domain=7)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Lake_web_1999", "Lake_web_"), ("57222854461", "57222854461"), ("a2b", "a2b"), ("Karate", "Karate")],
)
def test_series(name, expected):
    assert networks.series(name) == expected


def test_networks_are_read_as_they_are(corpus):
    network = networks.read(corpus, 8)
    graph = nx.connected_watts_strogatz_graph(25, 4, 0.3, seed=1)
    assert (network.adjacency != adjacency(graph)).nnz == 0
    assert (network.name, network.number, network.series) == ("Lake_web_2000", 8, "Lake_web_")


def test_the_archive_is_checked(corpus, monkeypatch, tmp_path):
    assert networks.archive()
    monkeypatch.setattr(networks, "CHECKSUM", "0" * 64)
    with pytest.raises(RuntimeError, match="another archive"):
        networks.archive()
    monkeypatch.setenv(networks.NEEDS, str(tmp_path))
    with pytest.raises(FileNotFoundError, match="holds no networks/corpus550"):
        networks.archive()
    monkeypatch.delenv(networks.NEEDS)
    with pytest.raises(RuntimeError, match="NETSCI_DATA is not set"):
        networks.archive()


@pytest.mark.parametrize(
    "graph", [nx.karate_club_graph(), nx.davis_southern_women_graph(), nx.star_graph(5)], ids=len
)
def test_structure_agrees_with_networkx(graph):
    values, _ = networks.structure(adjacency(graph))
    found = dict(zip(STRUCTURE, values, strict=True))
    assert (found["nodes"], found["links"]) == (len(graph), graph.number_of_edges())
    assert found["bipartite"] == nx.is_bipartite(graph)
    assert found["clustering"] == pytest.approx(nx.average_clustering(graph))
    assert found["path_length"] == pytest.approx(nx.average_shortest_path_length(graph))
    assert 0 <= found["gr_score"] <= 1
    assert found["at_bound"] in (0, 1)


def test_a_ring_has_no_radii():
    values, flags = networks.structure(adjacency(nx.cycle_graph(8)))
    found = dict(zip(STRUCTURE, values, strict=True))
    assert np.isnan([found["gr_score"], found["congruence"], found["gamma"]]).all()
    assert "all degrees are equal" in flags
    assert found["bipartite"] == 1


def test_precision_by_hand():
    scores, hits = np.array([3.0, 2.0, 2.0, 2.0, 1.0]), np.array([1, 1, 0, 0, 1], bool)
    assert networks.precision_at(scores, hits, 1) == 1
    assert networks.precision_at(scores, hits, 2) == pytest.approx((1 + 1 / 3) / 2)
    assert networks.precision_at(scores, hits, 4) == 0.5
    assert networks.precision_at(scores, hits, 5) == pytest.approx(3 / 5)
    assert networks.precision_at(0 * scores, hits, 2) == pytest.approx(3 / 5)
    noise = scores * (1 + 1e-14 * np.arange(5))
    assert networks.precision_at(noise, hits, 2) == pytest.approx((1 + 1 / 3) / 2)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=8), st.data())
def test_ties_count_by_expectation(cells, data):
    scores, hits = (np.array(column) for column in zip(*cells, strict=True))
    size = data.draw(st.integers(1, len(cells)))
    rng = np.random.default_rng(0)
    drawn = [hits[np.lexsort((rng.random(len(hits)), -scores))[:size]].mean() for _ in range(400)]
    found = networks.precision_at(scores.astype(float), hits, size)
    assert found == pytest.approx(np.mean(drawn), abs=0.12)
    assert networks.precision_at(np.exp(scores.astype(float)), hits, size) == found


def test_precision_of_resource_allocation_agrees_with_networkx():
    graph = nx.convert_node_labels_to_integers(nx.les_miserables_graph())
    found = dict(
        zip(RULES, networks.precision(adjacency(graph), 0.1, rng=np.random.default_rng(3)), strict=True)
    )
    links = sorted(tuple(sorted(link)) for link in graph.edges)
    away = np.random.default_rng(3).choice(len(links), round(0.1 * len(links)), replace=False)
    hidden = {links[i] for i in away}
    graph.remove_edges_from(hidden)
    scored = list(nx.resource_allocation_index(graph))
    hits = np.array([tuple(sorted((u, v))) in hidden for u, v, _ in scored])
    scores = np.array([score for *_, score in scored])
    assert found["RA-L2"] == pytest.approx(networks.precision_at(scores, hits, len(hidden)))
    assert found["random"] == pytest.approx(len(hidden) / len(scored))
    assert found["RA-L2"] > 5 * found["random"]


def test_a_complete_bipartite_network_is_three_steps_deep():
    """Positive and negative control: only L3 paths join the two sides, so L3 finds all and L2 nothing."""
    graph = adjacency(nx.complete_bipartite_graph(7, 9))
    found = dict(zip(RULES, networks.precision(graph, 0.1, rng=np.random.default_rng(0)), strict=True))
    assert [found[rule] for rule in ("CH3-L3", "CH3-L3 induced", "RA-L3")] == [1, 1, 1]
    assert [found[rule] for rule in ("CH3-L2", "RA-L2")] == [0, 0]


def test_chunks_share_out_the_sample(corpus):
    run = {"domain": "Economic", "chunks": 3, "seed": 2} | SETTING
    records = [networks.measure(chunk=chunk, **run) for chunk in range(3)]
    sample = chosen(corpus, 2, "Economic")
    assert sorted(np.concatenate([record.arrays["number"] for record in records])) == sorted(sample)
    assert records[0].arrays["precision"].shape == (2, 2, len(RULES))
    again = networks.measure(chunk=0, **run)
    assert np.array_equal(again.arrays["precision"], records[0].arrays["precision"])
    assert not np.array_equal(*records[0].arrays["precision"].swapaxes(0, 1))
    empty = networks.measure(chunk=8, **(run | {"chunks": 9}))
    assert empty.arrays["precision"].shape == (0, 2, len(RULES))


def records_by_hand(first: float = 0.02) -> dict[Cell, Record]:
    """Two domains of eight networks; CH3-L3 beats RA-L3 by `first` times 1, 2, ... 8 but in the last."""
    made = {}
    for domain in ("Social", "Economic"):
        cell = Cell.of(Task("none", "none:none"), version=1, data="", domain=domain)
        precision = np.full((8, 2, len(RULES)), 0.25)
        precision[:, :, list(RULES).index("CH3-L3")] += first * np.arange(1, 9)[:, None]
        precision[7, :, 0] = 0.25
        precision[:, 0] += 0.01  # the repetitions differ, the differences do not
        structure = np.full((8, len(STRUCTURE)), 2.5)
        structure[:, list(STRUCTURE).index("at_bound")] = np.arange(8) == 0
        structure[:, list(STRUCTURE).index("gamma")] = np.linspace(2, 3, 8)
        structure[:, list(STRUCTURE).index("gr_score")] = np.linspace(0.9, 0.2, 8)
        notes = {"name": list("abcdefgh"), "series": list("abcdefgh"), "flags": [""] * 8}
        number = np.arange(8) + 8 * (domain == "Social")
        made[cell] = Record({"number": number, "structure": structure, "precision": precision}, notes)
    return made


def test_the_comparison_by_hand():
    made = networks_tables.prediction(records_by_hand())
    domains = made["domains"]
    line = domains[(domains["first"] == "CH3-L3") & (domains["second"] == "RA-L3")].set_index("domain")
    for domain, count in (("Social", 8), (ALL, 16)):
        found = line.loc[domain]
        assert (found["wins"], found["ties"], found["losses"]) == (count * 7 / 8, count / 8, 0)
        difference = np.tile(np.append(0.02 * np.arange(1, 8), 0), count // 8)
        assert found["difference"] == pytest.approx(difference.mean())
        assert found["mean_first"] - found["mean_second"] == pytest.approx(difference.mean())
        assert found["low"] < found["difference"] < found["high"]
        assert found["rank_biserial"] == 1
    exact = wilcoxon(np.arange(1, 8), alternative="greater").pvalue
    assert line.loc["Social", "p_greater"] == pytest.approx(exact) == pytest.approx(2**-7)
    assert len(made["table"]) == 2 * 8 * 2 * len(RULES)
    assert made["table"]["seed"].unique().tolist() == [0, 1]
    assert made["networks"]["network"].is_unique


@pytest.mark.parametrize(("first", "word"), [(0.02, "yes"), (-0.02, "no"), (0.0, "undecided")])
def test_the_ruling_goes_either_way(first, word):
    made = networks_tables.prediction(records_by_hand(first))
    assert PREDICTION.rulings(made)["holds"].iloc[0] == word
    precision = PREDICTION.sheet(made).by_seed(("CH3-L3", PRECISION))
    assert len(precision) == 16  # a network takes the place of a seed


def test_correlations_leave_out_exponents_at_a_bound():
    made = networks_tables.routing(records_by_hand())
    line = made["correlations"].query("domain == 'Social'").set_index("property")
    assert line.loc["γ", "networks"] == 7
    assert line.loc["γ", "spearman"] == pytest.approx(-1)
    assert line.loc["nodes", "networks"] == 8
    assert np.isnan(line.loc["nodes", "spearman"])
    figure = ROUTING.draw(made, "matplotlib")
    assert sum(len(dots.get_offsets()) for dots in figure.axes[0].collections) == 14
    assert "2 of 16 networks left out" in " ".join(
        text.get_text() for text in (*figure.axes[0].texts, *figure.texts, figure.axes[0].xaxis.label)
    )


def command(folder, *arguments: str):
    return CliRunner().invoke(figures.app, ["--out", str(folder), "--jobs", "1", *arguments])


def test_without_the_data_it_is_skipped_or_drawn_from_what_is_there(corpus, monkeypatch, tmp_path):
    data = str(tmp_path / "data")
    monkeypatch.setattr(study, "PARAMETERS", SETTING | {"chunks": 1, "repetitions": 1, "per_domain": 2})
    only = ["--only", PREDICTION.id, "--format", "svg"]
    monkeypatch.delenv(networks.NEEDS)
    skipped = command(tmp_path / "out", *only)
    assert skipped.exit_code == 0
    assert "real-networks: skipped, NETSCI_DATA is not set" in skipped.output
    assert not (tmp_path / "out").exists()
    monkeypatch.setenv(networks.NEEDS, data)
    made = command(tmp_path / "out", *only)
    assert made.exit_code == 0, made.output
    shown = pd.read_csv(tmp_path / "out/figures/real-networks/table.csv")
    assert shown["networks"].max() == 12
    monkeypatch.delenv(networks.NEEDS)
    for path in (tmp_path / "out/results/runs").iterdir():
        path.unlink()
    again = command(tmp_path / "out", *only)
    assert again.exit_code == 0
    assert "skipped" not in again.output


def test_agreement_reports_what_was_skipped(monkeypatch, tmp_path, capsys):
    committed = figures.ROOT / "analysis/results"
    monkeypatch.delenv(networks.NEEDS, raising=False)
    assert agreement.main(tmp_path, [PREDICTION], committed) == 0
    assert "real-networks: skipped, NETSCI_DATA is not set" in capsys.readouterr().out
    monkeypatch.setenv(networks.NEEDS, str(tmp_path))
    assert agreement.main(tmp_path, [PREDICTION], committed) == 1
    assert "real-networks: of 18 runs 18 not made anew" in capsys.readouterr().out
