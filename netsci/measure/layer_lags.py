"""Which layer's firing rate settles when: the lag of accuracy behind the rate of each layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from netsci.arguments import check_instance
from netsci.measure.lag_table import GROUPS, find_lags
from netsci.measure.rank_tests import signed_rank_test
from netsci.measure.time_lag import time_lag_tests

if TYPE_CHECKING:
    import pandas as pd


def layer_lags(
    table: pd.DataFrame,
    *,
    rng: np.random.Generator | None = None,
    bootstrap: int = 2000,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return mean and median lag of the accuracy behind the firing rate of each layer, with intervals.

    table : as in `time_lag_tests`, and a column layer; rate_time is that of the layer. A network has one
    row for each layer, with the same accuracy_time. rng, bootstrap, confidence : as in `time_lag_tests`.

    Columns: layer (in order of appearance), and those of `TimeLags.estimates`. Raises TypeError and
    ValueError as `time_lag_tests`, and ValueError if layer is missing.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = [(0, "dense", "first", 12, 11), (0, "dense", "last", 12, 14)]
    >>> table = pd.DataFrame(rows, columns=["pair", "connectivity", "layer", "accuracy_time", "rate_time"])
    >>> found = layer_lags(table).query("group == 'dense' and lags == 'all' and measure == 'mean'")
    >>> found["value"].tolist()
    [1.0, -2.0]

    Source: S2 section 3.3, which argues that the last layer settles after the whole network's mean.
    """
    import pandas as pd

    layers = _layers(table)
    if not layers:
        raise ValueError("table must hold at least one layer; it is empty")
    how = {"rng": rng, "bootstrap": bootstrap, "confidence": confidence}
    frames = []
    for layer in layers:
        found = time_lag_tests(table[table["layer"] == layer], **how).estimates  # type: ignore[arg-type]
        found.insert(0, "layer", layer)
        frames.append(found)
    return pd.concat(frames, ignore_index=True)


def compare_layers(table: pd.DataFrame, first: str, second: str) -> pd.DataFrame:
    """Test whether the firing rate of one layer saturates later than that of another in the same network.

    Wilcoxon's one-sided signed-rank test of rate_time(second) - rate_time(first), network by network.

    table : as in `layer_lags`. first, second : names of layers, such as the first hidden one and the last.

    Columns: group ("dense", "sparse", "all"), n (networks with both times), mean (of the difference, in time
    steps, NaN for n = 0), zeros, p_value, p_text, rank_biserial, note. Raises TypeError and ValueError as
    `layer_lags`, and ValueError for a layer that the table does not have.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = [(i, "dense", k, 12, 11 + k) for i in range(5) for k in (0, 1)]
    >>> table = pd.DataFrame(rows, columns=["pair", "connectivity", "layer", "accuracy_time", "rate_time"])
    >>> compare_layers(table, 0, 1)[["n", "mean", "p_value"]].iloc[0].tolist()
    [5.0, 1.0, 0.03125]

    Source: S2 section 3.3.
    """
    import pandas as pd

    layers = _layers(table)
    times = []
    for name, layer in (("first", first), ("second", second)):
        if not isinstance(layer, (str, int, np.integer)) or layer not in layers:
            raise ValueError(
                f"{name} must be one of the layers {', '.join(map(repr, layers))}; got {layer!r}"
            )
        lags, _ = find_lags(table[table["layer"] == layer])
        times.append(lags[["pair", "connectivity", "rate_time"]])
    both = times[0].merge(times[1], on=["pair", "connectivity"], suffixes=("_first", "_second"))
    later = (both["rate_time_second"] - both["rate_time_first"]).to_numpy(np.float64)
    rows = []
    for group in (*GROUPS, "all"):
        x = later if group == "all" else later[(both["connectivity"] == group).to_numpy()]
        found = signed_rank_test(x)
        line = {"group": group, "n": len(x), "mean": float(x.mean()) if len(x) else np.nan}
        names = ("zeros", "p_value", "p_text", "rank_biserial", "note")
        rows.append(line | {name: getattr(found, name) for name in names})
    return pd.DataFrame(rows)


def _layers(table: pd.DataFrame) -> list[object]:
    """Return the layers of a table in order of appearance; raise unless it has them."""
    import pandas as pd

    check_instance(table, pd.DataFrame, "table", "a pandas DataFrame with a row for each network and layer")
    if "layer" not in table.columns:
        raise ValueError("table lacks the column layer, whose rate_time the row holds")
    if table["layer"].isna().any():
        raise ValueError("layer must not be missing: name the layer whose rate_time the row holds")
    return list(dict.fromkeys(table["layer"].tolist()))
