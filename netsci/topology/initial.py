"""First topologies of a layer, each with an exact number of links.

Every function takes the shape (rows presynaptic, columns postsynaptic) and the number of links, and returns
a bool CSR matrix of that shape. `INITIAL` is the table of these functions by name.
"""

from collections.abc import Callable

import numpy as np
import scipy.sparse as sp

from netsci.graph.checks import check_fraction, check_generator
from netsci.graph.structure.null_models import rewire
from netsci.topology.cells import check_shape, links_of
from netsci.topology.power_law import scale_free
from netsci.topology.receptive import brf, brf_grid


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


INITIAL: dict[str, Callable[..., sp.csr_array]] = {
    "uniform": uniform,
    "erdos_renyi": erdos_renyi,
    "brf": brf,
    "brf_grid": brf_grid,
    "watts_strogatz": watts_strogatz,
    "scale_free": scale_free,
}
