"""Numbers about weights and activity: arrays in, numbers out."""

from netsci.measure.absence import inactive_share, link_sparsity
from netsci.measure.adaptive_pruning import prune_count, pruning_ratio, retained_bound
from netsci.measure.degradation import rpdr
from netsci.measure.energy import (
    PJ_PER_AC,
    PJ_PER_MAC,
    PJ_PER_SOP,
    energy_mj,
    energy_pj,
    energy_table,
)
from netsci.measure.lag_densities import lag_density
from netsci.measure.lag_table import swap_times
from netsci.measure.noise import bit_flip, false_spikes, spike_dropout
from netsci.measure.rank_tests import RankTest, rank_sum_test, signed_rank_test
from netsci.measure.replicates import mean_and_interval
from netsci.measure.saturation import Saturation, saturation_point, saturation_time, saturation_times
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
    "bit_flip",
    "energy_mj",
    "energy_pj",
    "energy_table",
    "false_spikes",
    "inactive_share",
    "lag_density",
    "link_sparsity",
    "mean_and_interval",
    "neuron_sparsity_index",
    "node_sparsity",
    "projection_sparsity_index",
    "prune_count",
    "pruning_ratio",
    "rank_sum_test",
    "retained_bound",
    "rpdr",
    "saturation_point",
    "saturation_time",
    "saturation_times",
    "signed_rank_test",
    "sparsity_index",
    "spike_dropout",
    "swap_times",
    "temporal_sparsity_curve",
    "temporal_sparsity_index",
    "time_lag_tests",
]
