"""What stands out: each planted fault comes first, and a sound random mask says that nothing does."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from netsci.graph import LayeredGraph, Population, live_units
from netsci.report import chance, sections
from netsci.report.findings import MOST, Finding, findings
from netsci.report.first import nothing_stands_out

SIZES = (64, 128, 96, 10)


def masks(seed: int = 0, sizes: tuple[int, ...] = SIZES, density: float = 0.25) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.random(shape) < density for shape in pairwise(sizes)]


def chain(*layers: np.ndarray) -> LayeredGraph:
    return LayeredGraph.from_masks(layers, names=[f"fc{i + 1}" for i in range(len(layers))])


def dead() -> LayeredGraph:
    layers = masks()
    layers[1][:49] = False  # 49 of 128 units have inputs and no output
    return chain(*layers)


def dense() -> LayeredGraph:
    layers = masks()
    layers[2][:] = True
    return chain(*layers)


def at_bound() -> LayeredGraph:
    # Nearly regular: all degrees are 4 but for sixteen of 5.
    circle = nx.circulant_graph(300, [1, 2])
    circle.add_edges_from((i, i + 100) for i in range(0, 80, 10))
    return LayeredGraph.from_adjacency(nx.to_numpy_array(circle) != 0)


def twelve() -> LayeredGraph:
    return LayeredGraph.from_adjacency(
        np.triu(np.random.default_rng(1).random((12, 12)) < 0.4, 1), directed=True
    )


def hub() -> LayeredGraph:
    layers = masks(density=0.03)
    layers[1][5] = True
    return chain(*layers)


def same() -> LayeredGraph:
    layers = masks(sizes=(64, 80, 80, 80, 20))
    layers[2] = layers[1].copy()
    return chain(*layers)


def empty() -> LayeredGraph:
    layers = masks()
    layers[1][:] = False
    return chain(*layers)


FAULTS = {
    "dead units": (dead, "49 of 128 units of layer1 reach no output: 38 % of that layer is dead"),
    "dense": (dense, "fc3 is dense: all 960 places hold a link (0 % sparsity); the other layers hold 2"),
    "at bound": (
        at_bound,
        "ends at the bound of its fit, 10, so it is no estimate; random links in the same",
    ),
    "few nodes": (twelve, "The network has only 12 nodes; a degree exponent needs at least 100"),
    "hub": (hub, "layer1[5] alone holds 96 of"),
    "same mask": (
        same,
        "fc2 and fc3 have one mask: 1,579 of 1,579 links lie in the same places; by chance they",
    ),
    "empty layer": (empty, "fc2 has no link: none of 12,288 places is used; the other layers hold 2"),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_a_planted_fault_is_the_first_sentence(kind: str) -> None:
    make, words = FAULTS[kind]
    found = findings(make())
    assert found[0].kind == kind
    assert words in found[0].sentence
    assert found[0].stands_out == (kind != "at bound")


def test_a_guess_is_the_first_sentence() -> None:
    found = findings(chain(*masks()), ["the order of the layers follows their names.", "another one"])
    assert found[0].sentence == (
        "Guessed from the file: the order of the layers follows their names (and 1 more guess); the file "
        "itself does not say so."
    )
    assert found[0].section == "Notes"


@pytest.mark.parametrize("seed", range(6))
def test_nothing_stands_out_in_a_sound_random_mask(seed: int) -> None:
    sizes = [(60, 40), (784, 300, 100, 10), (64, 64), (30, 90, 200), (128, 128, 128), (200, 150, 40)][seed]
    graph = chain(*masks(seed, sizes, density=0.1))
    assert [one.sentence for one in findings(graph) if one.stands_out] == []
    assert nothing_stands_out(graph).startswith("Nothing stands out: ")


def test_few_links_leave_dead_units_by_chance_and_that_is_no_surprise() -> None:
    graph = chain(*masks(3, (784, 300, 100, 10), density=0.1))
    assert "random links in the same numbers would leave about 4" in nothing_stands_out(graph)
    assert not any(one.kind == "dead units" for one in findings(graph))


def test_a_small_network_is_told_and_does_not_hide_that_nothing_stands_out() -> None:
    found = findings(chain(*masks(2, (40, 30), density=0.3)))
    assert [one.kind for one in found if one.stands_out] == []
    assert found[0].kind == "few nodes"


def test_dead_nodes_of_a_plain_network_are_those_without_links() -> None:
    links = np.zeros((120, 120), bool)
    links[:80, :80] = np.triu(np.random.default_rng(0).random((80, 80)) < 0.2, 1)
    found = findings(LayeredGraph.from_adjacency(links | links.T))
    assert found[0].sentence == (
        "40 of 120 nodes have no link: 33 % of the network; random links in the same numbers would leave "
        "none."
    )


def test_groups_of_a_convolution_are_no_copies_and_a_diagonal_is_none_either() -> None:
    blocks = np.kron(np.eye(8), np.ones((9, 4))) > 0
    graph = LayeredGraph.from_masks([np.eye(32) > 0, np.eye(32) > 0])
    assert not any(one.kind == "same mask" for one in findings(graph))
    assert chance.is_grouped(LayeredGraph.from_masks([blocks]).projections[0])
    assert not chance.is_grouped(LayeredGraph.from_masks([np.roll(blocks, 4, axis=1)]).projections[0])


def test_equal_masks_of_nearly_full_layers_are_chance() -> None:
    layers = masks(0, (40, 40, 40), density=0.98)
    assert not any(one.kind == "same mask" for one in findings(chain(*layers)))


def test_every_finding_has_a_baseline_and_a_section_of_the_page() -> None:
    for make, _ in FAULTS.values():
        graph = make()
        titles = {section.title for section in sections.build(graph)}
        found = findings(graph)
        assert 1 <= len(found) <= MOST, make.__name__
        assert [one.severity for one in found] == sorted((one.severity for one in found), reverse=True)
        for one in found:
            assert one.sentence.endswith(f"{one.baseline}.")
            assert one.section in titles
    with pytest.raises(ValueError, match="needs a baseline"):
        Finding("hub", "A hub.", 1.0, "", "Overview", 60)


def test_expected_dead_units_agree_with_draws() -> None:
    graph = chain(*masks(1, (40, 60, 30), density=0.05))
    rng = np.random.default_rng(0)
    seen = dict.fromkeys(graph.sizes, 0.0)
    for _ in range(200):
        drawn = []
        for p in graph.projections:
            flat = np.zeros(p.shape[0] * p.shape[1], bool)
            flat[rng.choice(len(flat), p.n_links, replace=False)] = True
            drawn.append(flat.reshape(p.shape))
        for name, flags in live_units(graph.with_links(drawn)).items():
            seen[name] += float(flags.mean()) / 200
    expected = chance.expect_live(graph)
    assert all(abs(seen[name] - expected[name]) < 0.02 for name in seen)


def test_the_largest_of_random_degrees_agrees_with_draws() -> None:
    rng = np.random.default_rng(0)
    p = LayeredGraph.from_masks([rng.random((80, 50)) < 0.1]).projections[0]
    tops = [int(chance.draw_degrees(p, "source", rng).max()) for _ in range(400)]
    assert abs(float(np.median(tops)) - chance.expect_largest(80, 50, p.n_links)) <= 1
    above = np.mean(np.array(tops) >= 14)
    assert chance.chance_of_hub(14, 80, 50, p.n_links) > 0.8 * above > 0


def test_random_degrees_keep_the_number_of_links() -> None:
    rng = np.random.default_rng(0)
    plain = LayeredGraph.from_adjacency(np.ones((9, 9)) - np.eye(9)).projections[0]
    assert chance.draw_degrees(plain, "source", rng).tolist() == [8] * 9
    layer = LayeredGraph.from_masks([rng.random((12, 7)) < 0.4]).projections[0]
    for side, units in (("source", 12), ("target", 7)):
        degrees = chance.draw_degrees(layer, side, rng)
        assert (len(degrees), degrees.sum()) == (units, layer.n_links)


def test_rules_stand_in_the_file_of_the_ranking() -> None:
    source = Path(sections.__file__).with_name("findings.py").read_text(encoding="utf-8")
    assert source.count("def _find_") == 9


def test_a_layer_without_places_has_no_missing_links() -> None:
    alone = LayeredGraph.from_adjacency(np.zeros((1, 1), bool))
    assert [one.kind for one in findings(alone)] == ["few nodes"]
    two = LayeredGraph.from_adjacency(np.zeros((2, 2), bool))
    assert findings(two)[0].kind == "empty layer"


def test_a_hub_of_many_layers_must_be_rarer_than_of_one() -> None:
    rng = np.random.default_rng(0)
    first = np.zeros((60, 60), bool)
    first[0, :9] = first[np.arange(1, 60), rng.integers(0, 60, 59)] = True
    p = LayeredGraph.from_masks([first], names=["first"]).projections[0]
    assert 1e-3 / 100 < chance.chance_of_hub(9, 60, 60, p.n_links) < 1e-3 / 2
    others = tuple(replace(p, links=np.eye(60, dtype=bool), name=str(i)) for i in range(50))
    ends = (Population("layer0", 60), Population("layer1", 60))
    told = [
        any(one.kind == "hub" for one in findings(LayeredGraph(ends, layers), fits=[]))
        for layers in ((p,), (p, *others))
    ]
    assert told == [True, False]
