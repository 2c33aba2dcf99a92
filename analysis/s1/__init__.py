"""S1 (conversion of CHT networks): Figure 3 on digits, and sparse ANNs by rule, recipe and sparsity."""

from pathlib import Path

from analysis.engine.exhibit import Exhibit
from analysis.engine.literals import make_exhibits
from analysis.engine.table import Answers
from analysis.s1 import figure3, printed
from analysis.s1.convolutions import CONCENTRATIONS
from analysis.s1.convolutions import CROSSES as CONVOLUTIONS
from analysis.s1.crosses import CROSSES

__all__ = ["exhibits"]


def exhibits(first_seed: int = 0, scale: str = "desk") -> list[Exhibit]:
    """Return the exhibits of S1; the scale ("smoke", "desk" or "paper") is that of its trained networks."""
    made = {id_: cross.describe(scale, first_seed) for id_, cross in {**CROSSES, **CONVOLUTIONS}.items()}
    made |= {id_: of.describe(scale, first_seed) for id_, of in CONCENTRATIONS.items()}
    made["s1-figure3"] = figure3.describe(first_seed)
    made["s1-implied"] = printed.describe()
    return make_exhibits(Path(__file__).parent, made, Answers(), first_seed=first_seed)
