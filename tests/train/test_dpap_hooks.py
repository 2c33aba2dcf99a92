"""The hooks of DPAP, epoch by epoch, against its rules in loops over batches, with their true numbers."""

import numpy as np
import pytest
import torch

from netsci.models import conv2fc2
from netsci.models.parts import runs_over_time
from netsci.sparse import SparseConv2d, sparse_layers
from netsci.topology import plasticity
from netsci.topology.plasticity import Activity
from netsci.train.activity_sums import ActivitySums
from netsci.train.methods.base import Step, Steps
from netsci.train.methods.dpap import Survival

EPOCHS, BATCHES, BATCH, STEPS = 33, 2, 4, 4
LINKS = {
    "convs.0": (9, 15),
    "convs.1": (135, 40),
    "classifier.layers.0": (40, 300),
    "classifier.layers.1": (300, 3),
}
NAMES = tuple(LINKS)[:3]


def network():
    torch.manual_seed(2)
    links = {name: np.ones(shape) for name, shape in LINKS.items()}
    net = conv2fc2((1, 4, 4), 3, links=links, steps=STEPS)
    with torch.no_grad():
        for layer in sparse_layers(net).values():
            layer.values.mul_(3.0)
    return net


class Spikes:
    """What layers get and what the neurons behind them send, [T, batch, units, ...], seen from outside."""

    def __init__(self, net):
        self.got, self.sent, self.open = {}, {}, None
        for name in NAMES:
            net.get_submodule(name).register_forward_pre_hook(self.layer(name))
        for one in net.modules():
            if runs_over_time(one):
                one.register_forward_hook(self.neuron)

    def layer(self, name):
        def before(_, given):
            x = given[0].detach()
            steps = 1 if len(x) == BATCH and x.ndim != 3 else STEPS
            self.got[name] = x.reshape(steps, BATCH, *x.shape[-3:] if x.ndim > 3 else x.shape[-1:])
            self.open = name

        return before

    def neuron(self, _, given, spikes):
        if self.open:
            self.sent[self.open], self.open = spikes.detach(), None


def last_values(x):
    """c [batch, units]: t <- .5 t + s over the steps, over their number, summed over space."""
    x = x.double().numpy()
    x = np.broadcast_to(x, (STEPS, *x.shape[1:]))
    weights = [0.5 ** (STEPS - 1 - t) / STEPS for t in range(STEPS)]
    total = sum(weight * one for weight, one in zip(weights, x, strict=True))
    return total.reshape(*total.shape[:2], -1).sum(2)


class Layer:
    """BCM, traces and survival of one layer, by the text of the rules."""

    def __init__(self, conv):
        self.conv, self.seen = conv, []
        self.bcm = self.trace = 0.0
        self.units = self.synapses = 10.0
        self.links = None

    def batch(self, before, behind):
        theta = np.mean(self.seen, axis=0) if self.seen else 0.0
        self.bcm = self.bcm + sum(
            np.outer(a, b * (b - c)) for a, b, c in zip(before, behind, behind * 0 + theta, strict=True)
        )
        self.trace = self.trace + behind.sum(0)
        self.seen.append(behind)

    def epoch(self, e):
        total = self.bcm.sum(0)
        dendrite = (
            (total - total.min()) / np.ptp(total) * (self.trace - self.trace.min()) / np.ptp(self.trace)
        )
        self.units = self.step(self.units, dendrite, e)
        alive = np.ones(self.bcm.shape, bool) & (self.units >= 0)
        if not self.conv:
            self.synapses = self.step(self.synapses, self.bcm, e)
            alive &= self.synapses >= 0
        alive = np.repeat(alive, 9, axis=0) if self.conv else alive
        self.links = alive if self.links is None else self.links & alive

    def step(self, survival, x, e):
        u = np.clip((x - x.min()) / (np.percentile(x, 75) - x.min()), 0, 1)
        d = 2 * u - (0.65 if self.conv else 1.5)
        d[d > 0] += 5.0 if self.conv else 2.0
        return 0.999 * survival + d * np.exp(-((e - 5) // (12 if self.conv else 13)))


def test_every_epoch_is_that_of_the_rules():
    net, rng = network(), np.random.default_rng(5)
    spikes, layers = Spikes(net), sparse_layers(net)
    known = {name: Layer(isinstance(layers[name], SparseConv2d)) for name in NAMES}
    hooks = Survival(net, NAMES)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    full = {name: layers[name].n_links for name in NAMES}
    counts = []
    for epoch in range(EPOCHS):
        for batch in range(1, BATCHES + 1):
            step = Step(epoch + 1, batch, Steps(EPOCHS, BATCHES), optimizer, dict)
            hooks.before_batch(step)
            net(torch.from_numpy(rng.random((BATCH, 1, 4, 4)).astype(np.float32)))
            hooks.after_backward(step)
            for name, one in known.items():
                one.batch(last_values(spikes.got[name]), last_values(spikes.sent[name]))
        hooks.after_epoch(step)
        for name, one in known.items():
            if epoch >= 5:
                one.epoch(epoch)
                np.testing.assert_allclose(hooks.survival[f"{name}.units"], one.units, rtol=0, atol=1e-5)
                assert (f"{name}.synapses" in hooks.survival) is not one.conv
                assert np.array_equal(layers[name].links.toarray(), one.links), (epoch, name)
            else:
                assert layers[name].n_links == full[name]
        counts.append([layers[name].n_links for name in NAMES])
    first = [
        next((e for e, row in enumerate(counts) if row[k] < full[name]), None) for k, name in enumerate(NAMES)
    ]
    assert first[2] == 11
    assert 25 in first[:2]
    assert all(links > 0 for links in counts[-1])
    assert layers["classifier.layers.1"].n_links == 900


def test_what_is_dead_stays_dead_though_its_survival_rises_again():
    net = network()
    hooks = Survival(net, NAMES)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    rng = np.random.default_rng(1)
    shapes = {"convs.0": (1, 15), "convs.1": (15, 40), "classifier.layers.0": (40, 300)}
    for name, (pre, post) in shapes.items():
        hooks.sums.activity[name] = Activity(
            rng.random((pre, post)), rng.random((BATCH, post)), rng.random(post), 2
        )
        hooks.survival[f"{name}.units"] = np.where(np.arange(post) < 2, -20.0, 10.0)
    for epoch in (6, 7):
        hooks.after_epoch(Step(epoch, 1, Steps(9, 1), optimizer, dict))
        for name in NAMES:
            left = sparse_layers(net)[name].links.toarray()
            assert not left[:, :2].any()
            assert left[:, 2:].all()
        for name in NAMES:
            hooks.survival[f"{name}.units"][:2] = 50.0


def batches(count=5, seed=0, shape=(4, 7, 3)):
    rng = np.random.default_rng(seed)
    return [
        (torch.from_numpy(rng.random(shape[:2])), torch.from_numpy(rng.random((shape[0], shape[2]))))
        for _ in range(count)
    ]


def test_sums_in_place_are_those_of_new_arrays_to_the_bit():
    sums, known = ActivitySums(), Activity.of(4, 7, 3)
    for before, behind in batches():
        sums.add("a", before.float(), behind.float())
        given = [one.float().double().numpy() for one in (before, behind)]
        kept = [getattr(known, name).copy() for name in Activity.names()]
        after = plasticity.add_batch(known, *given)
        assert all(np.array_equal(getattr(known, n), k) for n, k in zip(Activity.names(), kept, strict=True))
        known = after
    found = sums.arrays("a")
    assert found.batches == known.batches == 5
    for name in Activity.names():
        assert np.array_equal(getattr(found, name), getattr(known, name)), name


def test_tensors_give_what_arrays_give():
    """As on another device, where the sums stay tensors."""
    sums, known = Activity.of(4, 7, 3), Activity.of(4, 7, 3)
    sums = Activity(*(torch.from_numpy(getattr(sums, name)) for name in Activity.names()), batches=0)
    for before, behind in batches():
        sums = plasticity.add_batch(sums, before, behind, in_place=True)
        known = plasticity.add_batch(known, before.numpy(), behind.numpy())
    for name in Activity.names():
        assert isinstance(getattr(sums, name), torch.Tensor)
        np.testing.assert_allclose(getattr(sums, name).numpy(), getattr(known, name), rtol=1e-14, atol=1e-14)
    with pytest.raises(ValueError, match="leave out a last batch"):
        plasticity.add_batch(sums, before[:2], behind[:2])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_sums_stay_on_the_device():
    sums, known = ActivitySums(), ActivitySums()
    for before, behind in batches():
        sums.add("a", before.cuda(), behind.cuda())
        known.add("a", before, behind)
    assert sums.activity["a"].bcm.is_cuda
    for name in Activity.names():
        found, wanted = (getattr(one.arrays("a"), name) for one in (sums, known))
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)


def test_a_state_is_a_copy_and_gives_the_sums_back():
    sums = ActivitySums()
    for before, behind in batches(3):
        sums.add("a", before, behind)
    state = sums.state_dict()
    kept = {key: value.clone() for key, value in state.items() if key != "batches"}
    again = ActivitySums()
    again.load_state_dict(state, {"a": torch.device("cpu")})
    for before, behind in batches(2, seed=3):
        sums.add("a", before, behind)
        again.add("a", before, behind)
    assert all(torch.equal(state[key], value) for key, value in kept.items())
    for name in Activity.names():
        assert np.array_equal(getattr(sums.arrays("a"), name), getattr(again.arrays("a"), name))
    assert sums.arrays("a").batches == again.arrays("a").batches == 5
