"""When the topology of a run evolves and by how much, from the times and schedules of a recipe.

Times count from the start of the run. A number is epochs, fractions allowed; a text says its unit:

    1, 0.5, "2 epochs"     epochs          "100 steps"     batches

Only `until` differs: as a number it is a share of all epochs. Evolution k = 1, 2, ... is due at the time
evolve_after + k evolve_every, and happens after the batch in which that time lies. All schedules begin at
evolve_after and end at until. Zeta and delta of evolution k are those at

    t = k evolve_every - min(1, evolve_every)        epochs since evolve_after

so the first evolution has the values of the start. Methods whose papers count from the start of the run, as
RigL, take lag=False: t = k evolve_every. The share of absent links is that at k evolve_every in any case.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction

from netsci.topology import DELTA, DENSITY, ZETA, EvolutionRule
from netsci.train.parts import Topology
from netsci.train.times import in_epochs, steepness_over


@dataclass(frozen=True)
class Plan:
    """The evolutions of a run.

    topology : of the recipe. epochs : number of epochs. batches : number of batches in an epoch.
    lag : whether zeta and delta of an evolution are those one interval (at most an epoch) before it.

    Examples
    --------
    >>> from netsci.train.recipe import Topology
    >>> plan = Plan(Topology(evolve_every=0.5, zeta=0.4), epochs=2, batches=15)
    >>> [done for done in range(1, 31) if plan.number(done)]
    [8, 15, 23, 30]
    >>> [round(plan.zeta(k), 3) for k in (1, 2, 3, 4)]
    [0.4, 0.341, 0.2, 0.059]

    Source: S0 eq. 26; S1 appendix C (every, first, until).
    """

    topology: Topology
    epochs: int
    batches: int
    lag: bool = True

    def __post_init__(self) -> None:
        if 0 < self._every * self.batches < 1:
            raise ValueError(
                f"evolve_every must be at least one batch, 1/{self.batches} of an epoch here; got "
                f"{self.topology.evolve_every!r}"
            )
        last = max(0, math.floor((self.epochs - self._after) / self._every)) if self._every else 0
        early, late = self.topology.initial_sparsity, self.topology.sparsity
        changes = early not in (None, late) or self.topology.excess
        if changes and (not last or self.elapsed(last) < 1.0):
            raise ValueError(
                f"evolve_every = {self.topology.evolve_every!r} must bring an evolution between the end of "
                f"the course of the density (until = {self.topology.until!r}) and of {self.epochs} epochs, "
                "or the network misses its sparsity: evolve more often, or lower until"
            )

    @property
    def whole(self) -> bool:
        """Whether the topology changes at the end of epochs only."""
        return self._every.denominator == self._after.denominator == 1

    def number(self, done: int) -> int:
        """Return the number k of the evolution that happens after `done` batches; 0 if there is none.

        Examples
        --------
        >>> from netsci.train.recipe import Topology
        >>> plan = Plan(Topology(evolve_every="10 steps", evolve_after=1), epochs=3, batches=15)
        >>> [plan.number(done) for done in (10, 15, 25, 26, 35)]
        [0, 0, 1, 0, 2]
        """
        if not self._every:
            return 0
        length, begin = self._every * self.batches, self._after * self.batches
        now, before = (max(0, math.floor((n - begin) / length)) for n in (done, done - 1))
        return now if now > before else 0

    def zeta(self, number: int) -> float:
        """Return the share of links that an evolution removes."""
        length = self._length
        return (
            ZETA[self.topology.schedule](self.topology.zeta, self._time(number), length, 1.0)
            if length
            else 0.0
        )

    def elapsed(self, number: int) -> float:
        """Return the share of the evolving part, from evolve_after to until, that is over at an evolution."""
        return min(1.0, float(number * self._every) / self._length) if self._length else 1.0

    def rule(self, number: int, kind: str = "linear") -> EvolutionRule:
        """Return the rule of an evolution of "linear" or "conv" layers, with its delta."""
        rule, last = self.topology.rule_of(kind), self.topology.delta_end
        if last is None or not self._length:
            return rule
        ends = last if isinstance(last, tuple) else (last, last)
        schedule, t = DELTA[self.topology.delta_schedule], self._time(number)
        starts = (rule.delta_removal, rule.delta_regrowth)
        first, second = (schedule(a, b, t, self._length, 1.0) for a, b in zip(starts, ends, strict=True))
        return replace(rule, delta=(first, second))

    def sparsity(self, number: int, layer: str = "") -> float:
        """Return the share of absent links after an evolution, without those in excess.

        layer : its name, if the sparsities of the topology are pairs of a name and a share.
        """
        first, last = (
            dict(value)[layer] if isinstance(value, tuple) else value
            for value in (self.topology.initial_sparsity, self.topology.sparsity)
        )
        if first is None or not self._length:
            return float(last)
        name, options = self.topology.density_schedule, {}
        if name == "sigmoid":
            options["steepness"] = steepness_over(self.topology.steepness, self._length)
        time = float(number * self._every)
        return float(DENSITY[name](first, last, time, self._length, 1.0, **options))

    def excess(self, number: int) -> float:
        """Return by how much the density after an evolution is above that of `sparsity`.

        Examples
        --------
        >>> plan = Plan(Topology(excess=(0.05, 0.6, 0.025), until=0.5), epochs=20, batches=15)
        >>> [plan.excess(k) for k in (1, 5, 6, 9, 10, 20)]
        [0.05, 0.05, 0.025, 0.025, 0.0, 0.0]
        """
        if not self.topology.excess or self.elapsed(number) >= 1.0:
            return 0.0
        more, share, later = self.topology.excess
        return more if self.elapsed(number) < share else later

    @property
    def _every(self) -> Fraction:
        return in_epochs(self.topology.evolve_every, self.batches)

    @property
    def _after(self) -> Fraction:
        return in_epochs(self.topology.evolve_after, self.batches)

    @property
    def _length(self) -> float:
        """Epochs from evolve_after to until."""
        until = self.topology.until
        end = float(in_epochs(until, self.batches)) if isinstance(until, str) else until * self.epochs
        return max(0.0, end - float(self._after))

    def _time(self, number: int) -> float:
        return float(number * self._every - (min(Fraction(1), self._every) if self.lag else 0))
