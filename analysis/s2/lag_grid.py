"""A grid of trained networks, dense beside sparse, each converted in all ways.

    setting (rate, batch) -> trained ReLU networks, dense and CHTs -> each converted by SNM and CS-QCFS

A cell converts one trained network in all ways (`analysis.engine.converted`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from analysis.engine.converted import Conversion, Tuning, converted_cell
from analysis.engine.pruned import LAST
from analysis.engine.training import cell
from analysis.s1.recipes import RULES, Changes
from netsci.sweep import Cell
from netsci.train.recipe import Recipe

RATES = (0.01, 0.05, 0.005, 0.001, 0.0005)  # S2 Table 1, the last one run last: it may be left out
BATCHES = (64, 128, 32)
LEVELS = (4, 8, 16, 2, 32)
STEPS = 64
STAGES = 3
TUNED_FOR = 2  # epochs
# The first of S2's rates. The codes learn for a few epochs here, of 200: at the released 1e-5 they would
# hardly move from where they start.
RATE_OF_AEC = 1e-3
DENSE = "dense"
PERCEPTRON, VGG_NET = "perceptron", "VGG-16"
GRID, EARLIER, STARTS, CODED = "grid", "earlier epochs", "thresholds", "AEC"
SNM = "SNM"
START_LEVEL = 4  # L of the networks whose thresholds start elsewhere
EARLY_LEVEL = 8  # L of the networks of earlier epochs
OTHERS = 2  # settings whose thresholds start elsewhere, too
OTHER_STARTS = {
    "max": "the maximum",
    "twice_mean": "twice the mean",
}  # the grid starts at the 99.9 % activation


@dataclass(frozen=True)
class Data:
    """A data set of the grid: its title, the training of its networks, its sparsities.

    kind : of network, PERCEPTRON or VGG_NET; each is compared apart. early : epochs after which dense
    networks are converted too, to be paired by accuracy. settings : (rate, batch) of the networks of which
    that, and other starts of thresholds, are made. dense, rule : what dense and sparse networks change in
    the base.
    """

    title: str
    base: Recipe
    sparse: tuple[float, ...]
    kind: str = PERCEPTRON
    early: tuple[int, ...] = ()
    settings: tuple[tuple[float, int], ...] = ()
    dense: Changes = field(default_factory=lambda: {"dense": True})
    rule: Changes = field(default_factory=lambda: RULES["CHTs"])

    @property
    def links(self) -> tuple[str, ...]:
        """The kinds of its networks: dense, and each sparsity."""
        return (DENSE, *map(write_share, self.sparse))

    def recipe(self, links: str, rate: float, batch: int) -> Recipe:
        """Return the training of a network; links : "dense", or a sparsity such as "95 %"."""
        base = self.base.replace(lr=rate, batch=batch)
        if links == DENSE:
            return base.replace(**self.dense)
        return base.replace(**{"sparsity": read_share(links), **self.rule})


@dataclass(frozen=True)
class Place:
    """Where a cell stands: data set, links ("dense" or a sparsity), learning rate, batch, what it is for.

    after : the epoch of its network, -1 for the last. kind : of network, as of `Data`.
    """

    data: str
    links: str
    rate: float
    batch: int
    purpose: str = GRID
    after: int = LAST
    kind: str = PERCEPTRON


@dataclass(frozen=True)
class Grid:
    """A grid of trained networks, each converted in all ways.

    A setting is a data set, a rate and a batch. Each has a seed of its own, the same for its dense and its
    sparse networks, so settings differ in their first weights, first links and order of images, too.

    Cells are run in three stages: last is the rate whose cells come after all others, slow the batch whose
    cells come before those. Setting by setting all data sets take turns. limit : number of test images, None
    for all. blocks : parts of them that are recorded alone too. stages : of CS-QCFS, with their epochs.
    windows : of AEC, for the networks of one setting.
    """

    data: tuple[Data, ...]
    rates: tuple[float, ...]
    batches: tuple[int, ...]
    levels: tuple[int, ...]
    steps: int
    last: float | None = None
    slow: int | None = None
    first: int = 1000
    calibration: int = 10_000
    limit: int | None = None
    blocks: int = 0
    stages: tuple[tuple[str, int], ...] = (("cs-qcfs-1", TUNED_FOR),)
    windows: tuple[int, ...] = ()

    def plan(self, seed: int, stage: int | None = None) -> dict[Cell, Place]:
        """Return the cells that convert, in order, and where each stands; of one stage, or of all."""
        found: dict[Cell, Place] = {}
        for one in range(STAGES) if stage is None else (stage,):
            for data, place in self._places(one):
                found.setdefault(self._cell(data, place, seed), place)
        return found

    def _stage(self, rate: float, batch: int) -> int:
        """Return 0, 1 or 2: when the cells of a setting are run."""
        return 2 if rate == self.last else int(batch == self.slow)

    def _places(self, stage: int) -> Iterator[tuple[Data, Place]]:
        """Yield the places of a stage: the grid, then what controls need more."""
        settings = [(r, b) for r in self.rates for b in self.batches if self._stage(r, b) == stage]
        for setting in settings:
            for data in self.data:
                for links in data.links:
                    yield data, Place(data.title, links, *setting, kind=data.kind)
        for setting in settings:
            for data in self.data:
                for place in self._more(data, setting, first=setting == settings[0]):
                    yield data, place

    def _more(self, data: Data, setting: tuple[float, int], *, first: bool) -> Iterator[Place]:
        """Yield what controls need more of a setting; first : whether it is the first of its stage."""
        if setting in data.settings:
            for after in data.early:
                yield Place(data.title, DENSE, *setting, EARLIER, after, data.kind)
            for links in data.links if data.settings.index(setting) < OTHERS else ():
                yield Place(data.title, links, *setting, STARTS, kind=data.kind)
        for links in data.links if self.windows and first else ():
            yield Place(data.title, links, *setting, CODED, kind=data.kind)

    def number(self, data: Data, rate: float, batch: int) -> int:
        """Return the number of a setting, from 0 on: it decides the seed, so keep the order of the grid."""
        settings = product([one.title for one in self.data], self.rates, self.batches)
        return list(settings).index((data.title, rate, batch))

    def _cell(self, data: Data, place: Place, seed: int) -> Cell:
        own = seed + self.number(data, place.rate, place.batch)
        recipe = data.recipe(place.links, place.rate, place.batch).replace(seed=own)
        kept = place.links == DENSE and data.early and (place.rate, place.batch) in data.settings
        source = cell(recipe, networks=1 if kept else 0)
        how: dict[str, Any] = {"steps": self.steps, "first": self.first, "calibration": self.calibration}
        how |= {"test_limit": self.limit, "blocks": self.blocks}
        return converted_cell(source, self.conversions(place), after=place.after, **how)

    def conversions(self, place: Place) -> tuple[Conversion, ...]:
        """Return the ways in which the network of a place is converted."""
        if place.purpose == STARTS:
            return tuple(
                self._tune(START_LEVEL, place, f"CS-QCFS L={START_LEVEL}, {words}", theta)
                for theta, words in OTHER_STARTS.items()
            )
        if place.purpose == CODED:
            tunings = ((n, Tuning("aec", TUNED_FOR, _code(n))) for n in self.windows)
            return tuple(Conversion(f"AEC T={n}", "aec", tunings=(one,)) for n, one in tunings)
        levels = (EARLY_LEVEL,) if place.purpose == EARLIER else self.levels
        return (Conversion(SNM, "snm"), *(self._tune(n, place, f"CS-QCFS L={n}") for n in levels))

    def _tune(self, levels: int, place: Place, label: str, theta: str = "") -> Conversion:
        """Return CS-QCFS after its stages, with the rate and the batch of the setting, without dropout.

        Dense and sparse networks are fine-tuned alike, whatever dropout they were trained with. Where there
        is no convolution, the first stage is the only one. The second has the first one's levels.
        """
        options: tuple[tuple[str, Any], ...] = (("levels", levels),)
        options += (("theta", theta),) if theta else ()
        shared = (("batch", place.batch), ("dropout", 0.0), ("lr", place.rate))
        changes = (("activation_options", options), *shared)
        tunings = tuple(
            Tuning(name, epochs, shared if number else changes)
            for number, (name, epochs) in enumerate(self.stages)
        )
        return Conversion(label, "cs_qcfs", tunings=tunings)


def _code(window: int) -> tuple[tuple[str, Any], ...]:
    """Return what AEC with a window changes in a recipe."""
    return (("activation_options", (("window", window),)), ("lr", RATE_OF_AEC))


def write_share(share: float) -> str:
    """Return a sparsity as text.

    >>> write_share(0.95)
    '95 %'
    """
    return f"{100 * share:g} %"


def read_share(text: str) -> float:
    """Return the sparsity of a text.

    >>> read_share("99 %")
    0.99
    """
    return round(float(text.removesuffix(" %")) / 100, 6)
