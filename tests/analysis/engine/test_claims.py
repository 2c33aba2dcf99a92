"""Claims are judged by their contrasts: by hand, over every claim that is made, and on committed tables."""

import math
import re
from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.engine.claims import Bound, Order, Sign, Trend, ruling, rulings
from analysis.engine.derived import Derived, derive
from analysis.engine.page import CAPTION_WORDS, VERDICT_WORDS
from analysis.engine.sheet import Estimate, Sheet, exact, sample_error, unknown, write_number
from analysis.figures import catalogue
from netsci.sweep import find_record
from tests.analysis.committed import EXHIBITS, RESULTS, tables_of

CLAIMS = [pytest.param(claim, id=f"{e.id}: {claim.words}") for e in EXHIBITS.values() for claim in e.claims]
SAID = {"words": "w", "place": "p"}


def sheet(cells, *, spread=0.0, error=unknown, printed=None, unit="1"):
    """A sheet of three seeds, `spread` apart, or of the values by seed that are given."""
    rows = []
    for (row, column), value in cells.items():
        seeds = value if isinstance(value, list) else [value - spread, value, value + spread]
        rows += [(row, column, seed, one) for seed, one in enumerate(seeds)]
    frame = pd.DataFrame(rows, columns=["row", "column", "seed", "value"])
    return Sheet(frame, printed or {}, dict.fromkeys(cells, unit), error)


def cells_of(claim):
    return list(dict.fromkeys(k for c in claim.contrasts for k in (c.key, c.minus) if k is not None))


def true_values(claim):
    """Values for which a claim is right by at least a millionth, from its kind."""
    if isinstance(claim, Order):  # every cell above those that it must exceed
        level = dict.fromkeys(cells_of(claim), 1.0)
        for _ in level:
            for more, less in claim.pairs:
                level[more] = max(level[more], claim.times * level[less] + claim.by + 1.0)
        return level
    if isinstance(claim, Trend):
        order = claim.cells if claim.rises else claim.cells[::-1]
        return {cell: float(number) for number, cell in enumerate(order)}
    if isinstance(claim, Sign):
        return dict.fromkeys(claim.cells, 1.0 if claim.positive else -1.0)
    if claim.spread:
        return dict.fromkeys(claim.cells, 50.0)
    low = claim.above if claim.above is not None else claim.below - 2e-6
    high = claim.below if claim.below is not None else low + 2e-6
    return dict.fromkeys(claim.cells, (low + high) / 2)


def margin(claim, values):
    """The smallest contrast, computed without the engine's intervals."""
    found = []
    for c in claim.contrasts:
        gap = values[c.key] - (0.0 if c.minus is None else c.times * values[c.minus])
        found.append(c.offset + c.sign * gap)
    return min(found)


@pytest.mark.parametrize("claim", CLAIMS)
def test_every_claim_can_hold_fail_and_stay_open(claim):
    values = true_values(claim)
    right = margin(claim, values)
    assert right > 0
    assert ruling(claim, sheet(values, error=exact))["holds"] == "yes"
    spread = right / 100 / getattr(claim, "times", 1.0)
    assert ruling(claim, sheet(values, spread=spread))["holds"] == "yes"
    # shifts that differ from cell to cell, so that differences have a spread, too
    rng = np.random.default_rng(0)
    noisy = {key: (value + 1e3 * right * rng.normal(size=3)).tolist() for key, value in values.items()}
    assert ruling(claim, sheet(noisy))["holds"] == "undecided"
    victim = claim.contrasts[0]
    move = victim.sign * (victim.offset + victim.sign * values[victim.key] + 1e3)
    wrong = {**values, victim.key: values[victim.key] - move}
    assert margin(claim, wrong) < 0
    assert ruling(claim, sheet(wrong, error=exact))["holds"] == "no"
    assert ruling(claim, sheet({}))["holds"] == "not run"
    if len(values) > 1:
        part = {key: value for key, value in values.items() if key != victim.key}
        assert ruling(claim, sheet(part, error=exact))["holds"] in ("undecided", "not run")


def moved(made, key, change):
    at = (made.values["row"] == key[0]) & (made.values["column"] == key[1])
    return replace(made, values=made.values.assign(value=made.values["value"].where(~at, change)))


def against(made, contrast):
    """The sheet with the first cell of a contrast far on the wrong side, where its error is still known."""
    value = made.by_seed(contrast.key).mean()
    share = made.unit(contrast.key) == "percent" and 0 <= value <= 100 and len(made.parts(contrast.key)) == 1
    share &= contrast.estimate(made).n == 1  # the error of several is their spread
    far = (0.0 if contrast.sign > 0 else 100.0) if share else value - contrast.sign * 1e6
    return moved(made, contrast.key, far)


@pytest.mark.parametrize("exhibit", EXHIBITS.values(), ids=EXHIBITS)
def test_moved_and_exchanged_cells_of_the_committed_table_change_rulings(exhibit):
    tables = tables_of(exhibit.id)
    made, before = exhibit.sheet(tables), exhibit.rulings(tables)
    if (before["holds"] == "not run").all():
        assert all(any(made.by_seed(key).empty for key in cells_of(claim)) for claim in exhibit.claims)
        return
    changed = False
    for claim, holds in zip(exhibit.claims, before["holds"], strict=True):
        run = [c for c in claim.contrasts if len(made.by_seed(c.key)) and c.estimate(made).n]
        if holds in ("yes", "undecided") and run and not np.isnan(run[0].estimate(made).low):
            # a cell that is moved far away refutes what held or was open
            after = ruling(claim, against(made, run[0]))
            assert after["holds"] == "no", claim.words
            changed = True
    keys = list(dict.fromkeys(key for claim in exhibit.claims for key in cells_of(claim)))
    others = [key for key in made.keys if len(made.by_seed(key)) and key not in keys]
    for one, other in [*combinations(keys, 2), *((k, o) for k in keys for o in others)]:
        if changed:
            return
        values = made.values.copy()
        at = [(values["row"] == row) & (values["column"] == column) for row, column in (one, other)]
        values.loc[at[0], ["row", "column"]] = list(other)
        values.loc[at[1], ["row", "column"]] = list(one)
        after = rulings(exhibit.claims, replace(made, values=values))
        changed = not after["holds"].equals(before["holds"])
    for claim in exhibit.claims:  # a trend that is far off needs more exchanges than one
        if isinstance(claim, Trend) and not changed:
            values = sorted((made.by_seed(cell).mean() for cell in claim.cells), reverse=not claim.rises)
            sheets = made
            for cell, value in zip(claim.cells, values, strict=True):
                sheets = moved(sheets, cell, value)
            changed = ruling(claim, sheets)["holds"] != "no"
    assert changed, "no exchange of cells changes a ruling"


# what S0's text says and its own table contradicts, or does not print; the note says so
TEXT_AGAINST_TABLE = {
    "Without SSWI a network fails to train at 99 % sparsity (the table has 70.41 % for MNIST)": "no",
    "At 20 %, bit flips and false spikes cost more than dropped spikes (the table: not so for dense)": "no",
    "On MNIST at 99 % sparsity, SSCTI with SSWI beats either alone, and either beats neither": "undecided",
    "On MNIST at 95 % sparsity, SSCTI with SSWI beats either alone, and either beats neither": "undecided",
    "On MNIST at 80 % sparsity, SSCTI with SSWI beats either alone, and either beats neither": "undecided",
    "On MNIST at 70 % sparsity, SSCTI with SSWI beats either alone": "not run",
    "On MNIST 2FC, evolution takes units out of the network": "not run",
}


@pytest.mark.parametrize("exhibit", [e for e in EXHIBITS.values() if e.printed], ids=lambda e: e.id)
def test_the_claims_of_a_printed_table_hold_in_print(exhibit):
    made = exhibit.sheet(tables_of(exhibit.id))
    lines = [(*key, 0, value) for key, value in made.printed.items()]
    printed = Sheet(pd.DataFrame(lines, columns=["row", "column", "seed", "value"]), error=exact)
    for claim in exhibit.claims:
        of_paper = set(cells_of(claim)) & made.printed.keys()  # the others are ours
        usual = {"not run", "undecided"} if of_paper else {"not run"}
        usual = {"yes"} if of_paper == set(cells_of(claim)) else usual
        known = TEXT_AGAINST_TABLE.get(claim.words)
        assert ruling(claim, printed)["holds"] in (usual if known is None else {known}), claim.words


def cells(*columns, row="a"):
    return tuple((row, column) for column in columns)


A, B = ("a", "x"), ("b", "x")
ORDER = Order(**SAID, pairs=((A, B),))
STEPS = cells("x_1", "x_2", "x_3")
RISES = Trend(**SAID, cells=STEPS, rises=True)
BETWEEN = Bound(**SAID, cells=(A,), above=2.0, below=3.0)
SPREAD = Bound(**SAID, cells=cells("x", "y", "z"), below=1.0, spread=True)
SIGN = Sign(**SAID, cells=(A,))
MANY = Sign(**SAID, cells=cells(*(f"x_{i}" for i in range(40))))
EXACT, IMAGES = {"error": exact}, {"error": sample_error(lambda row: 10_000)}
CASES = [  # a claim, the values of its cells (by seed where there are several), what is known of them, ruling
    (ORDER, ([3.0, 5.0, 7.0], [1.0, 2.0, 3.0]), {}, "yes"),
    (replace(ORDER, times=2.5), (4.9, 2.0), EXACT, "no"),
    (replace(ORDER, times=2.5), (5.1, 2.0), EXACT, "yes"),
    # differences are taken seed by seed: the spread that two networks share says nothing about them
    (ORDER, ([1.1, 5.1, 9.1], [1.0, 5.0, 9.0]), {}, "yes"),
    (ORDER, ([1.1, 5.1, 9.1], [9.0, 1.0, 5.0]), {}, "undecided"),
    (RISES, (1.0, 2.0, 3.0), EXACT, "yes"),
    (RISES, (1.0, 2.0, 2.0), EXACT, "undecided"),  # a step of nothing
    (RISES, (2.0, 2.0, 1.0), EXACT, "no"),
    # from the first to the last it falls beyond error, though no step does
    (RISES, ([97.4], [97.0], [96.6]), IMAGES, "no"),
    (replace(RISES, cells=STEPS[:2]), ([97.4], [97.0]), IMAGES, "undecided"),
    (BETWEEN, (2.5,), EXACT, "yes"),
    (BETWEEN, (1.9,), EXACT, "no"),
    (BETWEEN, (3.1,), EXACT, "no"),
    (SPREAD, (1.0, 1.5, 1.9), EXACT, "yes"),
    (SPREAD, (1.0, 1.5, 2.1), EXACT, "no"),
    (SPREAD, (2.1, 1.5, 1.0), EXACT, "no"),
    # one of 40 that falls below zero by chance does not refute: the interval is that of 1 - 0.05 / 40
    (MANY, ([-1.0, -1.2, -1.4], *([5.0, 5.1, 5.2],) * 39), {}, "undecided"),
    (replace(MANY, cells=MANY.cells[:1]), ([-1.0, -1.2, -1.4],), {}, "no"),
    # what is exactly 0 in every run has no sign
    (SIGN, ([0.0],), {}, "no"),
    (SIGN, ([0.0, 0.0],), {}, "no"),
    (SIGN, ([-1.0, 1.0],), {}, "undecided"),
    (SIGN, ([0.02],), {}, "undecided"),
]


@pytest.mark.parametrize(("claim", "values", "known", "holds"), CASES)
def test_rulings_by_hand(claim, values, known, holds):
    keys = cells_of(claim) if isinstance(claim, Order) else claim.cells
    found = ruling(claim, sheet(dict(zip(keys, values, strict=True)), **known))
    assert found["holds"] == holds
    if claim is SPREAD:
        assert found["gap"] == pytest.approx(1 - (max(values) - min(values)))


def test_the_interval_of_an_order_is_that_of_the_paired_differences():
    found = ruling(ORDER, sheet({A: [3.0, 5.0, 7.0], B: [1.0, 2.0, 3.0]}))
    low, high = stats.t.interval(0.95, 2, loc=3.0, scale=stats.sem([2.0, 3.0, 4.0]))
    assert (found["gap"], found["low"], found["high"]) == pytest.approx((3.0, low, high))
    assert (found["seeds"], found["ours"]) == (3, "5 against 2")


def test_a_bound_needs_a_limit():
    with pytest.raises(ValueError, match="needs above or below"):
        Bound(**SAID, cells=(A,))


def test_one_seed_is_judged_by_what_is_known_of_its_error():
    for gap, holds in ((0.3, "undecided"), (0.6, "yes"), (-0.6, "no")):
        values = {A: [97.0 + gap], B: [97.0]}
        found = ruling(ORDER, sheet(values, unit="percent", **IMAGES))
        assert (found["holds"], found["seeds"], found["unit"]) == (holds, 1, "points")
        assert ruling(ORDER, sheet(values))["holds"] == "undecided"
    error = 1.96 * math.sqrt(97.6 * 2.4 / 1e4 + 97 * 3 / 1e4)
    found = ruling(ORDER, sheet({A: [97.6], B: [97.0]}, **IMAGES))
    assert found["gap"] - found["low"] == pytest.approx(error, rel=1e-3)
    assert np.isnan(sample_error(lambda row: 100)([("a", "x")], [-0.5]))


def test_the_interval_shown_is_the_one_that_decided():
    """Ten pairs could refute a spread of five: their interval is wider, and it is the one in the row."""
    five = cells(*(f"x_{i}" for i in range(5)))
    values = dict(zip(five, ([97.2], [97.0], [96.8], [96.6], [95.53]), strict=True))
    spread = replace(SPREAD, cells=five)
    found = ruling(spread, sheet(values, **IMAGES))
    error = math.sqrt((97.2 * 2.8 + 95.53 * 4.47) / 1e4)
    assert spread.comparisons == 10
    assert found["gap"] - found["low"] == pytest.approx(stats.norm.ppf(1 - 0.025 / 10) * error, rel=1e-3)
    assert (found["holds"], found["low"] < 0 < found["high"]) == ("undecided", True)
    assert found["unit"] == "from the limit"  # and no difference of the two values in `ours`
    apart = ruling(spread, sheet({**values, five[4]: [95.2]}, **IMAGES))
    assert (apart["holds"], apart["high"] < 0) == ("no", True)
    assert replace(SPREAD, cells=(A, B)).contrasts == ()  # of each row on its own


def test_claims_that_are_judged_together_need_more():
    made = sheet({A: [1.0, 2.0, 3.2]})
    alone, together = (ruling(replace(SIGN, among=n), made) for n in (1, 5))
    low, _ = stats.t.interval(0.99, 2, loc=6.2 / 3, scale=stats.sem([1.0, 2.0, 3.2]))
    assert together["low"] == pytest.approx(low)
    assert together["low"] < alone["low"]


def test_rivals_that_were_not_run_are_taken_as_printed():
    claim = replace(ORDER, pairs=((A, B), (("c", "x"), A)), rivals="printed", by=0.5)
    printed = {B: 1.0, ("c", "x"): 9.0}
    assert ruling(claim, sheet({A: 5.0}, spread=0.1, printed=printed))["holds"] == "yes"
    for a, ours in ((1.2, "1.2 against 1 (printed)"), (9.2, "9 (printed) against 9.2")):
        found = ruling(claim, sheet({A: a}, spread=0.01, printed=printed))
        assert (found["holds"], found["ours"]) == ("no", ours)
        assert found["gap"] == pytest.approx(-0.3 if a < 2 else -0.7)
    assert ruling(replace(claim, rivals=""), sheet({A: 5.0}, printed=printed))["holds"] == "not run"


def test_a_correction_and_an_implied_value_are_said():
    claim = Bound(**SAID, cells=(A,), above=0.5)
    made = replace(sheet({A: [0.0]}, **EXACT), corrections={A: "below 1"})
    assert [ruling(claim, made)[name] for name in ("holds", "ours")] == ["corrected", "below 1"]
    assert ruling(claim, replace(made, values=made.values.assign(value=1.0)))["holds"] == "yes"
    implied = replace(sheet({A: [0.0]}, printed={A: 3.0}), implied=frozenset([A]))
    assert ruling(claim, implied)["printed"] == "3 (implied)"


def test_a_gain_of_one_seed_has_the_error_of_both_networks():
    keys = [("a", name) for name in ("gain", "ours", "dense")]
    made = sheet(dict(zip(keys, ([0.5], [97.5], [97.0]), strict=True)), **IMAGES)
    known = replace(made, parts=lambda key: keys[1:] if key == keys[0] else (key,))
    found = ruling(Sign(**SAID, cells=(keys[0],)), known)
    error = 1.96 * math.sqrt((97.5 * 2.5 + 97 * 3) / 1e4)
    assert found["gap"] - found["low"] == pytest.approx(error, rel=1e-3)
    assert found["holds"] == "yes"


def test_printed_and_ours_are_written_by_their_unit():
    found = ruling(SIGN, sheet({A: [0.5, 0.7]}, printed={A: -0.3}, unit="percent"))
    assert (found["printed"], found["ours"]) == ("-0.30", "+0.60 (-0.67 to +1.87)")
    yes = ruling(Bound(**SAID, cells=(A,), above=0.5), sheet({A: [1.0, 0.0, 1.0]}, unit="yes/no"))
    assert yes["ours"] == "2 of 3"
    assert [write_number(v, "count") for v in (43_240.2, 2.5e8)] == ["43,240", "2.5e+08"]
    assert [write_number(v, "percent") for v in (-0.001, np.nan)] == ["0.00", ""]
    assert write_number(1.0, "yes/no") == "yes"


def test_words_are_few_one_claim_is_the_main_one_and_cells_are_there():
    for exhibit in EXHIBITS.values():
        assert sum(claim.main for claim in exhibit.claims) == 1, exhibit.id
        assert all(len(claim.words.split()) <= 20 and claim.place for claim in exhibit.claims)
        assert len({claim.words for claim in exhibit.claims}) == len(exhibit.claims)
        keys = set(exhibit.sheet(tables_of(exhibit.id)).keys)
        if exhibit.seconds and not all(find_record(RESULTS, cell) for cell in exhibit.cells):
            continue  # the runs of a claim may still be planned
        if exhibit.printed and not exhibit.cells:
            continue  # nothing is planned yet
        for claim in exhibit.claims:
            assert any(cell in keys for cell in cells_of(claim)), (exhibit.id, claim.words)


def test_verdicts_and_captions_are_few_words_also_of_exhibits_without_runs():
    start = len(["Smoke", "scale,", "on", "digits:"])
    for exhibit in catalogue(scale="smoke"):
        words = len(re.sub(r"\{\{.*?\}\}", "1", exhibit.verdict).split())
        assert words + (start if exhibit.scale == "smoke" else 0) <= VERDICT_WORDS, exhibit.id
        assert len(exhibit.facts["caption"].split()) <= CAPTION_WORDS, exhibit.id


def test_a_known_interval_decides_and_grows_with_the_confidence():
    values = pd.DataFrame([("a", "x", 0, 2.0)], columns=["row", "column", "seed", "value"])
    known = {("a", "x"): Estimate(2.0, 1.0, 4.0, 15)}
    of = Sheet(values, known=known, remarks={("a", "x"): "; turns at .2 %"})
    found = of.interval(("a", "x"), None, 1.0, 0.95)
    assert (found.mean, found.n) == (2.0, 15)
    assert (found.low, found.high) == pytest.approx((1.0, 4.0))
    wide = of.interval(("a", "x"), None, 1.0, 0.99)
    factor = stats.norm.ppf(0.995) / stats.norm.ppf(0.975)
    assert (wide.low, wide.high) == pytest.approx((2.0 - factor, 2.0 + 2 * factor))
    row = ruling(Sign(cells=(("a", "x"),), **SAID), of)
    assert (row["holds"], row["ours"], row["seeds"]) == ("yes", "+2 (+1 to +4); turns at .2 %", 15)
    row = ruling(Sign(cells=(("a", "x"),), positive=False, **SAID), of)
    assert row["holds"] == "no"
    none = Sheet(values, known={("a", "x"): Estimate(2.0, -1.0, 4.0, 15)})
    assert ruling(Sign(cells=(("a", "x"),), **SAID), none)["holds"] == "undecided"


def test_blocks_of_images_say_what_one_seed_leaves_open():
    """Ten blocks of 100 images: the jackknife of an accuracy is about its sampling error, of a pair less."""
    rng = np.random.default_rng(5)
    right = rng.random((10, 100)) < 0.8
    other = right & (rng.random((10, 100)) < 0.97)  # loses three in a hundred of those that are right
    values = {"a": right, "b": other}
    lines = [(row, "x", 0, 100 * one.mean()) for row, one in values.items()]
    shown = pd.DataFrame(lines, columns=["row", "column", "seed", "value"])
    without = {
        (row, "x"): {0: np.array([100 * np.delete(one, k, axis=0).mean() for k in range(10)])}
        for row, one in values.items()
    }
    alone = Sheet(shown, error=sample_error(lambda _: 1000))
    paired = Sheet(shown, error=sample_error(lambda _: 1000), left_out=without)
    for sheet, n in ((alone, None), (paired, 10)):
        found = sheet.estimate(("a", "x"))
        spread = right.mean(axis=1).std(ddof=1) * 100 / np.sqrt(10)
        expected = (
            1.96 * 100 * np.sqrt(right.mean() * (1 - right.mean()) / 1000) if n is None else 2.262 * spread
        )
        assert (found.high - found.low) / 2 == pytest.approx(expected, rel=1e-3)
    gap = [sheet.estimate(("a", "x"), minus=("b", "x")) for sheet in (alone, paired)]
    assert gap[0].low < 0 < gap[1].low  # the same images: the loss is beyond error
    assert gap[0].mean == gap[1].mean > 0
    one = replace(paired, left_out={key: of for key, of in without.items() if key[0] == "a"})
    assert one.estimate(("a", "x"), minus=("b", "x")) == gap[0]  # only one has blocks
    lost = replace(paired, left_out={**without, ("b", "x"): {0: np.full(10, np.nan)}})
    assert lost.estimate(("a", "x"), minus=("b", "x")) == gap[0]


def test_blocks_of_a_derived_cell_follow_from_those_of_its_cells():
    shown = pd.DataFrame([("a", "x", 0, 6.0), ("b", "x", 0, 3.0)], columns=["row", "column", "seed", "value"])
    without = {("a", "x"): {0: np.array([5.0, 7.0])}, ("b", "x"): {0: np.array([2.5, 3.5])}}
    ratio = Derived(("a", "ratio"), "ratio", (("a", "x"), ("b", "x")))
    made = derive(Sheet(shown, left_out=without), [ratio])
    assert made.left_out["a", "ratio"][0].tolist() == [2.0, 2.0]
    found = made.estimate(("a", "ratio"))
    assert (found.low, found.mean, found.high) == (2.0, 2.0, 2.0)
    made = derive(Sheet(shown, left_out={("a", "x"): without["a", "x"]}), [ratio])
    assert np.isnan(made.estimate(("a", "ratio")).low)
