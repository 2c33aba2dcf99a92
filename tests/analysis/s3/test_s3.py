import numpy as np
import pytest

from analysis.engine.agreement import last_epoch
from analysis.engine.printed import expected
from analysis.engine.statistics import disagreements
from analysis.engine.store import save_tables
from analysis.s3 import checks, study, tasks
from analysis.s3.vectors import RAMP, formula, norm, turning_point
from netsci.measure import sparsity_index
from netsci.sweep import run_cells

EXHIBITS = {exhibit.id: exhibit for exhibit in study.exhibits()}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The tables of every exhibit, written and read back."""
    results = tmp_path_factory.mktemp("results")
    tables = {}
    for exhibit in EXHIBITS.values():
        records = run_cells(exhibit.cells, results)
        tables[exhibit.id] = exhibit.tabulate(records)
        save_tables(exhibit, tables[exhibit.id], records, results)
    return tables


@pytest.mark.parametrize("name", EXHIBITS)
def test_agreement_can_be_checked(made, name):
    table = last_epoch(made[name]["table"])
    assert disagreements(table, table).empty
    shifted = table.assign(value=table["value"] + 0.1)
    assert len(disagreements(table, shifted)) >= 10


def test_every_printed_value_is_reproduced(made):
    compared = made["s3-vectors"]["compared"]
    printed = expected("s3.vectors")
    numbers = printed[(printed["value"] != "") & (printed["column"] != "d")]
    assert len(compared) == len(numbers) == 8
    assert compared["difference"].abs().max() < 1e-9
    assert sorted(compared["printed"]) == sorted(numbers["value"].astype(float))
    w2 = compared[(compared["vector"] == "w2") & (compared["measure"] == "norm_p")]
    assert w2[["p", "printed"]].to_numpy().tolist() == [[0.5, 20.0]]


def test_properties_hold_where_theory_says(made):
    table = made["s3-properties"]["table"]
    shares = (
        table[table["unit"] == "share"].set_index(["operation", "p", "seed", "measure"])["value"].sort_index()
    )
    for operation, (theory, _) in tasks.OPERATIONS.items():
        for p, _ in study.ORDERS:
            for seed in range(3):
                found = shares[operation, p, seed]
                assert found.sum() == pytest.approx(1)
                if theory == "either":
                    assert found["rises"] > 0.05
                    assert found["falls"] > 0.2
                else:
                    assert found[theory] == 1
    held = EXHIBITS["s3-properties"].rulings(made["s3-properties"])["holds"]
    assert held.tolist() == ["yes"] * 7 + ["no"] * 2


def test_quantiles_are_in_order(made):
    table = made["s3-properties"]["table"]
    wide = table.pivot(index=["operation", "p", "seed"], columns="measure", values="value")
    assert (wide["5 % quantile"] <= wide["median change"]).all()
    assert (wide["median change"] <= wide["95 % quantile"]).all()


def test_operations_do_what_their_names_say():
    w, rng = np.array([-4.0, 0.0, 1.0]), np.random.default_rng(0)
    after = {name: operation(w, rng) for name, (_, operation) in tasks.OPERATIONS.items()}
    assert after["times -3"].tolist() == [12, 0, -3]
    assert sorted(after["permuted"]) == sorted(w)
    assert after["cloned"].tolist() == w.tolist() * 3
    assert after["Robin Hood"].sum() == pytest.approx(5)
    assert 0 < after["Robin Hood"][1] < after["Robin Hood"][0] < 4
    assert after["rising tide"] == pytest.approx([4 + 5 / 3, 5 / 3, 1 + 5 / 3])
    assert after["Bill Gates"].tolist() == [400, 0, 1]
    assert after["zeros appended"].tolist() == [-4, 0, 1, 0, 0, 0]
    assert after["small raise"].sum() == pytest.approx(5 + 0.5 / 3)
    assert after["next step"][:3].tolist() == w.tolist()


def test_every_claim_of_the_printed_list_is_checked_once():
    printed = expected("s3.claims")
    keys = [(entry.section, entry.key) for entry in checks.read_claims()]
    assert keys == list(zip(printed["row"], printed["column"], strict=True))


def test_verdicts_agree_with_the_readings(made):
    """What is read as printed holds; what is read as an erratum does not hold as said."""
    table = made["s3-claims"]["table"]
    readings = expected("s3.claims")["reading"]
    holds = table["verdict"] == "holds"
    assert (holds == (readings == "as_printed")).all()
    assert table["verdict"].value_counts().to_dict() == {
        "holds with correction": 10,
        "holds": 8,
        "does not hold": 6,
    }
    assert (table.loc[~holds, "correction"].str.len() > 5).all()


def test_numbers_of_the_claims(made):
    value = made["s3-claims"]["table"].set_index(["section", "key"])["value"]
    assert value["definition", "no_zero_elements"] == pytest.approx(0.0555858573695, abs=1e-12)
    assert value["definition", "range"] == 0.75
    assert np.isnan(value["definition", "zero_vector"])
    assert value["definition", "p_below_q"] == pytest.approx(-3)
    assert value["a.2", "power_of_two"] == 2
    assert value["a.2", "w1_smaller_norm_p"] == pytest.approx(2**0.5)
    assert value["a.3", "differing_activity"] == 0.5
    assert value["a.4", "more_neurons"] == pytest.approx(0.6470588 - 0.5, abs=1e-6)
    assert value["a.5.1", "definition"] == pytest.approx(0.0218212 - 0.0555859, abs=1e-6)
    assert value["a.5.2", "adding_zeros"] == pytest.approx(0.2444687 - 0.0555859, abs=1e-6)
    assert value["a.5.2", "mechanism"] == pytest.approx(0, abs=1e-15)


def test_a_wrong_index_changes_the_verdicts(monkeypatch):
    """Negative control: were I the share of nonzeros, the checks would say so."""
    monkeypatch.setattr(checks, "sparsity_index", lambda w, *, p, q: float(np.mean(np.asarray(w) != 0)))
    record = checks.check_all(seed=0, vectors=20)
    verdict = dict(zip(map(tuple, record.notes["keys"]), record.notes["verdict"], strict=True))
    assert verdict["definition", "formula"] == "does not hold"
    assert verdict["definition", "structure_sparsity"] == "holds"
    assert verdict["a.2", "conclusion"] == "does not hold"
    assert verdict["a.5.2", "adding_zeros"] == "does not hold"


def test_turning_point_is_where_the_index_is_least():
    turn = turning_point(RAMP[1:], 0.5, 1.0)
    around = [sparsity_index([turn * t, *RAMP[1:]]) for t in (0.9, 0.99, 1.0, 1.01, 1.1)]
    assert np.argmin(around) == 2
    assert f"{turn:.4g}" in next(checks._raised([])).correction


def test_the_printed_formula():
    assert formula(RAMP, 0.5, 1.0) == pytest.approx(sparsity_index(RAMP), abs=1e-15)
    assert formula(RAMP, 0.5, 1.0, d=2) == pytest.approx(1 - norm(RAMP, 0.5) / norm(RAMP, 1.0) / 2)
    assert np.isnan(formula(np.zeros(3), 0.5, 1.0))


def test_a_record_of_other_claims_is_refused():
    (cell,) = EXHIBITS["s3-claims"].cells
    record = checks.check_all(seed=0, vectors=2)
    record.notes["keys"][0] = ["z", "other"]
    with pytest.raises(ValueError, match="of other claims"):
        EXHIBITS["s3-claims"].tabulate({cell: record})
