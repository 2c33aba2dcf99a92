"""Stochastic depth: which samples are left out, how often, and that the mean stays."""

import pytest
import torch
from torch import nn

from netsci.models.resnet import resnet18
from netsci.models.stochastic_depth import StochasticDepth, depths


def test_a_sample_is_left_out_as_a_whole_and_the_mean_stays():
    torch.manual_seed(1)
    out = StochasticDepth(0.25)(torch.ones(4000, 2, 3))
    of_samples = out.flatten(1)
    assert (of_samples == of_samples[:, :1]).all()
    assert sorted(out.unique().tolist()) == pytest.approx([0.0, 4 / 3])
    assert abs((of_samples[:, 0] == 0).double().mean() - 0.25) < 0.03
    assert torch.equal(StochasticDepth(0.25).eval()(out), out)


def test_over_time_all_steps_share_the_draw():
    torch.manual_seed(1)
    out = StochasticDepth(0.5, axis=1)(torch.ones(5, 100, 2))
    assert (out == out[:1]).all()
    assert 20 < (out[0, :, 0] == 0).sum() < 80


def test_probabilities_rise_along_a_line():
    assert [one and one.p for one in depths(0.3, 4)] == pytest.approx([None, 0.1, 0.2, 0.3])
    assert depths(0.0, 3) == [None, None, None]
    assert [one.p for one in depths(0.3, 1)] == [0.3]


@pytest.mark.parametrize("p", [1.0, -0.1, float("nan")])
def test_bad_probabilities(p):
    with pytest.raises(ValueError, match="stochastic_depth"):
        depths(p, 2)


@pytest.mark.parametrize("residual", ["current", "spike"])
def test_a_residual_network_without_its_branches(residual):
    """With the branch of a sample left out, a block of ReLUs passes on what came in."""
    torch.manual_seed(1)
    model = resnet18(
        (1, 8, 8), 3, width=4, blocks=(2,), neuron=nn.ReLU, stochastic_depth=0.5, residual=residual
    )
    blocks = model.layer1
    assert blocks[0].stochastic_depth is None
    s = torch.rand(1, 200, 4, 3, 3)
    out = blocks.train()[1](s)
    same = (out == s).flatten(2).all(-1)[0]
    assert 60 < same.sum() < 140
    assert not (blocks.eval()[1](s) == s).flatten(2).all(-1).any()
    plain = resnet18((1, 8, 8), 3, width=4, blocks=(2,), neuron=nn.ReLU, residual=residual)
    assert list(plain.state_dict()) == list(model.state_dict())


def test_the_stem_pools_by_mean_on_request_and_is_wired_where_it_is_sparse():
    options = {"width": 4, "blocks": (1,), "stem": "imagenet", "neuron": nn.ReLU}
    assert isinstance(resnet18((1, 16, 16), 3, pooling="average", **options).pool, nn.AvgPool2d)
    with pytest.raises(ValueError, match="pooling must be"):
        resnet18((1, 16, 16), 3, pooling="mean", **options)
    links = torch.ones(49, 4)
    model = resnet18((1, 16, 16), 3, links={"conv1": links.numpy()}, **options)
    assert model.wiring()[0] == {
        "source": "image", "target": "stem", "source_size": 1, "target_size": 4, "rows_per_unit": 49,
        "layer": "conv1",
    }  # fmt: skip
    assert model.sparse_names[0] == "conv1"
    assert "conv1" not in resnet18((1, 16, 16), 3, **options).sparse_names
