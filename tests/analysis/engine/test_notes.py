"""Notes: their numbers are those of the table, and none is committed for a table that has moved since."""

import re

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from analysis import figures
from analysis.engine.exhibit import ANALYSIS
from analysis.engine.make import describe_note, make_page
from analysis.engine.notes import PLACE, Note, fill, fingerprint, read_note, write_note
from analysis.engine.sheet import Sheet, write_number
from tests.analysis.committed import EXHIBITS, RESULTS, tables_of

NOTES = sorted(ANALYSIS.glob("*/notes/*.md"))
KEY = ("mnist/2fc", "accuracy_percent")
FRAME = pd.DataFrame(
    [(*KEY, seed, value) for seed, value in enumerate((97.0, 98.0, 99.0))],
    columns=["row", "column", "seed", "value"],
)
SHEET = Sheet(FRAME, {KEY: 98.97, ("b", "x"): 4.0}, {KEY: "percent"})


@pytest.mark.parametrize(
    ("part", "text"),
    [
        ("", "98.00"),
        ("|printed", "98.97"),
        ("|difference", "-0.97"),
        ("|low", "95.52"),
        ("|high", "100.48"),
        ("|interval", "95.52 to 100.48"),
        ("|seeds", "3"),
        ("|ratio", "0.99"),
    ],
)
def test_placeholders_are_filled_from_the_table(part, text):
    assert fill("has {{mnist/2fc|accuracy_percent" + part + "}} %.", SHEET) == f"has {text} %."


def test_what_was_not_run_is_said_and_what_is_not_there_is_refused():
    assert fill("{{b|x}} of {{b|x|printed}}", SHEET) == "(not run) of 4"
    with pytest.raises(ValueError, match="names no cell"):
        fill("{{mnist/2fc|accuracy}}", SHEET)
    with pytest.raises(ValueError, match="part must be mean"):
        fill("{{mnist/2fc|accuracy_percent|median}}", SHEET)
    with pytest.raises(ValueError, match="a placeholder is"):
        fill("{{mnist/2fc}}", SHEET)


def test_a_note_is_stale_when_any_number_of_its_table_has_moved(tmp_path):
    tables = {"table": FRAME}
    write_note(tmp_path / "notes/a.md", "Text.\n", tables)
    note = read_note(tmp_path / "notes/a.md")
    assert note == Note("Text.", fingerprint(tables))
    assert not note.stale({"table": FRAME.copy()})
    assert note.stale({"table": FRAME.assign(value=FRAME["value"] + 0.001)})
    assert note.stale({"table": FRAME, "more": FRAME})
    assert read_note(tmp_path / "none.md") is None
    (tmp_path / "bare.md").write_text("Text.")
    with pytest.raises(ValueError, match="must begin with ---"):
        read_note(tmp_path / "bare.md")


@pytest.mark.parametrize("path", NOTES, ids=lambda path: path.stem)
def test_no_committed_note_is_stale(path):
    exhibit = EXHIBITS[path.stem]
    assert exhibit.note_path == path
    assert describe_note(exhibit, RESULTS) == ""
    tables, note = tables_of(exhibit.id), read_note(path)
    filled = fill(note.text, exhibit.sheet(tables))
    assert "(not run)" not in filled
    assert not re.search(r"\bnan\b", filled)
    page = make_page(exhibit, tables, RESULTS)
    assert (page.note, page.note_stale) == (filled, False)


def find_by_hand(text, sheet):
    """Return the numbers of two digits and more that a note writes by hand although its table has them."""
    written = set()
    for key in sheet.keys:
        for value in (sheet.estimate(key).mean, sheet.printed.get(key, np.nan)):
            written.add(write_number(value, sheet.unit(key)).lstrip("+-"))
    bare = re.findall(r"(?<![\w.])\d[\d,]*(?:\.\d+)?", PLACE.sub("", text))
    return {number for number in bare if number in written and len(number.replace(".", "").strip("0")) > 1}


@pytest.mark.parametrize("path", NOTES, ids=lambda path: path.stem)
def test_no_note_writes_by_hand_what_stands_in_its_table(path):
    made = EXHIBITS[path.stem].sheet(tables_of(path.stem))
    assert find_by_hand(read_note(path).text, made) == set()


def test_what_a_note_writes_by_hand():
    text = "98.00 % of 10, printed 98.97, {{mnist/2fc|accuracy_percent}} 1 4"
    assert find_by_hand(text, SHEET) == {"98.00", "98.97"}


def test_a_moved_table_is_shown_with_its_note_as_that_of_an_earlier_run():
    exhibit, tables = EXHIBITS["s0-table3"], tables_of("s0-table3")
    moved = tables | {"table": tables["table"].assign(value=tables["table"]["value"] - 1)}
    page = make_page(exhibit, moved, RESULTS)
    assert page.note_stale
    assert "96.17 %" in page.note


def test_every_exhibit_that_was_run_has_a_note():
    for exhibit in EXHIBITS.values():
        ran = len(exhibit.sheet(tables_of(exhibit.id)).values) > 0
        assert (exhibit.note() is not None) == ran, exhibit.id
        assert describe_note(exhibit, RESULTS) == ""


def test_a_command_begins_a_note_and_renews_its_first_lines(monkeypatch, tmp_path):
    monkeypatch.setattr("analysis.engine.exhibit.ANALYSIS", tmp_path)
    exhibit, tables = EXHIBITS["s3-vectors"], tables_of("s3-vectors")
    first = f"---\ntable: {fingerprint(tables)}\n---\n"
    path = tmp_path / "s3/notes/s3-vectors.md"
    mend = f"`./run figures --note s3-vectors` writes 'table: {fingerprint(tables)}'"

    def call():
        return CliRunner().invoke(figures.app, ["--note", "s3-vectors"], env={"COLUMNS": "200"})

    assert describe_note(exhibit, RESULTS) == f"{path} says nothing yet: {mend}; say below why numbers differ"
    assert call().stdout == f"{path}\n"
    assert path.read_text().strip() == first.strip()
    assert "says nothing yet" in describe_note(exhibit, RESULTS)
    for text in ("Why {{all|largest difference}}.", f"---\ntable: {'0' * 16}\n---\n\nWhy.\n"):
        path.write_text(text)
        if text.startswith("---"):
            assert (
                describe_note(exhibit, RESULTS)
                == f"{path} is of another table: mend what has moved, then {mend}"
            )
        assert call().exit_code == 0
        assert path.read_text() == f"{first}{text.rpartition('---')[2].strip()}\n"
        assert describe_note(exhibit, RESULTS) == ""
    path.write_text("Of {{no|such cell}}.")
    refused = call()
    assert refused.exit_code == 2
    assert "names no cell of the table" in refused.stderr
    assert path.read_text() == "Of {{no|such cell}}."
    without = CliRunner().invoke(
        figures.app, ["--note", "s3-vectors", "--out", str(tmp_path)], env={"COLUMNS": "200"}
    )
    assert "s3-vectors has no tables: `./run figures --only s3-vectors` makes them" in without.stderr


def test_a_note_for_other_cells_is_shown_with_gaps():
    assert fill("{{mnist/9fc|x}} %", SHEET, strict=False) == "(not run) %"
