"""The graphs of models: what stays alive, what dies, and evolution of the sparse layers alone."""

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from torch import nn

from netsci.graph import LayeredGraph, percolate
from netsci.graph.percolation import live_units
from netsci.models import wiring
from netsci.models.conv import conv2fc2
from netsci.models.conv_net import CLASSIFIER
from netsci.models.resnet import resnet18
from netsci.models.spikformer import spikformer_tiny
from netsci.models.vgg import vgg16
from netsci.models.wiring import default_sparse, evolvable, full_links, link_shapes
from netsci.sparse import layered_graph, rewire, sparse_layers
from netsci.spiking import record
from netsci.topology import EvolutionRule, evolve
from tests.models.counting import shake_norms

FC1, FC2 = CLASSIFIER
RULE = EvolutionRule("magnitude", "ch3_l3", 0.5)


def matrix(shape, *cells):
    rows, columns = zip(*cells, strict=True) if cells else ((), ())
    return sp.coo_array((np.ones(len(cells), bool), (rows, columns)), shape=shape).tocsr()


def random_links(shape, density, rng):
    links = np.zeros(shape, bool)
    links.ravel()[rng.choice(links.size, max(1, round(density * links.size)), replace=False)] = True
    return links


def sparse_model(factory, density, seed=7, **options):
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    shapes = link_shapes(factory(**options))
    names = default_sparse(factory(**options))
    return factory(links={name: random_links(shapes[name], density, rng) for name in names}, **options)


def dead(graph, population):
    return np.flatnonzero(~live_units(graph)[population]).tolist()


def tiny_spikformer(links=None, **options):
    return spikformer_tiny(classes=3, width=8, heads=2, depth=1, mlp_ratio=2, links=links, **options)


def tiny_resnet(links=None):
    return resnet18((1, 8, 8), 3, width=4, blocks=(1, 1), links=links)


def tiny_vgg(links=None):
    return vgg16((1, 8, 8), 3, width=1 / 32, hidden=(8,), links=links)


MODELS = [
    (lambda links=None: conv2fc2((1, 8, 8), 3, links=links), 0.02),
    (tiny_vgg, 0.3),
    (tiny_spikformer, 0.2),
    (lambda links=None: spikformer_tiny(classes=3, width=16, heads=4, links=links), 0.2),
    (tiny_resnet, 0.2),
]


@pytest.mark.parametrize(("factory", "density"), MODELS)
def test_sizes_are_those_of_the_wiring_and_names_those_of_layers(factory, density):
    model = sparse_model(factory, density)
    graph = layered_graph(model)
    for wire, projection in zip(model.wiring(), graph.projections, strict=True):
        assert graph.sizes[wire["source"]] == wire["source_size"]
        assert graph.sizes[wire["target"]] == wire["target_size"]
        assert projection.rows_per_unit == wire["rows_per_unit"]
        if "layer" in wire:
            assert projection.name == wire["layer"]
    free = [p.name for p, on in zip(graph.projections, evolvable(model), strict=True) if on]
    assert sorted(free) == sorted(default_sparse(model)) == sorted(sparse_layers(model))
    # Every linear layer and every convolution behind the first ones is a projection.
    left_out = {n for n in link_shapes(model) if n.startswith(("convs.", "stem.")) or n == "conv1"}
    assert {p.name for p in graph.projections} >= set(link_shapes(model)) - left_out


@pytest.mark.parametrize(("factory", "density"), MODELS)
def test_evolution_changes_sparse_layers_alone_and_goes_back_into_the_model(factory, density):
    model = sparse_model(factory, density)
    dense = {
        k: v.clone() for k, v in model.state_dict().items() if not k.endswith(("values", "start", "column"))
    }
    before = {name: layer.links for name, layer in sparse_layers(model).items()}
    rng = np.random.default_rng(7)
    for _ in range(3):
        graph = layered_graph(model)
        step = evolve(graph, RULE, zeta=0.3, evolvable=evolvable(model), rng=rng)
        live = live_units(percolate(step.graph))
        for p, on, grown in zip(graph.projections, evolvable(model), step.regrown, strict=True):
            assert on or not grown.nnz
            sources = np.repeat(live[p.source], p.rows_per_unit)
            coo = step.graph.projections[[q.name for q in graph.projections].index(p.name)].links.tocoo()
            assert sources[coo.row].all()
            assert live[p.target][coo.col].all()
        rewire(model, step.graph, None)
    after = {name: layer.links for name, layer in sparse_layers(model).items()}
    assert any((before[name] != after[name]).nnz for name in before)
    for key, value in dense.items():
        assert torch.equal(model.state_dict()[key], value)
    x = torch.rand(2, 1, 8, 8, generator=torch.Generator().manual_seed(7))
    scores = model(x)
    scores.sum().backward()
    assert scores.isfinite().all()


@pytest.mark.parametrize(("factory", "density"), MODELS)
def test_models_run_under_autocast(factory, density):
    model = sparse_model(factory, density)
    x = torch.rand(2, 1, 8, 8, generator=torch.Generator().manual_seed(7))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        scores = model(x)
    assert scores.isfinite().all()
    scores.float().square().sum().backward()
    for layer in sparse_layers(model).values():
        assert layer.values.grad.dtype == torch.float32
        assert layer.values.grad.isfinite().all()


@pytest.mark.parametrize(("factory", "density"), MODELS)
def test_models_can_be_recorded(factory, density):
    x = 2 * torch.rand(3, 1, 8, 8, generator=torch.Generator().manual_seed(7))
    model = shake_norms(sparse_model(factory, density), x)  # untrained norms would silence it
    trace = record(model, x)
    assert trace.steps == model.steps
    assert trace.samples == 3
    assert trace.spikes > 0


def test_features_and_hidden_units_without_links_die():
    # Features 0 and 1 to hidden 0 and 1; hidden 2 gets nothing.
    first = matrix((160, 300), (0, 0), (1, 1))
    model = conv2fc2((1, 8, 8), 3, links=first)
    live = live_units(layered_graph(model))
    assert np.flatnonzero(live["features"]).tolist() == [0, 1]
    assert np.flatnonzero(live["hidden"]).tolist() == [0, 1]
    assert live["classes"].all()
    # A hidden unit that reaches no class dies only where the output layer may lose links.
    out = full_links(300, 3).tolil()
    out[1] = False
    both = conv2fc2((1, 8, 8), 3, links=[first, sp.csr_array(out)])
    live = live_units(layered_graph(both))
    assert np.flatnonzero(live["features"]).tolist() == [0]
    assert evolvable(both) == [True, False]


def test_the_output_layer_loses_dead_rows_where_it_has_links_of_its_own():
    first = matrix((160, 300), (0, 0), (1, 1), (5, 2))
    model = conv2fc2((1, 8, 8), 3, links=[first, full_links(300, 3)])
    step = evolve(
        layered_graph(model),
        EvolutionRule("magnitude", "random", 1.0),
        zeta=0.0,
        evolvable=evolvable(model),
        rng=np.random.default_rng(7),
    )
    rewire(model, step.graph, None)
    assert sparse_layers(model)[FC2].n_links == 9
    assert sparse_layers(model)[FC1].n_links == 3
    dense = conv2fc2((1, 8, 8), 3, links=first)
    rewire(dense, layered_graph(dense), None)
    assert dense.classifier.layers[1].weight.shape == (3, 300)


def spikformer_links(**changed):
    """All links in a block of width 8 with 2 heads, but where changed."""
    names = {"q": "attn.q", "k": "attn.k", "v": "attn.v", "proj": "attn.proj", "fc1": "fc1", "fc2": "fc2"}
    shapes = {"fc1": (8, 16), "fc2": (16, 8)}
    links = {short: full_links(*shapes.get(short, (8, 8))).toarray() for short in names}
    for short, (rows, columns) in changed.items():
        links[short][rows, columns] = False
    return {f"blocks.0.{names[short]}.linear": links[short] for short in names}


ALL = slice(None)


def test_residual_streams_stay_alive_without_any_sparse_link():
    none = {name: np.zeros(links.shape, bool) for name, links in spikformer_links().items()}
    live = live_units(layered_graph(tiny_spikformer(none)))
    for population in ("stream0", "middle0", "stream1", "classes"):
        assert live[population].all()
    for population in ("q0", "k0", "v0", "attention0", "hidden0"):
        assert not live[population].any()


def test_all_links_of_a_block_survive():
    graph = layered_graph(tiny_spikformer(spikformer_links()))
    assert percolate(graph) == graph
    eights = ("stream0", "q0", "k0", "v0", "attention0", "middle0", "stream1")
    assert graph.sizes == dict.fromkeys(eights, 8) | {"hidden0": 16, "classes": 3}


def test_queries_and_keys_serve_all_values_of_their_head_and_no_other():
    # Attention units 0 to 2 of the first head go nowhere: queries and keys still serve unit 3.
    graph = layered_graph(tiny_spikformer(spikformer_links(proj=([0, 1, 2], ALL))))
    assert dead(graph, "v0") == dead(graph, "attention0") == [0, 1, 2]
    assert dead(graph, "q0") == dead(graph, "k0") == []
    # Without unit 3 the whole head dies, and its queries, keys and values lose their links.
    graph = layered_graph(tiny_spikformer(spikformer_links(proj=([0, 1, 2, 3], ALL))))
    for population in ("q0", "k0", "v0", "attention0"):
        assert dead(graph, population) == [0, 1, 2, 3]
    left = {p.name: p.links.nnz for p in percolate(graph).projections}
    assert left["blocks.0.attn.q.linear"] == left["blocks.0.attn.v.linear"] == 32


def test_units_without_links_die_in_their_own_place():
    graph = layered_graph(
        tiny_spikformer(spikformer_links(q=(ALL, 5), fc1=(ALL, [2, 7]), fc2=([4, 11], ALL), v=(ALL, 6)))
    )
    assert dead(graph, "q0") == [5]
    assert dead(graph, "k0") == []
    assert dead(graph, "v0") == [6]
    assert dead(graph, "hidden0") == [2, 4, 7, 11]
    # Unit 6 of the attention has no value, but queries: it counts as live (conservative).
    assert dead(graph, "attention0") == []


def test_what_the_graph_calls_dead_changes_nothing_in_the_model():
    # The values of links that percolation removes may be anything.
    links = spikformer_links(proj=([0, 1, 2, 3], ALL), fc2=([4, 11], ALL))
    torch.manual_seed(7)
    model = tiny_spikformer(links, steps=4).double()
    x = torch.rand(6, 1, 8, 8, generator=torch.Generator().manual_seed(7)).double()
    before = model(x)
    left = {p.name: p.links for p in percolate(layered_graph(model)).projections}
    removed = 0
    for name, layer in sparse_layers(model).items():
        coo = layer.links.tocoo()
        gone = ~np.asarray(left[name].toarray()[coo.row, coo.col])
        removed += gone.sum()
        layer.values.data[torch.from_numpy(gone)] += 5.0
    assert removed == 3 * 32 + 16
    assert before.std() > 0
    torch.testing.assert_close(model(x), before)
    layer.values.data[~torch.from_numpy(gone)] += 5.0
    assert not torch.equal(model(x), before)


def test_residual_network_lives_over_its_shortcuts():
    shapes = link_shapes(tiny_resnet())
    links = {name: full_links(*shapes[name]).toarray() for name in default_sparse(tiny_resnet())}
    graph = layered_graph(tiny_resnet(links))
    assert percolate(graph) == graph
    # The inner channel 2 of the first block goes nowhere; its outer channels live on by the identity.
    links["layer1.0.conv2"][2 * 9 : 3 * 9] = False
    links["layer1.0.conv2"][:, 1] = False
    graph = layered_graph(tiny_resnet(links))
    assert dead(graph, "conv1.0") == [2]
    assert dead(graph, "block1.0") == dead(graph, "stem") == []
    assert {p.name: p.rows_per_unit for p in graph.projections}["layer1.0.conv2"] == 9
    # Channel 3 after the first block is read by nothing; its only reader was the shortcut of the second.
    links["layer2.0.conv1"][3 * 9 :] = False
    assert dead(layered_graph(tiny_resnet(links)), "block1.0") == []
    links["layer2.0.downsample.0"][3] = False
    assert dead(layered_graph(tiny_resnet(links)), "block1.0") == [3]
    assert dead(layered_graph(tiny_resnet(links)), "stem") == []
    # Output channel 5 gets nothing from either side.
    links["layer2.0.conv2"][:, 5] = False
    links["layer2.0.downsample.0"][:, 5] = False
    assert dead(layered_graph(tiny_resnet(links)), "block2.0") == [5]


def test_dense_models_have_all_links():
    graph = layered_graph(tiny_resnet())
    assert percolate(graph) == graph
    assert evolvable(tiny_resnet()) == [False] * len(graph.projections)


def test_helpers():
    heads = wiring.heads("q", "a", 6, 3)["links"].toarray()
    assert [(int(r), int(c)) for r, c in zip(*heads.nonzero(), strict=True)] == [
        (i, j) for i in range(6) for j in range(6) if i // 2 == j // 2
    ]
    full = full_links(3, 2)
    assert full.shape == (3, 2)
    assert full.toarray().all()
    assert full.has_canonical_format
    assert isinstance(layered_graph(tiny_spikformer()), LayeredGraph)
    with pytest.raises(ValueError, match="must be linear or a convolution; it is ReLU"):
        wiring.layer(nn.Sequential(nn.ReLU()), "0", "a", "b")
    with pytest.raises(TypeError, match="has no sparse_names"):
        default_sparse(nn.Linear(2, 3))
