"""S2 (CH-trained networks converted to spiking ones): multilayer perceptrons on CIFAR-10, the time lag."""

from dataclasses import replace
from pathlib import Path

from analysis.engine.exhibit import Exhibit
from analysis.engine.literals import make_exhibits
from analysis.s2 import lag_control_table, lag_figure, lag_parts, printed, recipe_tables
from analysis.s2.crosses import CONCENTRATIONS, CROSSES
from analysis.s2.energy import ANSWERS, FIGURES
from analysis.s2.operations import operations

__all__ = ["exhibits"]


def exhibits(first_seed: int = 0, scale: str = "desk") -> list[Exhibit]:
    """Return the exhibits of S2; the scale ("smoke", "desk" or "paper") is that of its trained networks."""
    made = {id_: cross.describe(scale, first_seed) for id_, cross in CROSSES.items()}
    made |= {id_: of.describe(scale, first_seed) for id_, of in CONCENTRATIONS.items()}
    made |= {id_: of(scale).describe(scale, first_seed) for id_, of in FIGURES.items()}
    made["s2-table1"] = recipe_tables.describe()
    made["s2-implied"] = printed.describe()
    made["s2-figure3"] = lag_figure.describe(scale, first_seed)
    made["s2-lag-controls"] = lag_control_table.describe(scale, first_seed)
    made["s2-lag-parts"] = lag_parts.describe(scale, first_seed)
    answers = replace(ANSWERS, runs={**ANSWERS.runs, "operations": operations})
    return make_exhibits(Path(__file__).parent, made, answers, scale=scale, first_seed=first_seed)
