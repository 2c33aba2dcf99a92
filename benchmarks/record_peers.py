"""Operations of one network in snnTorch and SpikingJelly: ours, exact, and SpikingJelly's own count.

Runs in the peers' environment (benchmarks/peers.txt, which also holds what netsci.spiking.record needs), with
this repository on the path; started from elsewhere it builds that environment if need be and starts there:

    python benchmarks/record_peers.py [--sparsity 0.99]

One network 784-1568-10 with the same weights, 99 % of those of the first layer absent (zeros, as a dense
library holds them), runs T = 8 steps of binary input in both libraries. netsci.spiking.record counts each; a
walk over every step, sample, spike and link of the spikes that snnTorch itself returns is the judge.
SpikingJelly's SynOpCounter multiplies the spikes by the width of the next layer, absent links included.
"""

import argparse
import itertools
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from netsci.measure import Trace
from netsci.spiking.record import record

ROOT = Path(__file__).resolve().parents[1]
WIDTHS = (784, 1568, 10)
STEPS, BATCH, ALPHA = 8, 4, 0.5


def problem(sparsity: float) -> tuple[list[Tensor], Tensor]:
    """Return weights [out, in], the first with absent links as zeros, and binary input [T, batch, in]."""
    rng = np.random.default_rng(4)
    weights = [rng.normal(0.1, 0.5, (n, m)) for m, n in itertools.pairwise(WIDTHS)]
    weights[0] *= rng.random(weights[0].shape) >= sparsity
    x = rng.random((STEPS, BATCH, WIDTHS[0])) < 0.2
    return [torch.from_numpy(w).float() for w in weights], torch.from_numpy(x).float()


def linears(weights: list[Tensor]) -> list[nn.Linear]:
    layers = [nn.Linear(w.shape[1], w.shape[0], bias=False) for w in weights]
    for layer, weight in zip(layers, weights, strict=True):
        layer.weight.data = weight.clone()
    return layers


def snntorch_network(weights: list[Tensor]) -> nn.Module:
    """The usual snnTorch network: its own loop over time, membranes passed by hand."""
    import snntorch

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc1, self.fc2 = linears(weights)
            leaky: Any = {"beta": ALPHA, "reset_mechanism": "zero", "reset_delay": False}
            self.lif1, self.lif2 = snntorch.Leaky(**leaky), snntorch.Leaky(**leaky)

        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            first, second, hidden, out = self.lif1.reset_mem(), self.lif2.reset_mem(), [], []
            for frame in x:
                spikes, first = self.lif1(self.fc1(frame), first)
                hidden.append(spikes)
                spikes, second = self.lif2(self.fc2(spikes), second)
                out.append(spikes)
            return torch.stack(hidden), torch.stack(out)

    return Network()


def spikingjelly_network(weights: list[Tensor], step_mode: str) -> nn.Module:
    from spikingjelly.activation_based import layer, neuron

    def part(weight: Tensor) -> list[nn.Module]:
        linear = layer.Linear(weight.shape[1], weight.shape[0], bias=False, step_mode=step_mode)
        linear.weight.data = weight.clone()
        lif = neuron.LIFNode(tau=1 / (1 - ALPHA), decay_input=False, v_reset=0.0, step_mode=step_mode)
        return [linear, lif]

    return nn.Sequential(*itertools.chain(*map(part, weights)))


def loop(network: nn.Module, x: Tensor) -> None:
    for frame in x:
        network(frame)


def own_count(network: nn.Module, x: Tensor) -> int:
    """Return the synaptic operations by SpikingJelly's own counter."""
    from spikingjelly.activation_based import functional
    from spikingjelly.activation_based.op_counter import DispatchCounterMode, SynOpCounter

    functional.reset_net(network)
    counter = SynOpCounter()
    with torch.no_grad(), DispatchCounterMode([counter]):
        network(x)
    functional.reset_net(network)
    return int(counter.get_total())


def walk(weights: list[Tensor], populations: list[Tensor]) -> int:
    """Count link by link: every step, sample, spike of a presynaptic unit, every weight that leaves it."""
    total = 0
    for weight, spikes in zip(weights, populations, strict=False):
        leaving = [np.flatnonzero(column).tolist() for column in weight.numpy().T]
        for _, _, unit in spikes.nonzero().tolist():
            for _ in leaving[unit]:
                total += 1
    return total


def show(name: str, trace: Trace) -> None:
    parts = ", ".join(f"{one.name} {one.operations:,}" for one in trace.projections)
    print(f"{name:44} {trace.sops:>12,}   ({parts}; {trace.spikes:,} spikes)")


def elsewhere() -> int | None:
    """Run this script in the peers' environment and return its status; None if this is that environment."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    from benchmarks.peers import environment

    if Path(sys.prefix).resolve() == environment.folder().resolve():
        return None
    where = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run([environment.ready(), __file__, *sys.argv[1:]], env=where, check=False).returncode


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sparsity", type=float, default=0.99, help="share of absent links in layer 1")
    sparsity = parser.parse_args().sparsity
    if not 0 <= sparsity < 1:
        parser.error(f"--sparsity must lie in [0, 1); got {sparsity}")
    if (status := elsewhere()) is not None:
        raise SystemExit(status)
    weights, x = problem(sparsity)
    torch.set_num_threads(1)
    network = snntorch_network(weights)
    with torch.no_grad():
        hidden, out = network(x)
    spikes = int(x.sum() + hidden.sum() + out.sum())
    exact = walk(weights, [x, hidden])
    print(f"784-1568-10, T = {STEPS}, {BATCH} samples: synaptic operations\n")
    print(f"{'walk over every spike and link':44} {exact:>12,}")
    traces = {
        "netsci on snnTorch": record(network, x),
        "netsci on SpikingJelly, multi-step": record(spikingjelly_network(weights, "m"), x),
        "netsci on SpikingJelly, step by step": record(spikingjelly_network(weights, "s"), x, call=loop),
    }
    for name, trace in traces.items():
        show(name, trace)
    counted = own_count(spikingjelly_network(weights, "m"), x)
    print(f"{'SpikingJelly SynOpCounter':44} {counted:>12,}   ({counted / exact:.1f} times as many)")
    # one layer by itself, as printed in the specification of this suite
    first, spikes_in = [weights[0]], x
    layer_exact, layer_own = walk(first, [spikes_in]), own_count(linears(first)[0], spikes_in)
    print(
        f"\nlayer 1 alone: exact {layer_exact:,}, SpikingJelly {layer_own:,} ({layer_own / layer_exact:.1f})"
    )
    if {(trace.sops, trace.spikes) for trace in traces.values()} != {(exact, spikes)}:
        raise SystemExit("the counts differ from the walk")


if __name__ == "__main__":
    main()
