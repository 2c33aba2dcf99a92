"""Which networks the time lag is measured on: S2 Table 1's grid, dense beside sparse, and more for controls.

    setting (rate, batch) -> trained ReLU networks, dense and CHTs -> each converted by SNM and CS-QCFS

A cell converts one trained network in all ways (`analysis.engine.converted`). The plan is in the order in
which cells are worth running: after any part of it there are pairs, and the exhibits say how many.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from analysis.engine.converted import Conversion, Tuning, converted_cell, read_plain, source_of
from analysis.engine.pruned import LAST
from analysis.engine.training import cell
from analysis.s1.recipes import PERCEPTRONS, RULES
from netsci.sweep import Cell
from netsci.train.recipe import Recipe

RATES = (0.01, 0.05, 0.005, 0.001, 0.0005)  # S2 Table 1, the last one run last: it may be left out
BATCHES = (64, 128, 32)
LEVELS = (4, 8, 16, 2, 32)
STEPS = 64
WIDTH = 512
TUNED_FOR = 2  # epochs
DENSE = "dense"
GRID, EARLIER, STARTS = "grid", "earlier epochs", "thresholds"
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

    early : epochs after which dense networks are converted too, to be paired by accuracy. settings : (rate,
    batch) of the networks of which that, and other starts of thresholds, are made.
    """

    title: str
    base: Recipe
    sparse: tuple[float, ...]
    early: tuple[int, ...] = ()
    settings: tuple[tuple[float, int], ...] = ()

    def recipe(self, links: str, rate: float, batch: int) -> Recipe:
        """Return the training of a network; links : "dense", or a sparsity such as "95 %"."""
        base = self.base.replace(lr=rate, batch=batch)
        if links == DENSE:
            return base.replace(dense=True)
        return base.replace(**RULES["CHTs"], sparsity=read_share(links))


@dataclass(frozen=True)
class Place:
    """Where a cell stands: data set, links ("dense" or a sparsity), learning rate, batch, what it is for.

    after : the epoch of its network, -1 for the last.
    """

    data: str
    links: str
    rate: float
    batch: int
    purpose: str = GRID
    after: int = LAST


@dataclass(frozen=True)
class Grid:
    """A grid of trained networks, each converted in all ways.

    last : the rate whose cells come after all others.
    """

    data: tuple[tuple[Data, ...], ...]
    rates: tuple[float, ...]
    batches: tuple[int, ...]
    levels: tuple[int, ...]
    steps: int
    last: float | None = None
    first: int = 1000
    calibration: int = 10_000
    tuned_for: int = TUNED_FOR

    def plan(self, seed: int) -> dict[Cell, Place]:
        """Return the cells that convert, in order, and where each stands."""
        found: dict[Cell, Place] = {}
        late = () if self.last is None else (self.last,)
        for rates in (tuple(r for r in self.rates if r not in late), late):
            for group in self.data:
                for place in self._places(group, rates):
                    found.setdefault(self._cell(group, place, seed), place)
        return found

    def _places(self, group: tuple[Data, ...], rates: tuple[float, ...]) -> Iterator[Place]:
        """Yield the places of data sets that go together: their grid, then what controls need more."""
        for rate in rates:
            for batch in self.batches:
                for data in group:
                    for links in (DENSE, *map(write_share, data.sparse)):
                        yield Place(data.title, links, rate, batch)
        for data in group:
            for rate, batch in data.settings:
                if rate in rates:
                    for after in data.early:
                        yield Place(data.title, DENSE, rate, batch, EARLIER, after)
                    if (rate, batch) in data.settings[:OTHERS]:
                        for links in (DENSE, *map(write_share, data.sparse)):
                            yield Place(data.title, links, rate, batch, STARTS)

    def _cell(self, group: tuple[Data, ...], place: Place, seed: int) -> Cell:
        (data,) = (one for one in group if one.title == place.data)
        recipe = data.recipe(place.links, place.rate, place.batch).replace(seed=seed)
        kept = place.links == DENSE and data.early and (place.rate, place.batch) in data.settings
        source = cell(recipe, networks=1 if kept else 0)
        how: dict[str, Any] = {"steps": self.steps, "first": self.first, "calibration": self.calibration}
        return converted_cell(source, self.conversions(place), after=place.after, **how)

    def conversions(self, place: Place) -> tuple[Conversion, ...]:
        """Return the ways in which the network of a place is converted."""
        if place.purpose == STARTS:
            return tuple(
                self._tuned(START_LEVEL, place, f"CS-QCFS L={START_LEVEL}, {words}", theta)
                for theta, words in OTHER_STARTS.items()
            )
        levels = (EARLY_LEVEL,) if place.purpose == EARLIER else self.levels
        return (Conversion(SNM, "snm"), *(self._tuned(n, place, f"CS-QCFS L={n}") for n in levels))

    def _tuned(self, levels: int, place: Place, label: str, theta: str = "") -> Conversion:
        """Return CS-QCFS after its first stage, with the rate and the batch of the setting.

        Where there is no convolution, the first stage is the only one.
        """
        options: tuple[tuple[str, Any], ...] = (("levels", levels),)
        options += (("theta", theta),) if theta else ()
        changes = (("activation_options", options), ("batch", place.batch), ("lr", place.rate))
        return Conversion(label, "cs_qcfs", tunings=(Tuning("cs-qcfs-1", self.tuned_for, changes),))


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


def _perceptron(data: str) -> Recipe:
    return PERCEPTRONS[data].replace(options=(("hidden", (WIDTH, WIDTH)),), epochs=15)


_MATCHED = ((0.01, 64), (0.05, 64), (0.005, 64), (0.01, 128), (0.05, 128), (0.001, 64))
_EARLY = (1, 3)
DESK = Grid(
    (
        (
            Data("MNIST", _perceptron("mnist"), (0.95,), _EARLY, _MATCHED),
            Data("Fashion-MNIST", _perceptron("fashion-mnist"), (0.95,), _EARLY, _MATCHED),
        ),
        (Data("CIFAR-10", _perceptron("cifar10-jpeg"), (0.95, 0.99), _EARLY, _MATCHED),),
    ),
    RATES,
    BATCHES,
    LEVELS,
    STEPS,
    last=RATES[-1],
)
_DIGITS = PERCEPTRONS["mnist"].replace(
    data="digits",
    options=(("hidden", (48, 48)),),
    epochs=3,
    limit=900,
    test_limit=300,
)
SMOKE = Grid(
    ((Data("digits", _DIGITS, (0.8,), (1,), ((0.05, 20), (0.01, 20))),),),
    (0.05, 0.01),
    (20,),
    (4, 8),
    40,
    first=100,
    calibration=300,
    tuned_for=1,
)
GRIDS = {"smoke": SMOKE, "desk": DESK, "paper": DESK}


def plan(scale: str, first_seed: int) -> dict[Cell, tuple[Place, ...]]:
    """Return all cells in the order in which they are worth running: each network before its conversion.

    scale : "smoke", "desk" or "paper" (as desk). Values are the places that a cell serves.
    """
    found: dict[Cell, tuple[Place, ...]] = {}
    for one, place in GRIDS[scale].plan(first_seed).items():
        for each in (source_of(one), one):
            found[each] = (*found.get(each, ()), place)
    return found


# Seconds of one core, about, on a machine that does other things too: an epoch at batch 64, dense and sparse.
_EPOCH: Mapping[str, tuple[float, float]] = {
    "mnist": (5.2, 5.0),
    "fashion-mnist": (5.2, 5.0),
    "cifar10-jpeg": (12.0, 6.0),
}
_OF_BATCH = {32: 1.7, 64: 1.0, 128: 0.65}  # times that of batch 64
_TUNING, _TUNED = 4.0, 1.25  # seconds before and after a fine-tuning; an epoch of it in epochs
_SIMULATED = {"snm": (14.0, 8.0), "cs_qcfs": (5.5, 3.5)}  # 64 steps of 10,000 images, dense and sparse


def seconds(one: Cell) -> float:
    """Return about how many seconds a cell takes on one core; its network counts as trained."""
    given = dict(one.parameters)
    source = dict(one.aside).get("source", one)
    recipe = dict(source.parameters)
    if recipe["dataset"] == "digits":
        return 1.0
    sparse = not recipe["dense"]
    epoch = _EPOCH[recipe["dataset"]][sparse] * _OF_BATCH[recipe["batch"]]
    if source is one:
        return float(recipe["epochs"] * epoch)
    taken = 0.0
    for plain in given["conversions"]:
        way = read_plain(plain)
        taken += _SIMULATED[way.method][sparse]
        taken += sum(_TUNING + _TUNED * epoch * tuning.epochs for tuning in way.tunings)
    return taken
