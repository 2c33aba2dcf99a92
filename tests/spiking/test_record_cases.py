import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from netsci.spiking import LIF
from netsci.spiking.record import record
from tests.spiking import recorded
from tests.spiking.recorded import Leaky, LIFNode, LoopOverTime, chain, frames, linear, sparse

torch.set_num_threads(1)


class Direct(nn.Module):
    """A constant image: the first layer once, its current to every step."""

    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = linear(np.array([[0.5, 0.0], [0.5, 0.5]])), linear(np.array([[0.0, 1.0]]))
        self.neuron = LIF()  # one module for both layers

    def forward(self, x):
        return self.neuron(self.fc2(self.neuron(self.fc1(x), steps=4)))


def test_direct_encoding_costs_the_first_layer_once():
    trace = record(Direct(), torch.tensor([[0.9, 0.0], [0.9, 0.9]]).double())
    first, second = trace.projections
    assert (first.kind, first.macs, first.sops, first.applications) == ("analog", 2 * 2 + 1, 0, 2)
    # a current of .45 never reaches 1; one of .9, that of unit 1 in sample 1, does so every second step
    assert (second.kind, second.sops, second.applications) == ("spikes", 2, 8)
    names = [(one.name, one.size, one.kind) for one in trace.populations]
    assert names == [
        ("input", 2, "analog"),
        ("neuron after fc1", 2, "spikes"),
        ("neuron after fc2", 1, "spikes"),
    ]
    assert trace.populations[1].spikes.tolist() == [0, 2]
    assert trace.firing_rate == trace.firing_rate_without_input == 4 / (3 * 4 * 2)
    binary = record(Direct(), torch.tensor([[1.0, 0.0]]).double())
    assert (binary.projections[0].kind, binary.sops) == ("spikes", 2)
    assert binary.populations[0].spikes_by_step.tolist() == [1, 0, 0, 0]
    # the image repeated by a loop costs as often as it is computed
    loop = record(chain([np.ones((2, 2))], LIFNode), torch.full((3, 1, 2), 0.5).double(), call=frames)
    assert loop.macs == 3 * 4


def test_pooled_and_summed_spikes_are_graded_events():
    pooled = nn.Sequential(
        nn.Conv2d(1, 1, 1, bias=False), LIFNode(), nn.AvgPool2d(2), nn.Conv2d(1, 2, 1), LIFNode()
    )
    pooled[0].weight.data.fill_(2.0)
    image = torch.zeros(1, 1, 1, 4, 4)
    image[..., 0, 0] = image[..., 1, 1] = image[..., 3, 3] = 1
    trace = record(pooled, image, call=frames)
    assert [one.kind for one in trace.projections] == ["spikes", "graded"]
    assert (trace.projections[1].events.tolist(), trace.sops) == ([1, 0, 0, 1], 3 + 4)

    class Residual(nn.Module):
        def __init__(self):
            super().__init__()
            self.neurons, self.a, self.b = (
                nn.ModuleList(LIF() for _ in range(3)),
                linear(np.eye(2)),
                linear(np.eye(2)),
            )

        def forward(self, x):
            x = self.neurons[0](x)
            twice = x + self.neurons[1](2 * x)
            return self.neurons[2](self.a(twice) + self.b(twice))

    trace = record(Residual(), torch.tensor([[[2.0, 0.0]]]).double())
    assert [(one.kind, one.sops) for one in trace.projections] == [("graded", 1), ("graded", 1)]
    assert [one.name for one in trace.populations] == [
        "neurons.0",
        "neurons.1",
        "neurons.2",
    ]  # no layer reads data


def test_real_values_between_layers_are_analog_and_kinds_overrule():
    x = torch.tensor([[[1.0, 1.0]]]).double()
    network = nn.Sequential(linear(0.3 * np.ones((2, 2))), linear(np.ones((1, 2))), LIF())
    assert [one.kind for one in record(network, x).projections] == ["spikes", "analog"]
    trace = record(network, x, kinds={"1": "graded"})
    assert [one.kind for one in trace.projections] == ["spikes", "graded"]
    assert (trace.sops, trace.macs) == (6, 0)
    assert record(network, 0.5 * x).macs == 6
    frames = record(network, 2 * x, kinds={"data": "graded"})  # numbers of events
    assert [one.kind for one in frames.projections] == ["graded", "analog"]
    with pytest.raises(ValueError, match="must be graded or analog: 0 and 1 alone are spikes"):
        record(network, 2 * x, kinds={"data": "spikes"})
    named = nn.Sequential()
    named.add_module("data", linear(np.ones((2, 2))))
    named.add_module("neuron", LIF())
    assert record(named, 2 * x, kinds={"data": "spikes"}).projections[0].kind == "spikes"
    halves = record(network, 0.5 * x, kinds={"data": "graded"})
    assert [one.kind for one in halves.projections] == ["analog", "analog"]

    class Branches(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.neuron = linear(np.ones((1, 2))), linear(np.ones((1, 2))), LIF()

        def forward(self, x):
            return self.neuron(self.a(x) + self.b(x))

    grey = record(Branches(), 255 * x)  # both read whole numbers, and from the data
    assert [one.kind for one in grey.projections] == ["analog", "analog"]


def test_what_one_batch_showed_stays_whatever_the_next_ones_are():
    one, both = torch.tensor([[[1.0, 0.0]]]).double(), torch.ones(1, 1, 2).double()

    def kind(weight, batches):
        """What the last layer reads: the sum of the spikes of a batch, times the weight."""
        network = nn.Sequential(LIF(), linear(np.full((1, 2), weight)), linear(np.eye(1)), LIF())
        return record(network, batches).projections[1].kind

    assert (kind(0.5, both), kind(0.5, one), kind(1.0, both)) == ("spikes", "analog", "graded")
    assert kind(0.5, [one, both]) == kind(0.5, [both, one]) == "analog"
    assert kind(1.0, [one, both]) == kind(1.0, [both, one]) == "graded"


def test_masks_of_torch_prune_and_of_ones_own():
    pruned = linear(np.ones((3, 4)))
    pruned.weight.data[1] = 0.0  # a weight of 0 that the mask keeps exists
    prune.custom_from_mask(pruned, "weight", torch.tensor([[1, 0, 0, 1]] * 3))
    own = linear(np.ones((2, 3)))
    own.register_buffer("mask", torch.tensor([[True, False, True], [False, False, False]]))
    trace = record(nn.Sequential(pruned, LIF(), own, LIF()), torch.ones(2, 1, 4).double())
    assert [one.fan_out.tolist() for one in trace.projections] == [[3, 0, 0, 3], [1, 0, 1]]
    grown = sparse(np.array([[1.0, 2.0]]))
    grown.values.data.zero_()  # a regrown link weighs 0 and exists
    assert record(nn.Sequential(grown, LIF()), torch.ones(1, 1, 2).double()).sops == 2


class Shared(nn.Module):
    """One layer and one step-by-step neuron, twice in every step; modules that nothing calls."""

    def __init__(self):
        super().__init__()
        self.fc, self.neuron = linear(np.array([[2.0, 0.0], [2.0, 2.0]])), recorded.SNNCell()
        self.idle_fc, self.idle_conv, self.idle = (
            linear(np.ones((5, 2))),
            nn.Conv2d(1, 1, 2),
            recorded.SNNCell(),
        )

    def forward(self, x):
        for frame in x:
            frame, _ = self.neuron(self.fc(frame))
            frame, _ = self.neuron(self.fc(frame))


def test_shared_and_idle_modules():
    x = torch.tensor([[[1.0, 0.0]], [[0.0, 1.0]], [[0.0, 0.0]]]).double()
    trace = record(Shared(), x, steps=3)
    assert trace.steps == 3
    # step 0: unit 0 -> both -> both; step 1: unit 1 -> unit 1 -> unit 1
    found = {one.name: (one.spikes.tolist(), one.spikes_by_step.tolist()) for one in trace.populations}
    assert found == {
        "input": ([1, 1], [1, 1, 0]),
        "neuron after fc": ([1, 2], [2, 1, 0]),
        "neuron after fc:2": ([1, 2], [2, 1, 0]),
        "idle": ([], [0, 0, 0]),
    }
    first, *rest = trace.projections
    assert (first.events.tolist(), first.sops, first.applications) == ([2, 3], 2 * 2 + 3, 6)
    assert [(one.name, one.sops, one.links, one.applications) for one in rest] == [
        ("idle_fc", 0, 10, 0),
        ("idle_conv", 0, 4, 0),
    ]


def test_steps_are_those_of_the_neurons_that_run_once_a_step():
    network = nn.Sequential(
        linear(np.eye(2)), recorded.Leaky(init_hidden=True), recorded.Leaky(init_hidden=True)
    )

    def twice(network, x):
        for frame in x:
            network[2](network[2](network[1](network[0](frame))))
            assert not torch.is_grad_enabled()
            assert not network.training

    trace = record(network, torch.ones(5, 1, 2).double(), call=twice)
    assert trace.steps == 5
    assert [one.name for one in trace.populations] == ["input", "1", "2 after 0", "2 after 0:2"]


def test_a_convolution_at_two_sizes_is_two_projections_of_one_set_of_weights():
    class Pyramid(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.neuron, self.pool = nn.Conv2d(1, 1, 3, padding=1), LIFNode(), nn.MaxPool2d(2)

        def forward(self, x):
            return [self.neuron(self.pool(self.conv(x))), self.conv(self.pool(x))]

    trace = record(Pyramid(), torch.ones(1, 1, 4, 4))
    assert [(one.name, one.sops) for one in trace.projections] == [("conv", 100), ("conv (1x2x2)", 16)]
    assert [one.shares_links for one in trace.projections] == [False, True]
    assert trace.link_sparsity == 0


def test_attention_and_recurrent_cells_are_named_as_uncounted():
    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.q, self.neuron = linear(np.eye(2)), LIF()

        def forward(self, x):
            q = self.neuron(self.q(x))
            return q @ q.transpose(-1, -2)

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.attention, self.cell = Attention(), nn.GRU(2, 2).double()

        def forward(self, x):
            return self.attention(x), self.cell(x[:, 0])

    trace = record(Network(), torch.ones(2, 1, 3, 2).double())
    assert trace.uncounted == ("attention", "cell")
    assert (trace.sops, trace.projections[0].applications) == (2 * 3 * 2, 6)  # tokens are input vectors
    assert [one.size for one in trace.populations] == [6, 6]  # and every token has units of its own


def test_neurons_of_ones_own():
    class Mine(nn.Module):
        def forward(self, current):
            return {"spikes": current}

    class Signed(nn.Module):
        def forward(self, current):
            return current.sign(), "state"

    network = nn.Sequential(linear(np.array([[1.0], [-1.0]])), Signed())
    x = torch.ones(3, 2, 1).double()
    with pytest.raises(ValueError, match="no spiking neurons that are known"):
        record(network, x)
    for mode, call in (("all", None), ("step", frames)):
        trace = record(network, x, neurons={Signed: mode}, call=call)
        assert (trace.steps, trace.samples, trace.populations[1].kind) == (3, 2, "graded")
        assert trace.populations[1].spikes.tolist() == [6, 6]
    with pytest.raises(TypeError, match="must return spikes or"):
        record(nn.Sequential(Mine()), x, neurons={Mine: "all"})
    membranes = nn.Sequential(
        linear(np.eye(1)), recorded.NonSpikingLIFNode(), recorded.StateLeaky(), recorded.SNN()
    )
    assert [one.name for one in record(membranes, x).populations] == ["input", "3"]


def test_state_mode_gradients_and_hooks_are_as_before():
    network = chain([0.6 * np.eye(2)], lambda: LIFNode("m"))
    network.insert(1, nn.Dropout(0.5))
    network[0].eval()
    x = torch.ones(3, 3, 2).double()
    first, second = record(network, x), record(network, x[:, :2])  # another batch size: the state is cleared
    assert first.spikes_without_input == 6
    assert second.spikes_without_input == 4
    assert [part.training for part in network.modules()] == [True, False, True, True]
    assert network[2].v == 0.0
    assert all(weight.grad is None for weight in network.parameters())
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in network.modules())
    snn = LoopOverTime([np.eye(2)], Leaky)
    record(snn, x)
    assert snn.neurons[0].resets == 2


def test_hooks_go_after_errors():
    network = chain([np.eye(2)], LIFNode)
    with pytest.raises(RuntimeError):
        record(network, torch.ones(2, 1, 5).double(), call=frames)
    assert network.training
    assert network[1].v == 0.0
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in network.modules())
    assert record(network, torch.ones(2, 1, 2).double(), call=frames).sops == 4


def test_a_network_that_is_one_neuron():
    trace = record(LIF(), torch.ones(3, 1, 2))
    assert [one.name for one in trace.populations] == ["LIF"]
    assert trace.projections == ()


X = torch.ones(2, 1, 2).double()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda n: record("net", X), TypeError, "module must be a torch module"),
        (lambda n: record(n, 3), TypeError, "data must be a tensor"),
        (lambda n: record(n, ["x"]), TypeError, "a batch must be a tensor"),
        (lambda n: record(n, []), ValueError, "at least one batch"),
        (lambda n: record(n, X, steps=0), ValueError, "steps must be at least 1"),
        (lambda n: record(n, X, steps=2.0), TypeError, "steps must be a whole number"),
        (lambda n: record(n, X, raster=-1), ValueError, "raster must be at least 0"),
        (lambda n: record(n, X, steps=5), ValueError, "steps must be 2, as the neurons of this pass show"),
        (lambda n: record(n, [X, X[:1]]), ValueError, "for all passes; got 2"),
        (lambda n: record(n, X, neurons={"LIF": "step"}), ValueError, "neurons must map classes"),
        (lambda n: record(n, X, neurons={nn.ReLU: "s"}), ValueError, "'step' or 'all'"),
        (lambda n: record(n, X, kinds={"9": "spikes"}), ValueError, "kinds must name synaptic layers"),
        (lambda n: record(n, X, kinds={"0": "spike"}), ValueError, "must be one of spikes, graded, analog"),
        (lambda n: record(n, X * torch.nan), ValueError, "input of layer '0' holds NaN"),
        (
            lambda n: record(nn.Identity(), X * torch.nan, neurons={nn.Identity: "all"}),
            ValueError,
            "output of neurons",
        ),
        (
            lambda n: record(n, X, call=lambda m, x: m[0](x)),
            ValueError,
            "none of the network's neuron modules",
        ),
        (lambda n: record(n, X, call=lambda m, x: m[0]("x")), TypeError, "must be called with a tensor"),
        (lambda n: record(nn.Linear(2, 2), X), ValueError, "no spiking neurons that are known"),
    ],
)
def test_errors_explain(call, error, message):
    with pytest.raises(error, match=message):
        call(chain([np.eye(2)], lambda: recorded.LIFNode("m")))


def test_steps_of_a_loop_must_fit():
    network = chain([np.eye(2)], LIFNode)
    assert record(network, X, steps=2, call=frames).steps == 2
    with pytest.raises(ValueError, match="were called 2 times in a pass of 3 steps"):
        record(network, X, steps=3, call=frames)
    with pytest.raises(ValueError, match="every batch must have units of one shape"):
        record(nn.Sequential(nn.Conv1d(1, 1, 1), LIF()), [torch.ones(1, 1, 2), torch.ones(1, 1, 3)])


def test_a_batch_without_samples_is_told_as_such():
    network = nn.Sequential(nn.Linear(3, 2), LIF())
    with pytest.raises(ValueError, match="samples in every batch"):
        record(network, torch.zeros(4, 0, 3))
