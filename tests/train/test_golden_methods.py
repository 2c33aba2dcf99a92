"""RigL, SRigL and the released SET and RigL of ITOP against reference values: links, weights, moments."""

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from torch import nn

from netsci.sparse import SparseLinear, evolve_module
from netsci.topology import OrderedRule
from netsci.topology.cells import links_of
from netsci.topology.view import ThinnedView
from netsci.train import Topology
from netsci.train.methods.itop import ItopRule
from netsci.train.methods.srigl import FanInRule
from netsci.train.plan import Plan
from tests.golden_files import golden
from tests.views import sloped


def turned(array):
    """[out, in] or [out, in, k, k] as we have it, rows presynaptic."""
    return array.reshape(len(array), -1).T


def step_of(values, prefix, rule):
    """The golden layer after a step of evolution: its links, weights and momentum."""
    weights, mask, slope, momentum = (
        turned(values[prefix + name]) for name in ("W_in", "mask_in", "grad", "mom_in")
    )
    layer = SparseLinear(sp.csr_array(mask), bias=False)
    with torch.no_grad():
        layer.values.copy_(torch.from_numpy(weights[mask]))
    net, view = nn.Sequential(layer), sloped(weights, mask, slope, name="0")
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    optimizer.state[layer.values]["momentum_buffer"] = torch.from_numpy(momentum[mask].copy())
    zeta = float(values["alpha"]) / 2 * (1 + np.cos(np.pi * int(values["step"]) / int(values["T_end"])))
    evolve_module(net, rule, zeta=zeta, optimizer=optimizer, rng=np.random.default_rng(7), views={"0": view})
    moments = optimizer.state[layer.values]["momentum_buffer"].numpy()
    found = [np.zeros(mask.shape, np.float32) for _ in range(2)]
    for array, kept in zip(found, (layer.values.detach().numpy(), moments), strict=True):
        array[layer.links.toarray()] = kept
    return layer.links.toarray(), *found


@pytest.mark.parametrize(
    ("kind", "rule"), [("rigl", OrderedRule("magnitude", "gradient")), ("srigl", FanInRule(gamma=0.0))]
)
def test_golden_steps(kind, rule):
    for path in golden("prune", f"{kind}_*.npz"):
        values = np.load(path)
        layers = sorted({key.rsplit("/", 1)[0] for key in values if key.endswith("mask_in")})
        assert layers
        for layer in layers:
            links, weights, moments = step_of(values, layer + "/", rule)
            assert np.array_equal(links, turned(values[f"{layer}/mask_out"])), (path.name, layer)
            assert np.array_equal(weights, turned(values[f"{layer}/W_out"]))
            assert np.array_equal(moments, turned(values[f"{layer}/mom_out"]))


def test_golden_shares_of_rigl():
    """The share of the n-th update is that of its step, not that of the one before."""
    for path in golden("prune", "*rigl_*.npz"):
        values = np.load(path)
        step, end = int(values["step"]), int(values["T_end"])
        made = Topology(
            method="rigl", zeta=float(values["alpha"]), evolve_every=f"{step} steps", until=f"{end} steps"
        )
        plan = Plan(made, epochs=10, batches=end, lag=False)
        assert plan.number(step) == 1
        for update in ("u0", "u1"):
            assert plan.zeta(1) == pytest.approx(float(values[f"{update}/drop_fraction"]), abs=1e-15)
        assert plan.zeta(-(-end // step)) == 0.0


class Given:
    """A generator that gives out the uniform numbers of a golden file."""

    def __init__(self, uniform):
        self.uniform = uniform

    def random(self, shape):
        assert shape == self.uniform.shape
        return self.uniform


def test_golden_steps_as_itop_released_them():
    for path in golden("prune", "itop_*.npz"):
        values = np.load(path)
        growth, death = str(values["growth"]), str(values["death"]).lower()
        rule = ItopRule(regrowth="random" if growth == "random" else "gradient", death=death)
        for layer in sorted({key.split("/")[0] for key in values if "/" in key}):
            weights, mask, slope, momentum = (
                turned(values[f"{layer}/{name}"]) for name in ("W_in", "mask_in", "grad", "mom_in")
            )
            mask = mask > 0
            view = sloped(weights, mask, momentum if growth == "momentum" else slope)
            rate = float(values["death_rate"])
            keep, grow = rule.choose(view, rate, mask.sum(), None)
            assert int((~keep).sum()) == int(values[f"{layer}/num_removed"])
            left = links_of(np.flatnonzero(mask)[keep], mask.shape)
            given = Given(values[f"{layer}/uniform"]) if growth == "random" else None
            grown, _ = grow(ThinnedView(view, left), 0, given)
            after = left.toarray()
            after.ravel()[grown] = True
            assert np.array_equal(after, turned(values[f"{layer}/mask_out"]) > 0), (path.name, layer)
            kept = np.where(after & mask & left.toarray(), weights, 0)
            assert np.array_equal(kept, turned(values[f"{layer}/W_out"]) * left.toarray())
