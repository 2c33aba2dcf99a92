"""What DCGS refuses, and the words that it says."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from netsci.convert import QCFS, Unconvertible, convert
from tests.convert.graded_networks import images, residual
from tests.convert.test_bad_input import Net


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"n": 0}, ValueError, "n must be at least 1"),
        ({"n": 25}, ValueError, "n must be at most 24"),
        ({"steps": 0}, ValueError, "steps must be at least 1"),
        ({"steps": True}, TypeError, "steps must be a whole number"),
        ({"neuron": "relu"}, ValueError, "neuron must be one of"),
        ({"theta": 3.0}, ValueError, "theta must be one of"),
        ({"scale": 0}, ValueError, "scale must be above 0"),
        ({"scale": float("nan")}, ValueError, "scale must be finite"),
        ({"coding": None}, ValueError, "coding must be one of"),
        ({"level": "unit"}, ValueError, "level must be one of"),
        ({"encode_image": 1}, TypeError, "encode_image must be True or False"),
        ({"n": 18}, ValueError, r"steps \* 2\*\*n must be at most 1,000,000.*steps=8, n=18"),
        ({"iterations": 0}, ValueError, "iterations must be at least 1"),
        ({"channel_axis": 0}, ValueError, r"channel_axis must be an axis .* got 0"),
        ({"channel_axis": 7}, ValueError, r"within 1 .. 3 or -1 .. -3 for activation 'net.2'"),
        ({"channel_axis": 1.0}, TypeError, "channel_axis must be a whole number"),
        ({"window": 8}, TypeError, r"dcgs takes the options .* got 'window'"),
    ],
)
def test_bad_options(options, error, words):
    with pytest.raises(error, match=words):
        convert(residual(), "dcgs", images(9), **options)


def tokens(forward, **modules):
    return Net(forward, qkv=nn.Linear(4, 12), head=nn.Linear(4, 3), **modules)


def test_attention_that_cannot_be_split():
    x = torch.randn(9, 3, 4)

    def attend(net, x, **given):
        return net.head(F.scaled_dot_product_attention(*net.qkv(x).chunk(3, -1), **given)).mean(1)

    for given, words in [
        (lambda x: {"dropout_p": 0.1}, "drops out|no function of torch shows"),
        (lambda x: {"attn_mask": torch.zeros(3, 3) + x.mean()}, "mixes the samples|mask that depends"),
    ]:
        with pytest.raises(Unconvertible, match=words):
            convert(tokens(lambda net, x, given=given: attend(net, x, **given(x))), "dcgs", x)
    with pytest.raises(Unconvertible, match=r"attention.*rates of spikes pass only through what is linear"):
        convert(tokens(attend), "qcfs", x)


def test_products_that_are_none():
    x = torch.rand(9, 4)
    fc, out = nn.Linear(4, 4), nn.Linear(4, 3)

    def power(net, x):
        y = torch.relu(net.fc(x))
        return net.out(y * y)

    def quotient(net, x):
        return net.out(torch.relu(net.fc(x)) / (1 + x * x.detach().abs().max()))

    for method in ("dcgs", "qcfs"):
        with pytest.raises(Unconvertible, match="power"):
            convert(Net(power, fc=fc, out=out), method, x)
    with pytest.raises(Unconvertible, match="dcgs cannot convert"):
        convert(Net(quotient, fc=fc, out=out), "dcgs", x)

    def constant(net, x):
        return net.out(torch.relu(x @ net.fc.weight.T.contiguous()))

    with pytest.raises(Unconvertible, match="constant matrix"):
        convert(Net(constant, fc=fc, out=out), "dcgs", x)


def test_networks_without_a_place_for_neurons():
    with pytest.raises(Unconvertible, match=r"holds no ReLU .* neuron='line'"):
        convert(nn.Sequential(nn.Linear(4, 3)).eval(), "dcgs", torch.rand(9, 4))
    quantised = nn.Sequential(nn.Linear(4, 4), QCFS(4), nn.Linear(4, 3)).eval()
    with pytest.raises(Unconvertible, match="'1' is quantised"):
        convert(quantised, "dcgs", torch.rand(9, 4))
    assert convert(quantised, "dcgs", torch.rand(9, 4), neuron="line").method == "dcgs"
    both = Net(
        lambda net, x: net.out(torch.maximum(net.fc(x), torch.relu(net.fc2(x)))),
        fc=nn.Linear(4, 4), fc2=nn.Linear(4, 4), out=nn.Linear(4, 3),
    )  # fmt: skip
    with pytest.raises(Unconvertible, match=r"maximum .*must be the maximum over places of one tensor"):
        convert(both, "dcgs", torch.rand(9, 4))
    without = nn.Sequential(
        nn.Linear(4, 5), nn.BatchNorm1d(5, track_running_stats=False), nn.ReLU(), nn.Linear(5, 3)
    ).eval()
    with pytest.raises(Unconvertible, match=r"no running statistics|mixes the samples"):
        convert(without, "dcgs", torch.rand(9, 4))
