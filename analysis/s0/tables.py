"""S0's exhibits: its printed tables, the figures that show their numbers, and the grids of our choices."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.engine.drawing import AXES, OURS, PRINTED, Look, Said, Tables, place_dots, select_rows
from analysis.engine.entries import compare_entries
from analysis.engine.exhibit import Exhibit
from analysis.engine.literals import make_exhibits
from analysis.engine.printed import Source
from analysis.engine.sheet import Key, Spread, sample_error
from analysis.engine.table import Answers
from analysis.engine.words import NAMES, choice
from analysis.s0.answers import compare, energy, noisy, sweep
from analysis.s0.competitor_figure import competitors
from analysis.s0.competitors import CROSSES as COMPETITORS
from analysis.s0.competitors import beside
from analysis.s0.costs import seconds
from analysis.s0.crosses import CROSSES
from analysis.s0.grids import GRIDS
from analysis.s0.recipes import SWEEP_IMAGES
from netsci import plot

TEST_IMAGES = {"cifar10-dvs": 1_000, "dvs-gesture": 264}  # others have 10,000, digits at the smoke scale 100
METHODS = ("grad-r", "dpap", "sd-snn", "deep-r", "ch-snn")


def exhibits(first_seed: int = 0, scale: str = "desk") -> list[Exhibit]:
    """Return the exhibits of S0 at a scale ("smoke", "desk" or "paper")."""
    made = {id_: grid.describe(scale, first_seed) for id_, grid in GRIDS.items()}
    made |= {id_: cross.describe(scale, first_seed) for id_, cross in (CROSSES | COMPETITORS).items()}
    return make_exhibits(Path(__file__).parent, made, ANSWERS, scale=scale, first_seed=first_seed)


def error(scale: str) -> Spread:
    """Return what a single seed leaves open: of accuracies the sampling error of the test set."""

    def images(row: str) -> int:
        dataset = row.split("/")[0]
        if scale == "desk" and dataset == "n-mnist":
            return 1_100  # the real recordings at hand
        return 100 if scale == "smoke" else TEST_IMAGES.get(dataset, 10_000)

    def of(keys: Sequence[Key], means: Sequence[float]) -> float:
        columns = [column for _, column in keys]
        choices = [choice(c) >= 0 and not c.startswith("after_") for c in columns]
        known = all(
            c in ("accuracy_percent", "dense_accuracy_percent") or one
            for c, one in zip(columns, choices, strict=True)
        )
        return sample_error(images)(keys, means) if known else np.nan

    return of


def parts(key: Key) -> tuple[Key, ...]:
    """Return the cells whose errors make up that of a cell: of a gain or loss, both networks' accuracies."""
    row, column = key
    if column not in ("accuracy_improvement_percent", "accuracy_loss_percent"):
        return (key,)
    return (row, "accuracy_percent"), (row, "dense_accuracy_percent")


def describe_tuning(row: str) -> str:
    """Return how the networks of a row were tuned."""
    dataset, kind, *_ = row.split("/")
    if kind != "2fc":
        return "learning rate of a preset, not tuned"
    return "tuned on s0-grid" if dataset == "mnist" else "settings of MNIST 2FC, not tuned"


def answer_figure3(scale: str, seeds: range, **said: str) -> Source | str:
    """Answer a cell of Figure 3 as Table 4 does, which has one seed at desk scale, or as Table 2."""
    if "variant" not in said:
        return energy(scale, seeds, **said)
    sparsity = said.pop("measure").removeprefix("sparsity_")
    return sweep(scale, seeds if scale == "paper" else seeds[:1], sparsity=sparsity, **said)


def figure2(said: Said, look: Look, tables: Tables, backend: str) -> Any:
    """Draw each method's gain over its own dense network against link sparsity, by dataset."""
    both = compare_entries(tables)
    wide = both.set_index(["row", "column"])
    names = {
        method: f"{NAMES[method]}, {PRINTED}" if method == "ch-snn" else NAMES[method] for method in METHODS
    }
    ours, frames = f"{NAMES['ch-snn']}, {OURS}", []
    for dataset in ("mnist", "n-mnist", "cifar-10"):
        rows = [row for row in dict.fromkeys(both["row"]) if row.startswith(f"{dataset}/")]
        for method, who in [*((m, PRINTED) for m in METHODS), ("ch-snn", OURS)]:
            own = [row for row in rows if row.endswith(f"/{method}")]
            of = "printed" if who == PRINTED else "mean"
            x = wide[of].reindex([(row, "link_sparsity_percent") for row in own]).to_numpy(float)
            gains = wide.reindex([(row, "accuracy_improvement_percent") for row in own])
            one = {"sparsity": x, "gain": gains[of].to_numpy(float), "low": np.nan, "high": np.nan}
            if who == OURS:
                one |= {end: gains[end].to_numpy(float) for end in ("low", "high")}
            network = [NAMES[row.split("/")[1]] for row in own]
            name = ours if who == OURS else names[method]
            frames.append(pd.DataFrame(one).assign(dataset=NAMES[dataset], method=name, network=network))
    axes = {"sparsity": AXES["link_sparsity_percent"], "gain": AXES["accuracy_improvement_percent"]}
    return plot.scatter(
        pd.concat(frames, ignore_index=True).dropna(subset=["sparsity", "gain"]),
        x="sparsity",
        y="gain",
        low="low",
        high="high",
        text="network",
        hue="method",
        panel="dataset",
        order=[*names.values(), ours],
        hollow={name: ours if name == names["ch-snn"] else name for name in names.values()},
        columns=3,
        labels=axes,
        title=look["title"],
        backend=backend,
    )


def figure3(said: Said, look: Look, tables: Tables, backend: str) -> Any:
    """Draw Figure 3: accuracy, firing rate, energy; dense, CH-SNN and Table 4's sparsities downwards."""

    def spot(row: str, column: str, who: str) -> str:
        dataset, *_, method = row.split("/")
        if method != "both":
            return f"{NAMES[dataset]}, {NAMES[method]}"
        fewer = f", {SWEEP_IMAGES:,} images" if who == OURS and look["scale"] == "desk" else ""
        return f"{NAMES[dataset]}, {choice(column):g} %{fewer}"

    def panel(row: str, column: str, who: str) -> str:
        return AXES.get(column, AXES["accuracy_percent"])

    rows = select_rows(tables, all_printed=True)
    order = {name: number for number, name in enumerate(NAMES)}
    rows = rows.sort_values("row", key=lambda of: of.str.split("/").str[0].map(order), kind="stable")
    return place_dots(rows, look, backend, spot=spot, panel=panel, hue=lambda row, column, who: "")


ANSWERS = Answers(
    runs={
        "compare": compare,
        "beside": beside,
        "energy": energy,
        "sweep": sweep,
        "constant": partial(sweep, schedule="static"),
        "noisy": noisy,
        "figure3": answer_figure3,
    },
    seconds=seconds,
    needs="NETSCI_DATA",
    version=4,
    drawings={"figure2": figure2, "figure3": figure3, "competitors": competitors},
    remark=describe_tuning,
    error=error,
    parts=parts,
)
