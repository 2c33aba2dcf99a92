"""Receptive fields: first topologies that link near units, on a ring or on the pixels of an image."""

import math
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.arguments import as_whole, check_iterable, read_array
from netsci.graph.checks import check_choice, check_fraction, check_generator, check_number
from netsci.topology.cells import check_shape, links_of

_BLOCK_CELLS = 2**22  # receptive fields are drawn for as many rows at once as fill this many cells
_STEEPEST = 1e300  # an exponent short of infinity, which times a distance of 0 would be undefined


def brf(
    shape: tuple[int, int],
    links: int,
    *,
    randomness: float = 0.3,
    degrees: str = "even",
    rng: np.random.Generator,
) -> sp.csr_array:
    """Return bipartite receptive fields: a row links with higher probability to columns near its own place.

    p(row i draws column j) ~ (1 + d_ij)^-((1 - r) / r), without replacement,
    d_ij = distance of j from i columns / rows on a ring of all columns

    randomness : r, in [0, 1]: at 0 a row takes its nearest columns (the lower of two at equal distance), at 1
    any columns. degrees : "even", each row has links // rows links or one more, and the rows with one more
    are spread evenly; or "multinomial", each row has one link (if there are enough), and the other links
    fall on random rows that are not full. shape, links, rng : as in `netsci.topology.uniform`. Returns a bool
    CSR of that shape.

    Raises ValueError if there are more links than cells or an option is not allowed.

    Examples
    --------
    >>> brf((3, 6), 6, randomness=0.0, rng=np.random.default_rng(7)).toarray().astype(int).tolist()
    [[1, 1, 0, 0, 0, 0], [0, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 0]]

    Source: S1 appendix C names it; formula of the CHT laboratory.
    Reading: that code places rows at i floor(columns / rows); here both sides cover the ring to its end.
    """
    check_generator(rng)
    check_fraction(randomness, "randomness")
    check_choice(degrees, ("even", "multinomial"), "degrees")
    (rows, columns), links = check_shape(shape, links)
    if degrees == "even":
        count = np.diff(np.arange(rows + 1) * links // rows)
    else:
        count = _multinomial_degrees(rows, columns, links, rng)
    places = np.unique(np.clip(np.concatenate([count, count - 1]), 0, columns - 1))
    cells = []
    step = max(1, _BLOCK_CELLS // columns)
    for first in range(0, rows, step):
        block = np.arange(first, min(first + step, rows))
        order = _order_keys(block, rows, columns, randomness, rng)
        best = np.argpartition(order, places, axis=1)[:, : max(int(count.max()), 1)]
        taken = np.arange(best.shape[1]) < count[block, None]
        cells.append((block[:, None] * columns + best)[taken])
    return links_of(np.concatenate(cells), (rows, columns))


def brf_grid(
    shape: tuple[int, int],
    links: int,
    *,
    grid: tuple[int, int, int] | None = None,
    sigma: float = 2.0,
    active: Any = None,
    rng: np.random.Generator,
) -> sp.csr_array:
    """Return receptive fields in two dimensions: a column draws its inputs around a random place of an image.

    p(column draws row i) ~ exp(-d_i^2 / (2 sigma^2)), without replacement, d_i = distance in pixels of the
    place of row i from the place of the column

    Each column has links // columns links or one more; which have one more is random. The place of a column
    is that of a row drawn uniformly from the active ones. Channels do not count in the distance.

    Parameters
    ----------
    shape : (rows, columns), rows presynaptic. links : their number.
    grid : (channels, height, width) of the rows, whose product is their number. Row (c height + y) width + x
        lies at pixel (y, x); for a convolution, height and width are those of its kernel. None for a line,
        (1, 1, rows).
    sigma : width of the fields in pixels, above 0.
    active : bool [rows], the rows that may have links; None for all.
    rng : numpy Generator.

    Returns
    -------
    bool CSR of that shape.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described, or a column would need more rows than are active.

    Examples
    --------
    >>> brf_grid((9, 4), 8, grid=(1, 3, 3), rng=np.random.default_rng(7)).sum(axis=0).tolist()
    [2, 2, 2, 2]

    Source: ours; it needs neither correlations nor evolution, and so is a baseline for both.
    """
    check_generator(rng)
    check_number(sigma, "sigma")
    if not 0.0 < sigma < np.inf:
        raise ValueError(f"sigma must be a number of pixels above 0, such as 2; got {sigma!r}")
    (rows, columns), links = check_shape(shape, links)
    sides = [1, 1, rows]
    if grid is not None:
        check_iterable(grid, "grid", "(channels, height, width)")
        sides = [as_whole(side, "an entry of grid") for side in grid]
    if len(sides) != 3 or min(sides) < 1 or math.prod(sides) != rows:
        raise ValueError(
            f"grid must be (channels, height, width) of the {rows} rows, their product; got {grid!r}"
        )
    lit = np.ones(rows, bool) if active is None else read_array(active, "active")
    if lit.dtype != bool or lit.shape != (rows,):
        raise TypeError(f"active must be bool [{rows}]; got {lit.dtype} {list(lit.shape)}")
    candidates = np.flatnonzero(lit)
    if -(-links // columns) > len(candidates):
        raise ValueError(
            f"active must mark at least {-(-links // columns)} rows, the links of a column; it marks "
            f"{len(candidates)}: give fewer links, or lower the least activity"
        )
    degrees = np.full(columns, links // columns)
    degrees[rng.permutation(columns)[: links % columns]] += 1
    y, x = np.divmod(candidates % (sides[1] * sides[2]), sides[2])
    cells = [np.zeros(0, np.int64)]
    for column, degree in enumerate(degrees):
        if degree:
            centre = rng.integers(len(candidates))
            keys = ((y - y[centre]) ** 2 + (x - x[centre]) ** 2) / (2.0 * sigma**2)
            keys -= rng.gumbel(size=len(keys))
            cells.append(candidates[np.argpartition(keys, degree - 1)[:degree]] * columns + column)
    return links_of(np.concatenate(cells), (rows, columns))


def _multinomial_degrees(rows: int, columns: int, links: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return one link a row and the other links on random rows; a full row passes on what it cannot take."""
    count = np.full(rows, min(1, links // rows), np.int64)
    while (missing := links - int(count.sum())) > 0:
        free = np.flatnonzero(count < columns)
        count[free] += rng.multinomial(missing, np.full(len(free), 1.0 / len(free)))
        np.minimum(count, columns, out=count)
    return count


def _order_keys(
    block: NDArray[np.int64], rows: int, columns: int, randomness: float, rng: np.random.Generator
) -> NDArray[Any]:
    """Return keys [block, columns]; the lowest are drawn first: the distance, or -log odds - Gumbel."""
    # In units of 1 / rows of a column the distance is a whole number, so that equal distances are equal.
    ring = rows * columns
    away = np.abs(block[:, None] * columns - np.arange(columns) * rows)
    distance = np.minimum(away, ring - away)
    if randomness == 0.0:
        return np.asarray(distance * columns + np.arange(columns))
    keys = np.log1p(distance / rows)
    keys *= min((1.0 - randomness) / randomness, _STEEPEST)
    keys -= rng.gumbel(size=keys.shape)
    return np.asarray(keys)
