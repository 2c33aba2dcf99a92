"""Arguments, tables and agreement of the speed benchmark; nothing is timed."""

import importlib
import math
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from benchmarks import convert, growth, prune, record_peers, spiking
from benchmarks.peers import agreement, environment, tables
from benchmarks.peers.workers import Worker

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT / "benchmarks" / "peers"


def measurements(speeds: dict[tuple, list[float]], network: str = "784-1568-10", mode: str = "train"):
    """Return rows as the rounds give them: (library, variant, sparsity, role) -> samples a second."""
    return pd.DataFrame(
        [
            dict(zip(tables.KEYS, (network, mode, *who), strict=True)) | {"round": turn, tables.SPEED: speed}
            for who, found in speeds.items()
            for turn, speed in enumerate(found)
        ]
    )


FAKE = {
    ("SpikingJelly", "repeat", 0.0, "peer"): [100.0, 200.0, 100.0],
    ("SpikingJelly", "once", 0.0, "tuned peer"): [400.0, 400.0, 400.0],
    ("snnTorch", "repeat", 0.0, "peer"): [90.0, 250.0, 80.0],
    ("netsci", "dense", 0.0, "own dense"): [500.0, 800.0, 300.0],
    ("netsci", "sparse", 0.99, "own sparse"): [1500.0, 2600.0, 1600.0],
}


def test_ratios_are_taken_within_a_round_to_the_peer_with_the_best_median() -> None:
    table = tables.summary(measurements(FAKE)).set_index(["library", "variant"])
    sparse = table.loc[("netsci", "sparse")]
    assert sparse[tables.SPEED] == 1600.0
    assert (sparse["ratio_to_peer"], sparse["ratio_to_peer_min"], sparse["ratio_to_peer_max"]) == (15, 13, 16)
    assert sparse["ratio_to_tuned_peer"] == 4.0
    assert sparse["ratio_to_own_dense"] == 3.25  # median of 3, 3.25, 16 / 3
    assert table.loc[("snnTorch", "repeat"), "ratio_to_peer"] == 0.9


def test_targets_are_for_our_own_rows_only() -> None:
    table = tables.summary(measurements(FAKE)).set_index(["library", "variant"])
    assert table["target"].dropna().to_dict() == {("netsci", "dense"): 4.0, ("netsci", "sparse"): 14.0}
    assert table["met"].tolist() == [None, None, None, True, True]  # dense: 5, 4, 3, just reached


def test_a_target_that_is_just_not_reached_is_missed() -> None:
    speeds = {**FAKE, ("netsci", "dense", 0.0, "own dense"): [400.0, 798.0, 399.0]}
    assert tables.summary(measurements(speeds))["met"].tolist() == [None, None, None, False, True]


def test_networks_and_modes_do_not_mix() -> None:
    slow = {who: [speed / 2 for speed in found] for who, found in FAKE.items()}
    both = pd.concat([measurements(FAKE), measurements(slow, mode="infer")])
    table = tables.summary(both)
    assert len(table) == 10
    assert table[table["library"] == "netsci"][tables.SPEED].tolist() == [500.0, 1600.0, 250.0, 800.0]
    assert table["ratio_to_peer"].iloc[:5].tolist() == table["ratio_to_peer"].iloc[5:].tolist()
    assert table["target"].dropna().tolist() == [4.0, 14.0, 4.0, 22.0]


def test_status_says_whether_a_target_is_missed(capsys: pytest.CaptureFixture[str]) -> None:
    good = {**FAKE, ("netsci", "dense", 0.0, "own dense"): [800.0, 800.0, 800.0]}
    assert tables.verdict(tables.summary(measurements(good))) == 0
    bad = {**good, ("netsci", "sparse", 0.99, "own sparse"): [1300.0, 2600.0, 1300.0]}
    table = tables.summary(measurements(bad))
    tables.show(table)
    assert tables.verdict(table) == 1
    output = capsys.readouterr()
    assert "13.00 (13.0-13.0)" in output.out
    assert ">= 14" in output.out
    assert "missed: 784-1568-10 train at 99%: 13, not 14" in output.err


@pytest.mark.parametrize(("seconds", "met"), [(1.8, True), (1.9, False)])
def test_evolution_is_a_share_of_an_epoch(
    seconds: float, met: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tables.summary(measurements(FAKE))  # 60,000 samples at 1600 a second: 37.5 s
    table = tables.with_evolution(table, "784-1568-10", seconds, 60_000, 0.05)
    row = table.iloc[-1]
    assert row["mode"] == "evolution"
    assert math.isclose(row["share_of_epoch"], seconds / 37.5)
    assert row["met"] is met
    tables.show(table)
    assert f"{1000 * seconds:.0f} ms" in capsys.readouterr().out


def test_arguments() -> None:
    assert spiking.options([]).network == list(spiking.NETWORKS)
    chosen = spiking.options(["--rounds", "3", "--network", "784-1568-10", "--optimizer", "adam"])
    assert (chosen.rounds, chosen.network, chosen.optimizer) == (3, ["784-1568-10"], "adam")


@pytest.mark.parametrize(
    "arguments",
    [["--rounds", "0"], ["--seconds", "0"], ["--seconds", "nan"], ["--zeta", "1.5"], ["--network", "2-3"]],
)
def test_wrong_arguments_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        spiking.options(arguments)
    assert stopped.value.code == 2
    assert arguments[0] in capsys.readouterr().err


def test_weights_have_exactly_the_links_asked_for_and_a_full_output_layer() -> None:
    layers = spiking.weights([50, 40, 30, 10], 0.9, np.random.default_rng(1))
    assert [layer.shape for layer in layers] == [(50, 40), (40, 30), (30, 10)]
    assert [np.count_nonzero(layer) for layer in layers] == [200, 120, 300]
    assert {layer.dtype for layer in layers} == {np.dtype(np.float32)}


def test_agreement_counts_spikes_and_gradients_at_links_only() -> None:
    mask = np.array([[True, False], [True, True]])
    spikes = np.ones((2, 3, 2), bool)
    one = {"spikes_0": spikes, "gradient_0": np.ones((2, 2)), "rates": np.ones((3, 2))}
    absent = {**one, "gradient_0": np.array([[1.0, 7.0], [1.0, 1.0]])}
    assert agreement.disagreement(agreement.differences(absent, one, [mask])) == []
    flipped = spikes.copy()
    flipped[0, 0, 0] = False
    other = {
        "spikes_0": flipped,
        "gradient_0": np.ones((2, 2)) * [[1.0, 1.0], [-1.0, 1.0]],
        "rates": one["rates"],
    }
    away = agreement.differences(other, one, [mask])
    assert away["spikes_0"] == pytest.approx(1 / 12)
    assert away["gradient_0"] == pytest.approx(2 / math.sqrt(3))
    assert agreement.disagreement(away) == [
        "spikes of layer 0 differ by 0.083",
        "gradient of layer 0 differ by 1.2",
    ]
    assert agreement.disagreement({"rates": math.nan}) == ["rates differ by nan"]


def test_agreement_refuses_transposed_spikes() -> None:
    one = {"spikes_0": np.ones((2, 3, 2), bool)}
    with pytest.raises(ValueError, match="shape"):
        agreement.differences({"spikes_0": np.ones((3, 2, 2), bool)}, one, [np.ones((1, 2), bool)])


def test_peers_have_our_torch_and_are_all_pinned() -> None:
    peers = environment.pinned(environment.REQUIREMENTS.read_text())
    ours = environment.pinned((ROOT / "constraints.txt").read_text())
    assert peers["torch"] == ours["torch"]
    assert peers["numpy"] == ours["numpy"]
    assert {"spikingjelly", "snntorch"} <= set(peers)
    shared = {"torch", "numpy", "scipy", "numba", "llvmlite"}  # what recording needs is ours to the version
    assert {name: peers[name] for name in shared} == {name: ours[name] for name in shared}
    assert "torchvision" not in peers


def test_loose_requirements_are_refused() -> None:
    with pytest.raises(ValueError, match="not pinned: torch"):
        environment.pinned("numpy==2.4.6  # fixed\ntorch\n")


def test_a_built_environment_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import hashlib

    monkeypatch.setenv("NETSCI_PEERS_VENV", str(tmp_path))
    digest = hashlib.sha256(environment.REQUIREMENTS.read_bytes()).hexdigest()
    (tmp_path / ".stamp").write_text(digest)
    assert environment.ready() == tmp_path / "bin" / "python"
    assert [path.name for path in tmp_path.iterdir()] == [".stamp"]


def test_worker_passes_requests_and_tells_when_it_has_ended(tmp_path: Path) -> None:
    script = tmp_path / "echo.py"
    script.write_text(
        "import sys\nfor line in [sys.stdin.readline()]:\n    print(line, end='', flush=True)\n"
    )
    with Worker(Path(sys.executable), str(script)) as worker:
        assert worker.ask("build", variant="once") == {"do": "build", "variant": "once"}
        with pytest.raises(RuntimeError, match="ended at 'check'"):
            worker.ask("check")
    assert worker.process.returncode == 0


@pytest.fixture
def netsci_mlp(monkeypatch: pytest.MonkeyPatch):
    """Return the module of our own contestant, which finds `common` beside it."""
    monkeypatch.syspath_prepend(PEERS)
    return importlib.import_module("netsci_mlp")


def test_own_variants_compute_what_plain_operations_do(netsci_mlp, tmp_path: Path) -> None:
    import torch

    masks = spiking.write_problem(tmp_path / "p.npz", "30-40-20-10", 0.8)
    problem = netsci_mlp.common.read_problem(str(tmp_path / "p.npz"))
    assert [mask.tolist() for mask in problem.masks] == [mask.tolist() for mask in masks]
    found = {}
    for variant in ("dense", "sparse"):
        contest = netsci_mlp.common.Contest(netsci_mlp.Perceptron(problem, variant), problem, "sgd")
        contest.check(str(tmp_path / f"{variant}.npz"))
        found[variant] = dict(np.load(tmp_path / f"{variant}.npz"))
    assert agreement.disagreement(agreement.differences(found["sparse"], found["dense"], masks)) == []
    signal = problem.images[0].expand(problem.steps, -1, -1)
    for i, weight in enumerate(problem.weights):
        current, membrane, fired = signal @ torch.from_numpy(weight), 0.0, []
        for line in current:
            membrane = membrane + line
            fired.append((membrane >= problem.threshold).float())
            membrane = problem.alpha * membrane * (1.0 - fired[-1])
        signal = torch.stack(fired)
        assert (signal.numpy().astype(bool) == found["dense"][f"spikes_{i}"]).mean() > 0.999
        assert 0.01 < signal.mean() < 0.9


def test_masking_the_wrong_way_round_is_seen(netsci_mlp, tmp_path: Path) -> None:
    masks = spiking.write_problem(tmp_path / "p.npz", "20-20-10", 0.8)
    problem = netsci_mlp.common.read_problem(str(tmp_path / "p.npz"))
    found = []
    for weights in (problem.weights, [problem.weights[0].T, problem.weights[1]]):
        one = netsci_mlp.common.Problem(weights, problem.images, problem.labels, 8, 0.5, 1.0)
        contest = netsci_mlp.common.Contest(netsci_mlp.Perceptron(one, "dense"), one, "sgd")
        contest.check(str(tmp_path / "found.npz"))
        found.append(dict(np.load(tmp_path / "found.npz")))
    assert agreement.disagreement(agreement.differences(found[1], found[0], masks))


def test_evolution_keeps_the_number_of_links(netsci_mlp, tmp_path: Path) -> None:
    spiking.write_problem(tmp_path / "p.npz", "60-50-10", 0.8)
    problem = netsci_mlp.common.read_problem(str(tmp_path / "p.npz"))
    contest = netsci_mlp.common.Contest(netsci_mlp.Perceptron(problem, "sparse"), problem, "sgd")
    layer = contest.module.model.layers[0]
    before = layer.links
    assert len(netsci_mlp.evolution(contest, 2, 0.3)["cpu_seconds"]) == 2
    assert layer.n_links == before.nnz
    assert (layer.links != before).nnz > 0


def test_pruning_is_measured_on_the_same_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prune, "SIDE", 8)
    options = SimpleNamespace(inputs=150, outputs=20, rows=900, sparsity=0.7, repeat=1)
    for name in ("ria", "wanda"):  # stops unless both choose the same links
        assert prune.measure_choice(name, options)["faster"] > 0
    sweep = prune.measure_sweep(options)
    assert sweep["apart"] <= prune.NEAR
    assert sweep["other_links"] == 0
    fast, slow = {"work": "ria", "faster": 11.0}, {"work": "wanda", "faster": 9.0}
    good = {**sweep, "units": 1.4}
    assert prune.find_missed([fast, slow], good) == ["wanda"]
    assert prune.find_missed([fast], {**good, "units": 1.6}) == [good["work"]]
    assert prune.find_missed([fast], {**good, "apart": 2e-6}) == [good["work"]]


def test_record_peers_starts_in_the_environment_of_the_peers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list = []

    def run(command: list, env: dict, **_: object) -> SimpleNamespace:
        started.append((command, env["PYTHONPATH"]))
        return SimpleNamespace(returncode=3)

    monkeypatch.setattr(sys, "argv", ["record_peers.py", "--sparsity", "0.9"])
    monkeypatch.setattr(environment, "ready", lambda: tmp_path / "bin" / "python")
    monkeypatch.setattr(record_peers.subprocess, "run", run)
    monkeypatch.setenv("NETSCI_PEERS_VENV", str(tmp_path))
    assert record_peers.elsewhere() == 3
    script = str(ROOT / "benchmarks" / "record_peers.py")
    assert started == [([tmp_path / "bin" / "python", script, "--sparsity", "0.9"], str(ROOT))]
    monkeypatch.setenv("NETSCI_PEERS_VENV", sys.prefix)
    assert record_peers.elsewhere() is None


def test_the_walk_of_record_peers_counts_existing_links_only() -> None:
    import torch

    weights = [torch.tensor([[1.0, 0.0], [2.0, 3.0], [0.0, 0.0]])]  # [out, in]: fan-outs 2 and 1
    spikes = torch.zeros(2, 1, 2)
    spikes[0, 0, 0] = spikes[1, 0, 0] = spikes[1, 0, 1] = 1.0
    assert record_peers.walk(weights, [spikes]) == 5


@pytest.mark.skipif(
    not (environment.folder() / "bin" / "python").exists(), reason="./run bench spiking makes the peers"
)
def test_operations_of_the_peers_networks_are_those_of_a_walk() -> None:
    script = ROOT / "benchmarks" / "record_peers.py"
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith(("walk", "netsci"))]
    counts = [re.search(r"\d[\d,]+", line)[0] for line in lines]
    assert counts == ["134,062"] * 4


def speeds_of_conversion(**speeds: list[float]) -> pd.DataFrame:
    rows = [
        {"round": turn, "who": who.replace("_", ", ", 1).replace("_", " "), "speed": speed}
        for who, found in speeds.items()
        for turn, speed in enumerate(found)
    ]
    return pd.DataFrame(rows).assign(network="784-1568-10", sparsity=0.99)


def test_a_conversion_is_judged_by_ratios_within_a_round() -> None:
    good = speeds_of_conversion(
        netsci=[9000.0, 4500.0, 9100.0],
        netsci_by_step=[2000.0, 1000.0, 2100.0],
        netsci_counted=[1900.0, 960.0, 2000.0],
        converter=[50.0, 25.0, 60.0],
        tuned=[150.0, 90.0, 160.0],
        csr=[300.0, 150.0, 300.0],
    )
    table = convert.summarise(good)
    ratios = table.set_index("who")["ratio"]
    assert (ratios["converter"], ratios["csr"]) == (180.0, 30.0)
    assert convert.judge(table) == []
    assert ratios["netsci, counted"] == 1.05  # of the same answers, and not of those after the last step
    slow = good.assign(speed=good["speed"].where(good["who"] != "netsci, counted", 100.0))
    assert "counting costs" in convert.judge(convert.summarise(slow))[0]
    missed = convert.judge(
        convert.summarise(good.assign(speed=good["speed"].where(good["who"] != "csr", 5e3)))
    )
    assert missed == ["784-1568-10 at 99%: 1.8 times csr, not 25"]


def test_a_peer_of_another_function_is_told_apart() -> None:
    outputs = np.eye(10)[np.arange(200) % 10]
    assert convert.compare(outputs, outputs, [100, 1000], [100, 1000]) == ""
    assert "spikes of a layer" in convert.compare(outputs, outputs, [100, 1002], [100, 1000])
    other = np.roll(outputs, 1, axis=1)
    assert "answers are the same in" in convert.compare(other, outputs, [1], [1])


def test_problems_of_a_conversion_have_the_links_that_they_claim(tmp_path: Path) -> None:
    convert.write_problem(tmp_path / "a.npz", "784-1568-10", 0.99)
    with np.load(tmp_path / "a.npz") as data:
        assert data["weight_0"].shape == (1568, 784)
        assert (data["weight_0"] != 0).sum() == round(784 * 1568 * 0.01)
        assert (data["weight_1"] != 0).all()
    assert convert.read_options(["--rounds", "2", "--network", "784-1568-10"]).rounds == 2
    with pytest.raises(SystemExit):
        convert.read_options(["--seconds", "0"])


def test_growth_names_what_grows_faster_than_its_work():
    table = pd.DataFrame(
        {
            "units": [1024, 2048, 4096],
            "draws_ms": [10.0, 26.1, 52.0],
            "ns_a_path": [1.0, 1.5, 1.51],
        }
    )
    assert growth.find_missed(table) == [
        "exact CH3-L3, 4096 units: 1.51 times the least ns a path",
        "10,000 draws, 2048 units: 2.61 times half as many",
    ]
    assert growth.find_missed(table.iloc[[0]].assign(ns_a_path=np.nan)) == []


def test_growth_draws_time_by_the_work_over_units(tmp_path):
    path = tmp_path / "growth.svg"
    growth.draw(pd.DataFrame({"units": [64, 128], "ns_a_path": [2.0, np.nan], "ns_a_link": [3.0, 4.0]}), path)
    assert "time by the work / the least" in path.read_text()


def test_every_benchmark_is_a_name_of_run():
    scripts = {path.stem for path in (ROOT / "benchmarks").glob("*.py")} - {"__init__", "record_peers"}
    (names,) = re.findall(r"^ +(ch_scores \|[^)]*)\)$", (ROOT / "run").read_text(), re.MULTILINE)
    assert set(names.split(" | ")) == scripts
