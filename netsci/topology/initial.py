"""First topologies of a layer, each with an exact number of links.

Every function takes the shape (rows presynaptic, columns postsynaptic) and the number of links, and returns
a bool CSR matrix of that shape. `INITIAL` is the table of these functions by name.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.arguments import as_whole, check_iterable
from netsci.graph.checks import check_fraction, check_generator
from netsci.graph.structure.null_models import rewire
from netsci.topology.cells import links_of

_BLOCK_CELLS = 2**22  # receptive fields are drawn for as many rows at once as fill this many cells
_STEEPEST = 1e300  # an exponent short of infinity, which times a distance of 0 would be undefined


def links_at(shape: tuple[int, int], sparsity: float) -> int:
    """Return the number of links at a sparsity S in [0, 1]: round((1 - S) * rows * columns), half to even.

    shape : (rows, columns) of the layer. sparsity : share of absent links.

    Examples
    --------
    >>> links_at((784, 1568), 0.99)
    12293
    """
    check_fraction(sparsity, "sparsity")
    rows, columns = check_shape(shape, 0)[0]
    return round((1.0 - sparsity) * rows * columns)


def uniform(shape: tuple[int, int], links: int, *, rng: np.random.Generator) -> sp.csr_array:
    """Return a random topology in which columns differ by at most one link, and rows too; bool CSR.

    An in-degree is links // columns or one more, an out-degree links // rows or one more; which units have
    one more is random. Every such topology is equally likely: the columns are filled one by one from the rows
    with the fewest links so far, and then the links are rewired, as `netsci.graph.null_model` does.

    shape : (rows, columns), rows presynaptic. links : their number. rng : numpy Generator.

    Raises ValueError if there are more links than cells.

    Examples
    --------
    >>> uniform((4, 2), 4, rng=np.random.default_rng(7)).sum(axis=0).tolist()
    [2, 2]

    Reading: "each node the same number of links" is taken for both sides, as far as whole numbers allow.
    """
    check_generator(rng)
    (rows, columns), links = check_shape(shape, links)
    degrees = np.full(columns, links // columns)
    degrees[rng.permutation(columns)[: links % columns]] += 1
    cells = []
    filled = np.zeros(rows, bool)  # rows that are one link ahead of the others
    for column in rng.permutation(columns):
        behind, ahead = np.flatnonzero(~filled), np.flatnonzero(filled)
        n = int(degrees[column])
        if n < len(behind):
            chosen = rng.choice(behind, n, replace=False, shuffle=False)
            filled[chosen] = True
        else:
            # All that are behind catch up; the next ones of the same column start the new round.
            more = rng.choice(ahead, n - len(behind), replace=False, shuffle=False)
            chosen = np.concatenate([behind, more])
            filled[:] = False
            filled[more] = True
        cells.append(chosen * columns + column)
    return rewire(links_of(np.concatenate(cells), (rows, columns)), rng=rng)


def erdos_renyi(shape: tuple[int, int], links: int, *, rng: np.random.Generator) -> sp.csr_array:
    """Return a topology drawn uniformly from all topologies with this number of links; bool CSR.

    shape, links, rng : as in `uniform`.

    Raises ValueError if there are more links than cells.

    Examples
    --------
    >>> erdos_renyi((4, 3), 5, rng=np.random.default_rng(7)).nnz
    5
    """
    check_generator(rng)
    (rows, columns), links = check_shape(shape, links)
    cells = rng.choice(rows * columns, links, replace=False, shuffle=False)
    return links_of(cells, (rows, columns))


def brf(
    shape: tuple[int, int], links: int, *, randomness: float = 0.3, rng: np.random.Generator
) -> sp.csr_array:
    """Return bipartite receptive fields: a row links with higher probability to columns near its own place.

    p(row i draws column j) ~ (1 + d_ij)^-((1 - r) / r), without replacement,
    d_ij = distance of j from i columns / rows on a ring of all columns

    Each row has links // rows links or one more; the rows with one more are spread evenly. randomness : r, in
    [0, 1]: at 0 a row takes its nearest columns (the lower of two at equal distance), at 1 any columns.
    shape, links, rng : as in `uniform`. Returns a bool CSR of that shape.

    Raises ValueError if there are more links than cells or the randomness is outside [0, 1].

    Examples
    --------
    >>> brf((3, 6), 6, randomness=0.0, rng=np.random.default_rng(7)).toarray().astype(int).tolist()
    [[1, 1, 0, 0, 0, 0], [0, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 0]]

    Source: S1 appendix C names it; formula of the CHT laboratory.
    Reading: that code places rows at i floor(columns / rows); here both sides cover the ring to its end.
    """
    check_generator(rng)
    check_fraction(randomness, "randomness")
    (rows, columns), links = check_shape(shape, links)
    degrees = np.diff(np.arange(rows + 1) * links // rows)
    least = links // rows
    places = sorted({max(least - 1, 0), min(least, columns - 1)})
    cells = []
    step = max(1, _BLOCK_CELLS // columns)
    for first in range(0, rows, step):
        block = np.arange(first, min(first + step, rows))
        order = _order_keys(block, rows, columns, randomness, rng)
        best = np.argpartition(order, places, axis=1)[:, : least + 1]
        taken = np.arange(best.shape[1]) < degrees[block, None]
        cells.append((block[:, None] * columns + best)[taken])
    return links_of(np.concatenate(cells), (rows, columns))


def watts_strogatz(
    shape: tuple[int, int], links: int, *, rewiring: float = 0.1, rng: np.random.Generator
) -> sp.csr_array:
    """Return a bipartite small world: a ring lattice in which some links are rewired.

    In the lattice, row i links to k_i neighbouring columns on a ring of all columns, starting at column
    floor(i columns / rows) - (k_i - 1) // 2. k_i is links // rows or one more; the rows with one more are
    spread evenly. Each link is then removed with probability `rewiring`, independently, and its row gets a
    new one, uniformly from the columns without a link. Rows keep their number of links. At rewiring = 1 the
    columns are uniformly random. shape, links, rng : as in `uniform`. Returns a bool CSR of that shape.

    Raises ValueError if there are more links than cells or the rewiring is outside [0, 1].

    Examples
    --------
    >>> lattice = watts_strogatz((3, 6), 9, rewiring=0.0, rng=np.random.default_rng(7))
    >>> lattice.toarray().astype(int).tolist()
    [[1, 1, 0, 0, 0, 1], [0, 1, 1, 1, 0, 0], [0, 0, 0, 1, 1, 1]]

    Source: Watts and Strogatz, Nature 393, 1998; the CHT laboratory starts bipartite layers from it.
    Reading: rewiring moves the column end of a link.
    """
    check_generator(rng)
    check_fraction(rewiring, "rewiring")
    (rows, columns), links = check_shape(shape, links)
    degrees = np.diff(np.arange(rows + 1) * links // rows)
    start = np.arange(rows) * columns // rows - (degrees - 1) // 2
    cells = []
    for row in range(rows):
        window = np.sort((start[row] + np.arange(degrees[row])) % columns)
        kept = window[rng.random(len(window)) >= rewiring]
        new = rng.choice(columns - len(kept), len(window) - len(kept), replace=False, shuffle=False)
        # The m-th free column comes after as many kept ones as have at most m free ones before them.
        new += np.searchsorted(kept - np.arange(len(kept)), new, side="right")
        cells.append(row * columns + np.concatenate([kept, new]))
    return links_of(np.concatenate(cells), (rows, columns))


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


def check_shape(shape: tuple[int, int], links: int) -> tuple[tuple[int, int], int]:
    """Return both as plain integers; raise ValueError unless the links fit into the shape."""
    check_iterable(shape, "shape", "(rows, columns)")
    sides = [as_whole(side, "rows and columns of shape") for side in shape]
    if len(sides) != 2 or min(sides) < 1:
        raise ValueError(f"shape must be (rows, columns), both at least 1; got {shape!r}")
    count = as_whole(links, "links")
    if not 0 <= count <= sides[0] * sides[1]:
        raise ValueError(
            f"links must lie in [0, {sides[0] * sides[1]}], the cells of {shape}; got {links}: links_at "
            "counts them"
        )
    return (sides[0], sides[1]), count


INITIAL: dict[str, Callable[..., sp.csr_array]] = {
    "uniform": uniform,
    "erdos_renyi": erdos_renyi,
    "brf": brf,
    "watts_strogatz": watts_strogatz,
}
