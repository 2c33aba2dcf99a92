"""From masks to a chain of layers, and what is said where they do not chain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp

from netsci.arguments import check_iterable, shorten
from netsci.graph.checks import as_links, as_whole
from netsci.graph.projection import Population, Projection


def chain(
    masks: Iterable[Any],
    weights: Sequence[Any] | None,
    names: Sequence[str] | None,
    rows_per_unit: Sequence[int] | None,
) -> tuple[tuple[Population, ...], tuple[Projection, ...]]:
    """Return the parts of `LayeredGraph.from_masks`, which says what the arguments are."""
    if sp.issparse(masks) or getattr(masks, "ndim", None) == 2:
        raise ValueError(
            "masks must be a list with one matrix for each layer; got a single matrix: pass [mask]"
        )
    check_iterable(masks, "masks", "a list with one matrix for each layer")
    for given, what in ((weights, "weights"), (names, "names")):
        if given is not None and not isinstance(given, (Sequence, np.ndarray)):
            raise TypeError(
                f"{what} must be a list with one entry for each mask, or None; got {shorten(given)}"
            )
    links = [as_links(mask, f"mask {i}") for i, mask in enumerate(masks)]
    if not links:
        raise ValueError("from_masks needs at least one mask")
    rows = _rows(rows_per_unit, len(links))
    for given, what in ((rows, "rows_per_unit"), (weights, "weights"), (names, "names")):
        if given is not None and len(given) != len(links):
            raise ValueError(f"{what} needs one entry for each of the {len(links)} masks; got {len(given)}")
    for i in range(1, len(links)):
        _check_chain(links, rows, i)
    widths = [links[0].shape[0] // max(rows[0], 1)] + [mask.shape[1] for mask in links]
    projections = [
        Projection(
            f"layer{i}",
            f"layer{i + 1}",
            mask,
            None if weights is None else weights[i],
            rows[i],
            "" if names is None else names[i],
        )
        for i, mask in enumerate(links)
    ]
    return tuple(Population(f"layer{i}", width) for i, width in enumerate(widths)), tuple(projections)


def transpose_hint(fits_transposed: bool) -> str:
    """Return what to add to an error about a shape whose transpose would fit."""
    return ". Its transpose would fit: torch keeps [out, in]" if fits_transposed else ""


def _rows(rows_per_unit: Sequence[int] | None, count: int) -> list[int]:
    if rows_per_unit is None:
        return [1] * count
    try:
        given = list(rows_per_unit)
    except TypeError:
        raise TypeError(
            f"rows_per_unit needs a list with one whole number for each mask; got {rows_per_unit!r}"
        ) from None
    return [as_whole(rows, f"rows_per_unit of mask {i}") for i, rows in enumerate(given)]


def _check_chain(links: Sequence[sp.csr_array], rows_per_unit: Sequence[int], i: int) -> None:
    """Raise where mask i does not continue mask i - 1."""
    width, rows = links[i - 1].shape[1], links[i].shape[0]
    if rows == width * rows_per_unit[i]:
        return
    each = f" x {rows_per_unit[i]} rows a unit" if rows_per_unit[i] != 1 else ""
    hint = transpose_hint(links[i].shape[1] == links[i - 1].shape[0])
    if not hint and width and rows % width == 0:
        hint = (
            f". If this is a convolution or a flatten, pass rows_per_unit with {rows // width} for this mask"
        )
    raise ValueError(
        f"mask {i} has {rows} rows, but mask {i - 1} has {width} columns{each}: a mask is "
        "[presynaptic, postsynaptic], so its columns are the rows of the next mask" + hint
    )
