"""The command `netsci prune`: prune the network in a file, and say what it cost, in a few plain lines."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from netsci.choices import suggest
from netsci.prune.method_table import METHODS
from netsci.train.prune_options import DEPGRAPH, Wanted, check_method, read_groups, read_sparsity

Save = Callable[[Path, Callable[[Path], object]], Path]


def run(
    network: Path,
    out: Path,
    *,
    method: str | None,
    sparsity: str | None,
    n_m: str | None,
    data: str | None,
    epochs: int,
    device: str,
    save: Save,
) -> dict[str, Any]:
    """Prune a network, write the result to `out` by `save`, and return what came of it.

    Raises
    ------
    UnreadableError, TypeError, ValueError
        If the file is no network, or the method, its values or the data do not fit it.
    ModuleNotFoundError
        If torch, or for depgraph torch-pruning, is not installed.
    """
    name, share, groups = check_method(method), read_sparsity(sparsity), read_groups(n_m)
    if share is None and groups is None:
        raise ValueError("--sparsity is missing: give the share of links that go, such as 0.7, or --n-m 2:4")
    if epochs < 0:
        raise ValueError(f"--fine-tune must be at least 0 epochs; got {epochs}")
    from netsci.data import names
    from netsci.train import prune_file as files
    from netsci.train.devices import check_device
    from netsci.train.network_file import save_network

    if data is not None and data not in names():
        raise ValueError(f"--data must be one of {', '.join(names())}; got {data!r}{suggest(data, names())}")
    check_device(device)
    wanted = Wanted(name, share, groups, data, epochs, device)
    opened = files.open_trained(network)
    inputs, why = _find_data(opened, wanted)
    if epochs and why:
        raise ValueError(f"--fine-tune needs data of the network's {opened.classes} classes: {why}")
    pruned, recipe, accuracy = files.prune_opened(opened, wanted, inputs, tested=not why)
    calibrated = inputs is not None and (name == DEPGRAPH or METHODS[name].reads != "nothing")
    made = {
        "method": name,
        "sparsity": share,
        "n_m": groups,
        "data": None if inputs is None else inputs.source,
        "calibration_images": min(files.CALIBRATION, inputs.n_train) if calibrated else 0,
        "test_images": 0 if inputs is None or why else inputs.n_test,
        "fine_tuned_epochs": epochs,
        "fine_tuning_rate": files.TUNED * recipe.optimisation.lr if epochs else None,
        "recipe": "defaults" if opened.recipe.task.data == files.UNKNOWN else "file",
        "accuracy": accuracy,
    }
    notes = {"made": files.MADE, "pruned": json.dumps(made)}
    how: dict[str, Any] = {"shape": opened.shape, "classes": opened.classes, "notes": notes}
    save(out, lambda place: save_network(place, pruned, recipe, **how))
    before, after = files.count_links(opened.model), files.count_links(pruned)
    rows = [(before[layer][0], *after[layer]) for layer in after]
    layers = [_count(layer, *row) for layer, row in zip(after, rows, strict=True)]
    total = _count("all", *map(sum, zip(*rows, strict=True)))
    return {"network": str(network), "out": str(out), **made, "layers": layers, "all": total, "note": why}


def _find_data(opened: Any, wanted: Any) -> tuple[Any, str]:
    """Return the data, or None and why there are none; raise where they were asked for by name."""
    from netsci.train.prune_file import open_data

    try:
        inputs = open_data(opened, wanted)
    except (ValueError, OSError) as error:
        if wanted.data is not None:
            raise
        return None, f"no accuracy, since the data are not there ({error})"
    if inputs.classes != opened.classes:
        return inputs, (
            f"no accuracy, since {inputs.recipe.task.data} has {inputs.classes} classes and the network "
            f"{opened.classes}"
        )
    return inputs, ""


def _count(layer: str, before: int, after: int, cells: int) -> dict[str, Any]:
    sparsity = 1.0 - after / cells
    return {"layer": layer, "links_before": before, "links_after": after, "sparsity": sparsity}


def describe(told: dict[str, Any]) -> str:
    """Return what `run` returned as a table in plain lines.

    Examples
    --------
    >>> row = {"layer": "fc", "links_before": 8, "links_after": 2, "sparsity": 0.75}
    >>> print(describe({"layers": [row], "all": row | {"layer": "all"}, "accuracy": {}, "note": "no data"}))
    layer  links before  links after  sparsity
    fc                8            2      75 %
    all               8            2      75 %
    no data
    """
    rows = [("layer", "links before", "links after", "sparsity")]
    for one in [*told["layers"], told["all"]]:
        share = f"{100 * one['sparsity']:.4g} %"
        rows.append((one["layer"], f"{one['links_before']:,}", f"{one['links_after']:,}", share))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *(row[k].rjust(widths[k]) for k in range(1, len(row)))])
        for row in rows
    ]
    names = {"before": "before", "pruned": "after pruning", "fine_tuned": "after fine-tuning"}
    if told["accuracy"]:
        said = ", ".join(f"{100 * value:.2f} % {names[name]}" for name, value in told["accuracy"].items())
        lines.append(f"accuracy {said} ({told['test_images']:,} test images of: {told['data']})")
    if told.get("fine_tuned_epochs"):
        epochs, rate = told["fine_tuned_epochs"], told["fine_tuning_rate"]
        lines.append(f"trained for {epochs} more epochs at the rate {rate:g}, a tenth of the recipe's")
        if told["recipe"] == "defaults":
            lines.append(
                "the file has no recipe: rate, optimizer and schedule are the defaults of netsci train"
            )
    return "\n".join([*lines, *([told["note"]] if told["note"] else [])])
