"""From single measurements to the table of speeds, ratios and targets."""

import math
import sys

import pandas as pd
from rich.console import Console
from rich.table import Table

# Ratio to the fastest peer as its own tutorials write it (the image repeated T times) that must be reached.
TARGETS = {
    ("784-1568-10", "train", 0.99): 14.0,
    ("784-1568-10", "infer", 0.99): 22.0,
    ("784-1568-1568-10", "train", 0.99): 14.0,
    ("784-1568-1568-10", "infer", 0.99): 19.0,
    ("784-1568-10", "train", 0.0): 4.0,
    ("784-1568-10", "infer", 0.0): 4.0,
}
KEYS = ["network", "mode", "library", "variant", "sparsity", "role"]
SPEED = "samples_per_cpu_second"
# ratio -> roles among which the fastest (by its median) is the unit
UNITS = {
    "ratio_to_peer": ("peer",),
    "ratio_to_tuned_peer": ("peer", "tuned peer"),
    "ratio_to_own_dense": ("own dense",),
}


def summary(measured: pd.DataFrame) -> pd.DataFrame:
    """Return one row a network, mode and contestant: median, least and greatest over the rounds.

    Ratios are taken within each round. Columns: the keys, the speed, each ratio with `_min` and `_max`,
    `unit_of_...` (who is 1 there), target (NaN where there is none) and met.
    """
    parts = []
    for (network, mode), group in measured.groupby(["network", "mode"], sort=False):
        speeds = group.pivot(index="round", columns=KEYS[2:], values=SPEED)
        columns = {SPEED: speeds}
        for name, roles in UNITS.items():
            column = fastest(speeds, roles)
            columns[name] = speeds.div(speeds[column], axis=0)
        part = pd.concat({key: _spread(values, key) for key, values in columns.items()}, axis=1)
        part.columns = part.columns.droplevel(0)
        part = part.reset_index()
        part.insert(0, "mode", mode)
        part.insert(0, "network", network)
        parts.append(part)
    table = pd.concat(parts, ignore_index=True)
    order = measured[KEYS].drop_duplicates()
    table = order.merge(table, on=KEYS, how="left", validate="one_to_one")
    own = table["role"].str.startswith("own")
    targets = [
        TARGETS.get(key, math.nan)
        for key in table[["network", "mode", "sparsity"]].itertuples(index=False, name=None)
    ]
    table["target"] = pd.Series(targets, table.index).where(own)
    table["met"] = (
        (table["ratio_to_peer"] >= table["target"]).astype(object).where(table["target"].notna(), None)
    )
    return table


def fastest(speeds: pd.DataFrame, roles: tuple[str, ...]) -> tuple:
    """Return the column of the contestant with the highest median among those with such a role."""
    among = [column for column in speeds.columns if column[-1] in roles]
    return max(among, key=lambda column: speeds[column].median())


def _spread(values: pd.DataFrame, name: str) -> pd.DataFrame:
    return pd.DataFrame({name: values.median(), f"{name}_min": values.min(), f"{name}_max": values.max()})


def with_evolution(
    table: pd.DataFrame, network: str, seconds: float, epoch: int, bound: float
) -> pd.DataFrame:
    """Append the cost of an evolution step, also as a share of an epoch at the measured speed."""
    at = (table["network"] == network) & (table["mode"] == "train") & (table["role"] == "own sparse")
    row = table[at & (table["sparsity"] == 0.99)].iloc[0]
    share = seconds / (epoch / row[SPEED])
    added = {**{key: row[key] for key in KEYS}, "mode": "evolution"}
    added |= {"cpu_seconds": seconds, "share_of_epoch": share, "target": bound, "met": bool(share < bound)}
    return pd.concat([table, pd.DataFrame([added])], ignore_index=True)


def show(table: pd.DataFrame) -> None:
    """Print the table, and the cost of evolution below it."""
    head = Table(title="samples per CPU second, one thread, batch 100, T = 8", title_justify="left")
    for name in ("network", "mode", "contestant", "sparsity", "samples/s", "x peer", "x tuned peer"):
        head.add_column(
            name, justify="left" if name in ("network", "mode", "contestant") else "right", no_wrap=True
        )
    for name in ("x own dense", "target", "met"):
        head.add_column(name, justify="right", no_wrap=True)
    for row in table[table["mode"] != "evolution"].to_dict("records"):
        ratio = f"{row['ratio_to_peer']:.2f} ({row['ratio_to_peer_min']:.1f}-{row['ratio_to_peer_max']:.1f})"
        target = "" if math.isnan(row["target"]) else f">= {row['target']:g}"
        head.add_row(
            row["network"],
            row["mode"],
            f"{row['library']} {row['variant']}",
            f"{row['sparsity']:.0%}",
            f"{row[SPEED]:,.0f}",
            ratio,
            f"{row['ratio_to_tuned_peer']:.2f}",
            f"{row['ratio_to_own_dense']:.2f}",
            target,
            {None: "", True: "yes", False: "NO"}[row["met"]],
            end_section=row["library"] == "netsci" and row["sparsity"] == 0.99,
        )
    console = Console(width=None if sys.stdout.isatty() else 140)
    console.print(head)
    console.print(
        "peer: the faster library, image repeated T times (targets are against this); tuned peer: also those "
        "with layer 1 computed once; in brackets the least and greatest ratio of a round"
    )
    for row in table[table["mode"] == "evolution"].to_dict("records"):
        met = "yes" if row["met"] else "NO"
        console.print(
            f"evolution step on {row['network']} at 99 %: {1e3 * row['cpu_seconds']:.0f} ms, "
            f"{row['share_of_epoch']:.1%} of an epoch (below {row['target']:.0%}: {met})"
        )


def verdict(table: pd.DataFrame) -> int:
    """Return 1 if a target is missed, else 0, and say which."""
    missed = table[[met is False for met in table["met"]]]
    for row in missed.to_dict("records"):
        found = row["ratio_to_peer"] if row["mode"] != "evolution" else row["share_of_epoch"]
        where = f"{row['network']} {row['mode']} at {row['sparsity']:.0%}"
        print(f"missed: {where}: {found:.3g}, not {row['target']:g}", file=sys.stderr)
    return int(len(missed) > 0)
