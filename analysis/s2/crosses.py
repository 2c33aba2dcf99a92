"""S2's claim on multilayer perceptrons: networks 3072-3072-3072-10 on CIFAR-10, by rule and length.

s2-mlp   rule by sparsity, epochs and augmentation; curves over epochs and over processor time
s2-topology   what these rules make of the links: S1 Figure 3's measures of networks of 60 epochs
"""

from __future__ import annotations

from analysis.engine.cross import Changes, Cross
from analysis.s1.concentration import Concentration
from analysis.s1.recipes import EXCESS, MORE_RULES, PERCEPTRONS, RULES, choose, seconds, shrink

DATA = "cifar10-jpeg"
SPARSE = ("CHTs", "CHT", "SET", "RigL", "static", "GMP")
LONG, SHORT, MIDDLE = 60, 15, 20
COLUMNS: dict[str, Changes] = {
    "60 epochs": {"epochs": LONG},
    "60 epochs, excess links": {"epochs": LONG, **EXCESS},
    "60 epochs, crop and flip": {"epochs": LONG, "augment": "crop_flip"},
    "20 epochs, 95 %": {"epochs": MIDDLE, "sparsity": 0.95},
    "15 epochs": {"epochs": SHORT},
    "15 epochs, choice of CHTs": {"epochs": SHORT},
}
RUN = {  # column -> the rows that are run, with their numbers of seeds
    "60 epochs": {**dict.fromkeys(SPARSE, 3), "GMP": 1, "dense": 1},
    "60 epochs, excess links": {"CHTs": 3, "SET": 3},
    "60 epochs, crop and flip": {"CHTs": 1, "dense": 1},
    "20 epochs, 95 %": {"CHTs": 1, "SET": 1},
    "15 epochs": {"CHTs": 3, "SET": 3, "static": 3, "dense": 3},
    "15 epochs, choice of CHTs": {"dense": 1},
}


def _mlp() -> Cross:
    rules = {**RULES, **MORE_RULES}
    rows = {name: rules[name] for name in ("dense", *SPARSE)}
    keys = [(row, column) for row in rows for column in COLUMNS]
    chosen = {key: choose(DATA, key[0]) for key in keys}
    chosen["dense", "15 epochs, choice of CHTs"] = choose(DATA, "CHTs")
    return Cross(
        ("network", "training"),
        rows,
        COLUMNS,
        PERCEPTRONS[DATA],
        shrink,
        seconds,
        chosen=chosen,
        left_out=frozenset((row, column) for row, column in keys if row not in RUN[column]),
        seeds=3,
        seeds_of={(row, column): n for column, of in RUN.items() for row, n in of.items()},
        courses=True,
        drawn=frozenset({("dense", "15 epochs"), *((row, "60 epochs") for row in rows)}),
        networks={row: 5 if row == "dense" else 0 for row in rows},
    )


CROSSES: dict[str, Cross] = {"s2-mlp": _mlp()}
CONCENTRATIONS = {
    "s2-topology": Concentration(
        CROSSES["s2-mlp"],
        "60 epochs",
        {"static": "random", "CHTs": "CHTs", "CHT": "CHT", "SET": "SET", "RigL": "RigL", "GMP": "GMP"},
        layers=("layers.0", "layers.1"),
        populations=("input", "hidden 1", "hidden 2"),
        evolutions=dict.fromkeys(("CHTs", "CHT", "SET", "RigL", "GMP"), round(0.75 * LONG)),
        control="CHTs",
        drawn=False,
    )
}
