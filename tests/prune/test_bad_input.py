"""Bad and odd input for every method: handled with exact counts, or refused with nothing changed."""

import numpy as np
import pytest
import torch
from torch import nn

from netsci.prune import METHODS, InputStatistics, depgraph, prune, prune_mask, sparsegpt
from netsci.sparse import sparsify

EVERY = tuple(METHODS.built_in)
READING = tuple(name for name in EVERY if METHODS[name].reads != "nothing")
CHOOSING = ("magnitude", "ri", "ria", "wanda")
SHARE = 0.6


def network():
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return nn.Sequential(
            nn.Conv2d(2, 4, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(64, 8), nn.Linear(8, 3)
        )


def samples(count=40, seed=1):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=(count, 2, 4, 4)).astype(np.float32))


def gone(method, mask, share=SHARE):
    """Whether exactly as many links went as the method says."""
    if method.startswith("wanda"):
        return ((~mask).sum(0) == int(np.floor(share * len(mask) + 1e-9))).all()
    return (~mask).sum() == int(np.floor(share * mask.size + 1e-9))


def check_pruned(method, net, found, share=SHARE):
    assert list(found.masks) == ["0", "3"]
    for name, mask in found.masks.items():
        weight = found.get_submodule(name).weight.detach().flatten(1).T.numpy()
        assert gone(method, mask, share), (method, name)
        assert not weight[~mask].any()
        assert np.isfinite(weight).all()
    assert found(samples(3)).isfinite().all()
    assert not hasattr(net, "masks")


def refused(net, call, match, error=ValueError):
    """Check that a call is refused, and that the module is as it was."""
    before = {name: value.clone() for name, value in net.state_dict().items()}
    with pytest.raises(error, match=match):
        call()
    now = net.state_dict()
    assert now.keys() == before.keys()
    assert all(
        torch.equal(now[name].nan_to_num(7.0), value.nan_to_num(7.0)) for name, value in before.items()
    )
    assert not hasattr(net, "masks")
    assert not hasattr(net, "kept")
    assert not any(one._forward_pre_hooks or one._forward_hooks for one in net.modules())


@pytest.mark.parametrize("method", EVERY)
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite(method, value):
    net = network()
    with torch.no_grad():
        net[3].weight[1, 2] = value
    refused(net, lambda: prune(net, method, SHARE, samples()), "weight of layer '3' must be finite")


@pytest.mark.parametrize("method", READING)
@pytest.mark.parametrize("value", [float("nan"), float("-inf")])
def test_calibration_that_is_not_finite(method, value):
    net, x = network(), samples()
    x[11, 1, 2, 3] = value
    batches = [x[:8], x[8:]]
    refused(
        net, lambda: prune(net, method, SHARE, batches), "calibration must be finite real numbers; batch 1"
    )


class Log(nn.Module):
    def forward(self, x):
        return torch.log(x)


@pytest.mark.parametrize("method", READING)
@pytest.mark.parametrize("propagate", ["pruned", "dense"])
def test_a_module_that_makes_nan_of_finite_inputs(method, propagate):
    net = nn.Sequential(nn.Linear(6, 5), Log(), nn.Linear(5, 4), nn.Linear(4, 2))
    x = samples().flatten(1)[:, :6]
    refused(
        net,
        lambda: prune(net, method, SHARE, x, propagate=propagate),
        r"inputs of layer '2' on calibration: x must be finite",
    )


@pytest.mark.parametrize("method", EVERY)
def test_dead_inputs_lose_their_links_first(method):
    net, x = network(), samples()
    x[:, 1] = 0.0  # the second channel, so that half of the rows of the convolution see 0
    found = prune(net, method, SHARE, x)
    check_pruned(method, net, found)
    if METHODS[method].reads != "nothing":
        kept = found.masks["0"][9:]
        assert kept.sum() < found.masks["0"][:9].sum()
        if method != "sparsegpt":  # its scores are 0 too, and all of the block's, here 18 rows
            assert not kept.any()


@pytest.mark.parametrize("method", EVERY)
def test_outputs_and_inputs_without_weights(method):
    net = network()
    with torch.no_grad():
        net[3].weight[2] = 0.0
        net[3].weight[:, 5:9] = 0.0
        net[0].weight[1] = 0.0
    check_pruned(method, net, prune(net, method, SHARE, samples()))


@pytest.mark.parametrize("method", EVERY)
@pytest.mark.parametrize("value", [0.0, 1.0, -3.5])
def test_constant_calibration(method, value):
    net = network()
    check_pruned(method, net, prune(net, method, SHARE, torch.full((12, 2, 4, 4), value)))


@pytest.mark.parametrize("method", EVERY)
@pytest.mark.parametrize("count", [1, 5])
def test_fewer_samples_than_inputs(method, count):
    net = network()
    check_pruned(method, net, prune(net, method, SHARE, samples(count)))


@pytest.mark.parametrize("method", EVERY)
def test_a_share_of_zero_keeps_all_links_and_weights(method):
    net = network()
    found = prune(net, method, 0.0, samples())
    for name, mask in found.masks.items():
        assert mask.all()
        weights = (one.get_submodule(name).weight for one in (net, found))
        torch.testing.assert_close(*weights, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("method", EVERY)
@pytest.mark.parametrize(
    ("share", "match"),
    [
        (1.0, "sparsity must lie below 1"),
        (1.2, r"sparsity must lie in \[0, 1\]"),
        (-0.1, r"sparsity must lie in \[0, 1\]"),
        (float("nan"), r"sparsity must lie in \[0, 1\]"),
        ({"3": 1.0}, r"sparsity\['3'\] must lie below 1"),
    ],
)
def test_shares_that_a_module_cannot_have(method, share, match):
    net = network()
    refused(net, lambda: prune(net, method, share, samples()), match)


def test_a_whole_layer_goes_where_it_is_asked_for_alone():
    rng = np.random.default_rng(2)
    weight, x = rng.normal(size=(6, 4)), rng.normal(size=(9, 6))
    for method in CHOOSING:
        for per in ("layer", "output"):
            assert not prune_mask(weight, method, 1.0, inputs=x, per=per).any()
            assert prune_mask(weight, method, 0.0, inputs=x, per=per).all()
    weights, kept = sparsegpt(weight, x, 1.0)
    assert not weights.any()
    assert not kept.any()


@pytest.mark.parametrize("method", EVERY)
def test_names_that_match_no_layer(method):
    net, x = network(), samples()
    for given, match in (
        ({"layers": ["conv1"]}, "'conv1', which matches no layer: name one of 0, 3, 4"),
        ({"layers": ["0", "9*"]}, r"'9\*', which matches no layer"),
        ({"layers": ["1"]}, "'1', which matches no layer"),  # a ReLU
        ({"sparsity": {"0": 0.5, "fc": 0.5}}, "'fc', which matches no layer"),
    ):
        refused(
            net,
            lambda given=given: prune(net, **{"method": method, "sparsity": 0.5, "calibration": x, **given}),
            match,
        )


@pytest.mark.parametrize("method", EVERY)
def test_groups_hold_in_every_layer_and_misfits_say_what_fits(method):
    net, x = network(), samples()
    found = prune(net, method, None, x, layers=["3"], n_m=(1, 4))
    assert (found.masks["3"].reshape(16, 4, 8).sum(1) == 1).all()
    thirds = prune(net, method, 2 / 3, x, layers=["0"], n_m=(1, 3))
    assert (thirds.masks["0"].reshape(6, 3, 4).sum(1) == 1).all()
    refused(net, lambda: prune(net, method, 0.5, x, n_m=(2, 4)), "'0' has 18 inputs; groups of 2 would fit")


@pytest.mark.parametrize("method", CHOOSING)
def test_transposed_weights_and_masks(method):
    """As far as shapes tell: torch's [out, in] is named in the mend."""
    rng = np.random.default_rng(4)
    weight, x = rng.normal(size=(6, 4)), rng.normal(size=(9, 6))
    with pytest.raises(ValueError, match=r"4 \(weight is \[presynaptic, postsynaptic\], torch's weight\.T\)"):
        prune_mask(weight.T, method, 0.5, inputs=x)
    mask = prune_mask(weight, method, 0.5, inputs=x)
    with pytest.raises(ValueError, match=r"kept must have the shape of weight, \(6, 4\).*[Tt]ranspose"):
        sparsegpt(weight, x, None, kept=mask.T)
    net = network()
    made = prune(net, method, 0.5, samples())
    turned = {name: one.T for name, one in made.masks.items()}
    with pytest.raises(ValueError, match=r"mask of '0' must be \[presynaptic, postsynaptic\] = \[18, 4\]"):
        sparsify(made, turned)


def test_statistics_refuse_what_they_cannot_sum_and_stay_as_they_were():
    found = InputStatistics().add(np.ones((3, 4)))
    before = found.hessian, found.moments, found.sequences
    for x in (np.full((2, 4), np.nan), np.full((2, 4), 1e200), np.ones((2, 5)), np.ones(4)):
        with pytest.raises(ValueError, match="x must"):
            found.add(x)
    assert found.sequences == before[2]
    assert np.array_equal(found.hessian, before[0])
    assert np.array_equal(found.moments, before[1])


def channels():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(2, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(24, 8), nn.ReLU(), nn.Linear(8, 3)
    )


@pytest.mark.parametrize("form", ["channels", "mask"])
@pytest.mark.parametrize(
    ("sparsity", "match"),
    [
        (1.0, "sparsity must lie below 1"),
        (-0.1, r"sparsity must lie in \[0, 1\]"),
        (1.5, r"sparsity must lie in \[0, 1\]"),
        (float("nan"), r"sparsity must lie in \[0, 1\]"),
        ({"linear": 1.0}, "sparsity of linear must lie below 1"),
        ({"conv1": 0.5}, "'conv', 'linear' or both"),
        ({}, "'conv', 'linear' or both"),
    ],
)
def test_depgraph_refuses_shares(form, sparsity, match):
    pytest.importorskip("torch_pruning", reason="needs the extra netsci-suite[prune]")
    net = channels()
    refused(net, lambda: depgraph(net, samples(2), sparsity=sparsity, form=form), match)


def test_depgraph_of_odd_weights_and_examples():
    pytest.importorskip("torch_pruning", reason="needs the extra netsci-suite[prune]")
    net = channels()
    for x in (torch.zeros(2, 2, 4, 4), torch.ones(1, 2, 4, 4)):  # an example only shows shapes
        small = depgraph(net, x, sparsity=0.5, match="channels")
        assert [len(small.kept[name]) for name in ("0", "3", "5")] == [3, 4, 3]
    x = samples(2)
    x[0, 0, 0, 0] = float("nan")
    refused(net, lambda: depgraph(net, x, sparsity=0.5), "example must be finite")
    with torch.no_grad():
        net[0].weight[2] = 0.0  # a channel of no weight goes first
        net[3].weight[:, 2 * 4 : 3 * 4] = 0.0
    assert 2 not in depgraph(net, samples(2), sparsity={"conv": 0.2}, match="channels").kept["0"]
    with torch.no_grad():
        net[3].weight[0, 0] = float("inf")
    refused(net, lambda: depgraph(net, samples(2), sparsity=0.5), "weights of layer '3' must be finite")


class Pooled(nn.Module):
    """A convolution that the sparse layers cannot stand for, and an output layer."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 4, 3, dilation=2)
        self.out = nn.Linear(4, 2)

    def forward(self, x):
        return self.out(torch.relu(self.conv(x)).mean((2, 3)))


def test_why_a_layer_cannot_be_pruned_is_said():
    net, x = Pooled(), torch.zeros(4, 2, 9, 9)
    refused(net, lambda: prune(net, "magnitude", {"conv": 0.5}, x), "'conv' cannot be sparse: .* dilated")
    with pytest.warns(UserWarning, match="these layers stay dense: conv"):
        refused(
            net,
            lambda: prune(net, "magnitude", 0.5, x),
            r"prunes no layer.*\(conv cannot be pruned: its kernel is dilated.*\): name one of out$",
        )
    for name, said in (("conv", "'conv', which"), ("c*", r"'c\*', and conv")):
        refused(
            net,
            lambda name=name: prune(net, "magnitude", 0.5, x, layers=[name]),
            f"layers names {said} cannot be pruned: its kernel is dilated",
        )


@pytest.mark.parametrize("method", ["ri", "ria", "wanda"])
def test_scores_past_the_largest_number_are_refused(method):
    weight = np.full((6, 4), 3e38, np.float32)
    inputs = 1e3 * np.random.default_rng(0).normal(size=(20, 6)).astype(np.float32)
    given = {} if method == "ri" else {"inputs": inputs}
    with pytest.raises(ValueError, match="must be smaller: scores pass the largest float32"):
        prune_mask(weight, method, 0.5, **given)
    wide = {name: value.astype(np.float64) for name, value in given.items()}
    assert gone(method, prune_mask(weight.astype(np.float64), method, 0.5, **wide), 0.5)


def test_true_is_no_sparsity_and_one_number_of_a_tensor_is():
    for share in (True, np.True_):
        with pytest.raises(TypeError, match="sparsity must be a number"):
            prune_mask(np.ones((4, 3)), "magnitude", share)
    x = samples()
    one, other = (prune(network(), "magnitude", share, x) for share in (torch.tensor(0.5), 0.5))
    assert all(np.array_equal(mask, other.masks[name]) for name, mask in one.masks.items())
