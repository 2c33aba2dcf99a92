"""Small networks for DCGS, and the networks of its golden files."""

import torch
from torch import nn


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


def populations(model):
    """Place -> name."""
    return {place: model.network.program.steps[place].name for place in model.network.neurons}


def trains_of(network, x, steps):
    """The spikes of each population by its place, [T, images, units...]."""
    found = {place: [] for place in network.neurons}
    for _ in network.stream(
        x, steps, lambda place, value, _: found[place].append(value.clone()) if place in found else None
    ):
        pass
    return {place: torch.cat(parts) for place, parts in found.items()}
