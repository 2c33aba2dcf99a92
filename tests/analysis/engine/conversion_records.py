"""Records of converted cells that are made by hand, for tests of what reads them."""

import numpy as np

from analysis.engine.conversion_arrays import tabulate
from analysis.engine.converted import Conversion
from netsci.sweep import Record

IMAGES = 10


def make_record(ann=0.8, **curves):
    """Return the record of conversions: label -> (right answers by T, energies by T in uJ, window or 0).

    Energies are those of the exact count, first layer once, all of it operations at spikes of .9 pJ; the
    other counts are 2, 3 and 4 times that: (repeated, exact), (once, estimate), (repeated, estimate). Linked
    estimates are 5 and 6 times that. The own ANN takes 2 uJ, in the estimates 4.
    """
    chosen, found = [], []
    for label, (correct, energy, window) in curves.items():
        energy = np.array(energy, np.float64) * 1e6
        exact, repeated, estimate, both, linked, each = (times * energy / 4.6 for times in range(1, 7))
        rows = {"ann accuracy": ann, "own ANN MACs, exact": 2e6 / 4.6, "own ANN MACs, estimate": 4e6 / 4.6}
        rows |= {"own ANN MACs, linked estimate": 4e6 / 4.6}
        steps = len(correct)
        chosen.append(Conversion(label, "aec" if window else "snm"))
        found.append(
            {
                "table_layer": np.array(["all"] * 4),
                "table_measure": np.array(list(rows)),
                "table_value": np.array(list(rows.values())),
                "table_unit": np.array(["1"] * 4),
                "layers": np.array(["a", "b"]),
                "populations": np.array(["x", ""]),
                "window": np.array(window),
                "units": np.array([5, 0]),
                "live_units": np.array([4, 0]),
                "live_spikes": np.array([steps, 0]),
                "spikes": np.stack([np.full(steps, 20), np.zeros(steps, np.int64)]),
                "sops": np.zeros((2, steps), np.int64),
                "macs": np.zeros((2, steps), np.int64),
                "correct": np.array(correct),
                "answers_changed": np.zeros(steps, np.int64),
                "first_images": np.array(IMAGES),
                "first_correct": np.array(correct),
                "first_spikes": np.zeros((2, steps), np.int64),
                "right": np.packbits(np.arange(IMAGES) < correct[-1]),
                "energy_sops": np.zeros((3, steps)),
                "energy_macs": np.array([[repeated, both, each], [exact, estimate, linked]]),
            }
        )
    shared = {"ann accuracy": ann + 0.1, "images": float(IMAGES), "calibration images": 3.0}
    return Record(tabulate(chosen, found, shared), {})


def add_blocks(record, first_half):
    """Return a record of two blocks of five images; first_half : right answers of the first by label.

    Energies of the first block are half as large as those of all, and those of the second one and a half.
    """
    arrays = dict(record.arrays)
    arrays |= {"block_images": np.array([5, 5]), "block_right": np.array([4, 5])}
    for number, label in enumerate(arrays["labels"].tolist()):
        whole, half = arrays[f"{number}_correct"], np.array(first_half[label])
        spikes = arrays[f"{number}_spikes"]
        arrays[f"{number}_block_correct"] = np.stack([half, whole - half])
        arrays[f"{number}_block_ann_right"] = np.array([3, 5])
        arrays[f"{number}_block_spikes"] = np.stack([spikes // 2, spikes - spikes // 2])
        live = arrays[f"{number}_live_spikes"]
        arrays[f"{number}_block_live_spikes"] = np.stack([live // 2, live - live // 2])
        for name in ("energy_sops", "energy_macs"):
            energy = arrays[f"{number}_{name}"]
            arrays[f"{number}_block_{name}"] = np.stack([0.5 * energy, 1.5 * energy])
    return Record(arrays, record.notes)
