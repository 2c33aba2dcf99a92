"""Speed of pruning against sorting and against the published order of steps of SparseGPT.

Choosing the links of a layer by RIA and Wanda, and the same formulas with torch.sort, as the released codes
have them, in a few lines. SparseGPT of a layer from its inputs on (statistics, factor, sweep), in units of
U, one product of 4096 x 4096 matrices in float32, beside the published order of steps: a full product for H,
Cholesky, inverse, Cholesky, column after column. One thread, processor time, medians; ratios are taken
within a round.

    python benchmarks/prune.py [--repeat 7] [--inputs 3072] [--outputs 768] [--rows 4096] [--sparsity 0.7]
        [--json]

Exits with status 1 if a goal is missed, or weights differ by more than 1e-6 of the largest one from those of
the published order of steps in float64.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from netsci.prune import InputStatistics, prune_mask, sparsegpt

FASTER = (10.0, 20.0)  # times as fast as sorting, goal and aim
UNITS = (1.5, 1.0)  # of U, goal and aim
SIDE = 4096  # of the matrices of U
NEAR = 1e-6  # of the largest weight
BLOCK = 128


def sort_ria(weight: torch.Tensor, moments: torch.Tensor, sparsity: float) -> torch.Tensor:
    """Return what goes, [out, in], by the sorted scores of a layer."""
    size = weight.abs()
    score = (size / size.sum(0) + size / size.sum(1, keepdim=True)) * moments.sqrt() ** 0.5
    return score <= torch.sort(score.flatten())[0][int(score.numel() * sparsity)]


def sort_wanda(weight: torch.Tensor, moments: torch.Tensor, sparsity: float) -> torch.Tensor:
    """Return what goes, [out, in], by the sorted scores of each output."""
    score = weight.abs() * moments.sqrt()
    gone = torch.zeros(score.shape, dtype=torch.bool)
    order = torch.sort(score, dim=1, stable=True)[1][:, : int(score.shape[1] * sparsity)]
    return gone.scatter_(1, order, True)


def sweep_as_published(weight: torch.Tensor, x: torch.Tensor, sparsity: float) -> torch.Tensor:
    """Return the weights [out, in] of SparseGPT by the published order of steps, with exact counts."""
    weight = weight.clone()
    hessian = 2 / len(x) * (x.T @ x)
    hessian.diagonal().add_(0.01 * hessian.diagonal().mean())
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(hessian))
    upper = torch.linalg.cholesky(inverse, upper=True)
    for first in range(0, weight.shape[1], BLOCK):
        last = first + BLOCK
        part, own = weight[:, first:last].clone(), upper[first:last, first:last]
        score = part**2 / own.diagonal() ** 2
        bound = torch.sort(score.flatten())[0][int(score.numel() * sparsity + 1e-9) - 1]
        gone, errors = score <= bound, torch.zeros_like(part)
        for i in range(part.shape[1]):
            kept = torch.where(gone[:, i], 0, part[:, i])
            errors[:, i] = (part[:, i] - kept) / own[i, i]
            part[:, i:] -= errors[:, i : i + 1] @ own[i : i + 1, i:]
            part[:, i] = kept
        weight[:, first:last] = part
        weight[:, last:] -= errors @ upper[first:last, last:]
    return weight


def seconds(call: Callable[[], Any]) -> float:
    begin = time.process_time()
    call()
    return time.process_time() - begin


def compare(calls: dict[str, Callable[[], Any]], repeat: int) -> list[dict[str, float]]:
    """Return the seconds of each call, round by round, after one round that is not counted."""
    for call in calls.values():
        call()
    return [{name: seconds(call) for name, call in calls.items()} for _ in range(repeat)]


def measure_choice(name: str, options: argparse.Namespace) -> dict[str, Any]:
    weight, x = draw(options)
    moments = InputStatistics(hessian=False).add(x)
    c = torch.from_numpy(moments.moments.astype(np.float32))
    peer = {"ria": sort_ria, "wanda": sort_wanda}[name]
    calls = {
        "ours": lambda: prune_mask(weight.T, name, options.sparsity, inputs=moments),
        "sorted": lambda: peer(weight, c, options.sparsity),
    }
    kept, gone = calls["ours"]().T, calls["sorted"]().numpy()
    apart = int((kept == gone).sum())
    if apart > 1 + 1e-6 * weight.numel():  # the released threshold takes one more
        sys.exit(f"{name}: {apart} links differ from those of the sorted scores")
    rounds = compare(calls, options.repeat)
    return {
        "work": f"{name} {options.outputs} x {options.inputs}",
        "ms": 1e3 * statistics.median(r["ours"] for r in rounds),
        "peer_ms": 1e3 * statistics.median(r["sorted"] for r in rounds),
        "faster": statistics.median(r["sorted"] / r["ours"] for r in rounds),
    }


def measure_sweep(options: argparse.Namespace) -> dict[str, Any]:
    weight, x = draw(options)
    side = torch.ones(SIDE, SIDE)
    calls = {
        "unit": lambda: side @ side,
        "ours": lambda: sparsegpt(weight.T, InputStatistics().add(x), options.sparsity)[0],
        "published": lambda: sweep_as_published(weight, x, options.sparsity),
    }
    found = calls["ours"]().T
    wanted = sweep_as_published(weight.double(), x.double(), options.sparsity).numpy()
    same = (found != 0) == (wanted != 0)  # at equal scores float32 may choose another link
    rounds = compare(calls, max(1, options.repeat // 2))
    return {
        "work": f"sparsegpt {options.outputs} x {options.inputs}, {options.rows} rows",
        "ms": 1e3 * statistics.median(r["ours"] for r in rounds),
        "peer_ms": 1e3 * statistics.median(r["published"] for r in rounds),
        "unit_ms": 1e3 * statistics.median(r["unit"] for r in rounds),
        "units": statistics.median(r["ours"] / r["unit"] for r in rounds),
        "peer_units": statistics.median(r["published"] / r["unit"] for r in rounds),
        "apart": float(np.abs(found - wanted)[same].max() / np.abs(weight.numpy()).max()),
        "other_links": int((~same).sum()),
        "links": int(same.size),
    }


def draw(options: argparse.Namespace) -> tuple[torch.Tensor, torch.Tensor]:
    """Return weights [out, in] and inputs [rows, in]."""
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(options.outputs, options.inputs, generator=generator)
    return weight, torch.randn(options.rows, options.inputs, generator=generator)


def find_missed(choices: list[dict[str, Any]], sweep: dict[str, Any]) -> list[str]:
    missed = [r["work"] for r in choices if r["faster"] < FASTER[0]]
    few = sweep["other_links"] <= 1e-5 * sweep["links"]
    return missed + [sweep["work"]] * (sweep["units"] > UNITS[0] or sweep["apart"] > NEAR or not few)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--inputs", type=int, default=3072)
    parser.add_argument("--outputs", type=int, default=768)
    parser.add_argument("--rows", type=int, default=4096)
    parser.add_argument("--sparsity", type=float, default=0.7)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    with threadpool_limits(1):  # NumPy's and SciPy's products, too
        choices = [measure_choice(name, options) for name in ("ria", "wanda")]
        sweep = measure_sweep(options)
    if options.json:
        print(json.dumps([*choices, sweep], indent=1))
    else:
        for r in choices:
            print(
                f"{r['work']:34} {r['ms']:>8.1f} ms, sorted {r['peer_ms']:>8.1f} ms: {r['faster']:>5.1f} "
                f"times as fast (goal {FASTER[0]:g}, aim {FASTER[1]:g})"
            )
        print(f"U, {SIDE} x {SIDE} x {SIDE} {'':14} {sweep['unit_ms']:>8.1f} ms")
        print(
            f"{sweep['work']:34} {sweep['ms']:>8.1f} ms = {sweep['units']:.2f} U (goal {UNITS[0]:g}, aim "
            f"{UNITS[1]:g}); published order {sweep['peer_ms']:.1f} ms = {sweep['peer_units']:.2f} U; "
            f"weights {sweep['apart']:.1e} apart, {sweep['other_links']} links differ"
        )
    missed = find_missed(choices, sweep)
    for work in missed:
        print(f"missed: {work}", file=sys.stderr)
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
