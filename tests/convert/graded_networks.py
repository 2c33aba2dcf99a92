"""Steps of small networks by torch.fx, and the networks of the golden files."""

import operator
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import fx, nn

KINDS = {
    nn.Linear: "layer", nn.Conv2d: "layer", nn.BatchNorm2d: "norm", nn.ReLU: "activation", nn.GELU: "gelu",
    nn.LayerNorm: "layer norm", nn.Softmax: "softmax", nn.AvgPool2d: "average", nn.MaxPool2d: "maximum",
    nn.Flatten: "move", torch.flatten: "move", torch.matmul: "product", torch.mul: "product",
    operator.add: "add", operator.mul: "scale", "flatten": "move", "transpose": "move", "reshape": "move",
    "mean": "average", torch.relu: "activation", F.relu: "activation", nn.Conv1d: "another",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class TracedStep:
    """A node of a traced network, as netsci.convert.dcgs_plan.Step asks for."""

    kind: str
    name: str
    inputs: tuple[int, ...]
    function: Any
    args: Any
    kwargs: Any
    module: Any = None

    def run(self, values, batch):
        def find(one):
            return values[one.place] if isinstance(one, _Place) else one

        args = fx.node.map_aggregate(self.args, find)
        return self.function(*args, **fx.node.map_aggregate(self.kwargs, find))


@dataclass(frozen=True)
class _Place:
    place: int


def trace(net):
    """The steps of a network; nodes that are no tensors are not understood."""
    graph = fx.symbolic_trace(net.eval()).graph
    places, steps = {}, []
    for node in graph.nodes:
        if node.op == "output":
            continue
        args = fx.node.map_arg(node.args, lambda one: _Place(places[one.name]))
        kwargs = fx.node.map_arg(node.kwargs, lambda one: _Place(places[one.name]))
        inputs = tuple(dict.fromkeys(places[one.name] for one in node.all_input_nodes))
        places[node.name] = len(steps)
        module = net.get_submodule(node.target) if node.op == "call_module" else None
        function = {
            "placeholder": None,
            "call_module": module,
            "call_function": node.target,
            "call_method": getattr(torch.Tensor, str(node.target), None),
        }[node.op]
        kind = "input" if node.op == "placeholder" else KINDS[type(module) if module else node.target]
        name = str(node.target) if module is not None else node.name
        args = () if function is None else args
        steps.append(TracedStep(kind, name, inputs, function, args, kwargs, module))
    return steps


def fan_out(step, sample):
    """The weights that are not 0 and leave each unit of a sample, without padding."""
    layer = step.module
    links = (layer.weight != 0).double()
    if isinstance(layer, nn.Linear):
        return links.sum(0).expand(sample)
    with torch.enable_grad():
        x = torch.zeros(1, *sample, dtype=torch.float64, requires_grad=True)
        F.conv2d(x, links, stride=layer.stride, padding=layer.padding).sum().backward()
    return x.grad[0]


class Block(nn.Module):
    def __init__(self, channels, bias=True):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=bias)
        self.bn1 = nn.BatchNorm2d(channels)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=bias)
        self.bn2 = nn.BatchNorm2d(channels)
        self.relu2 = nn.ReLU()

    def forward(self, x):
        return self.relu2(self.bn2(self.conv2(self.relu1(self.bn1(self.conv1(x))))) + x)


class Attention(nn.Module):
    """Patch embedding, one pre-norm block, mean over tokens."""

    def __init__(self, width, hidden, heads, classes, patch, channels):
        super().__init__()
        self.heads, self.depth = heads, width // heads
        self.emb = nn.Conv2d(channels, width, patch, stride=patch)
        self.norm, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.q, self.k, self.v, self.proj = (nn.Linear(width, width) for _ in range(4))
        self.softmax, self.act = nn.Softmax(-1), nn.GELU()
        self.fc1, self.fc2 = nn.Linear(width, hidden), nn.Linear(hidden, width)
        self.head = nn.Linear(width, classes)

    def split(self, x):
        return x.reshape(-1, 4, self.heads, self.depth).transpose(1, 2)

    def forward(self, x):
        x = self.emb(x).flatten(2).transpose(1, 2)
        y = self.norm(x)
        q, k, v = self.split(self.q(y)), self.split(self.k(y)), self.split(self.v(y))
        scores = torch.matmul(q, k.transpose(-2, -1)) * self.depth**-0.5
        mixed = torch.matmul(self.softmax(scores), v)
        x = x + self.proj(mixed.transpose(1, 2).reshape(-1, 4, self.heads * self.depth))
        x = x + self.fc2(self.act(self.fc1(self.norm2(x))))
        return self.head(x.mean(1))


class Named(nn.Module):
    """A network under the name that its parameters have in the golden files."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        return self.net(x)


def golden_network(data):
    """The network of a golden file of kind dcgs_net, by the names of its parameters."""
    parameters = {
        name.removeprefix("param."): torch.tensor(data[name])
        for name in data.files
        if name.startswith("param.")
    }
    if "net.emb.weight" in parameters:
        width, channels, patch, _ = parameters["net.emb.weight"].shape
        hidden, classes = len(parameters["net.fc1.weight"]), len(parameters["net.head.weight"])
        heads = data["neuron.net.at1.neuron1.theta"].shape[1]
        net = Attention(width, hidden, heads, classes, patch, channels)
    elif "net.3.conv1.weight" in parameters:
        out, inside = parameters["net.0.weight"].shape[:2]
        net = nn.Sequential(
            nn.Conv2d(inside, out, 3, padding=1), nn.BatchNorm2d(out), nn.ReLU(),
            Block(out, "net.3.conv1.bias" in parameters), nn.AvgPool2d(4), nn.Flatten(),
            _linear(parameters["net.6.weight"]),
        )  # fmt: skip
    elif "net.4.weight" in parameters:
        (first, inside), second = parameters["net.0.weight"].shape[:2], len(parameters["net.4.weight"])
        net = nn.Sequential(
            nn.Conv2d(inside, first, 3, padding=1), nn.BatchNorm2d(first), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(first, second, 3, padding=1), nn.BatchNorm2d(second), nn.ReLU(), nn.AvgPool2d(2),
            nn.Flatten(), _linear(parameters["net.9.weight"]),
        )  # fmt: skip
    else:
        layers = [_linear(parameters[f"net.{place}.weight"]) for place in (1, 3, 5)]
        net = nn.Sequential(nn.Flatten(), layers[0], nn.ReLU(), layers[1], nn.ReLU(), layers[2])
    net = Named(net)
    missing, unexpected = net.load_state_dict(parameters, strict=False)
    assert not unexpected
    assert all(name.endswith("num_batches_tracked") for name in missing), missing
    return net.eval()


def _linear(weight):
    return nn.Linear(weight.shape[1], weight.shape[0])


def randomise(net, seed=0):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in net.state_dict().items():
            if value.is_floating_point():
                value.copy_(torch.randn(value.shape, generator=generator) * 0.4)
                if "running_var" in name:
                    value.copy_(value.abs() + 0.5)
    return net.eval()


def images(count=6, seed=1):
    return torch.rand(count, 2, 8, 8, generator=torch.Generator().manual_seed(seed))


def residual():
    return randomise(
        Named(
            nn.Sequential(
                nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(3, 2, 1), Block(4),
                nn.AvgPool2d(4), nn.Flatten(), nn.Linear(4, 3),
            )
        )
    )  # fmt: skip
