"""The first screen: planted faults in files, drawings, samples."""

import re
from itertools import pairwise
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from netsci.graph import LayeredGraph
from netsci.io import Loaded, load
from netsci.report import Section, render
from netsci.report.drawing import draw_layers
from netsci.report.findings import findings
from netsci.report.first import TITLE, first_screen, list_samples
from netsci.report.page import MOST_OPEN
from netsci.view import read_network


def masks(
    seed: int = 0, sizes: tuple[int, ...] = (64, 128, 96, 20), density: float = 0.2
) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.random(shape) < density for shape in pairwise(sizes)]


def write(path: Path, layers: list[np.ndarray]) -> Path:
    """Write a checkpoint as torch would name and turn it, in float32."""
    rng = np.random.default_rng(1)
    weights = {f"fc{i + 1}.weight": (m * rng.normal(1, 0.1, m.shape)).T for i, m in enumerate(layers)}
    np.savez(path, **{name: w.astype(np.float32) for name, w in weights.items()})
    return path


def dead(folder: Path) -> Path:
    layers = masks()
    layers[1][:49] = False
    return write(folder / "net.npz", layers)


def dense(folder: Path) -> Path:
    layers = masks()
    layers[1][:] = True
    return write(folder / "net.npz", layers)


def at_bound(folder: Path) -> Path:
    circle = nx.circulant_graph(300, [1, 2])
    circle.add_edges_from((i, i + 100) for i in range(0, 80, 10))
    nx.write_graphml(circle, folder / "net.graphml")
    return folder / "net.graphml"


def twelve(folder: Path) -> Path:
    return write(folder / "net.npz", masks(sizes=(5, 4, 3), density=0.7))


def hub(folder: Path) -> Path:
    layers = masks(density=0.05)
    layers[1][5] = True
    layers[1][:, ::7] |= False
    return write(folder / "net.npz", layers)


def same(folder: Path) -> Path:
    layers = masks(sizes=(64, 80, 80, 80, 20))
    layers[2] = layers[1].copy()
    return write(folder / "net.npz", layers)


def empty(folder: Path) -> Path:
    layers = masks()
    layers[1][:] = False
    return write(folder / "net.npz", layers)


PLANTED = {
    dead: "49 of 128 units of fc1 reach no output: 38 % of that layer is dead",
    dense: "fc2 is dense: all 12,288 places hold a link",
    at_bound: "ends at the bound of its fit",
    twelve: "The network has only 12 nodes",
    hub: "fc1[5] alone holds 96 of",
    same: "fc2 and fc3 have one mask",
    empty: "fc2 has no link",
}


def sentences(page: Section) -> list[str]:
    """The sentences of a first screen in the order in which a reader sees them."""
    found = [one.sentence for one in page.findings]
    return found if page.verdict in found else [page.verdict, *found]


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_a_file_with_a_planted_fault_says_so_in_its_first_two_sentences(plant, tmp_path: Path) -> None:
    network = read_network(plant(tmp_path))
    said = sentences(first_screen(network.graph, network.guesses))
    assert any(PLANTED[plant] in sentence for sentence in said[:2]), said
    text = render("t", [first_screen(network.graph, network.guesses)])
    place = text.index(PLANTED[plant].replace("'", "&#39;"))
    assert place < text.index("<svg")


def test_a_guess_of_the_reader_stands_first(tmp_path: Path) -> None:
    loaded = load(write(tmp_path / "net.npz", masks()))
    guessed = Loaded(
        loaded.graph, "npz", (), loaded.path, "0" * 64, ("the order of the layers; see --select",)
    )
    network = read_network(guessed)
    said = sentences(first_screen(network.graph, network.guesses))
    assert said[0].startswith("Guessed from the file: the order of the layers; see --select; the file itself")


@pytest.mark.parametrize("seed", range(5))
def test_a_sound_random_mask_says_that_nothing_stands_out(seed: int, tmp_path: Path) -> None:
    network = read_network(write(tmp_path / "net.npz", masks(seed, density=0.1 + 0.05 * seed)))
    page = first_screen(network.graph)
    assert sentences(page)[0].startswith("Nothing stands out: ")
    assert "random links in the same numbers would leave" in page.verdict
    assert not any(one.stands_out for one in page.findings)


def test_structure_beyond_its_null_model_is_told_with_it() -> None:
    row = {"projection": "fc1", "measure": "modularity", "value": 0.6, "null_mean": 0.3, "null_std": 0.01}
    table = pd.DataFrame([row | {"z": 30.0, "p_corrected": 0.01}, row | {"z": 0.1, "p_corrected": 0.9}])
    graph = LayeredGraph.from_masks(masks())
    found = findings(graph, compared=table)
    assert [one.kind for one in found if one.stands_out] == ["structure"]
    assert found[0].sentence == (
        "Modularity of fc1 is 0.6; networks with the same degrees have 0.3 ± 0.01 (z = +30.0, corrected "
        "p = 0.01)."
    )
    nothing = first_screen(graph, parts=[Section("Structure against null models", data=table.iloc[1:])])
    assert "none of 1 measure of structure lies beyond its null model" in nothing.verdict


def test_the_drawing_shows_width_density_dead_units_and_branches() -> None:
    layers = masks()
    layers[1][:64] = False
    drawn, alt = draw_layers(LayeredGraph.from_masks(layers, names=["<fc1>", "fc2", "fc3"]))
    assert drawn.count('class="box"') == 4
    assert drawn.count('class="dead"') == 1
    assert "50 % dead" in drawn
    assert "&lt;fc1&gt;" in drawn
    assert "<fc1>" not in drawn
    assert "4 populations from left to right" in alt
    empty = [np.zeros((3, 4)), np.ones((4, 2))]
    assert "no link" in draw_layers(LayeredGraph.from_masks(empty))[0]


def test_many_layers_are_a_strip() -> None:
    kinds = ("attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2")
    rng = np.random.default_rng(0)
    graph = LayeredGraph.from_masks(
        [rng.random((8, 8)) < 0.3 for _ in range(48)],
        names=[f"blocks.{i // 4}.{kinds[i % 4]}" for i in range(48)],
    )
    drawn, alt = draw_layers(graph)
    assert "48 layers by kind (rows) and block (columns, 12)" in alt
    assert drawn.count('class="cell"') == 48
    assert all(kind in drawn for kind in kinds)
    lone = LayeredGraph.from_masks([rng.random((4, 4)) < 0.5 for _ in range(40)])
    assert "left out" not in draw_layers(lone)[1]
    longer = LayeredGraph.from_masks([rng.random((4, 4)) < 0.5 for _ in range(60)])
    assert "20 layers are left out" in draw_layers(longer)[1]


def test_samples_say_so_on_the_first_screen() -> None:
    parts = [
        Section("Hyperbolic disk", notes=["Drawn is a random sample of 20 of the 78 links; all took part."]),
        Section("Structure against null models", notes=["Null model: 99 networks (rewired). z = far. p."]),
        Section("Degree distributions", notes=["A random sample of nothing."]),
    ]
    assert list_samples(parts) == [
        "Hyperbolic disk: drawn is a random sample of 20 of the 78 links; all took part.",
        "Structure against null models: null model: 99 networks (rewired).",
    ]


def test_sections_fold_long_tables_unfold_and_findings_link() -> None:
    graph = LayeredGraph.from_masks([np.eye(40)[:, :24], np.ones((24, 3))], names=["a", "b"])
    long = Section("Overview", "Many rows.", table=pd.DataFrame({"x": range(MOST_OPEN + 1)}))
    short = Section("Percolation", "Few rows.", table=pd.DataFrame({"x": range(MOST_OPEN)}))
    text = render("t", [first_screen(graph), long, short])
    assert text.count('<details class="fold" open>') == 3
    assert text.count('<details class="long">') == 1
    assert f"<summary>Table, {MOST_OPEN + 1} rows</summary>" in text
    assert 'type="search"' in text
    assert re.search(r'b is dense: .*? <a href="#overview">Overview</a>', text)
    assert text.count("b is dense") == 1
    assert f">{TITLE}</h2>" in text
