"""How well Cannistraci-Hebb scores tell the links of a layer from its empty places."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.graph.ch.scores import ch_scores
from netsci.graph.checks import as_links

MOST_PLACES = 20_000  # scored of one layer: more are a sample of its rows
MOST_PATHS = 5e6  # of length three, walked for these scores


def ch_auc(biadjacency: Any, rule: str = "ch3_l3", *, rows: Any = None) -> float:
    """Return the chance that a link, scored as if it were absent, scores above an empty place.

    A tie counts one half. There is no value that a random layer has: a link that is left out leaves its ends
    with a degree less, so layers of equal degrees have .3 to .4 although nothing but chance is in them. Read
    it against layers of the same degrees (`structure_table`, measure ch3_l3_auc).

    Parameters
    ----------
    biadjacency : [m, n], rows presynaptic, as `ch_scores` takes it. rule : one of `CH_RULES`.
    rows : integers [k], the rows whose places count; all by default.

    Returns
    -------
    A share in [0, 1]; NaN where the rows hold no link, no empty place, or scores that are all alike.

    Raises
    ------
    TypeError, ValueError, IndexError
        As `ch_scores`.

    Examples
    --------
    >>> ch_auc([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]])
    1.0

    Source: S0 eq. 5 (the score); Clauset, Moore and Newman, Nature 453, 98 (2008), for the AUC of links.
    """
    links = as_links(biadjacency, "biadjacency")
    scores = ch_scores(links, rule, rows=rows, existing="leave_one_out")
    present = (links if rows is None else links[np.asarray(rows)]).toarray()
    held, empty = np.sort(scores[present]), scores[~present]
    if not len(held) or not len(empty) or np.ptp(scores) == 0:
        return math.nan
    lower = np.searchsorted(held, empty)  # links that score below each empty place
    tied = empty[held[np.minimum(lower, len(held) - 1)] == empty]
    equal = (np.searchsorted(held, tied, "right") - np.searchsorted(held, tied)).sum()
    return 1.0 - float(lower.sum() + equal / 2) / (len(held) * len(empty))


def sample_rows(links: sp.csr_array, rng: np.random.Generator) -> NDArray[np.int64] | None:
    """Return a random sample of the rows that `ch_auc` scores in reasonable time, or None where all are.

    Paths of length three are counted as rows and columns of the same degrees have them on average, so the
    sample suits a layer and its degree-preserving null models alike.

    Examples
    --------
    >>> sample_rows(sp.csr_array(np.eye(4, dtype=bool)), np.random.default_rng(7)) is None
    True
    """
    rows, columns = links.shape
    first, second = np.diff(links.indptr), np.bincount(links.indices, minlength=columns)
    paths = float((first @ first) * (second @ second)) / max(links.nnz, 1)
    share = min(1.0, MOST_PLACES / max(rows * columns, 1), MOST_PATHS / max(paths, 1.0))
    if share == 1.0:
        return None
    return np.sort(rng.choice(rows, max(1, int(share * rows)), replace=False)).astype(np.int64)
