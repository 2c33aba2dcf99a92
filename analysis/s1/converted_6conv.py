"""S1's Tables 2 and 3 as spiking networks: the CHTs networks of 6Conv2FC by DCGS and CS-QCFS, at T = 8.

The networks are those that `analysis.s1.competitors` trains, and they are converted as those of Table 1 are.
DPAP and SD-SNN spike by themselves: their energy follows from the operations that their runs count.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.engine import conversion_points as points
from analysis.engine.printed import Reader, Source
from analysis.engine.training import cell, over_seeds
from analysis.s1 import competitors
from analysis.s1.converted_nets import CS_QCFS, DCGS, LABELS, SHOWN, conversions, convert_one
from netsci.measure import PJ_PER_AC, PJ_PER_MAC
from netsci.sweep import Cell, Record
from netsci.train.cells import read_epoch
from netsci.train.recipe import Recipe

T = 8
STEPS = {"smoke": 8, "desk": 8}  # up to which the networks run
FIRST = "convs.0"  # the layer that reads the image
SIDE = {"smoke": 8, "desk": 32}  # of an image; kernels are 3 x 3 and at every pixel
# Row of Table 2 -> how it is converted. CHTs on the images of its rival is converted without training alone.
ROWS = {"ours-dcgs": DCGS, "ours-cs-qcfs": CS_QCFS, "ours-10000": DCGS}
SNN: dict[str, Callable[[str], Reader]] = {  # column -> its reader, by the label of the conversion
    "snn_accuracy_percent": lambda label: points.read_accuracy(_at(label)),
    "tuned_ann_accuracy_percent": points.read_ann,
    "energy_uj": lambda label: points.read_energy(_at(label), _reading(label), "estimate"),
    "exact_energy_uj": lambda label: points.read_energy(_at(label), _reading(label), "exact"),
    "once_energy_uj": lambda label: points.read_energy(_at(label), "once", "exact"),
    "snn_over_own_ann": lambda label: points.read_over_ann(_at(label), _reading(label)),
    "estimate_over_exact": lambda label: points.read_estimate(_at(label), _reading(label)),
    "masfr": lambda label: points.read_rate(_at(label)),
}


def _at(label: str) -> points.Point:
    return points.at_step(label, T)


def _reading(label: str) -> str:
    """Return how the first layer counts, as S1 describes the method."""
    return SHOWN["dcgs" if label == DCGS else "cs-qcfs"]


def convert(recipe: Recipe, scale: str, seed: int, *, both: bool = True) -> Cell:
    """Return the cell that converts a network of CHTs, by both methods or by DCGS alone."""
    source = cell(recipe.replace(seed=seed), networks=0)
    return convert_one(source, scale, conversions(scale)[: 2 if both else 1], steps=STEPS[scale])


def table2(
    scale: str, seeds: range, *, dataset: str, network: str, match: str, method: str, measure: str
) -> Source | str:
    """Answer a cell of Table 2: of spiking networks here, of what is trained by `competitors.table2`."""
    direct = method in competitors.METHODS and measure in DIRECT
    if not direct and (method not in ROWS or measure not in SNN):
        said = {"dataset": dataset, "network": network, "match": match, "method": method}
        return competitors.table2(scale, seeds, measure=measure, **said)
    if reason := competitors.refuse_table2(dataset, scale, match):
        return reason
    if direct:
        read = read_direct(DIRECT[measure], scale)
        return over_seeds(read, (competitors.competitor(method, scale),), seeds[:1], networks=0)
    recipe = competitors.beside(match, method, scale)
    both = method != "ours-10000"
    return _of_seeds(SNN[measure](ROWS[method]), (recipe,), scale, seeds[:1], both=both)


def table3(
    scale: str, seeds: range, *, dataset: str, network: str, method: str, sparsity: str, measure: str
) -> Source | str:
    """Answer a cell of Table 3: by DCGS and CS-QCFS here, of what is trained by `competitors.table3`."""
    if measure not in SNN and measure not in AGAINST:
        said = {"dataset": dataset, "network": network, "method": method, "sparsity": sparsity}
        return competitors.table3(scale, seeds, measure=measure, **said)
    if reason := competitors.refuse_table3(dataset, scale, sparsity):
        return reason
    recipe = competitors.chts(sparsity, scale)
    label = LABELS[method]
    if measure in SNN:
        return _of_seeds(SNN[measure](label), (recipe,), scale, seeds[:1])
    if scale == "smoke":
        return "the smoke scale has no other network to compare with"
    read = points.read_reduction(_at(label), *AGAINST[measure])
    return _of_seeds(read, (competitors.chts(LEAST, scale), recipe), scale, seeds[:1])


def _of_seeds(
    read: Reader, recipes: Sequence[Recipe], scale: str, seeds: range, *, both: bool = True
) -> Source:
    """Return the source that reads, for each seed, the converted networks of these recipes."""
    return Source(
        read, tuple(tuple(convert(one, scale, seed, both=both) for one in recipes) for seed in seeds)
    )


LEAST = "35.26"  # the least sparse network of Table 3 on CIFAR-10
AGAINST = {  # column -> reading and count of the energies that are compared
    "reduction_percent": ("once", "estimate"),
    "exact_reduction_percent": ("once", "exact"),
}


DIRECT = {"energy_uj": "repeated", "once_energy_uj": "once"}  # column of DPAP and SD-SNN -> its reading


def read_direct(reading: str, scale: str) -> Reader:
    """Return the reader of the energy of an image of a directly trained network, in microjoule.

    Operations at spikes are those that its run counted after the last epoch, link by link, on 1,000 test
    images. Those of the first layer are its links at every place of the image, without padding, at each step
    or once.

    Raises ValueError for a record that does not count operations.
    """

    def read(record: Record) -> float:
        from netsci.train.recorded import unpack  # which needs torch

        operations = read_epoch(record, "SOPs")
        if math.isnan(operations):  # the run diverged
            return math.nan
        side = SIDE["smoke" if scale == "smoke" else "desk"]
        steps = competitors.STEPS if reading == "repeated" else 1
        macs = count_first(unpack(record.arrays, "last", FIRST), side) * steps
        return points.UJ * (PJ_PER_AC * operations + PJ_PER_MAC * macs)

    return read


def count_first(mask: NDArray[np.bool_], side: int) -> int:
    """Return the products of a convolution of 3 x 3 on a square image, padded by 1, at its existing places.

    mask : [channels x 3 x 3, outputs].

    Examples
    --------
    >>> centre, corner = np.zeros((2, 9, 1), bool)
    >>> centre[4] = corner[0] = True
    >>> count_first(centre, 4), count_first(corner, 4)
    (16, 9)
    """
    along = np.array([side - 1, side, side - 1])
    links = mask.reshape(-1, 3, 3, mask.shape[1]).sum((0, 3))
    return int((links * np.outer(along, along)).sum())
