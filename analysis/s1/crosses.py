"""Sparse multilayer perceptrons as tables of accuracies: what is tuned, what the recipe is worth, how sparse.

s1-tuning-*    dense, CHTs, SET and RigL by learning rate and weight decay, on held-out training images
s1-tuning-sparsity   sparse networks with more links, and rules whose density changes, by learning rate
s1-recipe      rule by weight decay, batch normalisation and excess links, on Fashion-MNIST
s1-sparsity-*  rule by sparsity
s1-sparse      sparse against dense on three data sets, by weight decay: S1's and S2's claim
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from analysis.engine.cross import Changes, Cross
from analysis.s1.recipes import (
    BASE,
    CHOSEN_AT,
    DECAY,
    DECAYS,
    DENSER,
    EXCESS,
    MORE_RULES,
    OWN_DECAY,
    PERCEPTRONS,
    RATES,
    RULES,
    TUNED_AT,
    TUNED_RULES,
    VALIDATION,
    choose,
    choose_at,
    seconds,
    shrink,
)

_NORM = {"options": (("hidden", (1000, 1000)), ("norm", "batch"))}
FORMS: dict[str, Changes] = {"plain": {}, "batch norm": _NORM, "excess links": EXCESS}
SWITCHES: dict[str, Changes] = {  # of CHTs and SET, plain and with decay; a rate is times the chosen one
    "rate x 3": {},
    "rate / 3": {},
    "clipped": {"clip": 1.0},
    "warm-up": {"warmup": 2},
    "CSTI": {"initial": "csti"},
    "BRF": {"initial": "brf"},
    "4 evolutions an epoch": {"evolve_every": 0.25},
}
SWITCHED = "plain, decay 5e-4, one value changed"
_TIMES = {"rate x 3": 3.0, "rate / 3": 1.0 / 3.0}
DATA = {"mnist": "MNIST", "fashion-mnist": "Fashion-MNIST", "cifar10-jpeg": "CIFAR-10"}
# Places on the image in place of a ring, as the networks of s0-row have them.
_FIELDS: Changes = {"initial": "brf_grid", "initial_options": (("sigma", 2.0), ("least_activity", 0.05))}
_RULE_OF = {  # whose choice a row of s1-sparse takes
    **{"dense, own choice": "dense", "dense, choice of CHTs": "CHTs"},
    **{"CHTs, fields": "CHTs", "static, fields": "static"},
}
_FIXED = ("dense, own choice", "dense, choice of CHTs", "static")  # without links that come and go
SPARSITIES = (0.8, 0.9, 0.95, 0.99, 0.995)
_cross = partial(Cross, shrink=shrink, seconds=seconds)


def _tuning(data: str, rates: tuple[float, ...], epochs: int) -> Cross:
    columns = {
        f"rate {rate:g}, {name}": {"lr": rate, "weight_decay": decay}
        for name, decay in DECAYS.items()
        for rate in rates
    }
    used = tuple(
        (rule, f"rate {choose(data, rule, decay)['lr']:g}, {name}")
        for rule in TUNED_RULES
        for name, decay in DECAYS.items()
    )
    rows = {name: RULES[name] for name in TUNED_RULES}
    chosen = PERCEPTRONS[data].replace(epochs=epochs, validation=VALIDATION)
    panels = {name: name.partition(", ")[2] for name in columns}
    how: dict[str, Any] = {"tested_on": VALIDATION, "x": "lr", "panels": panels, "used": used}
    return _cross(("network", "choice"), rows, columns, chosen, **how)


def _tuning_sparsity() -> Cross:
    """Return the choice of rates where more links are left, and of the rules whose density changes."""
    rules = {**RULES, **MORE_RULES}
    rows = {
        name: {**rules[name], "weight_decay": choose("fashion-mnist", name)["weight_decay"]}
        for name in ("CHTs", "SET", "RigL", *MORE_RULES)
    }
    columns: dict[str, Changes] = {
        f"{100 * share:g} %, rate {rate:g}": {"sparsity": share, "lr": rate}
        for share in (*DENSER, TUNED_AT)
        for rate in RATES
    }
    left_out = {(row, c) for row in rows for c in columns if row not in MORE_RULES and c.startswith("99 %")}
    base = PERCEPTRONS["fashion-mnist"].replace(epochs=10, validation=VALIDATION)
    panels = {name: name.partition(",")[0] for name in columns}
    used = tuple(
        (rule, f"{100 * share:g} %, rate {rate:g}")
        for rule, rates in CHOSEN_AT.items()
        for share, rate in rates.items()
    )
    how: dict[str, Any] = {"left_out": frozenset(left_out), "tested_on": VALIDATION, "x": "lr"}
    how |= {"panels": panels, "used": used}
    return _cross(("network", "choice"), rows, columns, base, **how)


def _recipe() -> Cross:
    columns: dict[str, Changes] = {}
    for decay, value in DECAYS.items():
        for form, own in FORMS.items():
            columns[f"{form}, {decay}"] = {"weight_decay": value, **own}
    columns |= SWITCHES
    left_out = {
        (rule, column)
        for rule in ("dense", "static")  # without links that come and go
        for column in columns
        if "excess" in columns[column]
    } | {(rule, column) for rule in RULES if rule not in ("CHTs", "SET") for column in SWITCHES}
    chosen = {}
    for rule in RULES:
        for column, changes in columns.items():
            rate = choose("fashion-mnist", rule, changes.get("weight_decay", DECAY))["lr"]
            chosen[rule, column] = {"lr": round(rate * _TIMES.get(column, 1.0), 6)}
    kept: dict[str, Any] = {"left_out": frozenset(left_out), "chosen": chosen}
    kept["panels"] = {
        column: column.partition(", ")[0] if column not in SWITCHES else SWITCHED for column in columns
    }
    return _cross(
        ("rule", "recipe"), RULES, columns, BASE, seeds=3, seeds_of=dict.fromkeys(SWITCHES, 1), **kept
    )


def _sparsity(data: str, seeds: int) -> Cross:
    rules = {**RULES, **MORE_RULES}
    rows = {name: {**own, **choose(data, name)} for name, own in rules.items()}
    rows |= {f"{name}, excess links": {**rows[name], **EXCESS} for name in ("CHTs", "SET")}
    chosen = {
        (row, f"{100 * share:g} %"): choose_at(data, row.partition(",")[0], share)
        for row in rows
        for share in SPARSITIES
    }
    columns: dict[str, Changes] = {f"{100 * share:g} %": {"sparsity": share} for share in SPARSITIES}
    columns["dense"] = {}
    left_out = frozenset(
        (row, column) for row in rows for column in columns if (row == "dense") != (column == "dense")
    )
    density = {name: 1.0 - own.get("sparsity", 0.0) for name, own in columns.items()}
    how: dict[str, Any] = {"left_out": left_out, "seeds": seeds, "x": "density", "values": density}
    how["chosen"] = chosen
    return _cross(("rule", "sparsity"), rows, columns, PERCEPTRONS[data], **how)


def _sparse() -> Cross:
    """Return the table of S1's and S2's claim; most of its runs are those of other tables."""
    dense = {"dense, own choice": RULES["dense"], "dense, choice of CHTs": RULES["dense"]}
    sparse = {name: RULES[name] for name in ("CHTs", "SET", "static")}
    fields = {f"{name}, fields": {**RULES[name], **_FIELDS} for name in ("CHTs", "static")}
    rows = {**dense, **sparse, **fields}
    columns: dict[str, Changes] = {}
    chosen: dict[tuple[str, str], Changes] = {}
    seeds: dict[str | tuple[str, str], int] = {}
    left_out: set[tuple[str, str]] = set()

    def add(column: str, data: str, decay: float | None, without: Iterable[str], **changes: Any) -> None:
        columns[column] = {"data": data, "options": PERCEPTRONS[data].net.options, "epochs": 15, **changes}
        left_out.update((row, column) for row in without)
        chosen.update({(row, column): choose(data, _RULE_OF.get(row, row), decay) for row in rows})

    for data, title in DATA.items():
        for name, decay in DECAYS.items():
            column = f"{title}, {name}"
            without = fields if data == "cifar10-jpeg" or decay != OWN_DECAY[data]["CHTs"] else ()
            add(column, data, decay, without)
            for row in dense if data == "cifar10-jpeg" else ():
                if (row, decay) != ("dense, own choice", OWN_DECAY[data]["dense"]):
                    seeds[row, column] = 1
    for name, decay in DECAYS.items():  # as s1-recipe has them
        other = ("dense, choice of CHTs", *fields)
        add(f"Fashion-MNIST, batch norm, {name}", "fashion-mnist", decay, other, **_NORM)
        add(f"Fashion-MNIST, excess links, {name}", "fashion-mnist", decay, (*_FIXED, *fields), **EXCESS)
    column = "CIFAR-10, 60 epochs"
    add(column, "cifar10-jpeg", None, ("dense, choice of CHTs",), epochs=60)
    seeds["dense, own choice", column] = 1
    add(f"{column}, excess links", "cifar10-jpeg", None, (*_FIXED, *fields), epochs=60, **EXCESS)
    kept: dict[str, Any] = {"left_out": frozenset(left_out), "seeds_of": seeds, "chosen": chosen}
    kept["panels"] = {column: column.partition(", ")[0] for column in columns}
    return _cross(("network", "data"), rows, columns, BASE, seeds=3, **kept)


CROSSES: dict[str, Cross] = {
    "s1-recipe": _recipe(),
    "s1-sparse": _sparse(),
    "s1-sparsity-fashion-mnist": _sparsity("fashion-mnist", 3),
    "s1-sparsity-mnist": _sparsity("mnist", 1),
    "s1-tuning-fashion-mnist": _tuning("fashion-mnist", RATES, 10),
    "s1-tuning-sparsity": _tuning_sparsity(),
    "s1-tuning-mnist": _tuning("mnist", RATES, 10),
    "s1-tuning-cifar10": _tuning("cifar10-jpeg", RATES[:3], 8),
}
