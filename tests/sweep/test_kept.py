"""Files that a run leaves beside its record stay, and what they are is no part of its name."""

import pytest

from netsci.sweep import Cell, Task, find_kept, run_cells

TASK = Task("leave", "tests.sweep.tasks:leave")


def cell(**aside: int) -> Cell:
    return Cell.of(TASK, version=1, data="none", seed=1, aside=aside)


def test_files_under_kept_stay_and_all_others_go(tmp_path):
    run_cells([cell(letters=2)], tmp_path)
    place = find_kept(tmp_path, cell())
    assert place == tmp_path / "kept" / cell().name
    assert [(path.name, path.read_text()) for path in place.iterdir()] == [("note.txt", "ab")]
    assert not list(tmp_path.rglob("other.txt"))
    assert not list(tmp_path.rglob("*.partial"))


def test_parameters_aside_change_no_name():
    assert cell(letters=2) == cell(letters=3) == cell()
    assert cell(letters=2).name != Cell.of(TASK, version=1, data="none", seed=1, letters=2).name


def test_a_parameter_is_given_once():
    with pytest.raises(ValueError, match="letters must be given once"):
        Cell.of(TASK, version=1, data="none", seed=1, letters=2, aside={"letters": 3})


def test_there_is_nothing_before_a_run(tmp_path):
    assert find_kept(tmp_path, cell()) is None
