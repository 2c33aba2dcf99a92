"""Spiking networks of the time lag from made curves: when accuracy and rate settle is known beforehand."""

import numpy as np

from analysis.engine.conversions import Curves
from analysis.s2.lag_grid import GRID, LAST, Place
from analysis.s2.lag_networks import Member

STEPS, IMAGES, UNITS = 40, 10_000, (50, 50)


def rising(settled: int, level: float) -> np.ndarray:
    """A curve that rises by 1.9 % a step until `settled` and is flat after it: a window of w ends w later."""
    steps = np.arange(1, STEPS + 1)
    return level * 1.019 ** np.minimum(steps - settled, 0)


def curves(accuracy_at: int, rate_at: int, *, level: float = 0.9, label: str = "SNM") -> Curves:
    """Return curves whose accuracy and running rate are flat from these steps on."""
    steps = np.arange(1, STEPS + 1)
    sums = rising(rate_at, 0.1) * steps  # of the rates of all steps so far
    neurons = [*UNITS, 10 if label == "SNM" else 0]  # the read-out of CS-QCFS has none
    by_neuron = np.diff(sums, prepend=0.0) * IMAGES
    spikes = np.rint(np.outer(neurons, by_neuron)).astype(np.int64)
    correct = np.rint(rising(accuracy_at, level) * IMAGES).astype(np.int64)
    units = np.array(neurons)
    return Curves(
        label=label,
        method="snm",
        window=0,
        images=IMAGES,
        source_accuracy=level,
        ann_accuracy=level,
        layers=("a", "b", "c"),
        populations=("a", "b", ""),
        units=units,
        live_units=units,
        live_spikes=spikes.sum(axis=1),
        spikes=spikes,
        sops=spikes,
        macs=spikes,
        correct=correct,
        answers_changed=np.zeros(STEPS, np.int64),
        right=np.zeros(IMAGES, bool),
        first_images=1000,
        first_correct=correct // 10,
        first_spikes=spikes // 10,
        energy_sops=np.zeros((2, STEPS)),
        energy_macs=np.zeros((2, 2, STEPS)),
        own_macs=np.zeros(2),
    )


def member(links: str, setting: int, made: Curves | None, **place: object) -> Member:
    """Return a network of a setting, whose batch is its number."""
    given = {"data": "made", "rate": 0.1, "purpose": GRID, "after": LAST, **place}
    label = "SNM" if made is None else made.label
    return Member(Place(links=links, batch=setting, **given), f"{links}-{setting}", label, made)


def grid(settings: int, dense: tuple[int, int], sparse: tuple[int, int]) -> list[Member]:
    """Return a dense and a sparse network of each setting, flat from (accuracy, rate) + 0, 1, 2, ... on."""
    return [
        member(links, k, curves(at[0] + k % 3, at[1] + k % 2))
        for k in range(settings)
        for links, at in (("dense", dense), ("95 %", sparse))
    ]
