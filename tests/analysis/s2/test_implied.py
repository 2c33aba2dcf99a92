"""What S2's printed numbers imply: the numbers of the specification, and that a moved print is noticed."""

import numpy as np
import pytest

from analysis.engine import implied as engine
from analysis.s2 import implied
from analysis.s2.printed import describe
from tests.analysis.committed import tables_of

RECORD = implied.state_all()
VALUE = dict(zip(RECORD.notes["row"], RECORD.arrays["value"], strict=True))
VERDICT = dict(zip(RECORD.notes["row"], RECORD.notes["verdict"], strict=True))


def of(group):
    return {row.partition("/")[2]: value for row, value in VALUE.items() if row.startswith(f"{group}/")}


def test_all_twelve_reductions_follow():
    assert len(of("reduction")) == 12
    assert {VERDICT[f"reduction/{row}"] for row in of("reduction")} == {"follows"}


def test_perceptrons_are_first_layer_macs():
    share = of("first-layer")
    assert implied.pass_energy("mlp", "dense") == pytest.approx(43.41, abs=0.005)
    dense = [value for row, value in share.items() if row.endswith("dense")]
    sparse = [value for row, value in share.items() if row.endswith("sparse")]
    assert (round(min(dense), 1), round(max(dense), 1)) == (96.4, 99.3)
    assert (round(min(sparse)), round(max(sparse))) == (76, 99)


def test_energies_and_reductions_with_the_first_current_held():
    assert (round(min(of("once").values()), 1), round(max(of("once").values()))) == (0.5, 75)
    found = [round(value, 1) for value in of("once-reduction").values()]
    assert found == [99.1, 97.6, 99.0, 99.0, 93.3, 99.0]


def test_snn_against_its_own_ann():
    ratio = of("own-ann-repeated")
    dense = [value for row, value in ratio.items() if row.endswith("dense")]
    # 7.2 with the ANN of ten classes throughout; that of 100 classes is 88.2 uJ, and its ratio 7.09
    assert (round(min(dense), 1), round(max(dense))) == (7.1, 32)
    assert {VERDICT[f"own-ann-repeated/{row}"] for row in ratio} == {"contradicts"}
    held = {row for row, value in of("own-ann-once").items() if value > 1}
    assert held == {"cifar-10/snm/sparse", "cifar-100/snm/sparse"}
    pj = 4.6e-6
    assert pj * sum(implied.count_links(10, "dense")) == pytest.approx(87.0, abs=0.05)
    assert pj * sum(implied.count_links(10, "sparse")) == pytest.approx(1.0, abs=0.02)
    assert pj * sum(implied.count_links(100, "sparse")) == pytest.approx(2.3, abs=0.03)


def test_aec_needs_more_than_two_spikes_with_two_hidden_layers():
    two, three = of("aec-spikes-2-hidden"), of("aec-spikes-3-hidden")
    assert two["cifar-10/dense"] == pytest.approx(2 * 21.2 / 18.9, abs=0.01)
    assert two["cifar-100/dense"] == pytest.approx(2 * 22.8 / 19.5, abs=0.01)
    contradict = {row for row in two if VERDICT[f"aec-spikes-2-hidden/{row}"] == "contradicts"}
    assert contradict == {"cifar-10/dense", "cifar-100/dense"}
    assert round(three["cifar-10/dense"], 2) == 1.12
    assert round(three["cifar-10/sparse"], 2) == 1.10
    assert max(three.values()) < 2


def test_rates_of_vgg():
    rate = of("vgg-rate")
    expected = {"cifar-10/qcfs": (0.045, 0.057), "cifar-10/snm": (0.096, 0.104)}
    for row, values in expected.items():
        assert [rate[f"{row}/{kind}"] for kind in implied.KINDS] == pytest.approx(values, abs=6e-4)
    for row, values in {"cifar-10/aec": (0.62, 0.65), "cifar-100/aec": (1.62, 0.73)}.items():
        assert [rate[f"{row}/{kind}"] for kind in implied.KINDS] == pytest.approx(values, abs=6e-3)
    assert VALUE["vgg-first-convolution/cifar-10/aec"] == pytest.approx(521, abs=0.5)
    assert set(of("vgg-first-convolution")) == {"cifar-10/aec", "cifar-100/aec"}


def test_p_values():
    assert implied.count_grid() == 78
    assert of("fewest-networks") == {"dense": 150, "sparse": 202, "all": 366}
    effect = of("rank-biserial")
    assert (round(effect["dense"], 2), round(effect["sparse"], 2)) == (0.69, 0.80)
    assert round(of("sparse-against-dense")["312"], 2) == 0.26
    assert VERDICT["text/twice"] == "contradicts"


def test_another_print_has_another_verdict(monkeypatch):
    """Negative control: numbers come from the tables, and a moved one is noticed."""
    read = engine.read_values

    def moved(name):
        of_energy = 0.5 if name == "s2.table2" else 1.0
        return {
            k: v * (of_energy if k == ("cifar-10/mlp/qcfs/dense", "energy_uj") else 1)
            for k, v in read(name).items()
        }

    monkeypatch.setattr(implied, "read_values", moved)
    record = implied.state_all()
    verdict = dict(zip(record.notes["row"], record.notes["verdict"], strict=True))
    changed = {row for row in verdict if verdict[row] != VERDICT[row]}
    assert {"reduction/cifar-10/mlp/qcfs", "first-layer/cifar-10/qcfs/dense"} <= changed
    assert all("cifar-10" in row and "qcfs" in row for row in changed)


def test_the_committed_table_is_that_of_the_printed_numbers():
    tables = tables_of("s2-implied")
    (cell,) = describe()["cells"]
    fresh = describe()["tabulate"]({cell: RECORD})["table"]
    assert fresh["verdict"].tolist() == tables["table"]["verdict"].tolist()
    assert fresh["arithmetic"].tolist() == tables["table"]["arithmetic"].tolist()
    np.testing.assert_allclose(fresh["value"], tables["table"]["value"], rtol=1e-6)
