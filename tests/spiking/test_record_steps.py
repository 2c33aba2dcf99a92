"""T is right or asked for: modules used several times in a step, networks that keep their own time."""

import numpy as np
import pytest
import torch
from torch import nn

from netsci.spiking import LIF
from netsci.spiking.record import record
from netsci.spiking.record_steps import find_period
from tests.spiking.recorded import LIFNode, chain, frames

torch.set_num_threads(1)


class Fire(nn.Module):
    def forward(self, x):
        return (x > 0.5).float()


class Layers(nn.Module):
    """Layers in turn, one neuron module behind each."""

    def __init__(self, depth):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(6, 6) for _ in range(depth))
        for layer in self.layers:
            layer.weight.data *= 5
        self.fire = Fire()

    def forward(self, x):
        for layer in self.layers:
            x = self.fire(layer(x))
        return x


class Again(nn.Module):
    """One layer and one neuron module, both used twice in a step."""

    def __init__(self):
        super().__init__()
        self.fc, self.fire = nn.Linear(6, 6), Fire()

    def forward(self, x):
        return self.fire(self.fc(self.fire(self.fc(x))))


class OwnTime(nn.Module):
    """Repeats its input for 4 steps."""

    def __init__(self, fire):
        super().__init__()
        self.fc, self.fire = nn.Linear(6, 6), fire

    def forward(self, x):
        return torch.stack([self.fire(self.fc(x)) for _ in range(4)])


def spikes(*shape):
    return (torch.rand(*shape, generator=torch.Generator().manual_seed(0)) < 0.5).float()


@pytest.mark.parametrize("depth", [2, 3])
@pytest.mark.parametrize("steps", [1, 2, 5])
def test_a_neuron_module_behind_several_layers_is_counted_once_a_step(depth, steps):
    x = spikes(steps, 4, 6)
    trace = record(Layers(depth), x, neurons={Fire: "step"}, call=frames)
    assert trace.steps == steps
    assert trace.populations[0].spikes.sum() == x.sum()
    same = record(Layers(depth), x, neurons={Fire: "step"}, call=frames, steps=steps)
    assert trace.projections[0].events.tolist() == x.sum(dim=(0, 1)).tolist()
    assert [len(one.spikes_by_step) for one in same.populations] == [steps] * (depth + 1)


def test_a_layer_and_a_neuron_used_twice_are_asked_for():
    x = spikes(5, 4, 6)
    with pytest.raises(ValueError, match=r"called 10 times, and the data .* have 5 steps .* pass steps=T"):
        record(Again(), x, neurons={Fire: "step"}, call=frames)
    trace = record(Again(), x, neurons={Fire: "step"}, call=frames, steps=5)
    assert (trace.steps, trace.populations[0].spikes.sum()) == (5, x.sum())


def test_an_ordinary_network_called_step_by_step_needs_no_steps():
    x = spikes(5, 4, 2).double()
    trace = record(chain([np.ones((2, 2))], LIFNode), x, call=frames)
    assert trace.steps == 5
    # as many samples as steps: the shape does not tell, and is not asked
    assert record(chain([np.ones((2, 2))], LIFNode), spikes(4, 4, 2).double(), call=frames).steps == 4


@pytest.mark.parametrize("fire", [Fire, LIFNode])
def test_a_network_that_keeps_its_own_time(fire):
    modes = {Fire: "step"} if fire is Fire else None
    image = spikes(3, 6)
    assert record(OwnTime(fire()), image, neurons=modes).steps == 4
    with pytest.raises(ValueError, match=r"leading axes \[5, 3\].*first axis is time, pass call="):
        record(OwnTime(fire()), spikes(5, 3, 6), neurons=modes)
    with pytest.raises(ValueError, match=r"called 20 times, and the data .* have 5 steps"):
        record(OwnTime(fire()), spikes(5, 3, 6), neurons=modes, call=frames)


class Repeats(nn.Module):
    """All four steps in one call of the neuron."""

    def __init__(self):
        super().__init__()
        self.fc, self.lif = nn.Linear(6, 6), LIF()

    def forward(self, x):
        return self.lif(self.fc(x), steps=4)


def test_a_network_that_runs_all_steps_in_a_call():
    assert record(Repeats(), spikes(3, 6)).steps == 4
    with pytest.raises(ValueError, match=r"leading axes \[5, 3\]"):
        record(Repeats(), spikes(5, 3, 6))
    with pytest.raises(ValueError, match=r"each of the 5 frames .* ran 4 steps"):
        record(Repeats(), spikes(5, 3, 6), call=frames)
    # Tokens are read where the user says that no axis is time.
    assert record(Repeats(), spikes(3, 5, 6), steps=4).steps == 4


def test_a_period_is_found_only_where_all_repeats():
    assert find_period(["a"] * 7) == 1
    assert find_period(["a", "b", "c"] * 3) == 3
    assert find_period(["a", "b", "b", "a", "b", "b"]) == 3
    assert find_period(["", "a", "a", "a"]) == 1  # a network that begins with a neuron
    assert find_period(["a", "b", "a"]) is None
