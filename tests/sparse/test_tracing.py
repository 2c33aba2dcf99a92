"""The graph of a module is that of its forward pass, or it is refused."""

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from torch import nn
from torch.nn import functional

from netsci.graph import live_units, percolate
from netsci.models import mlp, resnet18, spikformer_tiny
from netsci.sparse import SparseConv2d, SparseLinear, layered_graph, sparse_layers, unwired_layers
from netsci.sparse.tracing import trace
from netsci.spiking import LIF
from netsci.topology import EvolutionRule, evolve
from tests.sparse import networks
from tests.sparse.networks import CASES, Pair, Parts, conv, linear


def inputs_of(name, seed=1):
    rng = np.random.default_rng(seed)
    return tuple(torch.from_numpy(rng.normal(size=shape)).float() + 0.5 for shape in CASES[name][1])


def joined(graph):
    """Return (name, source, target) of each projection."""
    return [(p.name, p.source, p.target) for p in graph.projections]


def read(module, inputs, change=None):
    """Return what every layer reads, by name, all calls together; `change` is (layer, unit) to disturb."""
    seen, handles = {}, []

    def before(name):
        return lambda _, given: seen.setdefault(name, []).append(given[0].clone())

    def disturb(layer, _, output):
        axis = -3 if output.ndim == 4 and not isinstance(layer, (SparseLinear, nn.Linear)) else -1
        output = output.clone()
        output.select(axis, change[1]).add_(torch.randn(output.select(axis, 0).shape) + 3.0)
        return output

    layers = {n: m for n, m in module.named_modules() if hasattr(m, "out_features") or hasattr(m, "stride")}
    for name, layer in layers.items():
        if not isinstance(layer, (nn.MaxPool2d, nn.AvgPool2d)):
            handles.append(layer.register_forward_pre_hook(before(name)))
    if change is not None:
        handles.append(module.get_submodule(change[0]).register_forward_hook(disturb))
    with torch.no_grad():
        module(*inputs)
    for handle in handles:
        handle.remove()
    return {name: torch.stack(calls) for name, calls in seen.items()}


def reached(graph, population, unit):
    """Return, by population, bool [size]: the unit itself and all that a path leads to from it."""
    adjacency, start = graph.adjacency(), graph.offsets
    here = np.zeros(graph.n_nodes, bool)
    here[start[population] + unit] = True
    for _ in range(len(graph.populations) + 1):
        here |= (adjacency.T @ here.astype(int)) > 0
    return {name: here[start[name] : start[name] + size] for name, size in graph.sizes.items()}


@pytest.mark.parametrize("name", CASES)
def test_what_a_change_reaches_is_what_the_graph_says(name):
    """Oracle: disturb a unit after a layer; the units that change before other layers are those reached."""
    make, _, _, exact = CASES[name]
    torch.manual_seed(3)
    module, inputs = make().eval(), inputs_of(name)
    graph = layered_graph(module, inputs)
    before = read(module, inputs)
    projections = {p.name: p for p in graph.projections}
    checked = 0
    for layer in before:
        if layer not in projections:
            continue
        for unit in range(projections[layer].shape[1]):
            after = read(module, inputs, (layer, unit))
            expected = reached(graph, projections[layer].target, unit)
            for reader in before:
                if reader not in projections:
                    continue
                p = projections[reader]
                axis = 2 if p.rows_per_unit in (4, 9) and before[reader].ndim == 5 else -1
                axis = 2 if before[reader].ndim == 5 else axis
                moved = (before[reader] != after[reader]).movedim(axis, 0).flatten(1).any(1).numpy()
                rows = len(moved) // graph.sizes[p.source]
                moved = moved.reshape(-1, rows).any(1)
                assert not (moved & ~expected[p.source]).any(), (layer, unit, reader)
                if exact:
                    assert np.array_equal(moved, expected[p.source]), (layer, unit, reader)
                checked += int(moved.sum())
    assert checked


@pytest.mark.parametrize("name", CASES)
def test_with_and_without_an_example(name):
    make, _, symbolic, _ = CASES[name]
    module = make()
    graph = layered_graph(module, inputs_of(name))
    if symbolic:
        assert layered_graph(module) == graph
    else:
        with pytest.raises(ValueError, match=rf"{type(module).__name__}.*example"):
            layered_graph(module)


@pytest.mark.parametrize("name", CASES)
def test_no_link_that_carries_signal_is_taken(name):
    """Nothing is removed, so only links at units without input or output percolate: here there are none."""
    module = CASES[name][0]()
    graph = layered_graph(module, inputs_of(name))
    assert percolate(graph).n_links == graph.n_links
    assert {p.name for p in graph.projections} >= set(sparse_layers(module))


def test_a_dense_layer_in_between_counts_as_all_links():
    rng = np.random.default_rng(0)
    first, last = rng.random((20, 30)) < 0.2, np.zeros((30, 8), bool)
    last[:5] = rng.random((5, 8)) < 0.9
    net = nn.Sequential(SparseLinear(first), nn.ReLU(), nn.Linear(30, 30), nn.ReLU(), SparseLinear(last))
    graph = layered_graph(net)
    assert joined(graph) == [("0", "layer0", "layer1"), ("2", "layer1", "layer2"), ("4", "layer2", "layer3")]
    assert graph.projections[1].n_links == 900
    assert np.array_equal(graph.projections[1].weights.toarray(), net[2].weight.detach().numpy().T)
    step = evolve(graph, EvolutionRule("magnitude", "random"), zeta=0.0, rng=np.random.default_rng(0))
    assert step.graph.projections[0].n_links == first.sum() == 115
    assert live_units(step.graph)["layer2"].sum() == 5


def test_layers_in_the_order_of_their_calls():
    net = Parts(
        lambda m, x: m.out(torch.relu(m.hidden(x))),
        out=SparseLinear(np.ones((16, 16))),
        hidden=SparseLinear(np.triu(np.ones((16, 16)), 12)),
    )
    graph = layered_graph(net)
    assert joined(graph) == [("hidden", "layer0", "layer1"), ("out", "layer1", "layer2")]
    live = live_units(graph)
    assert live["layer0"].sum() == live["layer1"].sum() == 4


def test_the_populations_of_the_cases():
    def of(name):
        return joined(layered_graph(CASES[name][0](), inputs_of(name)))

    assert of("branches") == [
        ("a", "layer0", "layer1"), ("b", "layer0", "layer1"), ("out", "layer1", "layer2"),
    ]  # fmt: skip
    assert of("residual") == [
        ("stem", "layer0", "layer1"), ("first", "layer1", "layer2"), ("second", "layer2", "layer3"),
        ("layer1 -> layer3", "layer1", "layer3"), ("out", "layer3", "layer4"),
    ]  # fmt: skip
    assert of("recurrent") == [
        ("hidden", "layer0", "layer1"), ("again", "layer1", "layer1"), ("out", "layer1", "layer2"),
    ]  # fmt: skip
    assert of("siamese") == [("both", "layer0", "layer1"), ("out", "layer1", "layer2")]
    assert of("over time") == [("hidden", "layer0", "layer1"), ("out", "layer1", "layer2")]
    assert of("fused") == [("hidden", "layer0", "layer1"), ("out", "layer1", "layer2")]
    assert of("two inputs") == [
        ("a", "layer0", "layer1"), ("b", "layer2", "layer1"), ("out", "layer1", "layer3"),
    ]  # fmt: skip


def test_a_concatenation_puts_units_side_by_side():
    graph = layered_graph(networks.branches_side_by_side())
    fixed = {p.source: p for p in graph.projections if p.shape[1] == 14}
    assert len(fixed) == 3
    places = sorted(p.links.toarray().argmax(1).tolist() for p in fixed.values())
    assert places == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9, 10], [11, 12, 13]]
    assert all(np.array_equal(p.links.toarray().sum(1), np.ones(p.shape[0])) for p in fixed.values())


def test_flattened_channels_own_their_places():
    graph = layered_graph(networks.flattened())
    assert [p.rows_per_unit for p in graph.projections] == [4, 4, 1]
    assert list(graph.sizes.values()) == [2, 3, 5, 2]
    channels = nn.Sequential(conv(2, 4), nn.Flatten(2), nn.Unflatten(2, (2, 2)), conv(4, 3, kernel=2))
    graph = layered_graph(channels, torch.ones(1, 2, 4, 4))
    assert [p.rows_per_unit for p in graph.projections] == [9, 4]
    flat = nn.Sequential(conv(2, 4), nn.Flatten(), nn.Unflatten(1, (4, 4)), nn.Flatten(), linear(16, 3))
    assert layered_graph(flat, torch.ones(1, 2, 4, 4)).projections[1].rows_per_unit == 4


def test_a_group_of_channels_reads_its_own():
    graph = layered_graph(networks.grouped(), torch.ones(networks.IMAGE))
    dense = graph.projections[1]
    units = dense.unit_links().toarray()
    assert np.array_equal(units, np.kron(np.eye(2), np.ones((2, 3))))
    weights = dense.weights.toarray()
    module = networks.grouped()
    found = layered_graph(module, torch.ones(networks.IMAGE)).projections[1].weights.toarray()
    kernels = module[2].weight.detach().numpy()
    assert np.array_equal(found[9:18, 0], kernels[0, 1].ravel())  # channel 1 to output 0, of the first group
    assert np.array_equal(found[27:36, 5], kernels[5, 1].ravel())  # channel 3, the second of its group
    assert weights.shape == (36, 6)


def test_what_is_returned_is_an_exit():
    """A hidden unit without links to the classes still leaves the module."""
    net = networks.two_heads()
    links = net.out.links.toarray()
    links[3] = False
    net.out.rewire(links)
    graph = layered_graph(net)
    assert live_units(graph)[graph.projections[0].target].all()
    assert [p.name for p in graph.projections] == ["hidden", "out", "output"]
    alone = Parts(lambda m, x: m.out(torch.tanh(m.hidden(x))), hidden=net.hidden, out=net.out)
    assert not live_units(layered_graph(alone))["layer1"][3]


def test_an_input_in_the_middle_is_an_entry():
    """Here units that no link arrives at get the input itself."""
    net = networks.twice()
    net.same.rewire(np.diag([1, 1, 1, 0, 0, 0]))
    net.out.rewire(np.ones((6, 4)))
    graph = layered_graph(net)
    assert percolate(graph).projections[-1].n_links == 24
    net = Pair(
        lambda m, x, y: m.out(torch.tanh(m.same(torch.tanh(m.first(y)))) + m.same(x)),
        first=SparseLinear(np.eye(6)[:, :] * [1, 0, 0, 0, 0, 0]),
        same=SparseLinear(np.eye(6)),
        out=SparseLinear(np.ones((6, 4))),
    )
    graph = layered_graph(net)
    assert percolate(graph).n_links == graph.n_links
    assert "input" in [p.name for p in graph.projections]


def test_a_module_of_one_layer():
    graph = layered_graph(nn.Sequential(linear(6, 9)))
    assert joined(graph) == [("0", "layer0", "layer1")]
    assert layered_graph(linear(6, 9)).sizes == {"layer0": 6, "layer1": 9}
    assert layered_graph(conv(2, 4)).sizes == {"layer0": 2, "layer1": 4}


def without(name, forward, shape=(3, 6), **layers):
    return pytest.param(forward, shape, layers, id=name)


class Numbers(torch.autograd.Function):
    """A function whose values pass through numpy."""

    @staticmethod
    def forward(ctx, x):
        return torch.from_numpy(np.roll(x.detach().numpy(), 1))


class Surrogate(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return (x > 0).to(x.dtype)


class Odd(SparseLinear):
    def forward(self, x):
        return 2 * super().forward(x)


class Lateral(LIF):
    """Neurons that see each other."""

    def step(self, current, state=None):
        return super().step(current - current.mean(-1, keepdim=True), state)


def buffer_of(m, x):
    out = torch.zeros(len(x), 9)
    out[:, :5] = m.a(x)
    return out


def aliased(m, x):
    h = m.a(x)
    turned = h.t()
    turned += m.c(x).t()
    return m.b(h)


REFUSED = [
    without("softmax", lambda m, x: m.b(m.a(x).softmax(-1)), words="_softmax in the module itself"),
    without("layer norm", lambda m, x: m.b(m.n(m.a(x))), n=nn.LayerNorm([3, 9]), words=r"'n' \(LayerNorm\)"),
    without("slice", lambda m, x: m.b(m.a(x)[:, :7]), b=linear(7, 4), words="slice"),
    without("one unit", lambda m, x: m.b(m.a(x)[:, 0:1]), b=linear(1, 4), words="slice"),
    without("flip", lambda m, x: m.b(m.a(x).flip(-1)), words="flip"),
    without("index", lambda m, x: m.b(m.a(x)[:, torch.arange(9).flip(0)]), words="index"),
    without("heads", lambda m, x: m.b(m.a(x).reshape(-1, 3)), b=linear(3, 4), words="view"),
    without(
        "moved channels",
        lambda m, x: m.b(m.a(x).permute(0, 2, 3, 1).flatten(1)),
        (2, 2, 4, 4),
        a=conv(2, 3),
        b=linear(12, 4),
        words="_unsafe_view",
    ),
    without(
        "no flatten", lambda m, x: m.b(m.a(x)), (2, 2, 4, 4), a=conv(2, 3), b=linear(2, 4), words="axis -3"
    ),
    without("attention", lambda m, x: m.b(m.a(x) @ m.a(x).T @ m.a(x)), words="mm"),
    without("sum of units", lambda m, x: m.b(m.a(x) - m.a(x).sum(-1, keepdim=True)), words="sum"),
    without("largest unit", lambda m, x: m.b(m.a(x) / m.a(x).max()), words="max"),
    without("cumulated", lambda m, x: m.b(m.a(x).cumsum(1)), words="cumsum"),
    without("numpy", lambda m, x: m.b(torch.from_numpy(m.a(x).numpy())), words="leaves torch"),
    without("list", lambda m, x: m.b(torch.tensor(m.a(x).tolist())), words="leaves torch"),
    without("own function", lambda m, x: m.b(Numbers.apply(m.a(x))), words="leaves torch"),
    without(
        "number", lambda m, x: m.b(m.a(x) / m.a(x).max().item()), words="a tensor becomes a Python number"
    ),
    without(
        "branch",
        lambda m, x: m.b(m.a(x) if m.a(x).sum() > 0 else x),
        words="a tensor becomes a Python number",
    ),
    without("half a buffer", lambda m, x: m.b(buffer_of(m, x)), a=linear(6, 5), words="change in place"),
    without("alias", aliased, c=linear(6, 9, seed=5), words="change in place"),
    without("two axes", lambda m, x: m.b(m.a(x)[:, :, None] + m.a(x)[:, None]), words="add"),
    without("lateral", lambda m, x: m.b(m.n(m.a(x)[None])), n=Lateral(), words=r"'n' \(Lateral\)"),
    without("norm of samples", lambda m, x: m.b(m.n(m.a(x)[None])), n=nn.BatchNorm1d(3), words="batch_norm"),
    without(
        "pooled units", lambda m, x: m.b(m.n(m.a(x))), n=nn.MaxPool1d(3), b=linear(3, 4), words="max_pool"
    ),
    without("own sparse layer", lambda m, x: m.b(m.a(x)), a=Odd(np.eye(6, 9)), words=r"never calls|torch"),
    without("unused", lambda m, x: m.a(x), words=r"never calls the sparse layers \['b'\]"),
    without("recurrent module", lambda m, x: m.b(m.n(m.a(x))[0]), n=nn.LSTM(9, 9), words="lstm|mkldnn|'n'"),
]


@pytest.mark.parametrize(("forward", "shape", "layers"), REFUSED)
def test_what_is_not_known_is_refused_by_name(forward, shape, layers):
    given = dict(layers)
    words = given.pop("words")
    module = Parts(forward, **({"a": linear(6, 9), "b": linear(9, 4)} | given))
    with pytest.raises(ValueError, match=rf"the graph of Parts cannot be found: .*({words})"):
        layered_graph(module, torch.ones(shape))
    with pytest.raises(ValueError, match=r"wiring\(\)"):
        layered_graph(module, torch.ones(shape))


def test_unknown_functions_after_the_last_layer_do_no_harm():
    module = Parts(
        lambda m, x: {"p": m.b(torch.relu(m.a(x))).softmax(-1), "n": None, "k": 1},
        a=linear(6, 9),
        b=linear(9, 4),
    )
    assert joined(layered_graph(module)) == [("a", "layer0", "layer1"), ("b", "layer1", "layer2")]


def test_a_hidden_unit_that_leaves_through_an_unknown_function_is_live():
    def forward(m, x):
        h = torch.relu(m.a(x))
        return m.b(h), h.softmax(-1)

    module = Parts(forward, a=linear(6, 9), b=SparseLinear(np.eye(9, 4)))
    assert live_units(layered_graph(module))["layer1"].all()


def test_functions_of_users_that_torch_sees_are_followed():
    module = Parts(lambda m, x: m.b(Surrogate.apply(m.a(x))), a=linear(6, 9), b=linear(9, 4))
    assert len(layered_graph(module, torch.ones(3, 6)).projections) == 2
    out = Parts(lambda m, x: m.b(buffer_all(m, x)), a=linear(6, 9), b=linear(9, 4))
    assert len(layered_graph(out, torch.ones(3, 6)).projections) == 2


def buffer_all(m, x):
    out = torch.zeros(len(x), 9)
    out.copy_(m.a(x))
    return out.mul_(2.0)


def test_more_functions_that_leave_units_apart():
    def forward(m, x):
        h = m.a(x).unsqueeze(0).expand(5, 3, 9).movedim(1, 0).transpose(0, 1).contiguous()
        h = torch.stack([h[0], h[1]], dim=1).repeat(2, 1, 1)[:2].amax(1)
        h = torch.where(h > 0, h, 0.1 * h).clamp(-1, 1) + torch.zeros_like(h)
        h = h.unbind(0)[1].reshape(1, 9).squeeze(0)
        h = torch.cat([h[None], h[None]]).flip(0).softmax(0).split(1)[0]
        return m.b(functional.dropout(h, 0.5, m.training) * m.scale)

    module = Parts(forward, a=linear(6, 9), b=linear(9, 4))
    module.scale = nn.Parameter(torch.ones(9))
    graph = layered_graph(module, torch.ones(3, 6))
    assert joined(graph) == [("a", "layer0", "layer1"), ("b", "layer1", "layer2")]


def test_a_product_with_weights_of_the_module_is_dense():
    module = Parts(lambda m, x: m.b(torch.tanh(m.a(x)) @ m.w), a=linear(6, 9), b=linear(7, 4))
    module.w = nn.Parameter(torch.ones(9, 7))
    graph = layered_graph(module, torch.ones(3, 6))
    assert [p.shape for p in graph.projections] == [(6, 9), (9, 7), (7, 4)]
    assert graph.projections[1].n_links == 63
    volumes = Parts(
        lambda m, x: m.b(m.n(m.a(x)[:, :, None]).flatten(1)),
        a=linear(6, 9), b=linear(5, 4), n=nn.Conv1d(9, 5, 1),
    )  # fmt: skip
    assert [p.shape for p in layered_graph(volumes, torch.ones(3, 6)).projections] == [(6, 9), (9, 5), (5, 4)]


def test_a_pass_leaves_nothing_behind():
    net = nn.Sequential(linear(6, 9), nn.BatchNorm1d(9), nn.Dropout(0.5), LIF(), linear(9, 4)).train()
    net[2].eval()
    before = {key: value.clone() for key, value in net.state_dict().items()}
    random = torch.get_rng_state()
    layered_graph(net, torch.ones(3, 6))
    layered_graph(net)
    assert [one.training for one in net] == [True, True, False, True, True]
    assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items())
    assert torch.equal(torch.get_rng_state(), random)
    assert not any(one._forward_hooks or one._forward_pre_hooks for one in net.modules())
    assert all(parameter.grad is None for parameter in net.parameters())
    broken = Parts(lambda m, x: m.b(m.a(x).softmax(-1)), a=linear(6, 9), b=linear(9, 4)).train()
    with pytest.raises(ValueError, match="softmax"):
        layered_graph(broken, torch.ones(3, 6))
    assert broken.a.training
    assert not any(one._forward_hooks or one._forward_pre_hooks for one in broken.modules())


def test_examples_of_the_wrong_kind():
    net = networks.dense_between()
    with pytest.raises(TypeError, match=r"example must be a tensor or a tuple of tensors.*got ndarray"):
        layered_graph(net, np.ones((3, 6)))
    with pytest.raises(TypeError, match="got nothing"):
        layered_graph(net, ())
    with pytest.raises(ValueError, match=r"x must be \[..., 6\]"):
        layered_graph(net, torch.ones(3, 5))
    strange = Parts(lambda m, x: {m.a(x)}, a=linear(6, 9))
    with pytest.raises(ValueError, match=r"forward must return tensors.*got \['set'\]"):
        layered_graph(strange, torch.ones(3, 6))


def test_without_an_example_the_reason_and_the_mend_are_said():
    def forward(m, x):
        return m.b(m.a(x)) if x.sum() > 0 else m.b(m.a(-x))

    module = Parts(forward, a=linear(6, 9), b=linear(9, 4))
    with pytest.raises(ValueError, match=r"Parts.*torch\.fx cannot trace.*example=x.*wiring\(\)"):
        layered_graph(module)
    assert len(layered_graph(module, torch.ones(3, 6)).projections) == 2
    odd = Parts(lambda m, x: m.b(m.a(x)), a=linear(6, 8), b=linear(9, 4))
    with pytest.raises(ValueError, match="no input of zeros"):
        layered_graph(odd)


def test_models_without_links_of_their_own_and_with_wiring():
    net = mlp([6, 9, 4], [linear(6, 9).links, None])
    assert [(p.name, p.n_links) for p in layered_graph(net).projections] == [
        ("layers.0", net.layers[0].n_links),
        ("layers.1", 36),
    ]
    relu = mlp([6, 9, 4], [linear(6, 9).links, linear(9, 4).links], spiking=False)
    assert joined(layered_graph(relu)) == [("layers.0", "layer0", "layer1"), ("layers.1", "layer1", "layer2")]


class Wired(nn.Module):
    """in -> out, and a layer that its wiring leaves out."""

    def __init__(self):
        super().__init__()
        self.inner, self.extra = linear(6, 9), linear(6, 9, seed=3)

    def forward(self, x):
        return self.inner(x) + self.extra(x)

    def wiring(self):
        return [
            {"source": "in", "target": "out", "layer": "inner"},
            {"source": "in", "target": "out", "links": sp.csr_array(np.ones((6, 9))), "name": "extra"},
        ]


def test_parts_with_a_wiring_speak_for_themselves():
    net = nn.Sequential(nn.Flatten(), mlp([6, 9, 4], [linear(6, 9).links, linear(9, 4).links], steps=2))
    assert joined(layered_graph(net)) == [
        ("1.layers.0", "layer0", "layer1"),
        ("1.layers.1", "layer1", "layer2"),
    ]
    both = nn.Sequential(Wired())
    assert list(unwired_layers(both)) == ["0.extra"]
    assert [p.name for p in layered_graph(both).projections] == ["0.inner", "0.extra"]
    assert layered_graph(both).projections[1].n_links == 54
    after = nn.Sequential(linear(5, 6), Wired())
    with pytest.raises(ValueError, match=r"'1' \(Wired\) has its own wiring\(\)"):
        layered_graph(after)
    before = nn.Sequential(Wired(), linear(9, 4))
    with pytest.raises(ValueError, match=r"'1' \(SparseLinear\) reads the result of '0' \(Wired\)"):
        layered_graph(before)


def test_unwired_layers_are_named():
    assert list(unwired_layers(Wired())) == ["extra"]
    assert unwired_layers(networks.residual()) == {}


def test_a_convolution_that_reads_its_own_output():
    module = Parts(lambda m, x: m.c(torch.tanh(m.c(x))), c=SparseConv2d(np.ones((18, 2)), 3, padding=1))
    graph = layered_graph(module)
    assert joined(graph) == [("c", "layer0", "layer0")]
    assert percolate(graph).n_links == 36


def renamed(wires, start):
    """Return (layer or rows of fixed links, source, target), populations numbered as they come."""
    numbers = {start: 0}
    for wire in wires:
        for end in (wire["source"], wire["target"]):
            numbers.setdefault(end, len(numbers))
    fixed = {True: "identity", False: "other"}
    kinds = [wire.get("layer") or fixed[is_identity(wire["links"])] for wire in wires]
    ends = [(numbers[wire["source"]], numbers[wire["target"]], wire["rows_per_unit"]) for wire in wires]
    return sorted(zip(kinds, ends, strict=True))


def is_identity(links):
    return links.shape[0] == links.shape[1] and not (links != sp.eye_array(len(links.indptr) - 1)).nnz


@pytest.mark.parametrize("residual", ["current", "spike"])
def test_the_forward_pass_of_a_residual_network_says_what_its_wiring_says(residual):
    """Oracle: the wiring that the model's author wrote; it leaves the first convolution out."""
    model = resnet18((1, 8, 8), 3, width=4, blocks=(2, 1), residual=residual)
    wires = trace(model, [torch.rand(2, 1, 8, 8)])
    assert wires[0]["layer"] == "conv1"
    order = [wire.get("layer") for wire in wires]
    assert renamed(wires[1:], wires[0]["target"]) == renamed(model.wiring(), "stem"), order


@pytest.mark.parametrize("frames", [False, True])
@pytest.mark.parametrize("readout", ["rate", "sum", "membrane"])
def test_the_forward_pass_of_perceptrons_says_what_their_wiring_says(readout, frames):
    model = mlp([6, 9, 5, 4], [linear(6, 9).links, None, linear(5, 4).links], steps=3, readout=readout)
    x = torch.ones(3, 2, 6) if frames else torch.ones(2, 6)
    assert renamed(trace(model, [x]), "layer0") == renamed(model.wiring(), "layer0")
    with pytest.raises(ValueError, match="never calls"):
        trace(nn.Sequential(linear(6, 9), Parts(lambda m, x: x, b=linear(9, 4))), [x])


def test_attention_is_refused():
    with pytest.raises(ValueError, match=r"blocks\.0\.attn\.proj.*view in 'blocks\.0\.attn' \(Attention\)"):
        trace(spikformer_tiny(width=16, steps=2), [torch.rand(2, 1, 8, 8)])
