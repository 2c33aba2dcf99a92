"""Laplacian eigenmaps: the slowest modes of a random walk on the links, never by a dense matrix."""

import inspect
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.graph.processors import one_blas_thread

FULL_SPECTRUM = 400  # nodes up to which all eigenpairs together cost no more than the few needed
BASIS = 40  # Lanczos vectors kept
RESTARTS = 20  # tried where the network may fall into parts
SLOW = 0.02  # smallest eigenvalue of a network that falls into parts by few links
MOST_FACTORED = 100_000  # nodes


def eigenmaps(lengths: sp.csr_array, count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the smallest eigenvalues above the trivial 0 and their vectors of the links' Laplacian.

    With s the mean length, H_ij = exp(-(l_ij / s)^2) on links and Deg its row sums,
    (Deg - H) f = lambda Deg f, f' Deg f = 1. f = Deg^-1/2 v, where v is an eigenvector of
    Deg^-1/2 H Deg^-1/2 to 1 - lambda. Deg is kept as a logarithm: a node far from all its neighbours, whose
    H underflow, keeps its place among them.

    Parameters
    ----------
    lengths : symmetric CSR [n, n], positive, one component. count : how many, fewer than n.

    Returns
    -------
    float64 [count], ascending, in [0, 2]; float64 [n, count].

    Raises
    ------
    ValueError
        If a node is so far from all its neighbours that its coordinates leave the floating-point numbers.

    Examples
    --------
    >>> path = sp.csr_array([[0.0, 1.0, 0.0], [1.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
    >>> eigenmaps(path, 2)[0].round(9).tolist()
    [1.0, 2.0]

    Source: Muscoloni et al., Nature Communications 8, 1615 (2017); Belkin and Niyogi (2003).
    """
    walk, log_degrees = _normalise(lengths)
    trivial = np.exp((log_degrees - log_degrees.max()) / 2)
    trivial /= np.linalg.norm(trivial)
    if walk.shape[0] <= FULL_SPECTRUM:
        values, vectors = np.linalg.eigh(
            np.eye(len(trivial)) - walk.toarray() + 3 * np.outer(trivial, trivial)
        )
    else:
        values, vectors = _slowest(walk, trivial, count)
    order = np.argsort(values, kind="stable")[: min(count, len(trivial) - 1)]
    with np.errstate(over="ignore"):
        maps = np.exp(-log_degrees / 2)[:, None] * vectors[:, order]
    if not np.isfinite(maps).all():
        node = int(np.argmin(log_degrees))
        raise ValueError(
            f"reduction le has no coordinates for node {node} of the component: its links are so much longer "
            'than the mean that exp(-(length / mean)^2) vanishes; use weighting "none" or another reduction'
        )
    return np.clip(values[order], 0.0, 2.0), maps


def lanczos(matrix: Any, **options: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return scipy's `eigsh` on one thread, the same at every call also where it draws a new start vector."""
    from scipy.sparse.linalg import eigsh

    if "rng" in inspect.signature(eigsh).parameters:  # from scipy 1.17 on; before, its seed was its own
        options["rng"] = np.random.default_rng(0)
    with one_blas_thread():
        values, vectors = eigsh(matrix, **options)
    return values, vectors


def _normalise(lengths: sp.csr_array) -> tuple[sp.csr_array, NDArray[np.float64]]:
    """Return Deg^-1/2 H Deg^-1/2 and ln Deg."""
    size = np.diff(lengths.indptr)
    rows = np.repeat(np.arange(lengths.shape[0]), size)
    exponent = -((lengths.data / lengths.data.mean()) ** 2)
    largest = np.maximum.reduceat(exponent, lengths.indptr[:-1])
    degrees = np.bincount(rows, np.exp(exponent - largest[rows]), minlength=len(size))
    logs = np.log(degrees) + largest
    values = np.exp(exponent - (logs[rows] + logs[lengths.indices]) / 2)
    return sp.csr_array((values, lengths.indices, lengths.indptr), shape=lengths.shape), logs


def _slowest(
    walk: sp.csr_array, trivial: NDArray[np.float64], count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the smallest eigenvalues of 1 - walk, the trivial one deflated, by the cheaper of two ways.

    Lanczos steps need many links that mix, else eigenvalues crowd at 0; a factorisation needs few links
    between parts, else it fills. A network is short of one of the two only.
    """
    from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator

    n = len(trivial)
    start = np.sin(np.arange(1.0, n + 1.0))
    start -= trivial * (trivial @ start)
    # The trivial vector goes to eigenvalue -2, below all others, so that none is mistaken for it
    mixing = LinearOperator((n, n), dtype=np.float64, matvec=lambda x: walk @ x - 3 * trivial * (trivial @ x))
    options: dict[str, Any] = {"which": "LA", "v0": start, "ncv": BASIS}
    rough = 1 - lanczos(mixing, k=1, tol=SLOW, maxiter=100 * n, **options)[0][0]
    slow = rough < SLOW and n <= MOST_FACTORED
    try:
        values, vectors = lanczos(mixing, k=count, tol=0, maxiter=RESTARTS if slow else 100 * n, **options)
    except ArpackNoConvergence:
        if not slow:
            raise
        return _by_factorisation(walk, trivial, start, count)
    return 1 - values, vectors


def _by_factorisation(
    walk: sp.csr_array, trivial: NDArray[np.float64], start: NDArray[np.float64], count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the smallest eigenvalues of 1 - walk by Lanczos steps on its inverse."""
    from scipy.sparse.linalg import LinearOperator, splu

    n = len(trivial)
    shift = 1e-10  # the trivial eigenvalue is 0
    factors = splu(
        sp.csc_matrix(sp.eye_array(n) * (1 + shift) - walk),
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0,
        options={"SymmetricMode": True},
    )

    def inverse(x: NDArray[np.float64]) -> NDArray[np.float64]:
        x = x.ravel()
        y = factors.solve(x - trivial * (trivial @ x))
        return np.asarray(y - trivial * (trivial @ y))

    operator = LinearOperator((n, n), dtype=np.float64, matvec=inverse)
    values, vectors = lanczos(operator, k=count, which="LA", v0=start, tol=0)
    return 1 / values - shift, vectors
