"""Numbers about weights and activity: arrays in, numbers out."""

from netsci.measure.adaptive_pruning import prune_count, pruning_ratio, retained_bound
from netsci.measure.lag_densities import lag_density
from netsci.measure.lag_table import swap_times
from netsci.measure.rank_tests import RankTest, rank_sum_test, signed_rank_test
from netsci.measure.saturation import Saturation, saturation_point, saturation_time, saturation_times
from netsci.measure.sparsity import neuron_sparsity_index, sparsity_index
from netsci.measure.sparsity_forms import (
    projection_sparsity_index,
    temporal_sparsity_curve,
    temporal_sparsity_index,
)
from netsci.measure.time_lag import TimeLags, time_lag_tests

__all__ = [
    "RankTest",
    "Saturation",
    "TimeLags",
    "lag_density",
    "neuron_sparsity_index",
    "projection_sparsity_index",
    "prune_count",
    "pruning_ratio",
    "rank_sum_test",
    "retained_bound",
    "saturation_point",
    "saturation_time",
    "saturation_times",
    "signed_rank_test",
    "sparsity_index",
    "swap_times",
    "temporal_sparsity_curve",
    "temporal_sparsity_index",
    "time_lag_tests",
]
