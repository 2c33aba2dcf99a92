"""The part of a recipe that says where links are and how they change: the topology."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from netsci.graph.checks import check_choice, check_fraction
from netsci.topology import ALLOCATIONS, DELTA, DENSITY, INITIAL, ZETA, EvolutionRule
from netsci.train.checks import check_flag, check_pairs
from netsci.train.choices import METHODS, SETTINGS
from netsci.train.times import check_steepness, check_time

# First topologies that look at the data, and the correlation that they take.
CORRELATED = {"sscti": "phi", "sscti_as_printed": "as_printed", "csti": "phi"}
UNFOLDINGS = ("im2col", "lattice", "channel")

ByKind = tuple[tuple[str, Any], ...]  # pairs (kind or pattern, value)


@dataclass(frozen=True, init=False)
class Topology:
    """The first links and how they change in training (S0's four stages).

    A method brings values of its own for some fields (`netsci.train.choices.SETTINGS`), such as "chts" its
    scores. What is not given has that value, else the default. A time is a number of epochs, fractions
    allowed, or a text such as "100 steps", see `netsci.train.plan`.

    method : the training method, a name in `netsci.train.METHODS`: it draws the first links and changes them.
        "ch_snn" reads all other fields. A method may fix some fields itself, as "set" and "rigl" fix removal
        and regrowth: leave those at their defaults. method_options : options of the method, as pairs
        (name, value).
    sparsity : share of absent links in every sparse layer, in [0, 1). The output layer is dense. Or a mapping
        from "conv", "linear" or a pattern of layer names to a share, kept as pairs; then only these layers
        are sparse. A pattern goes before a kind.
    initial_sparsity : share of absent links at the start, or such a mapping; None, and layers that it does
        not name, start at `sparsity`. density_schedule : how it then changes to `sparsity`, a name in
        `netsci.topology.DENSITY`. steepness : of the schedule "sigmoid", over the whole of it, or for each
        epoch, as "1 per epoch".
    allocation : how one sparsity, or each of a mapping, is spread over its layers: "uniform" (each has it),
        "erdos_renyi" or "erk", which make small layers denser.
    excess : (more, share, later): layers have a density higher by `more` until this share of the evolving
        part is over, then by `later` until its end; () for none.
    initial : first links, "sscti", "sscti_as_printed", "csti" (correlated behind the input, uniform behind
        hidden layers) or a name in `netsci.topology.INITIAL`. Layers behind convolutions or attention are
        uniform if it is a correlated one. initial_options : options of that function, as pairs.
    unfolding : what a convolution is in regrowth: "im2col", "lattice" or "channel", see
        `netsci.topology.unfolding`.
    removal, regrowth, delta, permanent, as_printed, percolate : see `netsci.topology.EvolutionRule`. delta
        may be a pair (removal, regrowth). regrowth may be a mapping from "conv" and "linear" to scores.
    delta_end : delta at the end, one number or such a pair; None if delta stays. delta_schedule : how it
        changes, a name in `netsci.topology.DELTA`.
    zeta : share of links that an evolution removes. schedule : how it changes, "cosine" or "static".
    evolve_every : time between two evolutions; 0 for links that never change. evolve_after : time before the
        first one is due. until : when evolution ends, as a share of all epochs or as a text.
    early_stop : a layer stops evolving for good when more than this share of its regrown links had just been
        removed; None to go on.

    Examples
    --------
    >>> Topology(sparsity={"conv": 0.78, "linear": 0.99}).sparsity
    (('conv', 0.78), ('linear', 0.99))
    """

    sparsity: Any = 0.99
    initial: str = "sscti"
    removal: str = "lrs"
    regrowth: Any = "ch3_l3"
    delta: float | tuple[float, float] = 0.5
    permanent: bool = True
    as_printed: bool = False
    zeta: float = 0.3
    schedule: str = "cosine"
    until: float | str = 1.0
    evolve_every: float | str = 1
    early_stop: float | None = 0.95
    method: str = "ch_snn"
    method_options: tuple[tuple[str, Any], ...] = ()
    initial_sparsity: Any = None
    density_schedule: str = "linear"
    delta_end: float | tuple[float, float] | None = None
    delta_schedule: str = "linear"
    percolate: bool = True
    evolve_after: float | str = 0
    initial_options: tuple[tuple[str, Any], ...] = ()
    allocation: str = "uniform"
    steepness: float | str = 6.0
    excess: tuple[float, ...] = ()
    unfolding: str = "im2col"

    def __init__(self, sparsity: Any = None, **given: Any) -> None:
        if sparsity is not None:
            given["sparsity"] = sparsity
        unknown = sorted(set(given) - {f.name for f in fields(self)})
        if unknown:
            raise TypeError(f"a topology has no field {', '.join(unknown)}")
        values = Topology.settings(given.get("method", "ch_snn")) | given
        for name, value in values.items():
            by_kind = name in ("sparsity", "initial_sparsity", "regrowth") and isinstance(value, Mapping)
            object.__setattr__(self, name, tuple(value.items()) if by_kind else value)
        self._check()

    @staticmethod
    def settings(method: str) -> dict[str, Any]:
        """Return all fields as the method has them by itself.

        Examples
        --------
        >>> Topology.settings("ch_snn")["removal"]
        'lrs'
        """
        METHODS.check(method, "method")
        defaults = {f.name: f.default for f in fields(Topology)}
        return defaults | SETTINGS.get(method, {}) | {"method": method}

    def replace(self, **changes: Any) -> Topology:
        """Return the topology with new values for some fields.

        With another method, fields that had the value of the former method by itself get that of the new one.
        """
        own = Topology.settings(self.method)
        mine = {f.name: getattr(self, f.name) for f in fields(self)}
        if changes.get("method", self.method) != self.method:
            mine = {name: value for name, value in mine.items() if value != own[name]}
        return Topology(**(mine | changes))

    def _check(self) -> None:
        """Raise TypeError or ValueError unless the values fit each other."""
        check_pairs(self.method_options, "method_options")
        check_pairs(self.initial_options, "initial_options")
        for name in ("permanent", "as_printed", "percolate"):
            check_flag(getattr(self, name), name)
        check_choice(self.initial, tuple(dict.fromkeys((*CORRELATED, *INITIAL))), "initial")
        allowed = options_of(self.initial)
        for name, _ in self.initial_options:
            if name not in allowed:
                raise ValueError(
                    f"initial_options of {self.initial!r} must be among {', '.join(allowed) or 'none'}; got "
                    f"{name!r}"
                )
        check_choice(self.schedule, tuple(ZETA), "schedule")
        check_choice(self.allocation, tuple(ALLOCATIONS), "allocation")
        check_choice(self.unfolding, UNFOLDINGS, "unfolding")
        self._check_sparsity()
        self._check_times()
        check_fraction(self.zeta, "zeta")
        if self.early_stop is not None:
            check_fraction(self.early_stop, "early_stop")
        self._check_rules()

    def _check_sparsity(self) -> None:
        check_choice(self.density_schedule, tuple(DENSITY), "density_schedule")
        _check_shares(self.sparsity, "sparsity")
        if self.initial_sparsity is not None:
            _check_shares(self.initial_sparsity, "initial_sparsity")
        elif self.density_schedule != "linear" and self.method != "ndsnn":  # which has a start of its own
            raise ValueError(
                f"initial_sparsity is missing: set it for density_schedule {self.density_schedule!r}"
            )
        check_steepness(self.steepness)
        if self.density_schedule != "sigmoid" and self.steepness != self.settings(self.method)["steepness"]:
            raise ValueError(
                f"steepness is that of the density_schedule 'sigmoid', and {self.density_schedule!r} has "
                f"none: leave it out, or take 'sigmoid'; got {self.steepness!r}"
            )
        if self.excess != ():
            if not isinstance(self.excess, tuple) or len(self.excess) != 3:
                raise ValueError(
                    "excess must be () or (more density, share of the evolving part, density after that), "
                    f"such as (0.05, 0.6, 0.025); got {self.excess!r}"
                )
            for value in self.excess:
                check_fraction(value, "each of excess")

    def _check_times(self) -> None:
        for name in ("evolve_every", "evolve_after"):
            check_time(getattr(self, name), name)
        if isinstance(self.until, str):
            check_time(self.until, "until")
        else:
            check_fraction(self.until, "until")

    def _check_rules(self) -> None:
        """Raise where scores or deltas are not allowed."""
        if isinstance(self.regrowth, tuple):
            kinds = [pair[0] for pair in self.regrowth if isinstance(pair, tuple) and len(pair) == 2]
            if sorted(kinds) != ["conv", "linear"]:
                raise ValueError(
                    "regrowth must be a score, or a score for 'conv' and one for 'linear'; got "
                    f"{self.regrowth!r}"
                )
        for kind in ("conv", "linear"):
            self.rule_of(kind)
        check_choice(self.delta_schedule, tuple(DELTA), "delta_schedule")
        if self.delta_end is not None:
            ends = self.delta_end if isinstance(self.delta_end, tuple) else (self.delta_end,) * 2
            for delta in ends:
                check_fraction(delta, "delta_end")
            if len(ends) != 2:
                raise ValueError(f"delta_end must be one number, or two as delta has; got {self.delta_end!r}")
        elif self.delta_schedule != "linear":
            raise ValueError(f"delta_end is missing: set it for delta_schedule {self.delta_schedule!r}")

    def rule_of(self, kind: str) -> EvolutionRule:
        """Return the rule of the evolution of "conv" or "linear" layers, with the delta of the start."""
        regrowth = dict(self.regrowth)[kind] if isinstance(self.regrowth, tuple) else self.regrowth
        if kind == "conv" and self.unfolding != "im2col":
            if regrowth != "ch3_l3n":
                raise ValueError(
                    f"unfolding {self.unfolding!r} scores convolutions by CH3-L3n: set regrowth={{'conv': "
                    f"'ch3_l3n', 'linear': ...}}, or take unfolding 'im2col'; got {regrowth!r}"
                )
            regrowth = f"ch3_l3n_{self.unfolding}"
        return EvolutionRule(
            self.removal, regrowth, self.delta, self.permanent, self.as_printed, self.percolate
        )

    @property
    def rule(self) -> EvolutionRule:
        """The rule of the evolution steps of linear layers, with the delta of the start."""
        return self.rule_of("linear")

    @property
    def first_sparsity(self) -> Any:
        """Share of absent links in every sparse layer at the start, or pairs as `sparsity` has."""
        if self.initial_sparsity is None:
            return self.sparsity
        pairs = (self.sparsity, self.initial_sparsity)
        if not any(isinstance(value, tuple) for value in pairs):
            return self.initial_sparsity
        late, early = (value if isinstance(value, tuple) else (("*", value),) for value in pairs)
        return tuple((dict(late) | dict(early)).items())


def options_of(initial: str) -> tuple[str, ...]:
    """Return the names of the options that a first topology takes.

    Examples
    --------
    >>> options_of("sscti"), options_of("brf")
    (('least_activity', 'zero_diagonal'), ('randomness', 'degrees'))
    """
    if initial in CORRELATED:
        return ("least_activity", "zero_diagonal")
    own = inspect.signature(INITIAL[initial]).parameters.values()
    found = tuple(p.name for p in own if p.kind is p.KEYWORD_ONLY and p.name not in ("rng", "grid", "active"))
    return (*found, "least_activity") if initial == "brf_grid" else found


def _check_shares(value: Any, name: str) -> None:
    """Raise unless a value is a share in [0, 1), or pairs of a kind or pattern and such a share."""
    if isinstance(value, tuple):
        if not value or any(
            not isinstance(pair, tuple) or len(pair) != 2 or not isinstance(pair[0], str) for pair in value
        ):
            raise TypeError(
                f"{name} must be a number, or a mapping such as {{'conv': 0.78, 'linear': 0.99}}; got "
                f"{value!r}"
            )
        for _, share in value:
            _check_shares(share, name)
        return
    check_fraction(value, name)
    if value == 1.0:
        raise ValueError(f"{name} must lie below 1: a network without links cannot learn")
