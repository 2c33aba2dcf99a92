"""What the record of a converted cell holds: one table, and arrays of each conversion by layer and step.

    labels                       of the conversions, in order; methods beside them
    table_*                      conversion ("" for all), layer, measure, value, unit
    0_spikes, 0_sops, 0_macs     int64 [layer, T] of the first conversion, summed over the test images
    0_correct, 0_answers_changed int64 [T];  0_first_correct, 0_first_spikes, of the first images alone
    0_right                      which images are right after all steps, packed to bits
    0_energy_sops, 0_energy_macs float64 [count, T] and [reading, count, T], operations an image
    block_images, block_right    int64 [block], test images and right answers of the network before tuning
    0_block_*                    correct [block, T], ann_right [block], spikes [block, layer, T], energy_sops
                                 and energy_macs [block, ...] of parts of the test images, where asked for

`analysis.engine.conversions` reads it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analysis.engine.converted import Conversion
from netsci.convert.percolated import find_live
from netsci.measure import StepTrace
from netsci.measure.energy_readings import EVERY_COUNT, READINGS
from netsci.train.converted import ConvertedRun, cut_blocks

if TYPE_CHECKING:
    import pandas as pd

Arrays = dict[str, NDArray[Any]]
Row = tuple[str, str, float, str]  # layer, measure, value, unit
NAMES = ("layer", "measure", "value", "unit")


def measure(found: ConvertedRun) -> Arrays:
    """Return the arrays and the rows of the table of one conversion."""
    trace = found.trace
    first = found.first or trace
    if trace.correct is None or first.correct is None or trace.right is None:
        raise RuntimeError("a conversion is recorded with the labels of its test images")
    live = find_live(found.model.network)
    by_layer = [live.get(name) for name in trace.populations]
    arrays: Arrays = {
        "layers": np.array(trace.layers),
        "populations": np.array(trace.populations),
        "encoders": np.array(sorted(trace.encoders), dtype=str),
        "window": np.array(found.window or 0),
        "units": trace.units,
        "live_units": np.array([0 if one is None else one.sum() for one in by_layer], np.int64),
        "live_spikes": _count_live(trace, live),
        **{name: getattr(trace, name) for name in ("spikes", "sops", "macs", "correct", "answers_changed")},
        "first_images": np.array(first.images),
        "first_correct": first.correct,
        "first_spikes": first.spikes,
        "right": np.packbits(trace.right),
        **_energy(found.energy_of(trace, EVERY_COUNT)),
        **_blocks(found, live),
    }
    return arrays | _columns(_rows(found))


def _energy(table: pd.DataFrame) -> Arrays:
    """Return operations an image by count, reading and T."""
    of = table.set_index(["count", "reading"])
    sops = np.array([of.loc[(count, READINGS[0]), "sops"] for count in EVERY_COUNT], np.float64)
    macs = [[of.loc[(count, reading), "macs"] for count in EVERY_COUNT] for reading in READINGS]
    return {
        "energy_sops": sops.reshape(len(EVERY_COUNT), -1),
        "energy_macs": np.array(macs, np.float64).reshape(len(READINGS), len(EVERY_COUNT), -1),
    }


def _count_live(trace: StepTrace, live: Mapping[str, Any]) -> NDArray[np.int64]:
    """Return the spikes of the live neurons of each population over all steps, 0 where there are none."""
    both = [(live.get(name), trace.events_by_unit.get(name)) for name in trace.populations]
    return np.array([0 if one is None or n is None else n[one].sum() for one, n in both], np.int64)


def _blocks(found: ConvertedRun, live: Mapping[str, Any]) -> Arrays:
    """Return what parts of the test images say, none where nobody asked for them."""
    if not found.blocks:
        return {}
    energies = [_energy(found.energy_of(one, EVERY_COUNT)) for one in found.blocks]
    edges = cut_blocks(len(found.ann_right), len(found.blocks))
    return {
        "block_correct": np.stack([np.asarray(one.correct) for one in found.blocks]),
        "block_ann_right": np.add.reduceat(found.ann_right.astype(np.int64), edges[:-1]),
        "block_spikes": np.stack([one.spikes for one in found.blocks]),
        "block_live_spikes": np.stack([_count_live(one, live) for one in found.blocks]),
        **{f"block_{name}": np.stack([one[name] for one in energies]) for name in energies[0]},
    }


def _rows(found: ConvertedRun) -> list[Row]:
    """Return the numbers of a conversion that do not depend on T."""
    rows: list[Row] = [("all", "ann accuracy", found.ann_accuracy, "share")]
    own = found.energy_of(found.trace, EVERY_COUNT).drop_duplicates("count").set_index("count")
    for count in EVERY_COUNT:
        macs = float(own.loc[count, "own_ann_pj"]) / float(own.loc[count, "pj_per_mac"])
        rows.append(("all", f"own ANN MACs, {count}", macs, "count"))
    masks = found.model.masks
    for layer, mask in masks.items():
        rows.append((layer, "links", float(mask.nnz), "count"))
        rows.append((layer, "link sparsity", 1.0 - mask.nnz / (mask.shape[0] * mask.shape[1]), "share"))
    links, cells = sum(m.nnz for m in masks.values()), sum(m.shape[0] * m.shape[1] for m in masks.values())
    rows.append(("all", "link sparsity", 1.0 - links / cells, "share"))
    for layer, of in found.model.thresholds.groupby("layer", sort=False):
        values = of["threshold"].to_numpy(np.float64)
        for name, value in (
            ("least", values.min()),
            ("median", np.median(values)),
            ("largest", values.max()),
        ):
            rows.append((str(layer), f"{name} threshold", float(value), "1"))
        rows.append((str(layer), "thresholds", float(len(values)), "count"))
        rows.append((str(layer), "silent thresholds", float((values <= 0).sum()), "count"))
    return rows


def _columns(rows: Sequence[Row]) -> Arrays:
    layers, measures, values, units = zip(*rows, strict=True)
    columns: Arrays = {"layer": np.array(layers), "measure": np.array(measures)}
    columns |= {"value": np.array(values, np.float64), "unit": np.array(units)}
    return {f"table_{name}": column for name, column in columns.items()}


def say_lost(one: Conversion) -> Arrays:
    """Return the arrays of a conversion that came to nothing: an accuracy of NaN.

    Examples
    --------
    >>> say_lost(Conversion("QCFS", "qcfs"))["table_measure"].tolist()
    ['ann accuracy']
    """
    return _columns([("all", "ann accuracy", np.nan, "share")])


def count_blocks(right: NDArray[np.bool_], blocks: int) -> Arrays:
    """Return the images of each block, and how many answers of the network before tuning are right.

    Examples
    --------
    >>> found = count_blocks(np.array([True, True, False]), 2)
    >>> found["block_images"].tolist(), found["block_right"].tolist()
    ([1, 2], [1, 1])
    """
    if not blocks:
        return {}
    edges = cut_blocks(len(right), blocks)
    return {
        "block_images": np.diff(edges).astype(np.int64),
        "block_right": np.add.reduceat(right.astype(np.int64), edges[:-1]),
    }


def tabulate(
    chosen: Sequence[Conversion], found: Sequence[Mapping[str, Any]], shared: Mapping[str, float]
) -> Arrays:
    """Return the arrays of a record: those of each conversion by its number, and one table.

    found : the arrays of each conversion. shared : numbers of all of them.

    Examples
    --------
    >>> one = Conversion("QCFS", "qcfs")
    >>> made = tabulate([one], [say_lost(one)], {"images": 5.0})
    >>> made["labels"].tolist(), made["table_conversion"].tolist(), made["table_value"].tolist()
    (['QCFS'], ['', 'QCFS'], [5.0, nan])
    """
    arrays: Arrays = {
        "labels": np.array([one.label for one in chosen]),
        "methods": np.array([one.method for one in chosen]),
    }
    units = {True: "share", False: "count"}
    rows = [("all", name, value, units["accuracy" in name]) for name, value in shared.items()]
    tables, owners = [_columns(rows)], [""] * len(rows)
    for number, (one, own) in enumerate(zip(chosen, found, strict=True)):
        table = {name: own[name] for name in own if name.startswith("table_")}
        tables.append(table)
        owners += [one.label] * len(table["table_value"])
        arrays |= {f"{number}_{name}": value for name, value in own.items() if name not in table}
    joined = {f"table_{name}": np.concatenate([one[f"table_{name}"] for one in tables]) for name in NAMES}
    return arrays | {"table_conversion": np.array(owners)} | joined
