"""When a topology evolves, and with which zeta, delta and density: by hand."""

import numpy as np
import pytest

from netsci.topology import ZETA
from netsci.train import Topology
from netsci.train.plan import Plan, in_epochs


def plan(epochs=4, batches=10, **fields):
    return Plan(Topology(**fields), epochs, batches)


def batches_of(made):
    """The batch after which each evolution comes."""
    total = made.epochs * made.batches
    return {made.number(done): done for done in range(1, total + 1) if made.number(done)}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, [10, 20, 30, 40]),
        ({"evolve_every": 2}, [20, 40]),
        ({"evolve_every": 3}, [30]),
        ({"evolve_every": 0}, []),
        ({"evolve_every": "0 epochs"}, []),
        ({"evolve_every": 0.5}, [5, 10, 15, 20, 25, 30, 35, 40]),
        ({"evolve_every": 1.5}, [15, 30]),
        ({"evolve_every": "7 steps"}, [7, 14, 21, 28, 35]),
        ({"evolve_every": "1 step", "epochs": 1}, list(range(1, 11))),
        ({"evolve_every": "2 epochs"}, [20, 40]),
        ({"evolve_every": 1, "evolve_after": 2}, [30, 40]),
        ({"evolve_every": "7 steps", "evolve_after": "12 steps"}, [19, 26, 33, 40]),
        ({"evolve_every": 0.5, "evolve_after": 0.25}, [8, 13, 18, 23, 28, 33, 38]),  # 7.5, 12.5, ...
        ({"evolve_every": 1 / 3}, [4, 7, 10, 14, 17, 20, 24, 27, 30, 34, 37, 40]),
        ({"evolve_every": 0.1}, list(range(1, 41))),  # 0.1 * 3 is more than 0.3 in floating point
    ],
)
def test_when_evolutions_come(fields, expected):
    made = batches_of(plan(fields.pop("epochs", 4), **fields))
    assert list(made.values()) == expected
    assert list(made) == list(range(1, len(expected) + 1))


def test_evolutions_within_an_epoch_are_told_from_those_at_its_end():
    assert plan().whole
    assert plan(evolve_every="20 steps", evolve_after=1).whole
    assert not plan(evolve_every="15 steps").whole
    assert not plan(evolve_after=0.5).whole


@pytest.mark.parametrize(
    ("schedule", "every", "until"), [("cosine", 1, 0.7), ("static", 2, 0.5), ("cosine", 3, 1.0)]
)
def test_zeta_of_whole_epochs_is_that_of_the_epochs_before(schedule, every, until):
    made = plan(30, zeta=0.35, schedule=schedule, evolve_every=every, until=until)
    for number in range(1, 30 // every + 1):
        assert made.zeta(number) == ZETA[schedule](0.35, number * every - 1, 30, until)


def test_zeta_within_epochs_begins_whole_and_is_over_at_the_end():
    made = plan(zeta=0.4, evolve_every=0.5, evolve_after=1, until=0.75)  # from 1 to 3 epochs
    shares = [made.zeta(number) for number in range(1, 7)]
    np.testing.assert_allclose(
        shares, 0.2 * (1 + np.cos(np.pi * np.array([0, 0.25, 0.5, 0.75, 1, 1]))), atol=1e-15
    )
    assert made.zeta(5) == made.zeta(6) == 0.0
    assert [plan(until=text, schedule="static").zeta(3) for text in ("20 steps", "2.5 epochs")] == [0.0, 0.3]
    assert plan(evolve_after=3, until=0.5).zeta(1) == 0.0


def test_delta_goes_where_the_recipe_says():
    still = plan(delta=(0.3, 0.7))
    assert still.rule(1) == still.rule(4) == still.topology.rule
    made = plan(delta=0.5, delta_end=(0.9, 0.1))
    assert [made.rule(k).delta for k in (1, 3, 5)] == [(0.5, 0.5), (0.7, 0.3), (0.9, 0.1)]
    odds = plan(delta=(0.5, 0.0), delta_end=0.9, delta_schedule="linear_exponent")
    removal = [odds.rule(k).delta_removal for k in (1, 3, 5)]
    assert removal == pytest.approx([0.5, 5 / 6, 0.9])  # exponents 1, 5, 9
    assert odds.rule(1).delta_regrowth == 0.0


def test_the_density_falls_to_what_the_recipe_wants():
    assert [plan(sparsity=0.9).sparsity(k) for k in (1, 4)] == [0.9, 0.9]
    line = plan(sparsity=0.9, initial_sparsity=0.5, until=0.5)
    assert [line.sparsity(k) for k in (1, 2, 3)] == [0.7, 0.9, 0.9]
    bent = plan(10, sparsity=0.9, initial_sparsity=0.5, density_schedule="sigmoid")
    assert bent.sparsity(5) == pytest.approx(0.7)
    assert bent.sparsity(1) < 0.52
    assert bent.sparsity(10) == 0.9


@pytest.mark.parametrize(
    ("fields", "epochs"),
    [
        ({"method": "gmp", "evolve_every": 5}, 14),  # at 5 and 10, and the density is reached after 10.5
        ({"method": "chtss", "evolve_every": 20}, 10),
        ({"method": "chts", "excess": (0.05, 0.6, 0.025), "evolve_every": 5}, 14),
        ({"method": "gmp", "evolve_every": 0}, 10),
        ({"sparsity": 0.9, "initial_sparsity": 0.5, "evolve_every": 0.4}, 1),
        ({"sparsity": 0.9, "initial_sparsity": 0.5, "evolve_after": 5}, 4),
    ],
)
def test_a_density_that_no_evolution_reaches_is_refused(fields, epochs):
    with pytest.raises(ValueError, match=r"evolve_every = .* must bring an evolution between the end"):
        plan(epochs, **fields)


@pytest.mark.parametrize("epochs", [10, 15])
def test_a_density_that_an_evolution_reaches_is_kept(epochs):
    made = plan(epochs, method="gmp", evolve_every=5, sparsity=0.9)
    assert made.sparsity(epochs // 5) == 0.9
    plan(14, method="chts", evolve_every=5)  # a density that stays needs none


def test_times_are_exact():
    assert in_epochs("3 steps", 7) * 7 == 3
    assert in_epochs(0.1, 5) * 10 == 1


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"evolve_every": -1}, "evolve_every must be a number of epochs or a text such as '100 steps'"),
        ({"evolve_every": True}, "evolve_every must be"),
        ({"evolve_every": float("nan")}, "evolve_every must be"),
        ({"evolve_every": "100"}, "evolve_every must be.*got '100'"),
        ({"evolve_every": "100 batches"}, "evolve_every must be"),
        ({"evolve_every": "x steps"}, "evolve_every must be"),
        ({"evolve_every": "-1 steps"}, "evolve_every must be"),
        ({"evolve_after": None}, "evolve_after must be"),
        ({"until": "soon"}, "until must be a number of epochs or a text"),
        ({"until": 1.5}, "until must"),
        ({"density_schedule": "sigmoid"}, "initial_sparsity is missing"),
        ({"initial_sparsity": 1.0}, "initial_sparsity must lie below 1"),
        ({"initial_sparsity": 0.5, "density_schedule": "square"}, "density_schedule must be one of"),
        ({"density_schedule": "cubic"}, "initial_sparsity is missing"),
        ({"steepness": 3.0}, "steepness is that of the density_schedule 'sigmoid', and 'linear' has none"),
        ({"delta_schedule": "linear_exponent"}, "delta_end is missing"),
        ({"delta_end": 1.5}, "delta_end"),
        ({"delta_end": (0.5, 0.5, 0.5)}, "delta_end must be one number, or two"),
        ({"method": "nope"}, "method must be one of ch_snn, static, set, rigl, .* got 'nope'"),
        ({"method": "rigle"}, r"got 'rigle'; did you mean 'rigl'\?"),
        ({"percolate": 1}, "percolate must be True or False"),
    ],
)
def test_times_and_courses_that_do_not_fit_are_named(fields, words):
    with pytest.raises((ValueError, TypeError), match=words):
        Topology(**fields)


def test_less_than_a_batch_is_refused():
    with pytest.raises(ValueError, match=r"evolve_every must be at least one batch, 1/10 of an epoch"):
        plan(evolve_every=0.05)
    with pytest.raises(ValueError, match="must lie below 1"):
        plan(delta=0.5, delta_end=1.0, delta_schedule="linear_exponent").rule(2)
