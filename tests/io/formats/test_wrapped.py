"""What is inside of gzip files and workbooks, arrays of pairs, SONATA edges; programs' own files by name."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
import pytest

from netsci.io import load
from netsci.io.formats.wrapped import unpack, workbook
from tests.io.formats.test_edge_lists import matrix
from tests.io.formats.test_lists import links
from tests.io.samples import FC1, WRITERS, layer_table, refused, zipped


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.bin"


@pytest.mark.parametrize("format", WRITERS)
@pytest.mark.parametrize("isolate", [True, False])
def test_gzip_of_any_file(tmp_path, format, isolate):
    plain = WRITERS[format](tmp_path / "net.x")
    packed = tmp_path / "net.x.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    found, known = load(packed, isolate=isolate), load(plain)
    assert found.graph == known.graph  # the name of the one layer of an npy file as well
    assert found.kind == f"{known.kind}, gzip-compressed"
    assert found.path == packed


def test_gzip_of_lists(path):
    text = b"# Directed graph\n# FromNodeId\tToNodeId\n0\t1\n1\t2\n2\t3\n"
    path.write_bytes(gzip.compress(text[:60]) + gzip.compress(text[60:]) + bytes(100))  # two parts, padded
    assert links(load(path)) == {("0", "1"): 1, ("1", "2"): 1, ("2", "3"): 1}
    for damaged, pattern in (
        (gzip.compress(text)[:-9], "ends early: truncated"),
        (gzip.compress(text)[:-3] + b"abc", "damaged gzip"),
        (gzip.compress(text) + b"more", "damaged gzip"),
        (gzip.compress(b""), "nothing inside"),
        (gzip.compress(gzip.compress(text)), "gzip-compressed file within another one; unpack"),
        (gzip.compress(b"X\n\x00\x00\x00\x03" + bytes(50)), r"R's own file \(.rds\)"),
        (gzip.compress(b"a b\nb c d\n"), "have 2 to 3 fields"),
    ):
        path.write_bytes(damaged)
        refused(path, pattern)


def test_gzip_bombs_are_refused(path, monkeypatch):
    monkeypatch.setattr(unpack, "ANY_RATIO_BYTES", 10_000)
    path.write_bytes(gzip.compress(bytes(10**7)))
    with pytest.raises(Exception, match="like a zip bomb"):
        load(path, isolate=False)


def sheet(rows: list[list[Any]], shared: list[str] | None = None) -> str:
    """Return the XML of a sheet; None is a cell that is not there."""
    lines = []
    for r, row in enumerate(rows, 1):
        cells = []
        for c, value in enumerate(row):
            place = f"{chr(65 + c)}{r}"
            if isinstance(value, str) and shared is not None:
                shared.append(value)
                cells.append(f'<c r="{place}" t="s"><v>{len(shared) - 1}</v></c>')
            elif isinstance(value, str):
                cells.append(f'<c r="{place}" t="inlineStr"><is><t>{escape(value)}</t></is></c>')
            elif value is not None:
                cells.append(f'<c r="{place}"><v>{value}</v></c>')
        lines.append(f'<row r="{r}">{"".join(cells)}</row>')
    return f"<worksheet><sheetData>{''.join(lines)}</sheetData></worksheet>"


def book(path: Path, sheets: dict[str, list[list[Any]]], *, inline: bool = False) -> Path:
    shared: list[str] | None = None if inline else []
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"
    named, ties, members = [], [], {}
    for number, (name, rows) in enumerate(sheets.items(), 1):
        named.append(f'<sheet name="{name}" sheetId="{number}" r:id="rId{number}"/>')
        ties.append(f'<Relationship Id="rId{number}" Type="{kind}" Target="worksheets/sheet{number}.xml"/>')
        members[f"xl/worksheets/sheet{number}.xml"] = sheet(rows, shared).encode()
    texts = "".join(f"<si><r><t>{escape(t[:1])}</t></r><r><t>{escape(t[1:])}</t></r><rPh><t>x</t></rPh></si>"
                    for t in shared or ())  # fmt: skip
    members["xl/sharedStrings.xml"] = f"<sst>{texts}</sst>".encode()
    members["xl/workbook.xml"] = (
        f'<workbook xmlns:r="r"><sheets>{"".join(named)}</sheets></workbook>'.encode()
    )
    members["xl/_rels/workbook.xml.rels"] = f"<Relationships>{''.join(ties)}</Relationships>".encode()
    return zipped(path, {"[Content_Types].xml": b"<Types/>", **members}, zipfile.ZIP_DEFLATED)


LIST = [["source", "target", "weight"], ["A & B", "海", 2.5], ["海", "C", 1]]


@pytest.mark.parametrize("inline", [True, False])
def test_workbooks_with_a_list_of_links(path, inline):
    loaded = load(book(path, {"links": LIST, "empty": []}, inline=inline))
    assert links(loaded) == {("A & B", "海"): 2.5, ("海", "C"): 1}
    assert loaded.kind == "text table, Excel workbook"


def test_workbooks_with_a_matrix(path):
    rows = [[None, "A", "B", "C"], ["A", None, 3, None], ["B", 2, None, None], [], ["C", None, 1, None]]
    assert links(load(book(path, {"connectome": rows}))) == {("A", "B"): 3, ("B", "A"): 2, ("C", "B"): 1}
    assert load(book(path, {"m": rows}), bipartite=True).graph.sizes == {"rows": 3, "columns": 3}


def test_workbooks_with_several_sheets(path):
    book(path, {"chemical": LIST, "gap": [["source", "target"], ["x", "y"]]})
    refused(path, "2 sheets hold cells: chemical, gap; choose one by --select NAME")
    assert links(load(path, select="gap")) == {("x", "y"): 1}
    with pytest.raises(Exception, match="it has no sheet 'other'; select one of: chemical, gap"):
        load(path, select="other")


def test_workbooks_that_are_damaged_or_hostile(path, monkeypatch):
    refused(book(path, {"links": []}), "no sheet of this workbook holds a cell")
    refused(zipped(path, {"xl/workbook.xml": b"<workbook/>"}), "lacks xl/_rels/workbook.xml.rels: damaged")
    good = io.BytesIO(book(path, {"links": LIST}).read_bytes())
    with zipfile.ZipFile(good) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    place = "xl/worksheets/sheet1.xml"
    for old, new, pattern in (
        (b"<v>0</v>", b"<v>99</v>", "a text that is not there"),
        (b'r="B1"', b'r="A1"', "out of place"),
        (b'r="C1"', b'r="ZZZ1"', "out of place"),
        (b"<worksheet>", b"<!DOCTYPE a [<!ENTITY b 'c'>]><worksheet>", "document type"),
        (b"</row>", b"", "damaged"),
    ):
        refused(zipped(path, {**members, place: members[place].replace(old, new, 1)}), pattern)
    monkeypatch.setattr(workbook, "_MOST_BLANKS", 10)
    zipped(path, {**members, place: members[place].replace(b'r="C1"', b'r="XFD1"')})
    with pytest.raises(Exception, match="too many blank cells"):
        load(path, isolate=False)


def written(path: Path, array: Any) -> Path:
    with open(path, "wb") as stream:
        np.save(stream, array)
    return path


PAIRS = np.array([[0, 1], [1, 2], [2, 3], [5, 0]])
EXPECTED = {("0", "1"), ("1", "2"), ("2", "3"), ("5", "0")}


@pytest.mark.parametrize("array", [PAIRS, PAIRS.T.copy(), PAIRS.astype(np.uint8), np.c_[PAIRS, [7, 8, 9, 6]]])
def test_arrays_of_pairs_are_links(path, array):
    loaded = load(written(path, array))
    assert set(links(loaded)) >= EXPECTED
    assert loaded.graph.n_links == 4
    assert "--format matrix" in loaded.guesses[0]
    assert layer_table(load(path, format="matrix").graph) == {"net": (*array.shape, np.count_nonzero(array))}


def test_arrays_of_pairs_with_weights_or_of_two_sets(path):
    weighted = np.c_[PAIRS, [0.5, -1, 2, 1]]
    assert links(load(written(path, weighted)))["5", "0"] == 1
    assert load(written(path, PAIRS), bipartite=True).graph.sizes == {"rows": 4, "columns": 4}
    floats = written(path, PAIRS.astype(float))
    assert load(floats).graph.sizes == {"input": 4, "net": 2}
    assert load(floats, format="edges").graph.n_links == 4
    refused(written(path, np.ones((3, 4, 2))), "shape")
    with pytest.raises(Exception, match=r"it holds no links.*--format matrix"):
        load(written(path, FC1), format="edges")


@pytest.mark.parametrize(
    "array",
    [
        np.arange(8.0).reshape(4, 2) / 3, np.eye(5, 2, dtype=int), np.eye(5, 2, dtype=bool),
        np.array([[0, -1], [1, 0], [1, 1]]), np.array([[0, 2, 1], [2, 0, 3], [1, 3, 0]]),
        np.array([[3, 1], [3, 1], [2, 2]]), FC1,
    ],
)  # fmt: skip
def test_other_arrays_stay_layers(path, array):
    assert layer_table(load(written(path, array)).graph) == {"net": (*array.shape, np.count_nonzero(array))}


def test_sonata_edges(path):
    h5py = pytest.importorskip("h5py")
    source, target = [0, 0, 2, 3, 0], [1, 2, 0, 4, 1]
    with h5py.File(path, "w") as file:
        for name, ends in (("in_to_out", ("in", "out")), ("out_to_out", ("out", "out"))):
            group = file.create_group(f"edges/{name}")
            for end, values, population in zip(("source", "target"), (source, target), ends, strict=True):
                group[f"{end}_node_id"] = np.array(values, "u8")
                group[f"{end}_node_id"].attrs["node_population"] = population
            if name == "in_to_out":
                group["edge_group_id"] = np.array([0, 0, 1, 0, 0], "u2")
                group["edge_group_index"] = np.array([3, 2, 0, 1, 0], "u8")
                group["0/syn_weight"] = np.array([0.1, 0.2, 0.3, 0.4])
                group["1/syn_weight"] = np.array([5.0])
    loaded = load(path)
    first, second = loaded.graph.projections
    assert loaded.graph.sizes == {"in": 4, "out": 5}
    assert first.weights.toarray()[0].tolist() == pytest.approx([0, 0.5, 0.3, 0, 0])
    assert first.weights.toarray()[2, 0] == 5
    assert (second.source, second.target, second.weights) == ("out", "out", None)
    assert "1 repeated link merged" in " ".join(loaded.notes)
    with h5py.File(path, "a") as file:
        file["edges/in_to_out/edge_group_index"][0] = 9
    refused(path, "names a weight that is not there")
    with h5py.File(path, "w") as file:
        file["edges/a/source_node_id"], file["edges/a/target_node_id"] = np.array([1, 2]), np.array([1])
    refused(path, "has 2 sources and 1 targets")
    with h5py.File(path, "w") as file:
        file["edges/a/source_node_id"], file["edges/a/target_node_id"] = np.array([2**40]), np.array([1])
    refused(path, "claims 1,099,511,627,777 nodes")


BINARY = {
    b"ARROW1\x00\x00": "Feather.*to_csv", b"FEA1": "Feather", b"PAR1": "Parquet.*to_csv",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": r"Excel 97 workbook.*\.xlsx", b"SQLite format 3\x00": "SQLite",
    b"RDX3\nX\n": r"\.RData.*write\.csv", b"\xe2\x9b\xbe gt": "graph-tool",
}  # fmt: skip
ARCHIVES = {
    "CytoscapeSession-1/networks/1.xgmml": r"Cytoscape session \(\.cys\).*Export",
    "Project_xml": "Gephi project",
    "content.xml": r"\.ods", "xl/workbook.bin": r"\.xlsb", "links.csv": "does not hold weights; unpack it",
}  # fmt: skip


def test_files_of_other_programs_are_named(path):
    for magic, pattern in BINARY.items():
        path.write_bytes(magic + b"abc" * 50)
        refused(path, pattern)
    for member, pattern in ARCHIVES.items():
        refused(zipped(path, {member: b"x"}), pattern)


def test_a_matrix_in_a_gzip_file_is_called_like_the_file(tmp_path):
    np.savetxt(tmp_path / "m.csv", FC1, delimiter=",")
    (tmp_path / "m.csv.gz").write_bytes(gzip.compress((tmp_path / "m.csv").read_bytes()))
    assert matrix(load(tmp_path / "m.csv.gz")) == FC1.tolist()
