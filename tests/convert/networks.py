"""Small networks to convert, and a slow witness of what their spiking form does."""

import copy
from itertools import pairwise, product

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from netsci.convert import QCFS
from netsci.models import mlp, resnet18, vgg16
from netsci.sparse import SparseConv2d, SparseLinear


def links(rng, rows, columns, density=0.5):
    found = rng.random((rows, columns)) < density
    found[rng.integers(rows), rng.integers(columns)] = True
    return found


def perceptron(widths=(12, 16, 10, 4), *, seed=0, density=0.5, norm=None):
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    masks = [links(rng, a, b, density) for a, b in pairwise(widths)]
    return settle(mlp(list(widths), masks, bias=True, norm=norm, spiking=False), (widths[0],))


class Residual(nn.Module):
    """Sparse convolutions with padding and stride, a residual sum, a shortcut, and average pooling."""

    def __init__(self, seed=0):
        super().__init__()
        rng = np.random.default_rng(seed)
        self.conv1 = SparseConv2d(links(rng, 2 * 9, 4), 3, stride=2, padding=1, bias=True)
        self.bn1, self.relu1 = nn.BatchNorm2d(4), nn.ReLU()
        self.conv2 = nn.Conv2d(4, 4, 3, padding=1, bias=False)
        self.conv2.weight.data *= torch.from_numpy(links(rng, 36, 4).T.reshape(4, 4, 3, 3))
        self.bn2 = nn.BatchNorm2d(4)
        self.short = SparseConv2d(links(rng, 4, 4), 1)
        self.pool = nn.AvgPool2d(2)
        self.fc1, self.fc2 = SparseLinear(links(rng, 16, 6)), nn.Linear(6, 3)

    def forward(self, x):
        x = self.relu1(self.bn1(self.conv1(x)))
        y = functional.relu(self.bn2(self.conv2(x)) + self.short(x) + x)
        y = self.pool(y).flatten(1)
        return self.fc2(torch.relu(self.fc1(y)))


class Mixed(nn.Module):
    """Neurons on the image itself, two branches side by side, a scale, a constant, a mean over pixels."""

    def __init__(self, seed=0):
        super().__init__()
        rng = np.random.default_rng(seed)
        self.left = nn.Conv2d(2, 3, (3, 1), padding=(1, 0), dilation=1, groups=1)
        self.right = nn.Conv2d(2, 2, 3, padding=1, groups=2)
        self.shift = nn.Parameter(torch.rand(1, 5, 1, 1))
        self.mid = SparseConv2d(links(rng, 45, 4), 3, bias=True)
        self.fc = nn.Linear(4, 3)

    def forward(self, x):
        x = torch.relu(torch.relu(x) * 0.5)
        both = torch.cat([self.left(x), self.right(x)], 1) + self.shift
        y = self.mid(functional.relu(both, inplace=True))
        y = y.relu().mean((2, 3))
        return self.fc(y) / 2


def mixed(seed=0):
    torch.manual_seed(seed)
    return Mixed(seed).eval()


def residual(seed=0):
    torch.manual_seed(seed)
    return settle(Residual(seed), (2, 8, 8))


def vgg(seed=0):
    torch.manual_seed(seed)
    return settle(vgg16((2, 8, 8), 3, width=0.05, hidden=(8,), neuron=nn.ReLU), (2, 8, 8))


def resnet(seed=0):
    torch.manual_seed(seed)
    return settle(resnet18((2, 8, 8), 3, width=2, blocks=(1, 1), neuron=nn.ReLU), (2, 8, 8))


def settle(net, shape):
    """Give the normalisations statistics of data, and return the network in evaluation mode."""
    torch.manual_seed(1)
    for one in net.modules():
        if isinstance(one, (nn.BatchNorm1d, nn.BatchNorm2d)):
            nn.init.uniform_(one.weight, 0.5, 1.5)
            nn.init.normal_(one.bias, 0.3, 0.3)
    net.train()
    with torch.no_grad():
        net(torch.randn(32, *shape))
    return net.eval()


def sequence(arrays):
    """The network of a golden file: a torch.nn.Sequential of what its parameters say."""
    names = [name[6:] for name in arrays.files if name.startswith("param.")]
    modules = []
    for place in range(1 + max(int(name.split(".")[0]) for name in names)):
        start = f"{place}."
        own = {
            name[len(start) :]: torch.from_numpy(arrays["param." + name])
            for name in names
            if name.startswith(start)
        }
        modules.append(_module(own, int(arrays["L"]), f"ann.{place}.in" in arrays.files))
    return nn.Sequential(*modules).eval()


def _module(own, levels, pools):
    weight = own.get("weight")
    if "thresh" in own:
        return QCFS(levels, float(own["thresh"]))
    if weight is None:
        return nn.AvgPool2d(2) if pools else nn.Flatten()
    if "running_mean" in own:
        made, own = nn.BatchNorm2d(len(weight)), {**own, "num_batches_tracked": torch.tensor(0)}
    elif weight.ndim == 4:
        made = nn.Conv2d(weight.shape[1], len(weight), weight.shape[2], padding=1, bias="bias" in own)
    else:
        made = nn.Linear(weight.shape[1], len(weight), bias="bias" in own)
    made.load_state_dict(own)
    return made


class StepByStep:
    """The equations, one step and one module at a time, on the network that was converted.

    `spikes` by activation and `inputs` by layer are lists over steps.
    """

    def __init__(self, net, model, kind="if"):
        self.net, self.kind = copy.deepcopy(net), kind
        self.theta = [one.theta for one in model.network.neurons.values()]
        self.names = [one.name for one in model.network.neurons.values()]

    def run(self, x, steps):
        self.membrane, self.total = {}, {}
        self.spikes = {name: [] for name in self.names}
        self.inputs, outputs = {}, []
        layers = {n: m for n, m in self.net.named_modules() if n in self.layer_names()}
        for name, layer in layers.items():
            layer.register_forward_pre_hook(lambda _, given, name=name: self.read(name, given[0]))
        with torch.no_grad(), _ReLUs(self):
            for _ in range(steps):
                self.place = 0
                out = self.net(x)
                outputs.append(self.fire(out) if self.place < len(self.theta) else out)
        return torch.stack(outputs)

    def layer_names(self):
        kinds = (nn.Linear, nn.Conv2d, SparseLinear, SparseConv2d)
        return [name for name, one in self.net.named_modules() if isinstance(one, kinds)]

    def read(self, name, x):
        self.inputs.setdefault(name, []).append(x.clone())

    def fire(self, current):
        place, self.place = self.place, self.place + 1
        theta, name = self.theta[place], self.names[place]
        start = 0.5 if self.kind == "if" else 0.0
        v = self.membrane.get(place, (theta * start).expand(current.shape)) + current
        total = self.total.get(place, torch.zeros(current.shape, dtype=torch.int64))
        s = ((v >= theta) & (theta > 0)).long()
        if self.kind == "snm":
            s = s - ((v <= -theta) & (total > 0) & (theta > 0)).long()
        self.membrane[place], self.total[place] = v - s * theta, total + s
        self.spikes[name].append(s)
        return s * theta


class _ReLUs(torch.overrides.TorchFunctionMode):
    """Put neurons in place of every ReLU."""

    def __init__(self, steps):
        super().__init__()
        self.steps = steps

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if getattr(func, "__name__", "") in ("relu", "relu_"):
            return self.steps.fire(args[0])
        return func(*args, **(kwargs or {}))


def walk(layer, mask, x):
    """Synaptic operations of one input [batch, ...]: every event along every link, one by one."""
    count = 0
    if isinstance(layer, (nn.Linear, SparseLinear)):
        for _, unit in zip(*np.nonzero(x.reshape(-1, x.shape[-1]).numpy()), strict=True):
            count += sum(bool(link) for link in mask[unit])
        return count
    k, stride, padding = (_pair(getattr(layer, one)) for one in ("kernel_size", "stride", "padding"))
    high, wide = ((x.shape[2 + i] + 2 * padding[i] - k[i]) // stride[i] + 1 for i in (0, 1))
    for _, channel, row, column in zip(*np.nonzero(x.numpy()), strict=True):
        for i, j in product(range(high), range(wide)):
            down, across = row + padding[0] - i * stride[0], column + padding[1] - j * stride[1]
            if 0 <= down < k[0] and 0 <= across < k[1]:
                count += int(mask[(channel * k[0] + down) * k[1] + across].sum())
    return count


def _pair(value):
    return value if isinstance(value, tuple) else (value, value)
