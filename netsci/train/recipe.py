"""A training run as a record: data, network, topology, optimisation and seed decide all of its numbers."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import partial
from typing import Any

from netsci.arguments import check_instance, shorten
from netsci.choices import ARCHITECTURES, suggest
from netsci.train.activation_options import CODED, QUANTISED
from netsci.train.checks import check_flag, check_whole
from netsci.train.parts import CALIBRATED, CORRELATED, Net, Optimisation, Task, Topology
from netsci.train.renamed import RENAMED, read_old_names, write_old_names

__all__ = [
    "CALIBRATED",
    "CORRELATED",
    "RENAMED",
    "Net",
    "Optimisation",
    "Recipe",
    "Task",
    "Topology",
    "read_old_names",
    "write_old_names",
]


@dataclass(frozen=True)
class Recipe:
    """A training run: its task, network, topology, optimisation and seed.

    topology : None for a dense network. seed : whole number, at least 0.

    Examples
    --------
    >>> recipe = Recipe().replace(lr=0.01, sparsity=0.95, seed=3)
    >>> recipe.optimisation.lr, recipe.topology.sparsity, Recipe.of(recipe.flat()) == recipe
    (0.01, 0.95, True)
    """

    task: Task = field(default_factory=Task)
    net: Net = field(default_factory=Net)
    topology: Topology | None = field(default_factory=Topology)
    optimisation: Optimisation = field(default_factory=Optimisation)
    seed: int = 0

    def __post_init__(self) -> None:
        check_whole(self.seed, 0, "seed")
        for name, kind in (("task", Task), ("net", Net), ("optimisation", Optimisation)):
            check_instance(getattr(self, name), kind, name, f"a netsci.train.{kind.__name__}")
        if self.topology is not None:
            check_instance(self.topology, Topology, "topology", "a netsci.train.Topology, or None")
        if self.net.start and self.topology is not None and self.topology.method != "static":
            self._check_links()
        if self.optimisation.learner == "stp":
            self._check_stp()

    def _check_links(self) -> None:
        """Raise ValueError if a network that is to be converted would exchange its links."""
        if self.net.activation in (*QUANTISED, CODED):
            raise ValueError(
                f"activation {self.net.activation!r} trains a network for its conversion, and its links must "
                f"stay: take method='static' (netsci.train.freeze_links); got {self.topology.method!r}"  # type: ignore[union-attr]
            )

    def _check_stp(self) -> None:
        """Raise ValueError unless sparse target propagation (S-TP) can train such a network."""
        if self.net.model in ARCHITECTURES.built_in and self.net.model != "mlp":
            raise ValueError(
                "S-TP learns in multilayer perceptrons: set model to 'mlp', or learner to 'gradient'; got "
                f"{self.net.model!r}"
            )
        if self.task.encoding == "direct":
            raise ValueError("S-TP learns from spikes: set encoding to 'rate', or take data with events")
        if not self.net.spiking:
            raise ValueError("S-TP learns from spikes: set spiking to True, or learner to 'gradient'")
        if self.net.readout != "rate":
            raise ValueError(
                f"S-TP compares output spikes with labels: set readout to 'rate'; got {self.net.readout!r}"
            )
        for name, part in (("dropout", self.net), ("label_smoothing", self.optimisation)):
            if getattr(part, name):
                raise ValueError(
                    f"S-TP has no {name}: set it to 0, or learner to 'gradient'; got {getattr(part, name)}"
                )
        if self.optimisation.window > self.task.steps:
            raise ValueError(
                f"window must be at most steps = {self.task.steps}; got {self.optimisation.window}"
            )

    def replace(self, **changes: Any) -> Recipe:
        """Return the recipe with new values for some fields, given by name.

        Each name occurs in one part only, so the part need not be named. Another method brings its own values
        of the topology for what was not set, see `Topology`.
        dense=True drops the topology. All changes are made together, so only the result must be valid. Lists
        become tuples and numbers of numpy become Python's: a recipe that is read from a file is then equal.
        Former names of fields and values (`RENAMED`) are read too.

        Raises
        ------
        TypeError, ValueError
            If no part has a field of that name, a value is not allowed, or a dense network is given a field
            of the topology.

        Examples
        --------
        >>> Recipe().replace(learner="stp", encoding="rate").optimisation.learner
        'stp'
        """
        dense = changes.pop("dense", False)
        check_flag(dense, "dense")
        parts: dict[str, Any] = {"topology": None} if dense else {}
        groups: dict[str, dict[str, Any]] = {}
        for name, value in read_old_names(_plain(changes)).items():
            owner = _OWNERS.get(name)
            if owner is None:
                close = f"{suggest(name, _OWNERS) or ';'} its fields are".replace("? its", "? Its")
                raise ValueError(f"a recipe has no field {name!r}{close} {', '.join(sorted(_OWNERS))}")
            groups.setdefault(owner, {})[name] = value
        for owner, values in groups.items():
            if owner == "seed":
                parts |= values
                continue
            part = parts.get(owner, getattr(self, owner))
            if part is None:
                raise ValueError(
                    f"{', '.join(values)} cannot be set: the recipe is dense and has no topology; leave out "
                    "dense=True, or start from a recipe with a topology, such as Recipe()"
                )
            replace = part.replace if owner == "topology" else partial(dataclasses.replace, part)
            parts[owner] = replace(**values)
        return dataclasses.replace(self, **parts)

    def flat(self) -> dict[str, Any]:
        """Return all values by name, and `dense`.

        Examples
        --------
        >>> Recipe(seed=3).flat()["seed"], Recipe(topology=None).flat()["dense"]
        (3, True)
        """
        values: dict[str, Any] = {"seed": self.seed, "dense": self.topology is None}
        for part in (self.task, self.net, self.topology, self.optimisation):
            if part is not None:
                values.update({f.name: getattr(part, f.name) for f in fields(part)})
        return values

    def defaults(self) -> dict[str, Any]:
        """Return the default of each value in `flat()`.

        Examples
        --------
        >>> Recipe().replace(lr=0.5).defaults()["lr"]
        0.001
        """
        values: dict[str, Any] = {"seed": 0, "dense": False}
        for part in (self.task, self.net, self.topology, self.optimisation):
            if part is not None:
                values.update({f.name: f.default for f in fields(part)})
        return values

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Recipe:
        """Return the recipe with these values by field, as `flat` returns them or JSON holds them.

        Raises TypeError or ValueError as `replace` does.

        Examples
        --------
        >>> Recipe.of({"options": [["hidden", [64]]]}).net.options
        (('hidden', (64,)),)
        """
        if not isinstance(values, Mapping) or not all(isinstance(name, str) for name in values):
            raise TypeError(f"values must be a dictionary of values by field; got {shorten(values)}")
        given = read_old_names(values)
        if given.keys() >= {"method", "sparsity", "zeta", "removal"}:
            # All values of a run: a field that came later had its default, whatever its method now brings.
            given = {f.name: f.default for f in fields(Topology)} | given
        return cls().replace(**given)


_PARTS: dict[str, type] = {"task": Task, "net": Net, "topology": Topology, "optimisation": Optimisation}
_OWNERS = {f.name: part for part, kind in _PARTS.items() for f in fields(kind)} | {"seed": "seed"}


def _plain(value: Any) -> Any:
    """Replace lists by tuples and numbers of numpy by Python's, at any depth."""
    if isinstance(value, (list, tuple)):
        return tuple(_plain(item) for item in value)
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    # without numpy, of which recipes need nothing: its numbers are those with a dtype and one item
    return value.item() if hasattr(value, "dtype") and getattr(value, "ndim", None) == 0 else value
