"""How far a sweep is, on stderr."""

import math
from pathlib import Path

import pytest

from netsci.sweep import progress
from netsci.sweep.progress import estimate_left, show_progress
from tests.sweep.cluster_tasks import make_cell

A, B, C, D = (make_cell(seed, Path("log")) for seed in range(4))


def test_time_left_by_hand():
    expected = {A: 10.0, B: 20.0, C: 30.0}
    assert math.isnan(estimate_left({}, {}, {A: 1.0}, [B], 1))  # nothing is known
    assert estimate_left(expected, {}, {}, [A, B, C], 1) == 60
    assert estimate_left(expected, {}, {}, [A, B, C], 2) == 30
    assert estimate_left(expected, {A: 20.0}, {B: 15.0}, [C], 1) == 25 + 60  # all take twice as long
    assert estimate_left(expected, {}, {C: 3.0}, [], 4) == 27  # one run is not shared
    assert estimate_left(expected, {}, {C: 99.0}, [], 1) == 0
    assert estimate_left({}, {A: 2.0, B: 4.0}, {}, [C, D], 1) == 6  # the mean of those that are done
    assert estimate_left({A: math.inf}, {B: 4.0}, {}, [A], 1) == 4
    assert estimate_left(expected, {A: 10.0}, {}, [], 1) == 0


@pytest.mark.parametrize("every", [0.0, 60.0])
def test_lines_where_stderr_is_no_terminal(capsys, monkeypatch, every):
    monkeypatch.setattr(progress, "EVERY", every)
    with show_progress([A, B], {A: 7200.0, B: 7200.0}) as shown:
        shown.start(A)
        shown.say("[bold] is no markup")
        shown.tick(0)
    told = capsys.readouterr()
    assert told.out == ""
    assert "[bold] is no markup" in told.err
    assert ("0 of 2 runs done, about 4.0 hours left" in told.err) == (every == 0)
    assert ("0 of 2 runs done, waiting for workers" in told.err) == (every == 0)
