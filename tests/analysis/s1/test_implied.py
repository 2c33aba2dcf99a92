"""What S1's printed numbers imply: the numbers of the specification, and that a moved print is noticed."""

import numpy as np
import pytest

from analysis.engine import implied as engine
from analysis.s1 import counts, implied, implied_6conv
from analysis.s1.printed import describe
from tests.analysis.committed import tables_of


def value_of(record):
    return dict(zip(record.notes["row"], record.arrays["value"], strict=True))


def verdict_of(record):
    return dict(zip(record.notes["row"], record.notes["verdict"], strict=True))


RECORD = implied.state_all()
VALUE, VERDICT = value_of(RECORD), verdict_of(RECORD)


def test_counts_of_the_networks():
    vgg, six = counts.count_convolutions(counts.VGG16), counts.count_convolutions(counts.CONV6)
    assert (vgg.conv_weights, vgg.convolutions) == (14_710_464, 313_196_544)
    assert (six.conv_weights, six.convolutions) == (4_574_592, 607_518_720)
    assert sum(implied_6conv.count_6conv2fc(10)[1:]) == 16_782_336
    assert sum(implied_6conv.count_6conv2fc(100)[1:]) == 16_828_416
    vit = counts.count_vit()
    assert vit["blocks"] + vit["head"] == 16_732_895_232
    assert (vit["patches"], vit["attention"]) == (115_605_504, 715_327_488)


def test_eight_sparsities_of_table_3():
    rows = {row: value for row, value in VALUE.items() if row.startswith("sparsity/")}
    assert len(rows) == 8
    for row, value in rows.items():
        assert value == pytest.approx(float(row.split("/")[2]), abs=0.01)
        assert VERDICT[row] == "follows"
    # had the classifier been sparse too, the networks of 4.4 would not fit
    wrong = implied_6conv._share(100, 0.6, 0.99, dense_classifier=False)
    assert abs(wrong - 90.42) > 0.05


def test_sparse_networks_fire_more():
    rates = [value for row, value in VALUE.items() if row.startswith("firing/")]
    assert len(rates) == 8
    assert (round(min(rates), 1), round(max(rates), 1)) == (1.2, 1.9)
    for data, low, high in (("cifar-10", 0.66, 1.13), ("cifar-100", 0.64, 1.39)):
        events = [value for row, value in VALUE.items() if row.startswith(f"events/{data}/")]
        assert (round(events[0], 2), round(events[-1], 2)) == (low, high)
    assert VALUE["sensitivity/linear-share"] < 2


def test_vit():
    assert VALUE["vit-own-ann/dense"] == pytest.approx(73.06 / 80.8, abs=5e-4)
    assert VALUE["vit-own-ann/sparse"] == pytest.approx(29.07 / 26.9, abs=2e-3)
    assert VERDICT["vit-own-ann/sparse"] == "contradicts"
    assert VALUE["vit/unchanged-3"] == pytest.approx(61.6, abs=0.1)
    assert VALUE["vit/unchanged-1"] == pytest.approx(66.6, abs=0.1)
    assert (VERDICT["vit/gap"], VERDICT["vit/nearest"]) == ("follows", "contradicts")


def test_what_else_contradicts():
    found = {row for row, verdict in VERDICT.items() if verdict == "contradicts"}
    assert found == {
        *("table1/loss", "first-convolution/cifar-10", "first-convolution/linear-in-t"),
        *("table2/simultaneously", "sensitivity/linear-share", "sensitivity/inverse-cifar-100"),
        *("vit-own-ann/sparse", "vit/nearest", "saturation/end"),
    }
    assert VALUE["table1/loss"] == pytest.approx(1.04)
    assert VALUE["first-convolution/cifar-10"] == pytest.approx(130.2, abs=0.05)
    assert (VALUE["saturation/end"], VALUE["saturation/start"]) == (5, 33)


def test_another_print_has_another_verdict(monkeypatch):
    """Negative control: numbers come from the tables, and a moved one is noticed."""
    read = engine.read_values

    def moved(name):
        table = "s1.table1" if name == "s1.table1" else ""
        return {k: v + 5.0 * (k[0].endswith("/ours") and bool(table)) for k, v in read(name).items()}

    monkeypatch.setattr(implied, "read_values", moved)
    verdict = verdict_of(implied.state_all())
    assert verdict["table1/loss"] == "follows"
    assert verdict["table1/gain"] == "contradicts"


def test_the_committed_table_is_that_of_the_printed_numbers():
    tables = tables_of("s1-implied")
    (cell,) = describe()["cells"]
    fresh = describe()["tabulate"]({cell: RECORD})["table"]
    assert fresh["verdict"].tolist() == tables["table"]["verdict"].tolist()
    assert fresh["arithmetic"].tolist() == tables["table"]["arithmetic"].tolist()
    np.testing.assert_allclose(fresh["value"], tables["table"]["value"], rtol=1e-6)
