"""Learning rates, optimizer groups, losses, and what a batch leaves in the gradients."""

import numpy as np
import pytest
import torch
from torch import nn

from netsci.models import mlp
from netsci.sparse import SparseLinear
from netsci.train import OPTIMIZERS, PRESETS, Recipe, train
from netsci.train.learners import learner, loss_of, optimizer_of, rate_at, seed_generators

LABELS = torch.tensor([0, 1, 1, 0])


def rates(epochs=8, **changes):
    recipe = Recipe().replace(lr=0.8, epochs=epochs, **changes)
    return [rate_at(recipe, epoch, done) for epoch in range(1, epochs + 1) for done in (0.0, 0.5)]


def test_constant_and_cosine_rates():
    assert rates(lr_schedule="constant") == [0.8] * 16
    found = rates(lr_schedule="cosine")
    assert found == pytest.approx([0.4 * (1 + np.cos(np.pi * k / 16)) for k in range(16)])


def test_steps_fall_at_a_half_and_at_three_quarters():
    found = rates(lr_schedule="steps")
    assert found == pytest.approx([0.8] * 8 + [0.08] * 4 + [0.008] * 4)


def test_a_warm_up_rises_to_the_rate_and_the_course_begins_there():
    found = rates(lr_schedule="cosine", warmup=2)
    assert found[:4] == pytest.approx([0.8 * (t + 1 / 32) / (2 + 1 / 32) for t in (0.0, 0.5, 1.0, 1.5)])
    assert found[4] == 0.8
    assert found[4:] == sorted(found[4:], reverse=True)
    assert rates(epochs=2, lr_schedule="cosine", warmup=5)[-1] < 0.8


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_weights_decay_and_biases_and_norms_do_not(kind):
    model = nn.Sequential(SparseLinear(np.eye(3, 4)), nn.LayerNorm(4), nn.Linear(4, 2), nn.Conv2d(1, 1, 2))
    optimizer = optimizer_of(Recipe().replace(optimizer=kind, weight_decay=0.25, lr=0.5), model)
    decayed, plain = optimizer.param_groups
    assert (decayed["weight_decay"], plain["weight_decay"], decayed["lr"]) == (0.25, 0.0, 0.5)
    expected = [model[0].values, model[2].weight, model[3].weight]
    assert [id(p) for p in decayed["params"]] == [id(p) for p in expected]
    assert len(decayed["params"]) + len(plain["params"]) == len(list(model.parameters()))
    assert type(optimizer).__name__.lower() == kind.removesuffix("_plain")


def test_momentum_is_nesterovs_and_may_be_none():
    model = nn.Linear(2, 2, bias=False)
    (group,) = optimizer_of(Recipe().replace(optimizer="sgd", momentum=0.7), model).param_groups
    assert (group["momentum"], group["nesterov"]) == (0.7, True)
    (group,) = optimizer_of(Recipe().replace(optimizer="sgd", momentum=0.0), model).param_groups
    assert (group["momentum"], group["nesterov"]) == (0.0, False)
    (group,) = optimizer_of(Recipe().replace(optimizer="sgd_plain", momentum=0.7), model).param_groups
    assert (group["momentum"], group["nesterov"]) == (0.7, False)


@pytest.mark.parametrize(("kind", "wanted"), [("sgd", [-0.8, -1.78]), ("sgd_plain", [-0.5, -1.3])])
def test_two_steps_of_either_momentum_by_hand(kind, wanted):
    """Gradient 1, lr 1/2, momentum 3/5: b = 1, 1.6; down by (1 + .6 b) / 2, or by b / 2."""
    model = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(model.weight)
    optimizer = optimizer_of(Recipe().replace(optimizer=kind, momentum=0.6, lr=0.5), model)
    found = []
    for _ in range(2):
        model.weight.grad = torch.ones(1, 1)
        optimizer.step()
        found.append(model.weight.item())
    assert found == pytest.approx(wanted)


def test_losses_by_hand():
    scores = torch.tensor([[1.0, 0.0], [0.5, 0.5]])
    labels = torch.tensor([0, 1])
    assert loss_of(Recipe().replace(loss="mse"))(scores, labels).item() == 0.125
    wanted = (np.log(1 + np.exp(-1)) + np.log(2)) / 2
    assert loss_of(Recipe())(scores, labels).item() == pytest.approx(wanted)


def test_gradients_are_those_of_the_mean_loss():
    model, x = nn.Linear(3, 2), torch.rand(4, 3, generator=torch.Generator().manual_seed(0))
    learnt = learner(Recipe())(model, x, LABELS, np.random.default_rng(0))
    wanted = nn.functional.cross_entropy(model(x), LABELS)
    assert learnt.loss.item() == pytest.approx(4 * wanted.item())
    assert not learnt.loss.requires_grad
    torch.testing.assert_close(model.weight.grad, torch.autograd.grad(wanted, model.weight)[0])
    assert learnt.counts == {}


def test_target_propagation_counts_and_draws_from_the_generator():
    recipe = Recipe().replace(learner="stp", encoding="rate", window=2)
    grads = []
    for seed in (0, 0, 1):
        torch.manual_seed(0)
        model = mlp([3, 4, 2], steps=6)
        x = (torch.rand(6, 4, 3, generator=torch.Generator().manual_seed(1)) < 0.7).float() * 2
        learnt = learner(recipe)(model, x.clamp(max=1), LABELS, np.random.default_rng(seed))
        grads.append(model.layers[0].weight.grad)
        assert 0 < learnt.counts["spikes used"] < learnt.counts["spikes"]
    assert torch.equal(grads[0], grads[1])
    assert not torch.equal(grads[0], grads[2])


def test_the_whole_gradient_is_clipped():
    recipe = PRESETS["digits-2fc"].replace(
        options=(("hidden", (16,)),), steps=2, epochs=1, limit=50, batch=50, test_limit=20, sparsity=0.9
    )
    # One step of plain descent: the weights move by lr x the clipped norm.
    recipe = recipe.replace(optimizer="sgd", momentum=0.0, lr=1.0, lr_schedule="constant", evolve_every=0)
    before = torch.cat([p.detach().ravel() for p in train(recipe, stop_after=0).model.parameters()])
    moved = []
    for clip in (None, 1e-3):
        after = torch.cat([p.detach().ravel() for p in train(recipe.replace(clip=clip)).model.parameters()])
        moved.append((after - before).norm().item())
    assert moved[0] > 0.01
    assert moved[1] == pytest.approx(1e-3, rel=1e-2)


def test_seeding_draws_what_torch_would_draw():
    with torch.random.fork_rng([]):
        torch.manual_seed(2**62 - 1)
        wanted = torch.rand(5)
        torch.manual_seed(0)
        seed_generators(2**62 - 1, wanted)
        assert torch.equal(torch.rand(5), wanted)
        seed_generators(3, wanted)
        assert not torch.equal(torch.rand(5), wanted)


def test_dropout_of_a_batch_leaves_the_global_generator_alone():
    model, x = nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.5), nn.Linear(8, 2)), torch.ones(4, 3)
    before = torch.get_rng_state()
    losses = [learner(Recipe())(model, x, LABELS, np.random.default_rng(s)).loss.item() for s in (0, 0, 1)]
    assert torch.equal(torch.get_rng_state(), before)
    assert losses[0] == losses[1] != losses[2]
