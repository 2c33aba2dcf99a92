"""The command line: what it prints, its exit codes, and what it does not import."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import netsci.report
from netsci import __version__
from netsci.cli import app
from tests.io.samples import write_graphml, write_npz

run = CliRunner().invoke


@pytest.fixture
def net(tmp_path: Path) -> Path:
    return write_npz(tmp_path / "net.npz")


def test_version_and_help():
    assert run(app, ["--version"]).stdout == f"netsci {__version__}\n"
    shown = run(app, ["--help"])
    assert shown.exit_code == 0
    assert all(word in shown.stdout for word in ("inspect", "report", "--version"))
    assert "inspect" in run(app, []).output


def test_inspect_prints_a_table_and_notes(net):
    shown = run(app, ["inspect", str(net)])
    assert shown.exit_code == 0
    for text in (
        "net.npz: npz",
        "presynaptic",
        "postsynaptic",
        "isolated",
        "fc1",
        "70.00 %",
        "66.67 %",
        "1 + 0",
    ):
        assert text in shown.stdout
    assert "matrices are taken as [presynaptic, postsynaptic]" in shown.stdout


def test_inspect_json_is_exactly_one_object(net):
    shown = run(app, ["inspect", str(net), "--json"])
    assert shown.exit_code == 0
    found = json.loads(shown.stdout)
    assert set(found) == {"kind", "layers", "notes", "guesses"}
    assert [(x["name"], x["shape"], x["links"]) for x in found["layers"]] == [
        ("fc1", [5, 4], 6),
        ("fc2", [4, 3], 4),
    ]
    assert shown.stdout.count("\n") == 1


def test_names_from_the_file_are_no_markup(tmp_path):
    import torch

    torch.save({"[bold]a[/x].weight": torch.ones(2, 3)}, tmp_path / "net.pt")
    assert "[bold]a[/x]" in run(app, ["inspect", str(tmp_path / "net.pt")]).stdout


@pytest.mark.parametrize("command", [["inspect"], ["inspect", "--json"], ["report"]])
@pytest.mark.parametrize("content", [b"", b"<html>", b"PK\x03\x04broken", b"\x80\x04K\x01K\x02\x86."])
def test_unreadable_files_give_one_line_and_exit_code_3(tmp_path, monkeypatch, command, content):
    from netsci.io import load_graph

    monkeypatch.setattr(netsci.report, "report", lambda path, out: load_graph(path), raising=False)
    monkeypatch.chdir(tmp_path)
    Path("net.pt").write_bytes(content)
    shown = run(app, [*command, "net.pt"])
    assert shown.exit_code == 3
    assert shown.stdout == ""
    assert shown.stderr.startswith("net.pt: ")
    assert shown.stderr.count("\n") == 1
    assert [p.name for p in tmp_path.iterdir()] == ["net.pt"]


def test_usage_errors_keep_exit_code_2(net, tmp_path):
    for arguments in (["inspect"], ["inspect", "--no-such", str(net)], ["nonsense"], ["report"]):
        shown = run(app, arguments)
        assert shown.exit_code == 2
        assert "Traceback" not in shown.output
    for out in (net, tmp_path, tmp_path / "nowhere" / "report.html"):
        assert run(app, ["report", str(net), "-o", str(out)]).exit_code == 2
    assert net.stat().st_size > 0


def test_report_says_where_it_wrote(net, tmp_path, monkeypatch):
    def write(path, out, **options):
        assert path.path == net
        out.write_text("new")
        return out

    monkeypatch.setattr(netsci.report, "report", write, raising=False)
    out = tmp_path / "r.html"
    out.write_text("old")
    shown = run(app, ["report", str(net), "-o", str(out), "--force"])
    assert (shown.exit_code, shown.stdout) == (0, f"wrote {out}\n")
    assert out.read_text() == "new"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["net.npz", "r.html"]


def test_a_failed_report_leaves_no_part_of_it(net, tmp_path, monkeypatch):
    def fail(path, out, **options):
        out.write_text("half of")
        raise OSError(28, "disk full")

    monkeypatch.setattr(netsci.report, "report", fail, raising=False)
    out = tmp_path / "r.html"
    shown = run(app, ["report", str(net), "-o", str(out)])
    assert shown.exit_code == 1
    assert shown.stderr.count("\n") == 1
    assert [p.name for p in tmp_path.iterdir()] == ["net.npz"]


def test_a_whole_process_shows_no_traceback(tmp_path):
    for name, content in {"bad.pt": b"PK\x03\x04", "gone.pt": None}.items():
        if content is not None:
            (tmp_path / name).write_bytes(content)
        done = subprocess.run(
            [sys.executable, "-m", "netsci.cli", "inspect", str(tmp_path / name)],
            capture_output=True,
            text=True,
        )
        assert (done.returncode, done.stdout) == (3, "")
        assert done.stderr.startswith(f"{name}: ")
        assert done.stderr.count("\n") == 1


def test_help_imports_nothing_heavy():
    script = (
        "import sys\nfrom netsci.cli import main\nsys.argv = ['netsci', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'numpy', 'scipy', 'torch', 'pandas', 'networkx', 'numba', 'plotly', 'matplotlib'}\n"
        "print('heavy:', sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "inspect" in done.stdout
    assert done.stdout.endswith("heavy: []\n")


def test_graph_files_are_inspected_too(tmp_path):
    shown = run(app, ["inspect", str(write_graphml(tmp_path / "g.graphml")), "--json"])
    assert json.loads(shown.stdout)["kind"] == "GraphML"


def test_each_unwritable_place_has_its_own_mend(net, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for out, said in {
        tmp_path: "is a folder; give a file in it",
        tmp_path / "no" / "r.html": "there is no folder",
        tmp_path / "pipe": "not a regular file; give the name of a new file",
        net: "would overwrite its input file; give another name",
    }.items():
        shown = run(app, ["report", str(net), "-o", str(out)], env={"COLUMNS": "500"})
        assert shown.exit_code == 2
        assert said in shown.stderr
    assert (tmp_path / "pipe").is_fifo()


def test_a_folder_that_takes_no_file_is_told_before_the_work(net, monkeypatch):
    if not Path("/proc/self").exists():
        pytest.skip("no folder that nobody can write to")
    monkeypatch.setattr(netsci.report, "report", lambda *a, **o: pytest.fail("computed"), raising=False)
    for command in ("report", "export"):
        shown = run(app, [command, str(net), "-o", "/proc/x.html"], env={"COLUMNS": "500"})
        assert shown.exit_code == 2
        assert "/proc does not accept a new file" in shown.stderr


def test_a_report_is_written_through_a_link(net, tmp_path, monkeypatch):
    def write(path, out, **options):
        out.write_text("new")
        return out

    monkeypatch.setattr(netsci.report, "report", write)
    target, link = tmp_path / "r.html", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(target)
    assert run(app, ["report", str(net), "-o", str(link), "--force"]).exit_code == 0
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_names_that_the_terminal_cannot_show(tmp_path):
    import torch

    torch.save({"größe.weight": torch.ones(2, 3)}, tmp_path / "größe.pt")
    done = subprocess.run(
        [sys.executable, "-m", "netsci.cli", "inspect", str(tmp_path / "größe.pt")],
        capture_output=True,
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"gr??e.pt: torch" in done.stdout


@pytest.mark.parametrize("columns", ["20", "40", "200"])
def test_numbers_are_never_cut(tmp_path, columns):
    import torch

    torch.save({"a_long_name_of_a_layer.weight": torch.ones(1234, 2345)}, tmp_path / "net.pt")
    shown = run(app, ["inspect", str(tmp_path / "net.pt")], env={"COLUMNS": columns}).stdout
    cells = [re.split(r"\s*[│|]\s*", line)[2:-1] for line in shown.splitlines() if "2,345" in line]
    assert cells == [["2,345", "1,234", "2,893,730", "0.00 %", "0 + 0"]]
    assert "…" not in shown


def test_an_undirected_graph_has_one_number_of_isolated_units(tmp_path):
    from netsci.graph import LayeredGraph

    LayeredGraph.from_adjacency([[0, 1, 0], [1, 0, 0], [0, 0, 0]]).to_graphml(tmp_path / "g.graphml")
    shown = run(app, ["inspect", str(tmp_path / "g.graphml")]).stdout
    assert re.search(r"% │ +1 │", shown)
    assert " + " not in shown


def _layers(*arguments):
    shown = run(app, ["inspect", "--json", *map(str, arguments)])
    assert shown.exit_code == 0, shown.output
    found = json.loads(shown.stdout)
    return {x["name"]: x["links"] for x in found["layers"]}, " | ".join(found["notes"])


def test_threshold_density_and_select(net):
    assert _layers(net)[0] == {"fc1": 6, "fc2": 4}
    layers, notes = _layers(net, "--threshold", 2)
    assert layers == {"fc1": 3, "fc2": 3}  # of 1 2 3 -4 0.5 1.5 and of 7 8 9 -1
    assert "3 of 6 links" in notes
    assert _layers(net, "--density", 0.1)[0] == {"fc1": 2, "fc2": 1}  # of 20 and of 12 places
    assert _layers(net, "--select", "fc2")[0] == {"fc2": 4}
    assert _layers(net, "--select", "fc2", "--threshold", 8)[0] == {"fc2": 2}


@pytest.mark.parametrize("command", ["inspect", "report"])
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--threshold", "1", "--density", "0.5"], "not both"),
        (["--threshold", "-1"], "at least 0"),
        (["--threshold", "nan"], "at least 0"),
        (["--density", "0"], r"\(0, 1\]"),
        (["--density", "2"], r"\(0, 1\]"),
        (["--select", ""], "name of a layer"),
    ],
)
def test_options_of_no_use_are_usage_errors(net, tmp_path, monkeypatch, command, arguments, said):
    monkeypatch.chdir(tmp_path)
    shown = run(app, [command, str(net), *arguments], env={"COLUMNS": "300"})
    assert (shown.exit_code, shown.stdout) == (2, "")
    assert re.search(said, shown.stderr)
    assert [p.name for p in tmp_path.iterdir()] == ["net.npz"]


def test_a_selection_of_nothing_is_one_line(net):
    shown = run(app, ["inspect", str(net), "--select", "fc9"])
    assert shown.exit_code == 3
    assert shown.stderr == "net.npz: it holds nothing called 'fc9'; select one of: fc1, fc2\n"


def test_a_report_on_a_cut_network(net, tmp_path, monkeypatch):
    seen = []

    def write(what, out, **options):
        seen.append(what)
        out.write_text("new")
        return out

    monkeypatch.setattr(netsci.report, "report", write)
    out = str(tmp_path / "r.html")
    assert run(app, ["report", str(net), "-o", out, "--threshold", "2"]).exit_code == 0
    assert [p.n_links for p in seen[0].graph.projections] == [3, 3]


def test_dense_networks_are_told_the_way_on(tmp_path):
    import torch

    torch.save({"a.weight": torch.ones(2, 3)}, tmp_path / "net.pt")
    assert "--threshold or --density" in _layers(tmp_path / "net.pt")[1]


def test_help_lists_the_formats():
    shown = run(app, ["inspect", "--help"], env={"COLUMNS": "200"}).stdout
    for word in ("safetensors", "ONNX", "HDF5", "MATLAB", "GML", "GEXF", "Pajek", "edge list", "--threshold"):
        assert word in shown


def test_guesses_stand_in_the_first_line_and_options_override_them(tmp_path):
    path = tmp_path / "links.txt"
    path.write_text("1 2 3\n2 3 4\n3 4 1.5\n")
    shown = run(app, ["inspect", str(path)], env={"COLUMNS": "300"}).stdout.splitlines()
    assert shown[0].startswith(
        "guessed, please check: an edge list of 3 lines: source column 1, target column 2"
    )
    assert sum("undirected: nothing says otherwise" in line for line in shown) == 1
    sure = run(app, ["inspect", str(path), "--columns", "source,target,weight", "--bipartite"]).stdout
    assert "guessed" not in sure
    assert "rows" in sure
    wrong = run(app, ["inspect", str(path), "--format", "word"])
    assert wrong.exit_code == 2
    assert "format must be one of edges" in " ".join(wrong.stderr.split())
    for option in ("--bipartite", "--columns", "--format"):
        for command in ("inspect", "report", "compare", "export"):
            assert option in run(app, [command, "--help"], env={"COLUMNS": "200"}).stdout
