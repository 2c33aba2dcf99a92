"""Grad R and Deep R as methods: against a few lines of their own, exact counts, resumption, refusals."""

import numpy as np
import pytest
import torch
from torch import nn

from netsci.models import mlp
from netsci.sparse import SparseLinear
from netsci.topology.rebirth import draw_reborn, draw_reborn_as_released
from netsci.train import PRESETS, Topology, train
from netsci.train.command import use_method
from netsci.train.methods.base import Step, Steps, method_of

SMALL = PRESETS["digits-2fc"].replace(
    options=(("hidden", (24, 16)),), steps=2, epochs=3, batch=20, sparsity=0.8, limit=80, test_limit=20
)
ALL = np.ones((7, 5))


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def run_steps(name, count, *, links=ALL, seed=5, changes=(), sparsity=0.6, batches=100):
    """Weights of one layer after each of some steps, with the gradients that it had."""
    rng = np.random.default_rng(seed)
    net = nn.Sequential(SparseLinear(links, bias=False, dtype=torch.float64), nn.Linear(5, 2).double())
    net.sparse_names = ("0",)
    with torch.no_grad():
        net[0].values.copy_(torch.from_numpy(rng.normal(scale=0.05, size=net[0].n_links)))
    first = net[0].weight.T.numpy().ravel().copy()
    topology = Topology(sparsity, method=name, method_options=tuple(changes))
    from netsci.train.choices import METHODS

    hooks = METHODS[name](topology, **dict(changes)).start(
        net, Steps(1, batches), lambda step, part=0: np.random.default_rng([step.done, part])
    )
    optimizer = torch.optim.SGD(net.parameters(), lr=0.5, weight_decay=0.5)
    weights, gradients = [first], []
    for number in range(1, count + 1):
        step = Step(1, number, Steps(1, batches), optimizer, dict)
        hooks.before_batch(step)
        gradient = rng.normal(size=35)
        gradients.append(gradient)
        net[0].values.grad = torch.from_numpy(gradient)
        hooks.after_backward(step)
        assert net[0].values.grad is None  # the optimizer has nothing to do here
        optimizer.step()
        weights.append(net[0].values.detach().numpy().copy())
    hooks.after_epoch(step)
    assert net[0].n_links == np.count_nonzero(weights[-1])
    assert np.array_equal(net[0].weight.T.numpy().ravel(), weights[-1])
    return weights, gradients


def adam(gradients):
    m = v = 0.0
    for t, g in enumerate(gradients, 1):
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        yield 1 / (1 - 0.9**t), m / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)


def test_grad_r_is_a_few_lines():
    weights, gradients = run_steps("grad_r", 40, changes=(("lr", 0.01), ("alpha", 0.1)))
    sign, theta = np.sign(weights[0]), np.abs(weights[0])
    for found, (a, direction) in zip(weights[1:], adam(gradients), strict=True):
        theta = theta - 0.01 * a * (sign * direction + 0.1 * np.sign(theta - np.log(0.8) / 0.1))
        np.testing.assert_allclose(found, sign * np.maximum(theta, 0), rtol=0, atol=1e-12)
    was_dormant = np.any([w == 0 for w in weights], axis=0)
    assert np.any(was_dormant & (weights[-1] != 0))  # some came back
    assert all(np.all(w * weights[0] >= 0) for w in weights)  # signs stay


def test_deep_r_is_a_few_lines():
    weights, gradients = run_steps("deep_r", 40, changes=(("lr", 0.01), ("l1", 0.4)))
    sign, active = np.sign(weights[0]), np.ones(35, bool)
    for before, found, (a, direction) in zip(weights[:-1], weights[1:], adam(gradients), strict=True):
        moved = before - 0.01 * a * (direction + 0.4 * sign)
        moved[(moved * sign <= 0) | ~active] = 0
        born = (moved == 0) & (found != 0)
        np.testing.assert_allclose(found[~born], moved[~born], rtol=0, atol=1e-12)
        assert np.all(np.abs(found[born]) == 1e-8)
        assert born.sum() == max(0, np.sum(moved == 0) - 21)  # of 35 cells .6 may be dormant
        sign, active = np.where(born, np.sign(found), sign), found != 0


def test_the_dormant_share_of_deep_r_never_passes_s_and_then_stays():
    weights, _ = run_steps("deep_r", 200, changes=(("lr", 0.01), ("l1", 0.4)), batches=300)
    dormant = [int(np.sum(w == 0)) for w in weights]
    assert dormant[0] == 0
    assert max(dormant) == 21
    assert dormant[-20:] == [21] * 20
    few = np.zeros(35)
    few[:14] = 1
    weights, _ = run_steps("deep_r", 60, links=few.reshape(7, 5), changes=(("lr", 0.02),))
    assert {int(np.sum(w == 0)) for w in weights} == {21}
    assert np.any(np.any([w != 0 for w in weights], axis=0)[14:])  # cells without a first link are born


def test_noise_needs_a_temperature_and_compat_is_another_method():
    options = (("lr", 0.01), ("l1", 0.4))
    plain, _ = run_steps("deep_r", 30, changes=options)
    warm, _ = run_steps("deep_r", 30, changes=(*options, ("temperature", 0.01)))
    released, _ = run_steps("deep_r", 30, changes=(*options, ("compat", True)))
    assert not np.array_equal(plain[-1], warm[-1])
    dead = [w == 0 for w in released]
    lasting = [
        np.any(~now & before & (np.abs(w) != 1e-8))
        for before, now, w in zip(dead[:-1], dead[1:], released[1:], strict=True)
    ]
    assert not any(lasting)  # no rebirth of the released code lasts
    assert np.sum(released[-1] == 0) + np.sum(np.abs(released[-1]) == 1e-8) > 21


def test_grad_r_follows_the_gradient_of_dormant_cells_and_deep_r_does_not():
    """A dormant cell whose gradient asks for a link gets one by Grad R."""
    for name, comes_back in (("grad_r", True), ("deep_r", False)):
        net = nn.Sequential(SparseLinear(ALL, bias=False), nn.Linear(5, 2))
        net.sparse_names = ("0",)
        with torch.no_grad():
            net[0].values.fill_(0.05)
        made = Topology(0.6, method=name)
        from netsci.train.choices import METHODS

        hooks = METHODS[name](made, lr=0.02).start(net, Steps(1, 30), lambda *_: np.random.default_rng(1))
        optimizer, seen = torch.optim.SGD(net[1].parameters(), lr=0.1), []
        for number in range(1, 31):
            step = Step(1, number, Steps(1, 30), optimizer, dict)
            gradient = torch.zeros(35)
            gradient[3] = 1.0 if number < 8 else -1.0
            net[0].values.grad = gradient
            hooks.after_backward(step)
            seen.append(float(net[0].values.detach()[3]))
        assert min(seen) == 0.0
        assert (seen[-1] > 0) is comes_back


@pytest.mark.parametrize("name", ["deep_r", "grad_r"])
def test_a_run_reports_what_came_out_and_leaves_the_classifier(name):
    strong = (("lr", 0.01), ("l1" if name == "deep_r" else "alpha", 0.2))
    made = SMALL.replace(method=name, method_options=strong, options=(("hidden", (40,)),), steps=4)
    run = train(made)
    table = run.table[run.table["measure"] == "link sparsity"]
    for number, layer in enumerate(run.model.layers[:1]):
        found = table[table["layer"] == f"layers.{number}"]["value"].tolist()
        assert found[0] == 0.0 < found[1] < found[-1]
        assert found[-1] == pytest.approx(layer.sparsity)
        assert found[-1] != pytest.approx(0.8, abs=1e-3)  # what was asked for
        assert layer.n_links == torch.count_nonzero(layer.values)
    assert run.model.layers[1].n_links == 400
    before = train(made, stop_after=0).model
    assert not torch.equal(before.layers[1].values, run.model.layers[1].values)  # it learns all the same


@pytest.mark.parametrize("name", ["deep_r", "grad_r"])
def test_convolutions_are_rewired_too(name):
    made = PRESETS["mnist-2conv2fc"].replace(
        data="digits", steps=2, epochs=2, batch=20, limit=60, test_limit=20,
        sparsity={"conv": 0.6, "linear": 0.9},
    )  # fmt: skip
    run = train(use_method(made, name).replace(method_options=(("lr", 0.01),)))
    assert 0 < run.model.convs[1].sparsity < 1
    assert 0 < run.model.classifier.layers[0].sparsity < 1


def test_grad_r_below_half_says_what_would_fit():
    chosen = method_of(SMALL.replace(method="grad_r", sparsity=0.4))
    with pytest.raises(ValueError, match=r"at least 0.5 in every layer.*layers.0 has 0.4: raise it.*'gmp'"):
        chosen.resolved(mlp([4, 3, 2]), ["layers.0"])
    with pytest.raises(ValueError, match=r"at least 0\.5"):
        train(SMALL.replace(method="grad_r", sparsity=0.4))
    method_of(SMALL.replace(method="grad_r", sparsity=0.5)).resolved(mlp([4, 3, 2]), ["layers.0"])


@pytest.mark.parametrize(
    ("name", "options", "error", "text"),
    [
        ("grad_r", {"lr": 0.0}, ValueError, "lr must be a finite number above 0"),
        ("grad_r", {"alpha": "1"}, TypeError, "alpha must be a number"),
        ("deep_r", {"l1": -1.0}, ValueError, "l1 must be a finite number of at least 0"),
        ("deep_r", {"temperature": float("nan")}, ValueError, "temperature must be a finite number"),
        ("deep_r", {"compat": 1}, TypeError, "compat must be True or False"),
        ("deep_r", {"alpha": 1.0}, ValueError, "method_options must be among lr"),
    ],
)
def test_options_that_are_not_allowed(name, options, error, text):
    with pytest.raises(error, match=text):
        method_of(SMALL.replace(method=name, method_options=tuple(options.items())))
    with pytest.raises(ValueError, match="does not use zeta"):
        method_of(SMALL.replace(method=name, zeta=0.123))


def test_the_rate_of_the_run_is_an_option():
    fixed, free = (train(SMALL.replace(method="grad_r", method_options=(("lr", lr),))) for lr in (1e-4, None))
    assert fixed.model.layers[0].n_links != free.model.layers[0].n_links


def test_reborn_cells_are_drawn_uniformly_and_in_exact_number():
    dormant = np.ones(12, bool)
    dormant[::3] = False
    rng = np.random.default_rng(2)
    counts = np.zeros(12)
    signs = 0
    for _ in range(3000):
        cells, drawn = draw_reborn(dormant, 5, rng=rng)
        assert len(set(cells.tolist())) == len(drawn) == 3
        counts[cells] += 1
        signs += int(drawn.sum())
    assert np.all(counts[~dormant] == 0)
    assert np.all(np.abs(counts[dormant] / 3000 - 3 / 8) < 0.04)  # 4 standard errors
    assert abs(signs) < 400  # of 9,000
    assert len(draw_reborn(dormant, 8, rng=rng)[0]) == len(draw_reborn(dormant, 20, rng=rng)[0]) == 0
    assert not draw_reborn_as_released(dormant, 0.7, rng=rng).any()
    assert not draw_reborn_as_released(np.zeros(0, bool), 0.7, rng=rng).any()
