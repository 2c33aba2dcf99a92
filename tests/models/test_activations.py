"""One definition of a network for neurons and for activations without time, against plain torch."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from netsci.models import ARCHITECTURES, MLP, SpikingMLP, conv2fc2, conv6fc2, mlp, resnet18, spikformer_tiny
from netsci.models.dropout import Dropout
from netsci.models.parts import runs_over_time, start_firing
from netsci.spiking import LIF

SMALL = {
    "mlp": {"hidden": (12, 6)},
    "conv2fc2": {},
    "conv6fc2": {"width": 0.05},
    "resnet18": {"width": 4, "blocks": (1, 1)},
}
SHAPE = (2, 12, 12)


def make(name, activation, **options):
    torch.manual_seed(3)
    architecture = ARCHITECTURES[name]
    return architecture.build(SHAPE, 5, activation, {}, **SMALL[name], steps=3, **options)


def images(name, n=6):
    x = torch.rand(n, *SHAPE, generator=torch.Generator().manual_seed(1))
    return x.flatten(1) if ARCHITECTURES[name].flat else x


@pytest.mark.parametrize("readout", ["sum", "rate"])
@pytest.mark.parametrize("kind", [LIF, nn.ReLU, nn.Tanh])
@pytest.mark.parametrize("name", SMALL)
def test_each_weight_layer_but_the_output_has_one_activation_of_its_own(name, kind, readout):
    made = []

    def activation():
        made.append(kind())
        return made[-1]

    model = make(name, activation, readout=readout)
    held = [module for module in model.modules() if isinstance(module, kind)]
    assert {id(one) for one in held} == {id(one) for one in made}
    main = [
        layer
        for layer_name, layer in model.named_modules()
        if isinstance(layer, (nn.Linear, nn.Conv2d)) and "downsample" not in layer_name
    ]
    output = 1 if kind is LIF and readout == "rate" else 0  # class scores of the rest are currents
    assert len(made) == len(main) - 1 + output
    calls = []
    for one in made:
        one.register_forward_hook(lambda module, *_: calls.append(module))
    assert model(images(name)).shape == (6, 5)
    assert [id(one) for one in calls] == [id(one) for one in made]  # each once, in their order


@pytest.mark.parametrize("name", SMALL)
def test_the_keys_of_the_state_are_those_of_the_spiking_network(name):
    spiking, plain = (make(name, kind, readout="sum").state_dict() for kind in (LIF, nn.ReLU))
    assert {key: value.shape for key, value in spiking.items()} == {k: v.shape for k, v in plain.items()}


def pooled(x, pooling):
    return F.avg_pool2d(x, 2) if pooling == "average" else F.max_pool2d(x, 2)


@pytest.mark.parametrize("pooling", ["average", "max"])
@pytest.mark.parametrize("bias", [False, True])
def test_conv2fc2_with_relu_by_hand(pooling, bias):
    model = make("conv2fc2", nn.ReLU, pooling=pooling, bias=bias, readout="sum")
    w = {key: torch.randn_like(value) for key, value in model.state_dict().items()}
    model.load_state_dict(w)
    assert ("convs.0.bias" in w) == bias
    x = images("conv2fc2")
    for i in range(2):
        x = F.conv2d(x, w[f"convs.{i}.weight"], w.get(f"convs.{i}.bias"), padding=1).relu()
        x = pooled(x, pooling)
    x = F.linear(x.flatten(1), w["classifier.layers.0.weight"], w["classifier.layers.0.bias"]).relu()
    x = F.linear(x, w["classifier.layers.1.weight"], w["classifier.layers.1.bias"])
    torch.testing.assert_close(model(images("conv2fc2")), x, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("pooling", ["average", "max"])
def test_conv6fc2_with_relu_by_hand(pooling, training):
    model = make("conv6fc2", nn.ReLU, pooling=pooling, readout="sum").train(training)
    w = {key: value.clone() for key, value in model.state_dict().items()}
    x = images("conv6fc2")
    for i in range(6):
        x = F.conv2d(x, w[f"convs.{i}.weight"], padding=1)
        x = normalised(x, w, f"norms.{i}", training).relu()
        if i in (1, 3):
            x = pooled(x, pooling)
    x = F.linear(x.flatten(1), w["classifier.layers.0.weight"], w["classifier.layers.0.bias"]).relu()
    x = F.linear(x, w["classifier.layers.1.weight"], w["classifier.layers.1.bias"])
    torch.testing.assert_close(model(images("conv6fc2")), x, rtol=1e-4, atol=1e-5)


def normalised(x, w, name, training):
    mean, variance = w[f"{name}.running_mean"].clone(), w[f"{name}.running_var"].clone()
    return F.batch_norm(x, mean, variance, w[f"{name}.weight"], w[f"{name}.bias"], training)


def resnet_by_hand(x, w, training):
    """The residual network of He et al. from a state dict of torchvision's names, blocks (1, 1)."""
    x = normalised(F.conv2d(x, w["conv1.weight"], padding=1), w, "bn1", training).relu()
    for block, stride in (("layer1.0", 1), ("layer2.0", 2)):
        y = F.conv2d(x, w[f"{block}.conv1.weight"], stride=stride, padding=1)
        y = normalised(y, w, f"{block}.bn1", training).relu()
        y = normalised(F.conv2d(y, w[f"{block}.conv2.weight"], padding=1), w, f"{block}.bn2", training)
        if stride == 2:
            x = F.conv2d(x, w[f"{block}.downsample.0.weight"], stride=2)
            x = normalised(x, w, f"{block}.downsample.1", training)
        x = (y + x).relu()
    return F.linear(x.mean((2, 3)), w["fc.weight"], w["fc.bias"])


@pytest.mark.parametrize("training", [False, True])
def test_resnet18_with_relu_by_hand(training):
    model = make("resnet18", nn.ReLU, readout="sum").train(training)
    w = {key: value.clone() for key, value in model.state_dict().items()}
    for key in w:
        if key.endswith("running_var"):
            w[key] += 0.5
    model.load_state_dict(w)
    found = model(images("resnet18"))
    torch.testing.assert_close(found, resnet_by_hand(images("resnet18"), w, training), rtol=1e-4, atol=1e-5)


def test_the_keys_of_resnet18_are_torchvisions():
    with torch.device("meta"):
        keys = set(resnet18(neuron=nn.ReLU).state_dict())
    state = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    wanted = {"conv1.weight", "fc.weight", "fc.bias"} | {f"bn1.{part}" for part in state}
    for stage in range(1, 5):
        for block in range(2):
            name = f"layer{stage}.{block}"
            norms = [f"{name}.bn1", f"{name}.bn2"]
            wanted |= {f"{name}.conv1.weight", f"{name}.conv2.weight"}
            if stage > 1 and not block:
                wanted.add(f"{name}.downsample.0.weight")
                norms.append(f"{name}.downsample.1")
            wanted |= {f"{norm}.{part}" for norm in norms for part in state}
    assert keys == wanted


def test_frames_over_time_are_averaged_without_neurons():
    x = torch.rand(4, 6, *SHAPE, generator=torch.Generator().manual_seed(2))
    for name in ("conv2fc2", "resnet18"):
        model = make(name, nn.ReLU, readout="sum").eval()
        wanted = torch.stack([model(frame) for frame in x]).mean(0)
        torch.testing.assert_close(model(x), wanted, rtol=1e-4, atol=1e-5)


def test_an_mlp_takes_neurons_or_a_function_that_makes_an_activation():
    assert isinstance(mlp([3, 4, 2], neuron=LIF), SpikingMLP)
    assert isinstance(mlp([3, 4, 2], neuron=LIF(0.9)), SpikingMLP)
    model = mlp([3, 4, 2], neuron=nn.Tanh)
    assert isinstance(model, MLP)
    x = torch.rand(5, 3)
    wanted = torch.tanh(x @ model.layers[0].weight.T) @ model.layers[1].weight.T
    torch.testing.assert_close(model(x), wanted)
    assert runs_over_time(LIF())
    assert not runs_over_time(nn.Tanh())


def test_first_weights_before_relu_keep_the_size_of_the_signal():
    layer = nn.Linear(400, 300)
    for averaged in (False, True):
        start_firing(layer, nn.ReLU(), averaged=averaged)
        assert layer.weight.var().item() == pytest.approx(2 / 400, rel=0.03)


@pytest.mark.parametrize("make_model", [conv2fc2, conv6fc2])
def test_a_pooling_that_there_is_not_is_named(make_model):
    with pytest.raises(ValueError, match="pooling must be one of average, max; got 'sum'"):
        make_model((1, 8, 8), 3, pooling="sum")


@pytest.mark.parametrize("name", ["mlp", "conv2fc2", "conv6fc2"])
@pytest.mark.parametrize("kind", [LIF, nn.ReLU])
def test_dropout_leaves_out_hidden_units_in_training_alone(name, kind):
    def seen(model):
        output = (model if name == "mlp" else model.classifier).layers[-1]
        inputs = []
        handle = output.register_forward_pre_hook(lambda _, given: inputs.append(given[0]))
        torch.manual_seed(5)
        scores = model(images(name, 400))
        handle.remove()
        return inputs[0], scores

    plain, dropped = (make(name, kind, readout="sum", dropout=p) for p in (0.0, 0.4))
    for _ in range(20):  # statistics of normalisations
        plain.train()(images(name, 60))
    state = plain.state_dict()  # torch's own first weights leave neurons silent
    plain.load_state_dict({k: 10.0 * v if k.endswith(".weight") else v for k, v in state.items()})
    dropped.load_state_dict(plain.state_dict())
    one, other = plain.eval(), dropped.eval()
    assert one(images(name)).count_nonzero()
    assert torch.equal(one(images(name)), other(images(name)))  # the same kernels, the same bits
    if name != "mlp":  # else the layer before is left out as well
        before, _ = seen(plain.train())
        after, _ = seen(dropped.train())
        units = (before != 0) & (after == 0)
        fires = before != 0
        assert units.sum() / fires.sum() == pytest.approx(0.4, abs=0.05)
        kept = fires & ~units
        torch.testing.assert_close(after[kept], before[kept] / 0.6)
    assert not torch.equal(seen(dropped.train())[1], seen(plain.train())[1])


def test_a_neuron_that_is_left_out_is_silent_at_every_step():
    x = torch.ones(7, 50, 30)
    out = Dropout(0.5).over_time(x)
    assert torch.equal(out, out[:1].expand_as(out))
    assert set(out.unique().tolist()) == {0.0, 2.0}
    assert not torch.equal(out[0, 0], out[0, 1])  # samples draw for themselves
    assert Dropout(0.5).eval().over_time(x) is x
    model = mlp([4, 30, 3], neuron=LIF(0.5, 0.1), dropout=0.5, readout="sum")
    inputs = []
    model.layers[1].register_forward_pre_hook(lambda _, given: inputs.append(given[0]))
    nn.init.constant_(model.layers[0].weight, 1.0)  # all neurons fire at every step
    model(torch.ones(50, 4))
    (spikes,) = inputs
    assert spikes.shape == (8, 50, 30)
    assert set(spikes.unique().tolist()) == {0.0, 2.0}
    assert torch.equal(spikes, spikes[:1].expand_as(spikes))


@pytest.mark.parametrize("p", [1.0, -0.1, 2.0, float("nan")])
def test_a_probability_of_dropping_lies_below_one(p):
    for call in (Dropout, lambda p: mlp([3, 4, 2], dropout=p), lambda p: conv2fc2((1, 8, 8), dropout=p)):
        with pytest.raises(ValueError, match="dropout"):
            call(p)


def test_the_spikformer_keeps_its_neurons():
    takes = ARCHITECTURES["spikformer"].takes
    assert "steps" in takes
    assert not {"activation", "readout"} & takes
    options = {"depth": 1, "width": 16, "heads": 2}
    built = ARCHITECTURES["spikformer"].build((1, 8, 8), 10, nn.ReLU, {}, steps=2, **options)
    assert not any(isinstance(one, nn.ReLU) for one in built.modules())
    assert set(built.state_dict()) == set(spikformer_tiny(**options).state_dict())


def test_sparse_layers_are_made_where_links_are():
    for name in SMALL:
        plan = make(name, nn.ReLU, readout="sum")
        names = ARCHITECTURES[name].sparse_layers(plan)
        assert names == tuple(plan.sparse_names)
        assert names
        layer = plan.get_submodule(names[0])
        rows = layer.weight[0].numel()
        links = np.random.default_rng(0).random((rows, layer.weight.shape[0])) < 0.5
        model = ARCHITECTURES[name].build(
            SHAPE, 5, nn.ReLU, {names[0]: links}, **SMALL[name], steps=3, readout="sum"
        )
        assert np.array_equal(model.get_submodule(names[0]).links.toarray(), links)
