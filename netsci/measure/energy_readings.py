"""Energy per image under both readings of the first layer, at every number of steps, beside the own ANN.

A static image is fed to the network at every step, and the layers that read it (the first, and those of side
branches) multiply. Two readings of their MACs:

    repeated   T times the MACs of one pass, as S2 counts direct encoding
    once       the MACs of one pass: the first current is the same at every step, so it is held

    energy(T) = pj_per_sop * SOPs(1..T) + pj_per_mac * MACs(T)
    own ANN   = pj_per_mac * existing weights x places, one pass of the very network that was converted

All of it exact, and as the papers estimate it: dense operations x mean input rate x density, padding
included. Asked for, also the estimate with the mean rate of the inputs that have a link: of a network whose
channels were removed by masks it is the papers' estimate of the smaller network. By step it is NaN before the
last one where inputs without a link fire.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from netsci.arguments import check_choice, check_flag, check_iterable, read_numbers
from netsci.measure.energy import PJ_PER_AC, PJ_PER_MAC, check_costs
from netsci.measure.trace import Trace
from netsci.measure.trace_parts import ProjectionTrace

if TYPE_CHECKING:
    import pandas as pd

READINGS = ("repeated", "once")
COUNTS = ("exact", "estimate")
LINKED = "linked estimate"  # the estimate with the rate of the inputs that have a link
EVERY_COUNT = (*COUNTS, LINKED)
_Floats = NDArray[np.float64]


class _Layer(NamedTuple):
    """Operations of one projection over all images, at each of the numbers of steps.

    sops : float64 [steps]. macs : the same, by reading. one_pass : operations of its ANN, of one image.
    """

    sops: _Floats
    macs: dict[str, _Floats]
    one_pass: float


def energy_readings(
    trace: Trace,
    *,
    pj_per_sop: float = PJ_PER_AC,
    pj_per_mac: float = PJ_PER_MAC,
    constant_input: bool = True,
    counts: Sequence[str] = COUNTS,
) -> pd.DataFrame:
    """Return the energy per image of a trace under both readings of the first layer, exact and estimated.

    trace : of converted or directly trained networks; its projections need `applications`.
    pj_per_sop, pj_per_mac : picojoule per addition and per multiplication with addition, >= 0.
    constant_input : True if the first layer reads the same analog values at every step (direct encoding);
    False if they change, so that no current can be held and both readings are the operations as counted.
    counts : which counts, of "exact", "estimate" and "linked estimate".

    Columns, all per image: steps (T); reading ("repeated" or "once"); count; sops, macs; energy_pj;
    first_layer_share, of the energy; own_ann_pj; snn_over_own_ann = energy_pj / own_ann_pj;
    estimated_over_exact, of the energies of a reading, NaN unless both are asked for; pj_per_sop, pj_per_mac,
    the constants. A ratio over zero is NaN. Exact counts leave padding out on both sides of a ratio, and
    estimates include it on both.

    Raises ValueError if a cost is negative or not finite, if the counts of the first layer are those of an
    input that changes, or if applications fit neither one pass nor T; TypeError for wrong types.

    Examples
    --------
    >>> import numpy as np
    >>> from netsci.measure import ProjectionTrace
    >>> first = ProjectionTrace("fc", np.array([8]), np.array([5]), "analog", 5, 5, 5, applications=8)
    >>> found = energy_readings(Trace(steps=4, samples=2, populations=(), projections=(first,)))
    >>> found[found["count"] == "exact"].set_index("reading")["snn_over_own_ann"].to_dict()
    {'repeated': 4.0, 'once': 1.0}

    Source: S1 section 3.3; S2 eq. 1 to 4.
    Reading: S2's AEC rows count the first layer T times too, its eq. 3 lacks the MACs that its MLP rows hold.
    """
    counts = _check(trace, pj_per_sop, pj_per_mac, constant_input, counts)
    return _table(trace, np.array([trace.steps]), pj_per_sop, pj_per_mac, constant_input, counts)


def energy_by_step(
    trace: Trace,
    *,
    pj_per_sop: float = PJ_PER_AC,
    pj_per_mac: float = PJ_PER_MAC,
    constant_input: bool = True,
    counts: Sequence[str] = COUNTS,
) -> pd.DataFrame:
    """Return `energy_readings` at every number of steps 1, ..., T: what the network costs if it stops there.

    Parameters and columns are those of `energy_readings`. Every projection needs `operations_by_step` and
    `events_by_step`; otherwise ValueError. Other errors are those of `energy_readings`.

    Examples
    --------
    >>> import numpy as np
    >>> from netsci.measure import ProjectionTrace
    >>> seen = ProjectionTrace("fc", np.array([3]), np.array([2]), "spikes", 2, 2, 2, 2,
    ...                        operations_by_step=np.array([2, 4]), events_by_step=np.array([1, 2]))
    >>> found = energy_by_step(Trace(steps=2, samples=1, populations=(), projections=(seen,)))
    >>> found[(found["count"] == "exact") & (found["reading"] == "once")]["sops"].tolist()
    [2.0, 6.0]

    Source: S1 Figures 4, 5 and A1 (energy along T).
    """
    counts = _check(trace, pj_per_sop, pj_per_mac, constant_input, counts)
    lacking = [
        one.name for one in trace.projections if one.operations_by_step is None or one.events_by_step is None
    ]
    if lacking:
        raise ValueError(
            f"trace lacks operations_by_step or events_by_step of {', '.join(lacking)}; count by step, or "
            "ask energy_readings for the last step alone"
        )
    return _table(trace, np.arange(1, trace.steps + 1), pj_per_sop, pj_per_mac, constant_input, counts)


def energy_reduction(dense: Any, sparse: Any) -> Any:
    """Return the share of a dense network's energy that a sparse one saves, (E_dense - E_sparse) / E_dense.

    dense, sparse : energies of one unit, numbers >= 0 of any shape that broadcasts. Returns float64, at
    most 1, negative where sparse costs more; NaN where the dense energy is 0. Raises ValueError if an
    energy is negative, NaN or infinite, or the shapes do not fit; TypeError if one is no number.

    Examples
    --------
    >>> round(float(energy_reduction(622.13, 6.59)), 4)
    0.9894

    Source: S2 section 3.2 and Table 2.
    Reading: S2 prints E_sparse in the denominator; all 12 rows of its Table 2 have E_dense there.
    """
    both = []
    for name, value in (("dense", dense), ("sparse", sparse)):
        energy = read_numbers(value, name)
        if not np.all(np.isfinite(energy)) or np.any(energy < 0):
            raise ValueError(f"{name} must hold finite energies of at least 0; got {value!r}")
        both.append(energy)
    try:
        e_dense, e_sparse = np.broadcast_arrays(*both)
    except ValueError as error:
        raise ValueError(
            f"dense and sparse must have one shape, or broadcast; got {both[0].shape} and {both[1].shape}"
        ) from error
    saved = np.full(e_dense.shape, np.nan)
    np.divide(e_dense - e_sparse, e_dense, out=saved, where=e_dense > 0)
    return saved[()]


def _table(
    trace: Trace,
    at: NDArray[np.int64],
    pj_per_sop: float,
    pj_per_mac: float,
    held: bool,
    counts: Sequence[str],
) -> Any:
    """Return a row for each number of steps, reading and count."""
    import pandas as pd

    frames, energies = [], {}
    for count in counts:
        layers = [_layer(trace, k, at, count, held) for k in range(len(trace.projections))]
        nothing = np.zeros(len(at))
        sops = sum((one.sops for one in layers), nothing) / trace.samples
        own = pj_per_mac * sum(one.one_pass for one in layers)
        for reading in READINGS:
            macs = sum((one.macs[reading] for one in layers), nothing) / trace.samples
            energy = pj_per_sop * sops + pj_per_mac * macs
            energies[count, reading] = energy
            first = layers[0] if layers else None
            of_first = (
                nothing if first is None else pj_per_sop * first.sops + pj_per_mac * first.macs[reading]
            )
            columns = {"steps": at, "reading": reading, "count": count, "sops": sops, "macs": macs}
            columns |= {"energy_pj": energy, "first_layer_share": _ratio(of_first / trace.samples, energy)}
            columns |= {"own_ann_pj": own, "snn_over_own_ann": _ratio(energy, np.full(len(at), own))}
            frames.append(pd.DataFrame(columns))
    for frame in frames:
        reading, nothing = frame["reading"].iloc[0], np.full(len(at), np.nan)
        both = (energies.get((count, reading), nothing) for count in COUNTS[::-1])
        frame["estimated_over_exact"] = _ratio(*both)
    table = pd.concat(frames, ignore_index=True)
    table = table.sort_values("steps", kind="stable", ignore_index=True)
    return table.assign(pj_per_sop=float(pj_per_sop), pj_per_mac=float(pj_per_mac))


def _layer(trace: Trace, place: int, at: NDArray[np.int64], count: str, held: bool) -> _Layer:
    """Return the operations of one projection at each number of steps, over all images."""
    one = trace.projections[place]
    analog = one.kind == "analog"
    constant = analog and held and (place == 0 if one.from_input is None else one.from_input)
    passes = _passes(one, trace) if constant else trace.steps
    vectors = _vectors(one, trace, passes)
    if count == "exact":
        total, one_pass = float(one.operations), vectors * float(one.fan_out.sum())
        by_step = one.operations_by_step
    else:
        density = one.links / one.dense_links if one.dense_links else math.nan
        total = one.linked_estimate if count == LINKED else one.estimated_operations
        one_pass = vectors * one.dense_operations * density
        by_step = one.events_by_step
    if one.ann_operations is not None:
        one_pass, by_step = vectors * float(one.ann_operations), one.operations_by_step
    none = np.zeros(len(at))
    if constant:
        single = total / passes
        macs: dict[str, _Floats] = {"repeated": np.asarray(at * single), "once": np.full(len(at), single)}
        return _Layer(none, macs, one_pass)
    if len(at) == 1:
        done = np.array([total])
    else:
        steps = np.cumsum(np.asarray(by_step, dtype=np.float64))[at - 1]
        done = steps * (total / steps[-1]) if steps[-1] else none
        if count == LINKED and one.events[~one.has_link].any():  # when those fired is not known
            done = np.append(np.full(len(at) - 1, np.nan), total)
    return (
        _Layer(none, dict.fromkeys(READINGS, done), one_pass)
        if analog
        else _Layer(done, dict.fromkeys(READINGS, none), one_pass)
    )


def _passes(one: ProjectionTrace, trace: Trace) -> int:
    """Return how often the constant input of a layer was counted: once, or at each of T steps."""
    by_step = one.operations_by_step
    if by_step is not None and not by_step.any():  # an input of zeros: as often as it was given
        return trace.steps if one.applications % (trace.samples * trace.steps) == 0 else 1
    if by_step is not None:
        if not by_step[1:].any():
            return 1
        if (by_step == by_step[0]).all():
            return trace.steps
        raise ValueError(
            f"projection {one.name!r} reads other values at other steps: its operations_by_step are neither "
            "all equal nor those of the first step alone; pass constant_input=False"
        )
    for passes in (1, trace.steps):
        if one.applications == trace.samples * passes:
            return passes
    raise ValueError(
        f"projection {one.name!r}: applications must be samples = {trace.samples} (counted once) or "
        f"samples x steps = {trace.samples * trace.steps} (at each step); got {one.applications}: count "
        "operations_by_step, which tells tokens from steps"
    )


def _vectors(one: ProjectionTrace, trace: Trace, passes: int) -> float:
    """Return how many input vectors a layer has for one image at one step: 1, or its tokens."""
    calls = trace.samples * passes
    if one.applications < 1 or one.applications % calls:
        raise ValueError(
            f"projection {one.name!r}: applications must be a multiple of samples x steps = {calls}, one for "
            f"each input vector; got {one.applications}"
        )
    return one.applications / calls


def _ratio(part: _Floats, whole: _Floats) -> _Floats:
    return np.asarray(np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0))


def _check(trace: Any, pj_per_sop: Any, pj_per_mac: Any, constant_input: Any, counts: Any) -> tuple[str, ...]:
    """Return the counts; raise where an argument is of the wrong type or not allowed."""
    check_costs(trace, pj_per_sop, pj_per_mac)
    check_flag(constant_input, "constant_input")
    check_iterable(counts, "counts", f"names, of {', '.join(EVERY_COUNT)}")
    found = tuple(counts)
    for one in found:
        check_choice(one, EVERY_COUNT, "counts")
    if not found or len(set(found)) < len(found):
        raise ValueError(f"counts must name each count once, and at least one; got {found}")
    return found
