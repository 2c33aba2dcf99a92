"""Files of networks with timed (aec) and graded (dcgs) spikes: the same spikes after loading."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from netsci.convert import convert, load_spiking, save_spiking
from netsci.convert.aec import AEC
from netsci.io import load
from netsci.models import vit
from tests.convert.graded_networks import Attention, images, randomise
from tests.convert.graded_networks import residual as with_max_pool
from tests.convert.networks import perceptron
from tests.convert.test_file import NETS, check_same, rewrite


class Masked(nn.Module):
    """Attention with a mask, from a buffer or causal."""

    def __init__(self, causal):
        super().__init__()
        torch.manual_seed(1)
        self.qkv, self.out, self.causal = nn.Linear(6, 18), nn.Linear(6, 3), causal
        self.register_buffer("mask", torch.ones(4, 4, dtype=torch.bool).tril())

    def forward(self, x):
        q, k, v = self.qkv(x).chunk(3, -1)
        hidden = {"is_causal": True} if self.causal else {"attn_mask": self.mask}
        return self.out(functional.scaled_dot_product_attention(q, k, v, **hidden).mean(1))


def draw(shape, n=7):
    return torch.rand(n, *shape, generator=torch.Generator().manual_seed(5))


@pytest.mark.parametrize("name", NETS)
def test_aec(tmp_path, name):
    make, shape = NETS[name]
    x = draw(shape)
    again = check_same(tmp_path, convert(make(), "aec", x, window=6), x)
    assert again.network.window == 6
    with pytest.raises(ValueError, match="is a window"):
        again.simulate(x, 4)


@pytest.mark.parametrize(
    "options", [{"start": "cifar100", "compat": True}, {"start": [(1.0, 0.0, 0.5), (np.float32(1), 0, 1)]}]
)
def test_options_of_aec(tmp_path, options):
    x = draw((12,))
    again = check_same(tmp_path, convert(perceptron(), "aec", x, window=np.int64(5), **options), x)
    kept = options["start"] if isinstance(options["start"], str) else "given"
    assert dict(again.options) == {"window": 5, "start": kept, "compat": options.get("compat")}


def test_trained_codes(tmp_path):
    code = AEC(7, ((1.5, -0.25, 0.5), (0.75, 0.0, 0.75)))
    code.fit_scale(torch.tensor([2.0]))
    net = nn.Sequential(nn.Linear(5, 8), code, nn.Linear(8, 3)).eval()
    x = draw((5,))
    model = convert(net, "aec")
    again = check_same(tmp_path, model, x)
    (before,), (after,) = model.network.neurons.values(), again.network.neurons.values()
    assert all(torch.equal(value, after.state_dict()[name]) for name, value in before.state_dict().items())


@pytest.mark.parametrize("coding", ["differential", "rate"])
@pytest.mark.parametrize("name", [*NETS, "max pool"])
def test_dcgs(tmp_path, name, coding):
    make, shape = {**NETS, "max pool": (with_max_pool, (2, 8, 8))}[name]
    x = draw(shape)
    again = check_same(tmp_path, convert(make(), "dcgs", x, steps=5, coding=coding), x)
    assert again.network.coding == coding


@pytest.mark.parametrize("encode_image", [True, False])
def test_dcgs_of_attention(tmp_path, encode_image):
    net, x = randomise(Attention(8, 16, 2, 3, 4, 2)), images()
    check_same(tmp_path, convert(net, "dcgs", x, steps=np.int64(4), encode_image=encode_image), x)
    torch.manual_seed(0)
    ours, x = vit((1, 4, 4), 3, patch=2, width=4, depth=1, heads=2).eval(), draw((1, 4, 4))
    again = check_same(tmp_path, convert(ours, "dcgs", x, level="neuron", encode_image=encode_image), x)
    assert again.options["encode_image"] is encode_image


@pytest.mark.parametrize("causal", [True, False])
def test_dcgs_of_masked_attention(tmp_path, causal):
    x = draw((4, 6))
    check_same(tmp_path, convert(Masked(causal).eval(), "dcgs", x, steps=4), x)


def test_readers_see_the_same_links(tmp_path):
    for method in ("aec", "dcgs"):
        model = convert(perceptron(), method, draw((12,)))
        save_spiking(tmp_path / "a.safetensors", model)
        loaded = load(tmp_path / "a.safetensors")
        wanted = "aec, in one window" if method == "aec" else "dcgs, T = 8"
        assert loaded.kind == f"spiking network by {wanted}"
        for one in loaded.graph.projections:
            assert (one.links.toarray() == model.masks[one.name].toarray()).all()


@pytest.mark.parametrize(
    ("method", "change", "message"),
    [
        ("aec", lambda c, t: t.update({"neurons/2/k1": torch.zeros(1)}), "thresholds that do not fall"),
        ("aec", lambda c, t: t.update({"neurons/2/scale": torch.full((1,), torch.nan)}), "do not fall"),
        ("aec", lambda c, t: c["model"]["neurons"][0]["module"]["given"].update(window=3), "must have one"),
        ("aec", lambda c, t: c["model"]["neurons"][0].update(place=1), "which is no activation"),
        ("aec", lambda c, t: c["model"].update(neurons=[], activations=[]), "must have one"),
        (
            "aec",
            lambda c, t: c["model"]["neurons"][0]["module"].update({"class": "ReLU", "state": {}}),
            "are no codes of spike times",
        ),
        ("dcgs", lambda c, t: c["model"]["neurons"][0].update(coding="rate"), "must have one"),
        ("dcgs", lambda c, t: c["model"]["neurons"][0].update(kind="if"), "kind must be one of"),
        ("dcgs", lambda c, t: c["model"]["neurons"][0].update(n=0), "n must be at least 1"),
        ("dcgs", lambda c, t: c["model"]["neurons"][0].update(place=1), "activation or neurons"),
        ("dcgs", lambda c, t: t["neurons/2/theta"].neg_(), "thresholds that do not fit"),
    ],
)
def test_wrong_content_is_refused(tmp_path, method, change, message):
    path = tmp_path / "a.safetensors"
    save_spiking(path, convert(perceptron(), method, draw((12,))))
    rewrite(path, change)
    with pytest.raises(ValueError, match=message):
        load_spiking(path)
