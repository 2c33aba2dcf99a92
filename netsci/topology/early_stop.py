"""Early stop: find layers that regrow the links they have just removed."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsci.arguments import read_array
from netsci.graph.checks import check_fraction


def find_stopped(overlap: Any, *, above: float = 0.95, already: Any = None) -> NDArray[np.bool_]:
    """Return which layers stop evolving: those with a large overlap now, and those that stopped earlier.

    overlap = (removed and regrown) / regrown in one step (`Evolution.overlap`); stop if overlap > above

    Parameters
    ----------
    overlap : float [layers], in [0, 1]; NaN, if nothing grew, does not stop a layer.
    above : the limit, in [0, 1]; a layer with exactly this overlap does not stop.
    already : bool [layers], the result of the previous step; None at first.

    Returns
    -------
    bool [layers]; pass its complement to `evolve` as `evolvable`.

    Raises
    ------
    TypeError, ValueError
        If the arrays have different lengths, an overlap is outside [0, 1] or `already` is not boolean.

    Examples
    --------
    >>> first = find_stopped([0.96, 0.2, np.nan])
    >>> find_stopped([np.nan, 0.95, 0.99], already=first).tolist()
    [True, False, True]

    Source: S0 appendix A.2.1 (permanent, 95 %).
    """
    check_fraction(above, "above")
    values = read_array(overlap, "overlap")
    if values.dtype.kind not in "iuf" or values.ndim != 1:
        raise TypeError(f"overlap must be real numbers [layers]; got {values.dtype} {values.shape}")
    if ((values < 0) | (values > 1)).any():
        raise ValueError(f"overlap must lie in [0, 1] or be NaN; got {values.tolist()}")
    now = values > above
    if already is None:
        return now
    before = read_array(already, "already")
    if before.dtype != bool:
        raise TypeError(f"already must be boolean [layers]; got {before.dtype} {before.shape}")
    if before.shape != values.shape:
        raise ValueError(f"already must have one entry a layer, shape {values.shape}; got {before.shape}")
    return np.asarray(now | before)
