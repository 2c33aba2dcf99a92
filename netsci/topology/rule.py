"""The rule of an evolution step: the scores of removal and regrowth, and how strictly they decide."""

from dataclasses import dataclass

from netsci.graph.checks import check_choice, check_fraction
from netsci.topology.scores import REGROWTH, REMOVAL


@dataclass(frozen=True)
class EvolutionRule:
    """Which links an evolution removes, and which it regrows.

    Parameters
    ----------
    removal, regrowth : names in `REMOVAL` and `REGROWTH`.
    delta : how strictly scores decide, in [0, 1]: 0 random, 0.5 proportional to the score, 1 deterministic.
        One number, or a pair (removal, regrowth).
    permanent : whether units that percolated away get no new links. If False, every missing cell may regrow.
    percolate : whether to remove links on no path from an entry to an exit too (chain removal). If False,
        every layer evolves by itself and every missing cell may regrow.
    decay : which links go first if the target is below their number: those of the lowest relative importance
        ("ri"), or of the lowest removal score ("removal", also for a layer without weights). Chance has a
        part in it only if that score is random.
    as_printed : True draws the links to *remove* with odds strength^(delta / (1 - delta)), for an ablation.

    Raises
    ------
    TypeError, ValueError
        If a name is unknown or a delta lies outside [0, 1].

    Examples
    --------
    >>> EvolutionRule("lrs", "ch3_l3", (0.5, 1)).delta_regrowth
    1.0

    Source: S0 eqs. 20-25; S1 appendix B (decay by relative importance).
    Reading: as printed, S0 eq. 21 removes strong links most often. The code of the laboratory keeps them, and
        this function too. The exponent is applied to the whole score, not inside its path sum (eq. 23).
    """

    removal: str = "magnitude"
    regrowth: str = "ch3_l3"
    delta: float | tuple[float, float] = 0.5
    permanent: bool = True
    as_printed: bool = False
    percolate: bool = True
    decay: str = "ri"

    def __post_init__(self) -> None:
        check_choice(self.removal, tuple(REMOVAL), "removal")
        check_choice(self.regrowth, tuple(REGROWTH), "regrowth")
        check_choice(self.decay, ("ri", "removal"), "decay")
        pair = self.delta if isinstance(self.delta, (tuple, list)) else (self.delta, self.delta)
        if len(pair) != 2:
            raise ValueError(f"delta must be one number or a pair (removal, regrowth); got {self.delta!r}")
        for delta in pair:
            check_fraction(delta, "delta")
        for name in ("permanent", "as_printed", "percolate"):
            if not isinstance(getattr(self, name), bool):
                raise TypeError(f"{name} must be True or False; got {getattr(self, name)!r}")
        if isinstance(self.delta, list):
            object.__setattr__(self, "delta", tuple(self.delta))

    @property
    def delta_removal(self) -> float:
        """Strictness of removal."""
        return float(self.delta[0] if isinstance(self.delta, tuple) else self.delta)

    @property
    def delta_regrowth(self) -> float:
        """Strictness of regrowth."""
        return float(self.delta[1] if isinstance(self.delta, tuple) else self.delta)
