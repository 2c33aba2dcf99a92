"""What the model tests share: counts of parameters and operations, and a network written out by hand."""

import torch
from torch import nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode


def parameters(model):
    return sum(parameter.numel() for parameter in model.parameters())


def weights(model, kind):
    return sum(m.weight.numel() for m in model.modules() if isinstance(m, kind))


def multiplications(model, shape):
    """Multiply-accumulates of one image in one step, by torch's own counter: conv, linear, attention."""
    x = torch.zeros(1, *shape, device=next(model.parameters()).device)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model.eval()(x)
    found = {str(op): flops // 2 for op, flops in counter.get_flop_counts()["Global"].items()}
    matrices = found.get("aten.mm", 0) + found.get("aten.addmm", 0)
    return found.get("aten.convolution", 0), matrices, found.get("aten.bmm", 0)


def lif(current, alpha=0.5, threshold=1.0, gain=1.0):
    """Spikes of currents [T, ...], step by step as in S0 eq. 1."""
    spikes, v, z = [], torch.zeros_like(current[0]), torch.zeros_like(current[0])
    for now in current:
        v = (1 - z) * alpha * v + gain * now
        z = (v >= threshold).to(v.dtype)
        spikes.append(z)
    return torch.stack(spikes)


def lif_with_decaying_input(current, tau=2.0, threshold=1.0):
    """Spikes of the other form, v <- v + (I - v) / tau, reset to 0."""
    spikes, v = [], torch.zeros_like(current[0])
    for now in current:
        v = v + (now - v) / tau
        z = (v >= threshold).to(v.dtype)
        v = v * (1 - z)
        spikes.append(z)
    return torch.stack(spikes)


def normalised(norm, x, axis):
    """Batch normalisation in evaluation, written out."""
    shape = [1] * x.ndim
    shape[axis] = -1
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    return (x - norm.running_mean.view(shape)) * scale.view(shape) + norm.bias.view(shape)


def convolved(layer, x):
    """A dense convolution of [T, batch, C, H, W], one frame after the other."""
    frames = [
        functional.conv2d(f, layer.weight, None, layer.stride, layer.padding)
        for f in x.flatten(0, 1)[:, None]
    ]
    out = torch.cat(frames)
    return out.reshape(*x.shape[:2], *out.shape[1:])


def shake_norms(model, x=None):
    """Give batch normalisations weights that differ from channel to channel, and the statistics of x."""
    generator = torch.Generator().manual_seed(7)
    norms = [m for m in model.modules() if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d))]
    for norm in norms:
        norm.momentum = 1.0
        with torch.no_grad():
            norm.running_mean.normal_(0, 0.2, generator=generator)
            norm.running_var.uniform_(0.3, 1.0, generator=generator)
            norm.weight.uniform_(0.8, 2.0, generator=generator)
            norm.bias.normal_(0.3, 0.3, generator=generator)
    if x is not None:
        model.train()(x)
    return model.eval()


def copied(dense, sparse):
    """Give a model with sparse layers the weights of one with dense layers of the same names."""
    from netsci.sparse import sparse_layers

    layers = sparse_layers(sparse)
    taken = {name: dense.get_submodule(name) for name in layers}
    state = {
        key: value
        for key, value in dense.state_dict().items()
        if key.rpartition(".")[0] not in layers or key.endswith("bias")
    }
    missing = sparse.load_state_dict(state, strict=False)
    assert not missing.unexpected_keys
    for name, layer in layers.items():
        matrix = taken[name].weight.detach().flatten(1).T.numpy()
        coo = layer.links.tocoo()
        layer.values.data = torch.from_numpy(matrix[coo.row, coo.col].copy())
    return sparse
