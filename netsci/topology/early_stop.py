"""When the topology of a layer has settled: it grows what it has just removed."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsci.graph.checks import check_fraction


def stopped(overlap: Any, *, above: float = 0.95, already: Any = None) -> NDArray[np.bool_]:
    """Return which layers evolve no more: those above the overlap now, and those that had stopped before.

    overlap = removed and regrown / regrown of one step (`Evolution.overlap`); stop where overlap > above

    Parameters
    ----------
    overlap : float [layers], in [0, 1]; NaN, where nothing grew, stops nothing.
    above : the limit, in [0, 1]; an overlap equal to it does not stop.
    already : bool [layers], what this function returned after the step before; none at first.

    Returns
    -------
    bool [layers]; `evolve` takes its complement as `evolvable`.

    Raises
    ------
    TypeError, ValueError
        If the arrays are not of one length, an overlap is outside [0, 1] or `already` is not boolean.

    Examples
    --------
    >>> first = stopped([0.96, 0.2, np.nan])
    >>> stopped([np.nan, 0.95, 0.99], already=first).tolist()
    [True, False, True]

    Source: S0 appendix A.2.1 (permanent, 95 %).
    """
    check_fraction(above, "above")
    values = np.asarray(overlap)
    if values.dtype.kind not in "iuf" or values.ndim != 1:
        raise TypeError(f"overlap must be real numbers [layers]; got {values.dtype} {values.shape}")
    if ((values < 0) | (values > 1)).any():
        raise ValueError(f"overlap must lie in [0, 1] or be NaN; got {values.tolist()}")
    now = values > above
    if already is None:
        return now
    before = np.asarray(already)
    if before.dtype != bool:
        raise TypeError(f"already must be boolean [layers]; got {before.dtype} {before.shape}")
    if before.shape != values.shape:
        raise ValueError(f"already must have an entry a layer, {values.shape}; got {before.shape}")
    return np.asarray(now | before)
