"""What cannot be converted is refused: the error names what it is, why, and what to do."""

import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from netsci.convert import METHODS, QCFS, SQCFS, Unconvertible, convert
from netsci.models import mlp, vit
from netsci.sparse import SparseLinear

WITHOUT_MAXIMA = ["qcfs", "cs_qcfs", "snm", "aec"]


def chain(*modules):
    return nn.Sequential(*modules).eval()


def plain():
    return chain(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3))


def images(*shape):
    return torch.rand(8, *(shape or (4,)))


class Net(nn.Module):
    """A network whose forward is a function."""

    def __init__(self, forward, **modules):
        super().__init__()
        for name, one in modules.items():
            self.add_module(name, one)
        self.how = forward
        self.eval()

    def forward(self, x):
        return self.how(self, x)


def test_unknown_method_and_options_of_another():
    with pytest.raises(ValueError, match=r"method must be one of .*snm.*got 'snn'"):
        convert(plain(), "snn", images())
    with pytest.raises(TypeError, match=r"snm takes the options .*got 'levels'"):
        convert(plain(), "snm", images(), levels=4)
    with pytest.raises(TypeError, match=r"qcfs takes the options .*got 'compat'"):
        convert(plain(), "qcfs", images(), compat=True)
    with pytest.raises(TypeError, match=r"dcgs takes the options .*got 'levels'"):
        convert(plain(), "dcgs", images(), levels=4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"theta": "p99"}, "theta must be 'p999', 'max', 'twice_mean' or a number above 0; got 'p99'"),
        ({"theta": 0.0}, "theta must be a finite number above 0"),
        ({"theta": -1}, "theta must be a finite number above 0"),
        ({"theta": float("nan")}, "theta must be a finite number above 0"),
        ({"levels": 0}, "levels must be at least 1; got 0"),
        ({"steps": 0}, "steps must be at least 1; got 0"),
    ],
)
def test_options_out_of_range(options, message):
    with pytest.raises(ValueError, match=message):
        convert(plain(), "qcfs", images(), **options)


@pytest.mark.parametrize("method", list(METHODS))
def test_calibration(method):
    for given, message in [
        (None, "calibration must be training images"),
        (torch.zeros(0, 4), "calibration must hold at least one image"),
        ([], "calibration must hold at least one image"),
        (torch.full((8, 4), float("nan")), "calibration holds NaN"),
        (torch.rand(8, 5), r"calibration must be images as ann takes them; \[5, 5\]|\[8, 5\] fails"),
        ([torch.rand(3, 4), torch.rand(3, 5)], r"calibration must be \[n, 4\]"),
        (torch.rand(4), r"calibration must be \[n, ...\]"),
    ]:
        with pytest.raises(ValueError, match=message):
            convert(plain(), method, given)
    with pytest.raises(TypeError, match="calibration must be training images"):
        convert(plain(), method, 7)
    with pytest.raises(TypeError, match="calibration must hold tensors or arrays"):
        convert(plain(), method, ["no", "images"])


def test_the_state_of_the_network():
    with pytest.raises(ValueError, match=r"training mode.*ann.eval"):
        convert(plain().train(), "qcfs", images())
    with pytest.raises(ValueError, match=r"'0.weight' is torch.float64.*ann.float"):
        convert(plain().double(), "qcfs", images())
    with pytest.raises(ValueError, match="float16"):
        convert(plain().half(), "qcfs", images())
    with pytest.raises(ValueError, match=r"on the CPU; '0.weight' is on meta"):
        convert(plain().to("meta"), "qcfs", images())
    with pytest.raises(TypeError, match="ann must be a torch module; got 'net'"):
        convert("net", "qcfs", images())
    with pytest.raises(Unconvertible, match="spikes already"):
        convert(mlp([4, 5, 3]).eval(), "qcfs", images())
    spoilt = plain()
    spoilt[0].weight.data[0, 0] = float("nan")
    with pytest.raises(ValueError, match="layer '0' has weights that are NaN"):
        convert(spoilt, "qcfs", images())


@pytest.mark.parametrize("method", WITHOUT_MAXIMA)
def test_steps_that_no_rate_passes(method):
    conv = nn.Conv2d(1, 2, 3)
    for modules, shape, message in [
        (
            (conv, nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(18, 3)),
            (1, 8, 8),
            "maximum '2'.*average pooling",
        ),
        ((nn.Linear(4, 5), nn.GELU(), nn.Linear(5, 3)), (4,), "gelu '1'.*no ReLU"),
        ((nn.Linear(4, 5), nn.LayerNorm(5), nn.ReLU(), nn.Linear(5, 3)), (4,), "layer norm '1'.*dcgs"),
        ((nn.Linear(4, 5), nn.ReLU(), nn.Softmax(-1)), (4,), "softmax '2'"),
        ((nn.Linear(4, 5), nn.Sigmoid(), nn.Linear(5, 3)), (4,), "sigmoid '1'.*does not know"),
    ]:
        with pytest.raises(Unconvertible, match=f"{method} cannot convert {message}"):
            convert(chain(*modules), method, images(*shape))
    with pytest.raises(Unconvertible, match=r"layer norm 'blocks.0.norm1'"):
        convert(vit((1, 4, 4), 3, patch=2, width=4, depth=1, heads=2).eval(), method, images(1, 4, 4))
    with pytest.raises(Unconvertible, match="holds no activation"):
        convert(chain(nn.Linear(4, 3)), method, images())


def test_normalisation_that_cannot_be_folded():
    after = chain(nn.Linear(4, 5), nn.ReLU(), nn.BatchNorm1d(5), nn.Linear(5, 3))
    with pytest.raises(Unconvertible, match=r"norm '2'.*follows activation '1'.*before the activation"):
        convert(after, "qcfs", images())
    both = Net(
        lambda net, x: net.out(torch.relu(net.norm(y := net.fc(x))) + torch.relu(y)),
        fc=nn.Linear(4, 5),
        norm=nn.BatchNorm1d(5),
        out=nn.Linear(5, 3),
    )
    with pytest.raises(Unconvertible, match="also gives to other steps"):
        convert(both, "qcfs", images())
    without = chain(nn.Linear(4, 5), nn.BatchNorm1d(5, track_running_stats=False), nn.ReLU(), nn.Linear(5, 3))
    with pytest.raises(Unconvertible, match="no running statistics"):
        convert(without, "qcfs", images())


def test_control_flow_and_other_forwards():
    def by_value(net, x):
        y = torch.relu(net.a(x))
        return net.b(y) if y.sum() > 0 else net.b(-y)

    parts = {"a": nn.Linear(4, 5), "b": nn.Linear(5, 3)}
    with pytest.raises(Unconvertible, match=r"values of a tensor decide.*test_bad_input.py:\d+"):
        convert(Net(by_value, **parts), "qcfs", images())
    twice = {"a": nn.Linear(4, 4), "b": nn.Linear(4, 3)}
    with pytest.raises(Unconvertible, match="layer 'a' is used twice"):
        convert(Net(lambda net, x: net.b(torch.relu(net.a(torch.relu(net.a(x))))), **twice), "qcfs", images())
    with pytest.raises(Unconvertible, match="mixes the samples"):
        convert(Net(lambda net, x: net.b(torch.relu(net.a(x)).mean(0)), **parts), "qcfs", images())
    with pytest.raises(Unconvertible, match="must return one tensor"):
        convert(Net(lambda net, x: (net.b(torch.relu(net.a(x))),), **parts), "qcfs", images())
    with pytest.raises(Unconvertible, match="writes into a part"):
        convert(Net(_write_in_place, **parts), "qcfs", images())
    with pytest.raises(Unconvertible, match="depends on the images, and no function of torch shows how"):
        convert(Net(_leave_torch, **parts), "qcfs", images())


def _write_in_place(net, x):
    y = torch.relu(net.a(x))
    y[:, 0] = 0
    return net.b(y)


def _leave_torch(net, x):
    with torch._C.DisableTorchFunction():
        y = net.a(x) * 2
    return net.b(torch.relu(y))


def test_control_flow_on_shapes_is_followed():
    def by_shape(net, x):
        y = functional.relu(net.a(x.reshape(x.shape[0], -1)))
        for _ in range(2 if x.ndim == 2 else 3):
            y = y + y
        return net.b(y.view(len(y), -1) if len(y) > 1 else y)

    model = convert(Net(by_shape, a=nn.Linear(4, 5), b=nn.Linear(5, 3)), "qcfs", images())
    assert model.thresholds.layer.tolist() == ["relu"]


def test_layers_without_links_and_silent_neurons():
    empty = chain(SparseLinear(np.zeros((4, 5))), nn.ReLU(), nn.Linear(5, 3))
    with pytest.raises(ValueError, match="layer '0' has no links"):
        convert(empty, "qcfs", images())
    net = chain(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3))
    net[0].bias.data[2] = -1e3
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = convert(net, "snm", images())
        found = model.simulate(images(), 16)
    assert model.thresholds.status.tolist()[2] == "silent"
    assert any("never fire" in note for note in model.notes)
    assert found.events_by_unit["1"][2] == 0
    net[0].bias.data[:] = -1e3
    with pytest.raises(Unconvertible, match=r"theta='p999' is 0 for '1'.*theta='max'"):
        convert(net, "qcfs", images())


def test_thresholds_from_elsewhere():
    net = chain(nn.Linear(4, 5), QCFS(4, 1.0), nn.Linear(5, 3))
    net[1].theta.data.fill_(-0.5)
    with pytest.raises(ValueError, match=r"theta of '1' must be above 0 and finite; it is -0.5.*SQCFS"):
        convert(net, "qcfs", images())
    wide = chain(nn.Conv2d(1, 2, 3), SQCFS(4, 1.0, channels=2), nn.Flatten(), nn.Linear(8, 3))
    with pytest.raises(Unconvertible, match="take cs_qcfs"):
        convert(wide, "qcfs", images(1, 4, 4))
    assert len(convert(wide, "cs_qcfs", images(1, 4, 4)).thresholds) == 2
    with pytest.raises(Unconvertible, match="snm converts ReLU networks"):
        convert(chain(nn.Linear(4, 5), QCFS(4), nn.Linear(5, 3)), "snm", images())
    with pytest.raises(ValueError, match="theta must have 2 arrays, for 1, output; got 1"):
        convert(plain(), "snm", images(), theta=[np.ones(5)])
    with pytest.raises(ValueError, match=r"theta of 'output' must have a number for each neuron, \[3\]"):
        convert(plain(), "snm", images(), theta=[np.ones(5), np.ones(2)])


def test_what_simulate_refuses():
    model = convert(plain(), "qcfs", images())
    for x, message in [
        (torch.rand(8, 5), r"x must be \[n, 4\]"),
        (torch.rand(8, 1, 4), r"x must be \[n, 4\]"),
        (torch.rand(0, 4), "at least one image"),
        (torch.full((2, 4), float("inf")), "x holds NaN or infinite"),
    ]:
        with pytest.raises(ValueError, match=message):
            model.simulate(x, 2)
    with pytest.raises(TypeError, match="x must hold real numbers"):
        model.predict([["a"] * 4], 2)
    with pytest.raises(ValueError, match=r"labels must be \[8\]"):
        model.simulate(images(), 2, labels=[0, 1])
    with pytest.raises(TypeError, match="labels must be whole numbers"):
        model.simulate(images(), 2, labels=np.zeros(8))
    for steps, kind in [(0, ValueError), (True, TypeError), (2.0, TypeError), (10**6, ValueError)]:
        with pytest.raises(kind, match="steps must be"):
            model.simulate(images(), steps)
    with pytest.raises(ValueError, match="on must be one of cpu, cuda"):
        model.simulate(images(), 2, on="tpu")
    assert model.simulate(images(), 1).spikes.shape == (2, 1)


def test_many_steps_overflow_nothing():
    ann = plain()
    model = convert(ann, "qcfs", images(), theta=1e-3)
    x = torch.ones(40, 4) * 50
    found = model.simulate(x, 2048)
    assert found.sops.dtype == np.int64
    firing = int((ann[0](x[:1]) > 0).sum())  # so far above the threshold that they fire at every step
    assert firing > 0
    assert (found.spikes[0] == 40 * firing).all()
    assert found.steps == 2048


def test_options_without_anything_to_change_are_refused():
    trained = chain(nn.Linear(4, 5), QCFS(4, 1.0), nn.Linear(5, 3))
    for option in ({"theta": 3.7}, {"levels": 16}, {"theta": "max"}):
        with pytest.raises(ValueError, match="ann has none"):
            convert(trained, "qcfs", images(), **option)


def test_labels_above_the_classes_are_refused():
    model = convert(plain(), "qcfs", images(), theta=1.0)
    assert model.simulate(images(), 2, labels=np.full(8, 2)).correct is not None
    with pytest.raises(ValueError, match="classes of the network, 0 to 2; the largest is 3"):
        model.simulate(images(), 2, labels=np.array([3] + [0] * 7))


@pytest.mark.parametrize("method", list(METHODS))
def test_numbers_that_are_none_are_said_where_they_stand(method):
    net = plain()
    net[0].weight.data[0, 0] = float("nan")
    with pytest.raises(Unconvertible, match=r"^layer '0' has weights that are NaN"):
        convert(net, method, images())
    for name in ("running_var", "weight"):
        net = chain(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 3))
        getattr(net[1], name).data[1] = float("nan")
        with pytest.raises(Unconvertible, match=rf"^1\.{name} holds NaN"):
            convert(net, method, images())


def test_learned_thresholds_are_looked_at_before_the_network_runs():
    net = chain(nn.Linear(4, 5), QCFS(4, 1.0), nn.Linear(5, 3))
    net[0].weight.data.zero_()
    net[0].bias.data.zero_()  # 0 / 0 in the forward
    for theta in (0.0, float("nan"), -1.0):
        net[1].theta.data.fill_(theta)
        with pytest.raises(ValueError, match="theta of '1' must be above 0"):
            convert(net, "qcfs", images())


def test_levels_of_a_layer_that_nothing_activates():
    net = plain()
    net[0].bias.data[:] = -1e3
    model = convert(net, "qcfs", images(), theta="max", levels=4)
    assert not model.simulate(images(), 4).spikes.any()
    x = images()
    assert torch.allclose(model.to_ann()(x), net(x))
    (own,) = (one for one in model.to_ann().modules() if isinstance(one, (QCFS, SQCFS)))
    assert own(torch.ones(1, 5)).abs().max() < 1e-20  # as its neurons, whatever it hears


def test_a_code_that_nothing_activates_is_said():
    net = plain()
    assert not any("not scaled" in note for note in convert(net, "aec", images()).notes)
    net[0].bias.data[:] = -1e3
    assert any(
        "activates '1': these codes are not scaled" in note for note in convert(net, "aec", images()).notes
    )


def test_labels_below_0_are_refused():
    model = convert(plain(), "qcfs", images(), theta=1.0)
    with pytest.raises(ValueError, match="the smallest is -1"):
        model.simulate(images(), 2, labels=np.array([-1] + [0] * 7))


def test_an_activation_with_a_forward_of_its_own_is_refused():
    class Twice(QCFS):
        def forward(self, x):
            return 2 * super().forward(x)

    net = chain(nn.Linear(4, 5), Twice(4, 1.0), nn.Linear(5, 3))
    for calibration in (None, torch.rand(8, 4)):
        with pytest.raises(ValueError, match="1 is a Twice, a QCFS with a forward of its own"):
            convert(net, "qcfs", calibration)
