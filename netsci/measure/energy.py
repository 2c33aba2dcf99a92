"""Energy of a spiking network from its exact operations, beside the estimate that papers print."""

import math
from numbers import Real
from typing import TYPE_CHECKING, Any

from netsci.measure.trace import Trace

if TYPE_CHECKING:
    import pandas as pd

PJ_PER_SOP = 1.5  # one synaptic operation on the ANP-I chip, as S0 counts
PJ_PER_AC = 0.9  # one 32-bit floating-point addition at 45 nm (Horowitz 2014), as S1 and S2 count a spike
PJ_PER_MAC = 4.6  # one 32-bit floating-point multiplication and addition at 45 nm (Horowitz 2014)
MJ_PER_PJ = 1e-9
ALL = "all layers"


def energy_pj(trace: Trace, *, pj_per_sop: float = PJ_PER_SOP, pj_per_mac: float = PJ_PER_MAC) -> float:
    """Return the energy of a trace in picojoule, from its exact operations.

    E = pj_per_sop * SOPs + pj_per_mac * MACs, over all steps and samples of the trace.

    trace : what `netsci.spiking.record` returns. SOPs are synaptic operations (additions on spikes), MACs
    multiply-accumulates on analog input.
    pj_per_sop, pj_per_mac : picojoule per operation, >= 0. S0: 1.5 pJ per SOP (PJ_PER_SOP); S1 and S2: 0.9
    (PJ_PER_AC); a MAC on analog input 4.6 (PJ_PER_MAC). Neurons, memory and batch normalization do not
    count, as in the papers.

    Raises ValueError if a cost is negative, NaN or infinite; TypeError if it is not a number.

    Examples
    --------
    >>> import numpy as np
    >>> from netsci.measure import ProjectionTrace
    >>> seen = ProjectionTrace("fc", np.array([3, 1]), np.array([2, 4]))
    >>> energy_pj(Trace(steps=1, samples=1, populations=(), projections=(seen,)))
    15.0

    Source: S0 table 2 (948, 48 and 4.4 mJ are 1.5 pJ per SOP); S2 eq. 3 for MACs and additions.
    """
    check_costs(trace, pj_per_sop, pj_per_mac)
    return float(pj_per_sop * trace.sops + pj_per_mac * trace.macs)


def energy_mj(trace: Trace, *, pj_per_sop: float = PJ_PER_SOP, pj_per_mac: float = PJ_PER_MAC) -> float:
    """Return the energy of a trace in millijoule, as S0 prints it: `energy_pj` x 1e-9.

    Parameters and errors are those of `energy_pj`.

    Examples
    --------
    >>> import numpy as np
    >>> from netsci.measure import ProjectionTrace
    >>> seen = ProjectionTrace("fc", np.array([2_000_000_000]), np.array([16]))
    >>> energy_mj(Trace(steps=1, samples=1, populations=(), projections=(seen,)))
    48.0

    Source: S0 table 2.
    """
    return energy_pj(trace, pj_per_sop=pj_per_sop, pj_per_mac=pj_per_mac) * MJ_PER_PJ


def energy_table(
    trace: Trace, *, pj_per_sop: float = PJ_PER_SOP, pj_per_mac: float = PJ_PER_MAC
) -> "pd.DataFrame":
    """Return operations and energy of every projection and of all, counted exactly and estimated.

    Columns: projection (its name, or "all layers"), measure, value (float64), unit. Measures:
    sops, macs : exact, sum over units of events x existing fan-out.
    energy : pj_per_sop * sops + pj_per_mac * macs, in pJ.
    estimated_sops, estimated_macs, estimated_energy : the papers' FLOPs x firing rate x (1 - sparsity), with
    the dense FLOPs of the layer (padding included) and the mean rate of its input units.
    estimated_over_exact : ratio of both energies; NaN where the exact one is 0. It differs from 1 where units
    with many links fire more, or less, than others.

    Parameters and errors are those of `energy_pj`.

    Examples
    --------
    >>> import numpy as np
    >>> from netsci.measure import ProjectionTrace
    >>> hub = ProjectionTrace("fc", np.array([9, 1]), np.array([3, 1]), links=4, dense_links=6,
    ...                       dense_operations=6)
    >>> found = energy_table(Trace(steps=9, samples=1, populations=(), projections=(hub,)))
    >>> found[found.projection == "fc"].set_index("measure").value[["sops", "estimated_sops"]].tolist()
    [28.0, 20.0]

    Source: S0 section 4; S2 eq. 1 to 3.
    Reading: the rate in S2 eq. 2 is that of a layer's inputs, and a first layer on analog input costs MACs.
    """
    import pandas as pd

    check_costs(trace, pj_per_sop, pj_per_mac)
    rows: list[tuple[str, str, float, str]] = []
    total = dict.fromkeys(("sops", "macs", "estimated_sops", "estimated_macs"), 0.0)
    for one in trace.projections:
        analog = one.kind == "analog"
        estimate = one.estimated_operations
        counts = {
            "sops": one.sops,
            "macs": one.macs,
            "estimated_sops": 0.0 if analog else estimate,
            "estimated_macs": estimate if analog else 0.0,
        }
        rows += _rows(one.name, counts, pj_per_sop, pj_per_mac)
        total = {measure: total[measure] + counts[measure] for measure in total}
    rows += _rows(ALL, total, pj_per_sop, pj_per_mac)
    found = pd.DataFrame(rows, columns=["projection", "measure", "value", "unit"])
    return found.astype({"value": float})


def _rows(
    name: str, counts: dict[str, Any], pj_per_sop: float, pj_per_mac: float
) -> list[tuple[str, str, float, str]]:
    """Return the rows of one projection, or of all."""
    energy = pj_per_sop * counts["sops"] + pj_per_mac * counts["macs"]
    estimated = pj_per_sop * counts["estimated_sops"] + pj_per_mac * counts["estimated_macs"]
    return [
        (name, "sops", counts["sops"], "operations"),
        (name, "macs", counts["macs"], "operations"),
        (name, "energy", energy, "pJ"),
        (name, "estimated_sops", counts["estimated_sops"], "operations"),
        (name, "estimated_macs", counts["estimated_macs"], "operations"),
        (name, "estimated_energy", estimated, "pJ"),
        (name, "estimated_over_exact", estimated / energy if energy else math.nan, ""),
    ]


def check_costs(trace: Any, pj_per_sop: float, pj_per_mac: float) -> None:
    """Raise TypeError or ValueError unless it is a trace and both costs are finite numbers >= 0."""
    if not isinstance(trace, Trace):
        raise TypeError(f"trace must be a netsci.measure.Trace; got {type(trace).__name__}")
    for name, cost in (("pj_per_sop", pj_per_sop), ("pj_per_mac", pj_per_mac)):
        if not isinstance(cost, Real) or isinstance(cost, bool):
            raise TypeError(f"{name} must be a number, picojoule per operation; got {cost!r}")
        if not 0 <= cost < math.inf:
            raise ValueError(f"{name} must be finite and at least 0, picojoule per operation; got {cost!r}")
