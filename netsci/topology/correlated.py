"""First topologies that link correlated inputs: CSTI, and SSCTI for spikes.

The first layer takes the strongest entries of the correlation matrix of its M inputs as links. A wider layer
(M x beta M) repeats that matrix side by side; between two hidden layers (beta M x beta M) it is repeated in
both directions. Row i and column j stand for the features i mod M and j mod M.
"""

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.arguments import read_array
from netsci.graph.checks import check_choice, check_fraction
from netsci.topology.cells import check_shape, links_of
from netsci.topology.correlation import CORRELATION, pearson
from netsci.topology.initial import links_at

_DECIMALS = 12  # later digits are rounding errors, which differ between machines


def link_correlated(correlation: Any, shape: tuple[int, int], links: int) -> sp.csr_array:
    """Return the topology of the `links` strongest entries of the tiled matrix of |correlation|.

    strength of link (i, j) = |correlation[i mod M, j mod M]|, for i in rows, j in columns

    The tiles start at the first cell; if the shape is no multiple of M, the last tiles are cut. The diagonal
    counts like any other entry. The number of links is exact. Entries that agree to 12 decimals are ties.
    They are taken in the order of |a - b| of their features a = i mod M and b = j mod M, then of min(a, b),
    then (a, b) before (b, a), then tile by tile along the rows. So whole tiles differ by at most one link,
    and with a symmetric matrix at most one pair (a, b), (b, a) of a tile has one link only. NaN comes last,
    after 0.

    Parameters
    ----------
    correlation : [M, M] real numbers; signs are ignored.
    shape : (rows, columns) of the layer, rows presynaptic.
    links : number of links, in [0, rows columns].

    Returns
    -------
    bool CSR of that shape.

    Raises
    ------
    TypeError, ValueError
        If the correlation is not a square matrix of real numbers, or there are more links than cells.

    Examples
    --------
    >>> link_correlated([[1.0, -0.9], [0.1, 0.2]], (2, 4), 5).toarray().astype(int)
    array([[1, 1, 1, 1],
           [0, 1, 0, 0]])

    Source: S0 appendix A.4, steps 3 and 4.
    Reading: top by absolute value; "tiled or repeated accordingly" is side by side, between hidden layers in
        both directions.
    """
    strength = _strength(correlation)
    (rows, columns), links = check_shape(shape, links)
    m = len(strength)
    # How often a cell of the matrix occurs in the layer: whole tiles, and the cut one if it reaches there.
    down, across = _repeats(rows, m), _repeats(columns, m)
    occurs = np.outer(down, across).ravel()
    best = _strongest(strength.ravel(), np.flatnonzero(occurs), m, links // max(1, int(occurs.min())) + 1)
    filled = np.cumsum(occurs[best])
    whole = int(np.searchsorted(filled, links, side="right"))
    cells = _copies(best[:whole], m, down, across, columns)
    missing = links - len(cells)
    if missing:
        # The next cell has more copies than are wanted: the first tiles get it.
        cells = np.concatenate([cells, _copies(best[whole : whole + 1], m, down, across, columns)[:missing]])
    return links_of(cells, (rows, columns))


def csti(x: Any, shape: tuple[int, int], sparsity: float) -> sp.csr_array:
    """Return the correlated topology of real inputs: link the features with the largest |Pearson r|.

    x : [samples, features]. shape : (rows, columns) of the layer. sparsity : share of absent links, in
    [0, 1]. Returns a bool CSR of that shape; number of links, tiles and errors are as in `sscti`.

    Examples
    --------
    >>> csti([[0.1, 0.3, 0.0], [0.5, 0.1, 0.2], [0.9, 0.8, 0.2]], (3, 3), 0.6).nnz
    4

    Source: correlated sparse topological initialization of the CHT laboratory.
    """
    return link_correlated_at(pearson(_check_orientation(x, shape)), shape, sparsity)


def sscti(x: Any, shape: tuple[int, int], sparsity: float, *, correlation: str = "phi") -> sp.csr_array:
    """Return the topology of sparse spike correlated initialization for one layer.

    The M x M matrix of |correlation| between features is repeated over the layer like a tile, from the first
    cell on; links are where it is largest. S is the sparsity. If rows and columns are multiples of M, every
    tile has round((1 - S) M^2) links (half to even), so the total may differ from `links_at(shape, S)` by at
    most half a link a tile. Any other shape cuts the last tiles and has `links_at(shape, S)` links. To set
    the total, call `link_correlated(pearson(x), shape, links)`. Several layers share one correlation: see
    `link_correlated_at`.

    Parameters
    ----------
    x : [samples, features], the input of the network: spikes, each time step a sample, or real values; an
        array, or `netsci.topology.correlation.Samples`, whose rows are read when needed.
    shape : (rows, columns) of the layer, rows presynaptic. S0 takes (M, b M) behind the input and (b M, b M)
        behind a hidden layer, with a whole number b.
    sparsity : share of absent links, in [0, 1].
    correlation : "phi", Pearson's phi, which on real values is Pearson's r; "as_printed", S0 eq. 2.

    Returns
    -------
    bool CSR of that shape; links of equal strength are taken in the order that `link_correlated` says.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described above, or x seems to be transposed: it has as many rows as the
        layer, and its columns do not divide them.

    Examples
    --------
    >>> sscti([[1, 1, 0], [0, 0, 1], [1, 1, 0], [0, 0, 0]], (3, 6), 0.4).toarray().astype(int)[:, :3]
    array([[1, 1, 0],
           [1, 1, 0],
           [0, 0, 1]])

    Source: S0 section 3.2.1, eq. 2 and appendix A.4.
    Reading: |phi| as the text says; a constant feature correlates with nothing, itself included.
    """
    check_choice(correlation, tuple(CORRELATION), "correlation")
    return link_correlated_at(CORRELATION[correlation](_check_orientation(x, shape)), shape, sparsity)


def link_correlated_at(correlation: Any, shape: tuple[int, int], sparsity: float) -> sp.csr_array:
    """Return the correlated topology at a sparsity, from a correlation matrix.

    sscti(x, shape, S) = link_correlated_at(pearson(x), shape, S)

    correlation : [M, M] real numbers, as for `link_correlated`. shape : (rows, columns). sparsity : share of
    absent links, in [0, 1]. Returns a bool CSR of that shape; number of links and errors are as in `sscti`.

    Examples
    --------
    >>> r = pearson([[1, 1, 0], [0, 0, 1], [1, 1, 0], [0, 0, 0]])
    >>> [link_correlated_at(r, shape, 0.4).nnz for shape in ((3, 6), (6, 6))]
    [10, 20]

    Source: S0 appendix A.4.
    """
    check_fraction(sparsity, "sparsity")
    m = len(_square(correlation))
    (rows, columns), _ = check_shape(shape, 0)
    if rows % m or columns % m:
        return link_correlated(correlation, shape, links_at((rows, columns), sparsity))
    tiles = (rows // m) * (columns // m)
    return link_correlated(correlation, shape, tiles * links_at((m, m), sparsity))


def _check_orientation(x: Any, shape: tuple[int, int]) -> Any:
    """Refuse x with features as rows, before the correlation of all pairs of samples is computed."""
    given = x.shape if hasattr(x, "shape") else read_array(x, "x").shape
    rows = check_shape(shape, 0)[0][0]
    # Rows of the layer are features of x, or whole multiples of them behind a hidden layer.
    if len(given) == 2 and rows == given[0] and given[1] and rows % given[1]:
        raise ValueError(
            f"x must be [samples, features]; its shape {given} has as many rows as the layer {shape}: "
            "pass x.T"
        )
    return x


def _square(correlation: Any) -> NDArray[Any]:
    """Return the correlation as an array [M, M] of real numbers."""
    if sp.issparse(correlation):
        raise TypeError("correlation must be a dense array; got a sparse matrix")
    square: NDArray[Any] = read_array(correlation, "correlation")
    if square.dtype.kind not in "biuf":
        raise TypeError(f"correlation must hold real numbers; its dtype is {square.dtype}")
    if square.ndim != 2 or square.shape[0] != square.shape[1] or not square.size:
        raise ValueError(
            f"correlation must be a matrix [features, features]; its shape is {square.shape}: for "
            "inputs [samples, features] call sscti or csti"
        )
    return square


def _strength(correlation: Any) -> NDArray[np.float64]:
    """Return |correlation| to 12 decimals; NaN as -1, below all others."""
    strength = np.abs(_square(correlation).astype(np.float64))
    if np.isinf(strength).any():
        raise ValueError("correlation must be finite, or NaN where it is undefined; it has infinite values")
    return np.where(np.isnan(strength), -1.0, np.round(strength, _DECIMALS))


def _repeats(length: int, m: int) -> NDArray[np.int64]:
    """Return how often each of m features occurs along a side of the layer."""
    return length // m + (np.arange(m) < length % m).astype(np.int64)


def _strongest(
    strength: NDArray[np.float64], cells: NDArray[np.int64], m: int, count: int
) -> NDArray[np.int64]:
    """Return at least `count` of these cells of the matrix, or all, strongest first, ties as documented."""
    if count < len(cells):
        last = np.partition(strength[cells], len(cells) - count)[len(cells) - count]
        cells = cells[strength[cells] >= last]
    a, b = np.divmod(cells, m)
    return cells[np.lexsort((a > b, np.minimum(a, b), np.abs(a - b), -strength[cells]))]


def _copies(
    chosen: NDArray[np.int64],
    m: int,
    down: NDArray[np.int64],
    across: NDArray[np.int64],
    columns: int,
) -> NDArray[np.int64]:
    """Return the cells of the layer that hold these cells of the matrix, tile after tile along the rows."""
    a, b = np.divmod(chosen, m)
    parts = [np.zeros(0, np.int64)]
    for i in range(int(down.max())):
        for j in range(int(across.max())):
            here = (i < down[a]) & (j < across[b])
            parts.append((a[here] + i * m) * columns + b[here] + j * m)
    return np.concatenate(parts)
