"""Numbers about weights and activity: arrays in, numbers out."""

from netsci.measure.absence import inactive_share, link_sparsity
from netsci.measure.accuracy_pairs import match_accuracy
from netsci.measure.adaptive_pruning import prune_count, pruning_ratio, retained_bound
from netsci.measure.ann_intervals import ann_intervals
from netsci.measure.degradation import rpdr
from netsci.measure.energy import (
    PJ_PER_AC,
    PJ_PER_MAC,
    PJ_PER_SOP,
    energy_mj,
    energy_pj,
    energy_table,
)
from netsci.measure.energy_readings import energy_by_step, energy_readings, energy_reduction
from netsci.measure.lag_controls import (
    compare_windows,
    drop_floor,
    floor_shares,
    shuffle_pairs,
    swap_connectivity,
)
from netsci.measure.lag_curves import saturation_table
from netsci.measure.lag_densities import lag_density
from netsci.measure.lag_table import swap_times
from netsci.measure.layer_lags import compare_layers, layer_lags
from netsci.measure.noise import bit_flip, false_spikes, spike_dropout
from netsci.measure.rank_limits import (
    fewest_networks,
    largest_z,
    pairs_for_power,
    rank_sum_effect,
    z_of_p,
)
from netsci.measure.rank_tests import RankTest, rank_sum_test, signed_rank_test
from netsci.measure.rate_curves import onset_null, rate_table, running_means, step_rates
from netsci.measure.replicates import mean_and_interval
from netsci.measure.saturation import (
    Saturation,
    saturation_floor,
    saturation_point,
    saturation_time,
    saturation_times,
)
from netsci.measure.sparsity import neuron_sparsity_index, sparsity_index
from netsci.measure.sparsity_forms import (
    projection_sparsity_index,
    temporal_sparsity_curve,
    temporal_sparsity_index,
)
from netsci.measure.steps import StepTrace
from netsci.measure.time_lag import TimeLags, time_lag_tests
from netsci.measure.trace import Trace
from netsci.measure.trace_parts import PopulationTrace, ProjectionTrace

node_sparsity = inactive_share  # Former name: that of a graph is `netsci.graph.node_sparsity`.

__all__ = [
    "PJ_PER_AC",
    "PJ_PER_MAC",
    "PJ_PER_SOP",
    "PopulationTrace",
    "ProjectionTrace",
    "RankTest",
    "Saturation",
    "StepTrace",
    "TimeLags",
    "Trace",
    "ann_intervals",
    "bit_flip",
    "compare_layers",
    "compare_windows",
    "drop_floor",
    "energy_by_step",
    "energy_mj",
    "energy_pj",
    "energy_readings",
    "energy_reduction",
    "energy_table",
    "false_spikes",
    "fewest_networks",
    "floor_shares",
    "inactive_share",
    "lag_density",
    "largest_z",
    "layer_lags",
    "link_sparsity",
    "match_accuracy",
    "mean_and_interval",
    "neuron_sparsity_index",
    "node_sparsity",
    "onset_null",
    "pairs_for_power",
    "projection_sparsity_index",
    "prune_count",
    "pruning_ratio",
    "rank_sum_effect",
    "rank_sum_test",
    "rate_table",
    "retained_bound",
    "rpdr",
    "running_means",
    "saturation_floor",
    "saturation_point",
    "saturation_table",
    "saturation_time",
    "saturation_times",
    "shuffle_pairs",
    "signed_rank_test",
    "sparsity_index",
    "spike_dropout",
    "step_rates",
    "swap_connectivity",
    "swap_times",
    "temporal_sparsity_curve",
    "temporal_sparsity_index",
    "time_lag_tests",
    "z_of_p",
]
