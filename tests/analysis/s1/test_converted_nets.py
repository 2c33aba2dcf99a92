"""S1's Tables 1 and A4a, Figures 4 and A1: one set of records, planned cells, what claims speak of."""

import math

import numpy as np
import pytest

from analysis import s1
from analysis.engine.converted import read_plain, source_of
from analysis.engine.pruned import dense_values
from analysis.s1 import competitors
from analysis.s1 import converted_nets as nets
from analysis.s1.conversion_costs import seconds
from analysis.s1.convolutions import CROSSES as CONVOLUTIONS
from analysis.s1.tables import describe_runs
from netsci.convert import METHODS
from netsci.measure import saturation_time
from netsci.sweep import Record
from tests.analysis.engine.conversion_records import make_record
from tests.analysis.engine.test_claims import cells_of

SCALES = {scale: {one.id: one for one in s1.exhibits(0, scale)} for scale in ("smoke", "desk", "paper")}
TABLES, FIGURES = ("s1-table1", "s1-tableA4a"), ("s1-figure4", "s1-figureA1")
CELLS = SCALES["desk"]["s1-table1"].cells


def fake_records():
    """Return a record of each cell: accuracy that rises by cell and T, energy less in sparse networks."""
    rng, records = np.random.default_rng(0), {}
    for cell in CELLS:
        curves = {}
        for label in (read_plain(one).label for one in cell["conversions"]):
            correct = np.minimum(rng.integers(1, 6) + np.arange(32), rng.integers(6, 10))
            curves[label] = (correct.tolist(), (rng.uniform(1, 9) * np.arange(1, 33)).tolist(), 0)
        records[cell] = make_record(**curves)
    return records


RECORDS = fake_records()
MADE = {
    id_: SCALES["desk"][id_].tabulate({c: RECORDS[c] for c in SCALES["desk"][id_].cells})
    for id_ in (*TABLES, *FIGURES)
}


def sheet_of(id_):
    return SCALES["desk"][id_].sheet(MADE[id_])


def test_fronts_saturation_and_tables_come_from_the_same_records():
    table1, a4a, figure = sheet_of("s1-table1"), sheet_of("s1-tableA4a"), MADE["s1-figureA1"]["courses"]
    assert MADE["s1-figure4"]["courses"].equals(figure)
    titles = {title: name for name, title in nets.TITLES.items()}
    rows = {shown: name for name, shown in nets.NETWORKS.items()}
    checked = 0
    for (model, conversion, network, seed), of in figure.groupby(["model", "conversion", "network", "seed"]):
        row = f"cifar-10/{titles[model]}/{rows[network]}"
        name, steps = ("dcgs", 8) if conversion == "DCGS" else ("cs-qcfs", 16)
        at = of[of["T"] == steps].iloc[0]
        measured = table1.by_seed((row, f"{name}_t{steps}_snn_accuracy_percent"))
        assert measured[seed] == pytest.approx(at["accuracy"])
        reading = "once" if name == "dcgs" else "repeated"
        for column, count in (("energy_uj", "estimate"), ("exact_energy_uj", "exact")):
            assert table1.by_seed((row, f"{name}_t{steps}_{column}"))[seed] == pytest.approx(
                at[f"{reading}, {count}"]
            )
        checked += 1
        if row.endswith("/magnitude"):  # ours, and no row of Table A4a
            continue
        flat = saturation_time(of["accuracy"].to_numpy(), window=5, at="start")
        found = a4a.by_seed((row, f"{name}_t0"))
        assert (flat is None) == (seed not in found.index)
        assert flat is None or found[seed] == flat
    assert checked == 2 * (3 * 3 + 3 * 2) + 2


def test_what_s1_counts_over_its_scenarios_follows_from_the_rows():
    sheet = sheet_of("s1-table1")
    for seed in (0, 1):
        saved, lost, better = [], [], []
        for model in nets.MODELS:
            for name in nets.POINTS:
                rows = {row: f"cifar-10/{model}/{row}" for row in nets.ROWS}
                accuracy = {
                    r: sheet.by_seed((k, f"{name}_snn_accuracy_percent"))[seed] for r, k in rows.items()
                }
                energy = {r: sheet.by_seed((k, f"{name}_energy_uj"))[seed] for r, k in rows.items()}
                reduction = {r: 100 * (1 - e / energy["dense"]) for r, e in energy.items()}
                column = (rows["ours"], f"{name}_energy_reduction_percent")
                assert sheet.by_seed(column)[seed] == pytest.approx(reduction["ours"])
                saved.append(reduction["ours"] > 60)
                lost.append(accuracy["dense"] - accuracy["ours"])
                better.append(
                    accuracy["ours"] > accuracy["depgraph"] and reduction["ours"] > reduction["depgraph"]
                )
        row = "cifar-10/scenarios/all"
        assert sheet.by_seed((row, "over_60"))[seed] == sum(saved)
        assert sheet.by_seed((row, "within_1_point"))[seed] == sum(one < 1 for one in lost)
        assert sheet.by_seed((row, "both_better"))[seed] == sum(better)
        assert sheet.by_seed((row, "largest_gain_points"))[seed] == pytest.approx(-min(lost))


def test_networks_are_those_that_other_exhibits_train():
    sources = {source_of(one) for one in CELLS}
    trained = {*SCALES["desk"]["s1-vgg"].cells, *SCALES["desk"]["s1-resnet"].cells}
    pruned = {*SCALES["desk"]["s1-pruned-vgg"].cells, *SCALES["desk"]["s1-pruned-resnet"].cells}
    new = sources - trained - pruned
    # max pooling is trained for this alone, and DepGraph has a third seed here
    assert sorted(one["seed"] for one in new) == [0, 2]
    pooled = next(one for one in new if one["seed"] == 0)
    assert dict(pooled["options"])["pooling"] == "max"
    assert [
        read_plain(c).method for one in CELLS if source_of(one) == pooled for c in one["conversions"]
    ] == ["dcgs"]
    depgraph = next(one for one in new if one["seed"] == 2)
    assert (depgraph["method"], depgraph["form"]) == ("depgraph", "mask")
    assert dict(dict(depgraph.aside)["dense"].parameters) == dense_values(depgraph)
    assert dict(depgraph.aside)["dense"] in {*CONVOLUTIONS["s1-vgg"].plan("desk", 0)}
    for one in sources - {pooled}:
        options = dict(dense_values(one)["options"])
        assert options.get("pooling", "average") == "average"


def test_every_conversion_is_one_that_the_library_has():
    for scale in SCALES:
        for one in nets.conversions(scale):
            METHODS[one.method].fill_options(dict(one.options))
            assert [t.name for t in one.tunings] in ([], ["cs-qcfs-1", "cs-qcfs-2"])
    assert {one["steps"] for one in CELLS} == {32}


@pytest.mark.parametrize("id_", [*TABLES, *FIGURES])
def test_claims_speak_of_cells_that_have_runs(id_):
    exhibit, sheet = SCALES["desk"][id_], sheet_of(id_)
    assert len(exhibit.caption.split()) <= 60
    assert sum(claim.main for claim in exhibit.claims) == 1
    for claim in exhibit.claims:
        assert len(claim.words.split()) <= 20
        for key in cells_of(claim):
            assert len(sheet.by_seed(key)) or key[1].endswith(("_t0", "end-10")), key
    rulings = exhibit.rulings(MADE[id_])
    assert not set(rulings["holds"]) & {"not run"}


def test_nothing_is_left_out_without_a_reason():
    for id_ in TABLES:
        for tables in (MADE[id_], SCALES["desk"][id_].tabulate({})):
            entries = tables["entries"]
            run = set(zip(tables["table"]["row"], tables["table"]["column"], strict=True))
            for line in entries.itertuples():
                assert (line.row, line.column) in run or line.reason, line
    reasons = set(SCALES["desk"]["s1-table1"].tabulate({})["entries"]["reason"])
    assert reasons == {"its run is not finished", nets.LEFT_OUT}


def test_costs_by_hand():
    one = next(c for c in CELLS if dense_values(source_of(c))["model"] == "resnet18")
    vgg = next(c for c in CELLS if dense_values(source_of(c))["model"] == "vgg16")
    assert 60 < seconds(vgg) < seconds(one) < 2 * 3600
    assert all(math.isinf(seconds(c)) for c in SCALES["paper"]["s1-table1"].cells)
    assert all(seconds(c) < 60 for c in SCALES["smoke"]["s1-table1"].cells)


def test_rows_say_what_ran():
    assert describe_runs("cifar-10/vgg16/ours") == "ours: an eighth of the channels"
    assert describe_runs("cifar-10/6conv2fc/dcgs") == "ours: a sixteenth of the channels"


def test_tables_of_hyperparameters_show_the_recipes_that_ran():
    for id_, least in (("s1-tableA1", 18), ("s1-tableA3", 9)):
        exhibit = SCALES["desk"][id_]
        (cell,) = exhibit.cells
        tables = exhibit.tabulate({cell: cell.run()})
        in_print = tables["table"][tables["table"]["printed"] != ""]
        assert len(in_print) == least
        assert (in_print["ran"] != "").all()
    ran = tables["table"].set_index("column")["ran"]
    (stage1, stage2) = nets.conversions("desk")[1].tunings
    assert (ran["train_epochs"], ran["finetune_epochs"]) == (str(stage1.epochs), str(stage2.epochs))
    assert dict(stage1.changes)["dropout"] == float(ran["dropout"]) == 0.0


def test_table_a2_reads_convolutions_and_linear_layers_apart():
    rows = [
        ("all", "link sparsity", 0.5),
        ("convs.0", "links", 8.0), ("convs.0", "link sparsity", 0.2),
        ("convs.1", "links", 30.0), ("convs.1", "link sparsity", 0.0),
        ("classifier.0", "links", 25.0), ("classifier.0", "link sparsity", 0.75),
        ("classifier.3", "links", 10.0), ("classifier.3", "link sparsity", 0.5),
    ]  # fmt: skip
    layers, measures, values = zip(*rows, strict=True)
    record = Record(
        {
            "table_layer": np.array(layers),
            "table_measure": np.array(measures),
            "table_value": np.array(values),
        }
    )
    assert competitors.read_share("conv")(record) == pytest.approx(20.0)
    assert competitors.read_share("linear")(record) == pytest.approx(100 * (1 - 35 / 120))
