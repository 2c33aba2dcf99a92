from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from netsci.sparse import SparseConv2d
from netsci.spiking import IF, LIF
from netsci.spiking.record import record
from tests.spiking import recorded
from tests.spiking.recorded import Leaky, LIFNode, LoopOverTime, chain, frames, sparse

GOLDEN = Path(__file__).parent.parent / "golden" / "snn"
torch.set_num_threads(1)


def golden(name):
    with np.load(GOLDEN / f"{name}.npz") as found:
        data = dict(found)
    depth = sum(key.startswith("C") for key in data)
    weights = [data[f"W{i}"] * data[f"C{i}"] for i in range(1, depth + 1)]
    return data, weights, torch.from_numpy(data["x"]).double()


NETWORKS = {
    "ours, sparse": lambda w: (chain(w, LIF, sparse), None),
    "ours, dense with zeros": lambda w: (chain(w, LIF), None),
    "snntorch": lambda w: (LoopOverTime(w, Leaky), None),
    "snntorch, hidden states": lambda w: (chain(w, lambda: Leaky(init_hidden=True)), frames),
    "spikingjelly, one step": lambda w: (chain(w, LIFNode), frames),
    "spikingjelly, all steps": lambda w: (chain(w, lambda: LIFNode("m")), None),
    "norse": lambda w: (LoopOverTime(w, recorded.SNNCell), None),
}


@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("name", ["sop_net_a", "sop_net_b"])
def test_golden_counts_whatever_the_library(name, kind):
    data, weights, x = golden(name)
    network, call = NETWORKS[kind](weights)
    trace = record(network, x, call=call)
    assert (trace.steps, trace.samples) == x.shape[:2]
    assert [one.sops for one in trace.projections] == data["sops_per_layer"].tolist()
    assert [one.kind for one in trace.projections] == ["spikes"] * len(weights)
    counts = [int(one.spikes.sum()) for one in trace.populations]
    assert counts == data["spike_count_per_population"].tolist()
    assert trace.firing_rate == pytest.approx(float(data["rate_with_input"]), rel=1e-14)
    assert trace.firing_rate_without_input == pytest.approx(float(data["rate_without_input"]), rel=1e-14)
    assert trace.link_sparsity == pytest.approx(float(data["link_sparsity"]), rel=1e-12)
    assert trace.uncounted == ()
    for place, one in enumerate(trace.populations):
        true = data[f"spikes{place}"] if place else data["x"]
        assert one.spikes.tolist() == true.sum(axis=(0, 1)).tolist()
        assert one.spikes_by_step.tolist() == true.sum(axis=(1, 2)).tolist()


@pytest.mark.parametrize("kind", NETWORKS)
def test_raster_holds_every_spike_of_the_first_samples(kind):
    data, weights, x = golden("sop_net_b")
    network, call = NETWORKS[kind](weights)
    trace = record(network, [x, x], call=call, raster=2)
    for place, one in enumerate(trace.populations):
        true = data[f"spikes{place}"] if place else data["x"]
        assert sorted(map(tuple, one.raster.tolist())) == list(zip(*true[:, :2].nonzero(), strict=True))
    assert record(network, x, call=call).populations[0].raster is None


def test_batches_add_up():
    data, weights, x = golden("sop_net_a")
    network = chain(weights, LIF, sparse)
    whole, parts = record(network, x), record(network, ((b, None) for b in x.split([2, 1, 2], dim=1)))
    assert parts.samples == whole.samples == 5
    assert parts.sops == whole.sops == data["sops_total"]
    assert parts.firing_rate == whole.firing_rate
    assert [p.spikes_by_step.tolist() for p in parts.populations] == [
        p.spikes_by_step.tolist() for p in whole.populations
    ]
    assert record(network, x.numpy()).sops == whole.sops


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_convolutions_equal_a_walk_over_every_link(seed):
    rng = np.random.default_rng(seed)
    axes = int(rng.integers(1, 4)) if seed % 3 else 2
    groups = int(rng.integers(1, 3))
    n_in, n_out = groups * int(rng.integers(1, 3)), groups * int(rng.integers(1, 3))
    kernel = [int(k) for k in rng.integers(1, 4, axes)]
    geometry = {"stride": int(rng.integers(1, 3)), "padding": int(rng.integers(0, 3))}
    geometry |= {"dilation": int(rng.integers(1, 3)), "groups": groups}
    space = [int(n) for n in rng.integers(5, 7, axes)]
    make = (nn.Conv1d, nn.Conv2d, nn.Conv3d)[axes - 1]
    layer = make(n_in, n_out, tuple(kernel), bias=False, **geometry)
    mask = rng.random(layer.weight.shape) < 0.5
    layer.weight.data *= torch.from_numpy(mask)
    shape = (n_in, *space)
    x = (rng.random((2, 2, *shape)) < 0.4).astype(np.float32)
    trace = record(nn.Sequential(layer, LIFNode()), torch.from_numpy(x), call=frames)
    links = recorded.conv_links(mask, shape, **geometry)
    leaving = np.bincount(links, minlength=int(np.prod(shape)))
    (one,) = trace.projections
    assert one.fan_out.tolist() == leaving.tolist()
    assert one.sops == recorded.walk(x.reshape(4, -1), leaving)
    assert (one.links, one.dense_links) == (mask.sum(), mask.size)
    places = np.prod(layer(torch.from_numpy(x[0])).shape[2:])
    assert one.dense_operations == mask.size * places
    assert one.applications == 4


def test_sparse_convolution_equals_a_walk_over_every_link():
    rng = np.random.default_rng(3)
    mask = rng.random((4, 2, 3, 3)) < 0.4
    layer = SparseConv2d(mask.reshape(4, -1).T, 3, stride=2, padding=1)
    x = (rng.random((3, 2, 2, 6, 5)) < 0.5).astype(np.float32)
    network = nn.Sequential(nn.Flatten(0, 1), layer, nn.Unflatten(0, (3, 2)), IF())
    trace = record(network, torch.from_numpy(x))
    links = recorded.conv_links(mask, (2, 6, 5), stride=2, padding=1)
    leaving = np.bincount(links, minlength=60)
    assert trace.projections[0].fan_out.tolist() == leaving.tolist()
    assert trace.sops == recorded.walk(x, leaving)
    assert trace.populations[0].spikes_by_step.tolist() == x.sum(axis=(1, 2, 3, 4)).tolist()


@pytest.mark.parametrize("mode", ["circular", "reflect"])
def test_padding_that_repeats_the_image_has_links(mode):
    layer = nn.Conv1d(1, 1, 3, padding=1, padding_mode=mode, bias=False)
    trace = record(nn.Sequential(layer, LIFNode()), torch.ones(1, 1, 1, 4), call=frames)
    assert trace.projections[0].fan_out.tolist() == ([3, 3, 3, 3] if mode == "circular" else [2, 4, 4, 2])
    same = nn.Sequential(nn.Conv1d(1, 1, 3, padding="same"), LIFNode())
    assert record(same, torch.ones(1, 1, 1, 4), call=frames).projections[0].fan_out.tolist() == [2, 3, 3, 2]
