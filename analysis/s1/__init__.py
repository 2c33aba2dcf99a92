"""S1 (conversion of CHT networks): Figure 3 on digits, and sparse ANNs by rule, recipe and sparsity."""

from pathlib import Path

from analysis.engine.exhibit import Exhibit
from analysis.engine.literals import make_exhibits
from analysis.s1 import figure3, printed, recipe_tables
from analysis.s1.converted_nets import FIGURES
from analysis.s1.converted_vit import FIGURES as FIGURE5
from analysis.s1.convolutions import CONCENTRATIONS
from analysis.s1.convolutions import CROSSES as CONVOLUTIONS
from analysis.s1.crosses import CROSSES
from analysis.s1.pruned_nets import CROSSES as PRUNED
from analysis.s1.pruned_nets import PRUNED_CONCENTRATIONS
from analysis.s1.tables import ANSWERS

__all__ = ["exhibits"]


def exhibits(first_seed: int = 0, scale: str = "desk") -> list[Exhibit]:
    """Return the exhibits of S1; the scale ("smoke", "desk" or "paper") is that of its trained networks."""
    made = {
        id_: cross.describe(scale, first_seed) for id_, cross in {**CROSSES, **CONVOLUTIONS, **PRUNED}.items()
    }
    made |= {
        id_: of.describe(scale, first_seed) for id_, of in {**CONCENTRATIONS, **PRUNED_CONCENTRATIONS}.items()
    }
    made |= {id_: of.describe(scale, first_seed) for id_, of in {**FIGURES, **FIGURE5}.items()}
    made |= recipe_tables.describe()
    made["s1-figure3"] = figure3.describe(first_seed)
    made["s1-implied"] = printed.describe()
    return make_exhibits(Path(__file__).parent, made, ANSWERS, scale=scale, first_seed=first_seed)
