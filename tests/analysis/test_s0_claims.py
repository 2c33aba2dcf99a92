"""By what claims of S0 are judged: errors of seeds and test sets, and how much of a table was run."""

import numpy as np
import pytest

from analysis.s0_chsnn import _JUDGES
from analysis.s0_claims import Judged, Value, Values, apart, paired, ratio, sampling_error, verdict
from tests.analysis.s0_made import tables


def said(name: str, made, scale: str = "desk") -> str:
    return verdict(_JUDGES.get(name), scale, made)


def test_differences_are_paired_by_seed():
    made = tables(
        {("a", "x"): [1.0, 5.0, 3.0], ("b", "x"): [0.9, 4.8, 2.9]}, {("a", "x"): 2.0, ("b", "x"): 1.0}
    )
    made["table"] = made["table"].sample(frac=1, random_state=0)
    gap = paired(made, "a", "b", "x")
    assert gap.mean == pytest.approx(0.4 / 3)
    assert gap.high - gap.mean == pytest.approx(4.302653 * np.std([0.1, 0.2, 0.1], ddof=1) / np.sqrt(3))
    assert (gap.n, gap.printed) == (3, 1.0)


def test_the_sampling_error_of_a_test_set():
    # one accuracy of 50 % has a standard error of 50 / 100 = 0.5 points on 10,000 images
    assert sampling_error(50, 50, 10_000) == pytest.approx(2 * np.sqrt(2) * 0.5)
    assert sampling_error(97.0, 100.0, 100) == pytest.approx(200 * np.sqrt(0.97 * 0.03 / 100))
    assert sampling_error(97.0, 96.0, 100) == pytest.approx(10 * sampling_error(96.0, 97.0, 10_000))
    assert sampling_error(0, 100, 1) == 0
    for wrong in ((-1, 50, 10), (50, 101, 10), (50, 50, 0), (np.nan, 50, 10)):
        with pytest.raises(ValueError, match="accuracies must be"):
            sampling_error(*wrong)


def test_differences_have_the_error_of_seeds_or_of_the_test_set():
    keys = ("a", "x"), ("b", "y")
    made = tables({keys[0]: [97.0, 97.5, 98.0], keys[1]: [96.9, 97.3, 97.9]})
    several = apart(Values(), made, *keys)
    assert (several.n, several.mean) == (3, pytest.approx(0.4 / 3))
    assert several.high - several.mean == pytest.approx(
        4.302653 * np.std([0.1, 0.2, 0.1], ddof=1) / np.sqrt(3)
    )
    made = tables({keys[0]: [97.0], keys[1]: [96.0, 90.0]})
    values = Values({keys[0]: value(97.0), keys[1]: value(93.0)})
    one = apart(values, made, *keys)
    assert (one.n, one.mean) == (1, 1.0)  # of the seed that both have
    assert one.mean - one.low == pytest.approx(sampling_error(97.0, 93.0, 10_000))
    values.scale = "smoke"
    assert apart(values, made, *keys).mean - apart(values, made, *keys).low > 5


def value(mean: float) -> Value:
    return Value(mean, np.nan, np.nan, 1, np.nan)


def test_test_images_of_a_row():
    desk = Values()
    assert [desk.tests(row) for row in ("mnist/2fc", "dvs-gesture", "cifar10-dvs/x")] == [10_000, 264, 1_000]
    desk.scale = "smoke"
    assert desk.tests("dvs-gesture") == 100
    for desk.scale, images in (("desk", 1_100), ("paper", 10_000)):
        assert desk.tests("n-mnist/2conv2fc") == images


@pytest.mark.parametrize("name", ["s0.table11", "s0.table16", "s0.table1"])
def test_nothing_run_says_why(name):
    made = tables({}, {("imagenet/resnet18/ch-snn", "accuracy_percent"): 62.0})
    assert said(name, made) == "None of 1 cells was run: not at hand."


def test_a_table_without_a_judge_says_how_much_was_run():
    made = tables({("a", "x"): 1.0}, {("a", "x"): 2.0, ("a", "y"): 2.0})
    assert verdict(None, "desk", made) == "1 of 2 cells were run, no claim is judged by them: not at hand."
    whole = tables({("a", "x"): 1.0})
    assert verdict(None, "desk", whole) == "1 of 1 cells were run, no claim is judged by them."


def test_a_judge_knows_its_exhibit():
    assert all(judge.exhibit == exhibit for exhibit, judge in _JUDGES.items() if isinstance(judge, Judged))
    assert all(isinstance(judge, Judged) for judge in _JUDGES.values())


def test_smoke_scale_is_named_first():
    made = tables({("mnist", "delta_1"): 97.0, ("mnist", "delta_0.5"): 98.0})
    assert said("s0.table3", made, "smoke").startswith("Smoke scale, on digits: what")


def test_a_ratio_without_operations():
    assert (ratio(3.0, 2.0), ratio(1.0, 0.0)) == ("1.5 times", "infinitely many times")
