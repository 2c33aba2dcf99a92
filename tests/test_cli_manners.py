"""How the command line behaves: help, standard input, what it overwrites, what it says while it works."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from netsci.cli import app
from netsci.train import PRESETS

COMMANDS = ("inspect", "report", "compare", "export", "train", "prune", "convert", "features")
SMALL = ["limit=80", "test_limit=40", "steps=2", "sparsity=0.8", "options=(('hidden', (16,)),)"]


def run(*arguments, text=None):
    return CliRunner().invoke(app, list(map(str, arguments)), input=text, env={"COLUMNS": "300"})


def settings(*more: str) -> list[str]:
    return [part for change in [*SMALL, *more] for part in ("--set", change)]


@pytest.fixture
def net(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    masks = {f"fc{i + 1}.weight": rng.random((n, m)) < 0.3 for i, (m, n) in enumerate([(20, 30), (30, 8)])}
    np.savez(tmp_path / "net.npz", **{name: mask.astype(np.float32) for name, mask in masks.items()})
    return tmp_path / "net.npz"


def test_the_package_is_a_command() -> None:
    done = subprocess.run([sys.executable, "-m", "netsci", "-h"], capture_output=True, text=True, check=True)
    assert "Usage: netsci [OPTIONS] COMMAND" in done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_two_examples_that_parse(command: str) -> None:
    shown = run(command, "-h")
    assert shown.exit_code == 0
    assert shown.stdout == run(command, "--help").stdout
    examples = re.findall(rf"^ +(?:cat links.csv \| )?netsci ({command} .*)$", shown.stdout, re.MULTILINE)
    assert len(examples) == 2
    for line in examples:
        told = CliRunner().invoke(app, [*line.split(), "--help"])  # --help is read after all other options
        assert told.exit_code == 0, told.output
        assert all(option in shown.stdout for option in re.findall(r"--[a-z]+", line))


def test_no_line_of_the_list_of_commands_is_cut() -> None:
    shown = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "80"}).stdout
    assert "..." not in shown.replace("[ARGS]...", "")
    assert all(command in shown for command in COMMANDS)
    assert all(len(line) <= 80 for line in shown.splitlines())


def test_a_network_comes_from_the_standard_input(net: Path, tmp_path: Path) -> None:
    shown = run("inspect", "-", "--json", text=net.read_bytes())
    assert shown.exit_code == 0
    assert shown.stdout == run("inspect", net, "--json").stdout
    page = tmp_path / "page.html"
    links = "source,target\n" + "\n".join(f"a{i},a{(i * 7 + 1) % 30}" for i in range(30))
    assert run("report", "-", "-o", page, text=links).exit_code == 0
    assert "stdin: network report" in page.read_text(encoding="utf-8")
    broken = run("inspect", "-", text="")
    assert (broken.exit_code, broken.stdout) == (3, "")
    assert broken.stderr.startswith("stdin: ")


def test_what_netsci_did_not_write_is_overwritten_by_force_only(net: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.html"
    mine.write_text("my own page")
    for command in (["report"], ["compare", net]):
        refused = run(*command, net, "-o", mine)
        assert refused.exit_code == 2
        assert "netsci did not write it; give another name, or overwrite by --force" in refused.stderr
        assert mine.read_text() == "my own page"
    assert run("report", net, "-o", mine, "--force").exit_code == 0
    assert run("compare", net, net, "-o", mine).exit_code == 0  # it is ours now
    table = tmp_path / "links.csv"
    table.write_text("a,b\n")
    assert run("export", net, "--select", "fc1", "-o", table).exit_code == 2
    assert run("export", net, "--select", "fc1", "-o", table, "--force").exit_code == 0
    graph = tmp_path / "net.graphml"
    assert [run("export", net, "-o", graph).exit_code for _ in range(2)] == [0, 0]
    (tmp_path / "empty.html").touch()
    assert run("compare", net, net, "-o", tmp_path / "empty.html").exit_code == 0


def test_the_stages_stand_on_the_standard_error(net: Path, tmp_path: Path) -> None:
    shown = run("report", net, "-o", tmp_path / "r.html")
    assert shown.stdout == f"wrote {tmp_path / 'r.html'}\n"
    stages = shown.stderr.splitlines()
    assert stages[0].startswith("netsci: net.npz: 2 projections, 58 nodes, ")
    assert "netsci: comparing with null models" in stages
    compared = run("compare", net, net, "--json")
    assert "netsci: ranking what differs beyond density" in compared.stderr
    assert compared.stdout.startswith("[")


def test_the_browser_opens_what_was_written(net: Path, tmp_path: Path, monkeypatch) -> None:
    seen = []
    monkeypatch.setattr("webbrowser.open", lambda url: seen.append(url) or True)
    out = tmp_path / "c.html"
    assert run("compare", net, net, "-o", out, "--open").exit_code == 0
    assert seen == [out.as_uri()]
    monkeypatch.setattr("webbrowser.open", lambda url: False)
    told = run("report", net, "-o", tmp_path / "r.html", "--open")
    assert told.exit_code == 0
    assert "no browser was found" in told.stderr
    assert run("compare", net, net, "--open").exit_code == 2


def test_a_page_is_written_before_the_table_is_printed(net: Path, tmp_path: Path, monkeypatch) -> None:
    out = tmp_path / "c.html"

    def check(*arguments):
        assert out.stat().st_size > 100_000
        raise BrokenPipeError

    monkeypatch.setattr("netsci.terminal.print_comparison", check)
    assert run("compare", net, net, "-o", out).exit_code == 1
    assert out.exists()


def test_more_than_two_networks_are_compared(net: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.npz"
    rng = np.random.default_rng(1)
    first = rng.random((30, 20)) < np.linspace(0.02, 0.95, 30)[:, None]
    second = rng.random((8, 30)) < 0.3
    np.savez(other, **{"fc1.weight": first.astype(np.float32), "fc2.weight": second.astype(np.float32)})
    shown = run("compare", net, other, net)
    assert shown.exit_code == 0, shown.output
    assert "A is net.npz (A), B is other.npz, C is net.npz (C)." in shown.stdout
    assert "The degrees of fc1 (postsynaptic) vary" in shown.stdout
    assert "unevenness of degrees" in shown.stdout


def test_training_without_a_terminal_prints_a_line_for_each_epoch(tmp_path: Path) -> None:
    shown = run("train", "-o", tmp_path / "run", *settings("epochs=3"))
    assert shown.exit_code == 0, shown.output
    lines = [line for line in shown.stdout.splitlines() if line.startswith("epoch ")]
    assert [line.split(":")[0] for line in lines] == [f"epoch {k} of 3" for k in range(4)]
    assert all("accuracy" in line for line in lines)


def test_an_interrupted_run_says_how_to_go_on(tmp_path: Path, monkeypatch) -> None:
    from netsci.train import loop

    real, seen = loop.write_progress, []

    def interrupt(*arguments):
        real(*arguments)
        seen.append(arguments)
        if len(seen) > 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(loop, "write_progress", interrupt)
        shown = run("train", "-o", tmp_path / "run", *settings("epochs=4"))
    assert shown.exit_code == 130
    epoch = int(re.search(r"stopped after epoch (\d); the same command goes on", shown.stdout)[1])
    again = run("train", "-o", tmp_path / "run", *settings("epochs=4"))
    assert again.exit_code == 0
    first = next(line for line in again.stdout.splitlines() if line.startswith("epoch "))
    assert first.startswith(f"epoch {epoch + 1} of 4")


def test_errors_name_options_and_the_nearest_name(tmp_path: Path) -> None:
    wrong = run("train", "--preset", "digit-2fc")
    assert wrong.exit_code == 2
    assert "--preset must be one of" in wrong.stderr
    assert "did you mean 'digits-2fc'?" in wrong.stderr
    assert "digits-2fc" in PRESETS
    assert "did you mean 'sparsity'?" in run("train", "--set", "sparsty=0.9").stderr
    assert "a recipe has no field 'qqqq'; its fields are" in run("train", "--set", "qqqq=1").stderr
    out = tmp_path / "run"
    assert run("train", "-o", out, *settings("epochs=1")).exit_code == 0
    other = run("train", "-o", out, *settings("epochs=1", "lr=0.5"))
    assert "start again with --anew" in other.stderr
    assert "resume" not in other.stderr
