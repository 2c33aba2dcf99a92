"""The counts that `record` gathers: events of a synaptic layer, spikes of a call of a neuron module."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from netsci.spiking.record_adapters import ALL, Synapses

Counts = NDArray[np.int64]
DATA = "data"  # where the input of a layer comes from that runs before any neuron


@dataclass(eq=False)
class Layer:
    """What one synaptic layer has received, at inputs of one shape."""

    synapses: Synapses
    shape: tuple[int, ...]
    events: Counts
    applications: int = 0
    binary: bool = True
    whole: bool = True
    sources: set[str] = field(default_factory=set)  # what ran before it in a forward pass

    def kind(self, of_data: str = "analog") -> str:
        """Spikes if all values were 0 or 1; else what they most likely are, by where they came from."""
        if self.binary:
            return "spikes"
        if DATA in self.sources:
            return of_data if self.whole else "analog"
        return "analog" if "layer" in self.sources and not self.whole else "graded"


@dataclass(eq=False)
class Neurons:
    """The spikes of one population so far."""

    after: str
    spikes: Counts
    by_step: Counts
    binary: bool = True
    raster: Counts | None = None


class Call(NamedTuple):
    """The spikes of one call of a neuron module, over T = len(by_step) steps (1 where a call is a step)."""

    name: str
    mode: str
    after: str
    shape: tuple[int, ...]
    samples: int
    spikes: Counts
    by_step: Counts
    binary: bool
    raster: Counts | None

    @classmethod
    def of(cls, name: str, mode: str, after: str, output: Tensor, raster: int) -> "Call":
        """Count what a neuron module returned; the first `raster` samples spike by spike."""
        binary, _ = looks(output, f"the output of neurons {name!r}")
        spikes = output if mode == ALL else output.unsqueeze(0)
        if spikes.ndim < 2 or not len(spikes):
            wanted = "[T, batch, ...]" if mode == ALL else "[batch, ...]"
            raise ValueError(f"neurons {name!r} must return {wanted}; got shape {tuple(output.shape)}")
        fired = (spikes != 0).flatten(2) if spikes.ndim > 2 else (spikes != 0).unsqueeze(2)
        return cls(name, mode, after, tuple(spikes.shape[2:]), spikes.shape[1], *sums(fired, raster, binary))


def input_over_time(
    read: list[tuple[Tensor, int]], steps: int, samples: int, in_steps: bool
) -> Tensor | None:
    """Return what the first layer read as [T, samples, units], T = 1 if it read once for all steps.

    None where the shapes do not tell.
    """
    if in_steps and len(read) >= steps:  # a layer that is used more than once a step reads the data first
        each = [
            fired.reshape(samples, -1)
            for fired, _ in read[:: len(read) // steps][:steps]
            if fired.numel() % samples == 0
        ]
        same = len(each) == steps and len({one.shape for one in each}) == 1
        return torch.stack(each) if same else None
    fired, n_lead = read[0]
    first = fired.shape[0] if n_lead else 1
    if (n_lead > 1 and tuple(fired.shape[:2]) == (steps, samples)) or first % (steps * samples) == 0:
        return fired.reshape(steps, samples, -1)
    return fired.reshape(1, samples, -1) if first % samples == 0 else None


def add_spikes(held: Neurons | None, calls: list[Call]) -> Neurons:
    """Add the spikes of a pass, step after step, to what a population holds."""
    spikes = np.sum([one.spikes for one in calls], axis=0)
    by_step = np.concatenate([one.by_step for one in calls])
    binary = all(one.binary for one in calls)
    if held is None:
        rows = [
            one.raster + np.array([step, 0, 0]) for step, one in enumerate(calls) if one.raster is not None
        ]
        return Neurons(calls[0].after, spikes, by_step, binary, np.concatenate(rows) if rows else None)
    if held.spikes.shape != spikes.shape:
        raise ValueError(
            f"every batch must have units of one shape; got {len(held.spikes)} units, then {len(spikes)}: "
            "bring all samples to one size"
        )
    return Neurons(
        held.after, held.spikes + spikes, held.by_step + by_step, held.binary and binary, held.raster
    )


def sums(fired: Tensor, raster: int, binary: bool) -> tuple[Counts, Counts, bool, Counts | None]:
    """Return spikes by unit, by step, whether they are binary, and single spikes of some samples."""
    single = as_counts(fired[:, :raster].nonzero()) if raster else None
    return as_counts(fired.sum(dim=(0, 1))), as_counts(fired.sum(dim=(1, 2))), binary, single


def looks(x: Tensor, what: str) -> tuple[bool, bool]:
    """Return whether all values are 0 or 1, and whether all are whole numbers."""
    if bool(((x == 0) | (x == 1)).all()):
        return True, True
    if not bool(torch.isfinite(x).all()):
        raise ValueError(f"{what} holds NaN or infinite values, which are not events; mend the network first")
    return False, not x.is_floating_point() or bool((x == x.round()).all())


def as_counts(counts: Tensor) -> Counts:
    """Return counts as a numpy array of int64."""
    return np.asarray(counts.detach().cpu(), dtype=np.int64)
