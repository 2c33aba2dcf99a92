"""What `record` knows of modules: which are neurons, which are synapses, and whose state must be cleared.

Neurons of other libraries are recognised by the names of their classes and modules, without importing them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

STEP, ALL = "step", "all"  # a call is one time step [batch, ...], or all of them [T, batch, ...]
CONVOLUTIONS = {1: functional.conv1d, 2: functional.conv2d, 3: functional.conv3d}
# layers with weights whose operations are not sums of events times links of one module call
UNCOUNTED = (
    nn.RNNBase,
    nn.RNNCellBase,
    nn.MultiheadAttention,
    nn.Bilinear,
    nn.ConvTranspose1d,
    nn.ConvTranspose2d,
    nn.ConvTranspose3d,
)


def neuron_mode(module: nn.Module, neurons: Mapping[type, str] | None = None) -> str | None:
    """Return "step" or "all" of a spiking neuron module, None of any other module."""
    for kind, mode in (neurons or {}).items():
        if isinstance(module, kind):
            return mode
    family = {(one.__module__.split(".")[0], one.__name__) for one in type(module).__mro__}
    names = {name for _, name in family}
    if ("netsci", "LIF") in family:
        return ALL
    if ("snntorch", "LeakyParallel") in family or ("snntorch", "AssociativeLeaky") in family:
        return ALL
    if ("snntorch", "StateLeaky") in family:
        return ALL if getattr(module, "output", False) else None  # else it returns its membrane
    if ("snntorch", "SpikingNeuron") in family:
        return STEP
    if any(one.__module__.startswith("spikingjelly.") for one in type(module).__mro__):
        if any(name.startswith("NonSpiking") for name in names):
            return None
        if not names & {"BaseNode", "SimpleBaseNode", "PSN", "MaskedPSN", "SlidingPSN"}:
            return None
        own = type(module).__name__
        several = own.startswith("MultiStep") or "MultiStepModule" in names  # older classes; the parallel PSN
        return ALL if several or getattr(module, "step_mode", "s") == "m" else STEP
    if ("norse", "SNNCell") in family or ("norse", "SNNRecurrentCell") in family:
        return STEP
    if ("norse", "SNN") in family or ("norse", "SNNRecurrent") in family:
        return ALL
    return None


def spikes_of(output: Any) -> Tensor:
    """Return the spikes in what a neuron module returned: the tensor, or the first of several."""
    first = output[0] if isinstance(output, (tuple, list)) and output else output
    if not isinstance(first, Tensor):
        raise TypeError(
            f"a neuron module must return spikes or (spikes, state, ...); it returned {type(output).__name__}"
        )
    return first


def clear_state(module: nn.Module, neurons: Mapping[type, str] | None = None) -> None:
    """Call reset() or reset_mem() of every stateful neuron, and reset() of every SpikingJelly module."""
    for one in module.modules():
        jelly = any(kind.__module__.startswith("spikingjelly.") for kind in type(one).__mro__)
        if not jelly and neuron_mode(one, neurons) is None:
            continue
        reset = getattr(one, "reset", None)
        if not callable(reset):  # snnTorch keeps its reset signal, a tensor, under this name
            reset = getattr(one, "reset_mem", None)
        if callable(reset):
            reset()


@dataclass(frozen=True, eq=False)
class Synapses:
    """The existing weights of one layer, and how they are applied.

    n_axes : axes of one input vector: 1 of a linear layer, channels and space of a convolution.
    leaving : float64 [in] of a linear layer, else [in channels, 1, *kernel]: weights that leave each
    presynaptic unit, or each channel at each kernel place.
    links, dense_links : existing and possible weights.
    """

    module: Any
    n_axes: int
    leaving: NDArray[np.float64]
    links: int
    dense_links: int

    def fan_out(self, shape: tuple[int, ...]) -> NDArray[np.int64]:
        """Return existing outgoing links of every unit of an input of a shape, in C order."""
        if self.n_axes == 1:
            return self.leaving.astype(np.int64)
        return np.rint(_paths(self.module, torch.from_numpy(self.leaving), shape)).astype(np.int64).ravel()

    def dense_operations(self, shape: tuple[int, ...]) -> int:
        """Return the operations of the dense layer on one input, those on padding included."""
        if self.n_axes == 1:
            return self.dense_links
        with torch.inference_mode(False), torch.no_grad():
            one = torch.ones(self.leaving.shape, dtype=torch.float64)
            space = _convolve(self.module, torch.zeros(1, *shape, dtype=torch.float64), one).shape[2:]
        return self.dense_links * int(np.prod(space))


def synapses(module: nn.Module) -> Synapses | None:
    """Return the synapses of a linear or convolutional layer, None of any other module."""
    names = {(one.__module__.split(".")[0], one.__name__) for one in type(module).__mro__}
    layer: Any = module
    if names & {("netsci", "SparseLinear"), ("netsci", "SparseConv2d")}:
        matrix = layer.links  # rows presynaptic; never made dense
        leaving = np.diff(matrix.indptr).astype(np.float64)
        if ("netsci", "SparseLinear") in names:
            return Synapses(module, 1, leaving, matrix.nnz, int(np.prod(matrix.shape)))
        kernel = (layer.kernel_size, layer.kernel_size)
        leaving = leaving.reshape(layer.in_channels, 1, *kernel)
        return Synapses(module, 3, leaving, matrix.nnz, int(np.prod(matrix.shape)))
    if isinstance(module, nn.Linear):
        mask = _find_weights(module)
        return Synapses(module, 1, mask.sum(axis=0, dtype=np.float64), int(mask.sum()), mask.size)
    if isinstance(module, (nn.Conv1d, nn.Conv2d, nn.Conv3d)):
        mask = _find_weights(module)
        per_group = mask.reshape(module.groups, -1, *mask.shape[1:]).sum(axis=1, dtype=np.float64)
        leaving = per_group.reshape(module.in_channels, 1, *module.kernel_size)
        return Synapses(module, len(module.kernel_size) + 1, leaving, int(mask.sum()), mask.size)
    return None


def is_uncounted(module: nn.Module) -> bool:
    """Return whether a module has weights whose operations no projection can hold."""
    return isinstance(module, UNCOUNTED) or type(module).__name__ == "RecurrentOneToOne"  # of snnTorch


def _find_weights(module: Any) -> NDArray[np.bool_]:
    """Return which weights exist: those that a mask of the weight's shape keeps, else those not 0."""
    weight = module.weight.detach()
    for name in ("weight_mask", "mask"):  # torch.nn.utils.prune, and what people write themselves
        mask = getattr(module, name, None)
        if isinstance(mask, Tensor) and mask.shape == weight.shape:
            return np.asarray((mask != 0).cpu())
    return np.asarray((weight != 0).cpu())


def _paths(module: Any, weight: Tensor, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return how often each input reaches an output: the gradient of the summed output of one a link."""
    with torch.inference_mode(False), torch.enable_grad():
        x = torch.zeros(1, *shape, dtype=torch.float64, requires_grad=True)
        (paths,) = torch.autograd.grad(_convolve(module, x, weight.clone()).sum(), x)
    return np.asarray(paths)


def _convolve(module: Any, x: Tensor, weight: Tensor) -> Tensor:
    """Apply one kernel a channel as the module would: its stride, padding, dilation and way to pad."""
    dilation = getattr(module, "dilation", 1)
    padding = module.padding
    if getattr(module, "padding_mode", "zeros") != "zeros":
        x = functional.pad(x, module._reversed_padding_repeated_twice, mode=module.padding_mode)
        padding = 0
    convolve = CONVOLUTIONS[x.ndim - 2]
    return convolve(x, weight, None, module.stride, padding, dilation, groups=len(weight))
