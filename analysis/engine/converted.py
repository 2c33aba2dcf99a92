"""Networks that are converted to spiking ones after training, as cells: of which run, how, for how long.

    run of a network -> network that it left (`engine.networks`) -> [trained on] -> converted -> record

One cell holds several conversions of one network. What runs it is `analysis.engine.converted_run`, which
needs torch; `analysis.engine.conversions` reads its record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from analysis.engine.names import RUN_NAMES
from analysis.engine.pruned import LAST
from netsci.arguments import as_count
from netsci.sweep import Cell, Task
from netsci.train.fine_tuning import FINE_TUNING

TASK = Task("s2-converted", "analysis.engine.converted_run:run", RUN_NAMES)
VERSION = 1  # of the numbers that TASK makes
METHODS = ("qcfs", "cs_qcfs", "snm", "aec", "dcgs")  # of `netsci.convert`, which needs torch
FIRST = 1000  # test images of the control of the sample size
CALIBRATION = 10_000  # training images that set thresholds
BLOCKS = 10  # of test images, of the cells that tables read
Pairs = tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class Tuning:
    """How a network is trained on before it is converted, its links frozen.

    name : in `netsci.train.fine_tuning.FINE_TUNING`. epochs : of this training. changes : other values of its
    recipe, pairs of field and value.

    Raises ValueError for another name, or no epochs.
    """

    name: str
    epochs: int
    changes: Pairs = ()

    def __post_init__(self) -> None:
        if self.name not in FINE_TUNING:
            raise ValueError(f"name must be one of {', '.join(FINE_TUNING)}; got {self.name!r}")
        as_count(self.epochs, "epochs")


@dataclass(frozen=True)
class Conversion:
    """How a trained network becomes a spiking one.

    label : its name in the record. method : of `netsci.convert.METHODS`. options : of the method, pairs of
    name and value. tunings : how the network is trained before, one after another.

    T of N of dcgs is the option "steps", its default if it is not given: the cell may run for longer.

    Raises ValueError for an empty label, or another method.

    Examples
    --------
    >>> made = Conversion("AEC", "aec", tunings=(Tuning("aec", 2, (("lr", 1e-5),)),))
    >>> made.tunings[0].epochs, made.options
    (2, ())
    """

    label: str
    method: str
    options: Pairs = ()
    tunings: tuple[Tuning, ...] = ()

    def __post_init__(self) -> None:
        if not self.label:
            raise ValueError("label must name the conversion in the record; got ''")
        if self.method not in METHODS:
            raise ValueError(f"method must be one of {', '.join(METHODS)}; got {self.method!r}")

    def plain(self) -> tuple[Any, ...]:
        """Return it as parameters of a run: (label, method, options, ((name, epochs, changes), ...)).

        Examples
        --------
        >>> Conversion("SNM", "snm").plain()
        ('SNM', 'snm', (), ())
        """
        tunings = tuple((one.name, one.epochs, one.changes) for one in self.tunings)
        return self.label, self.method, self.options, tunings


def read_plain(plain: Sequence[Any]) -> Conversion:
    """Return the conversion that `Conversion.plain` has written.

    Examples
    --------
    >>> read_plain(("SNM", "snm", (), ())) == Conversion("SNM", "snm")
    True
    """
    label, method, options, tunings = plain
    return Conversion(label, method, tuple(options), tuple(Tuning(*one) for one in tunings))


def converted_cell(
    source: Cell,
    conversions: Sequence[Conversion],
    *,
    steps: int,
    test_limit: int | None = None,
    first: int = FIRST,
    calibration: int = CALIBRATION,
    after: int = LAST,
    blocks: int = 0,
) -> Cell:
    """Return the cell that converts a network which the run of another cell leaves.

    source : that cell, one of a recipe made with `networks`, or a pruned one (`engine.pruned`). Its name is
    part of the new name, and so is all that decides the numbers. steps : T up to which networks run that have
    no window. test_limit : number of test images, balanced over classes; None for all. first : of the first
    test images, which are traced alone too. calibration : number of training images that set thresholds.
    after : epoch of the source whose network is converted, -1 for the last. blocks : parts of the test images
    that are recorded alone too, so that a value of one seed has an interval by images; 0 for none.

    Raises ValueError for a source that leaves no networks, or none after that epoch, and for labels that are
    not all different.
    """
    every = dict(source.aside).get("networks")
    if every is None:
        raise ValueError(f"{source.name} leaves no networks: give its recipe's cell the argument networks")
    if after != LAST and (not every or after % every):
        raise ValueError(
            f"after must be {LAST} or a multiple of {every or 'no number'}, after which {source.name} leaves "
            f"a network; got {after}"
        )
    labels = [one.label for one in conversions]
    if not labels or len(set(labels)) < len(labels):
        raise ValueError(f"conversions must be at least one, each with a label of its own; got {labels}")
    limits = {"steps": steps, "first": first, "calibration": calibration}
    numbers: dict[str, Any] = {name: as_count(value, name) for name, value in limits.items()}
    return Cell.of(
        TASK,
        version=VERSION,
        data=source.data,
        kept=source.kept,
        aside={"source": source},
        dataset=source["dataset"],
        seed=source["seed"],
        origin=source.name,
        conversions=tuple(one.plain() for one in conversions),
        test_limit=None if test_limit is None else as_count(test_limit, "test_limit"),
        after=after,
        blocks=as_count(blocks, "blocks", 0),
        **numbers,
    )


def source_of(cell: Cell) -> Cell:
    """Return the cell whose network another one converts.

    Raises ValueError for a cell that converts none.
    """
    found = dict(cell.aside).get("source")
    if not isinstance(found, Cell):
        raise ValueError(f"{cell.name} converts no network of another cell")
    return found
