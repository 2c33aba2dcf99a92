"""The command `netsci prune`: from a trained network to a pruned file that all else opens."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from typer.testing import CliRunner

from netsci.cli import app
from netsci.io import load_graph
from netsci.models import vit
from netsci.prune import ABOUT, METHODS
from netsci.sparse import sparse_layers
from netsci.train import Inputs, freeze_links, load_network, prune_file, read_recipe, train
from netsci.train.prune_file import CALIBRATION, calibrate_on
from netsci.train.prune_options import list_methods
from netsci.train.stored_network import read_stored
from tests.train.test_network_file import RECIPES

SMALL = {"limit": 200, "test_limit": 60, "epochs": 2}
ANN = RECIPES["dense"].replace(options=(("hidden", (32, 16)),), **SMALL)


def run(*arguments):
    return CliRunner().invoke(app, ["prune", *map(str, arguments)], env={"COLUMNS": "200"})


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Folders of a dense, a sparse and a spiking run."""
    made = {}
    recipes = {"dense": ANN, "sparse": RECIPES["mlp"], "spiking": RECIPES["spiking"].replace(dense=True)}
    for name, recipe in recipes.items():
        made[name] = tmp_path_factory.mktemp(name)
        train(recipe, folder=made[name])
    return made


@pytest.fixture(scope="module")
def deit(tmp_path_factory):
    """A checkpoint with timm's keys, as torch saves it, for images of the digits."""
    torch.manual_seed(0)
    place = tmp_path_factory.mktemp("deit") / "deit.pth"
    net = vit((1, 8, 8), 10, patch=4, width=192, depth=2, heads=3, distilled=True)
    torch.save({"model": net.state_dict()}, place)
    return place


def test_methods_are_listed_with_their_sources():
    shown = run("--methods")
    assert shown.exit_code == 0
    assert shown.stdout.strip() == list_methods()
    assert [line.split()[0] for line in list_methods().splitlines()] == [*METHODS.built_in, "depgraph"]
    assert set(ABOUT) == set(METHODS.built_in)


@pytest.mark.parametrize("method", [*METHODS.built_in, "depgraph"])
def test_every_method_prunes_a_run_and_the_file_opens_everywhere(method, trained, tmp_path):
    if method == "depgraph":
        pytest.importorskip("torch_pruning", reason="needs the extra netsci-suite[prune]")
    out = tmp_path / "pruned.safetensors"
    shown = run(trained["dense"], "--method", method, "--sparsity", "0.75", "-o", out, "--json")
    assert shown.exit_code == 0, shown.output
    told = json.loads(shown.stdout)
    model = load_network(out)
    held = sparse_layers(model)
    for row in told["layers"]:
        layer = model.get_submodule(row["layer"])
        assert row["links_before"] == layer.weight.numel()
        links = held[row["layer"]].n_links if row["layer"] in held else layer.weight.numel()
        assert row["links_after"] == links
        assert row["sparsity"] == pytest.approx(1 - links / layer.weight.numel())
    assert told["all"]["links_after"] == sum(row["links_after"] for row in told["layers"])
    assert [row["links_after"] for row in told["layers"]][-1] == 160 or method == "depgraph"
    if method not in ("depgraph", "wanda", "wanda_rec"):
        assert [row["links_after"] for row in told["layers"]] == [512, 128, 160]
    assert load_graph(out).n_links == told["all"]["links_after"]
    inputs = Inputs(read_recipe(out), "cpu")
    with torch.no_grad():
        correct = sum(int((model(x).argmax(1) == y).sum()) for x, y in inputs.tests())
    assert told["accuracy"]["pruned"] == pytest.approx(correct / inputs.n_test)
    assert told["calibration_images"] == (0 if method in ("magnitude", "ri") else 128)
    assert freeze_links(out).topology == read_recipe(out).topology


def test_methods_differ_and_reading_data_matters(trained, tmp_path):
    files = {}
    for method in ("magnitude", "ri", "ria", "wanda", "sparsegpt"):
        files[method] = tmp_path / method
        assert (
            run(trained["dense"], "--method", method, "--sparsity", "0.5", "-o", files[method]).exit_code == 0
        )
    masks = [read_stored(path).links["layers.0"].toarray() for path in files.values()]
    assert all(not np.array_equal(a, b) for i, a in enumerate(masks) for b in masks[:i])


def test_fine_tuning_keeps_the_links_and_moves_the_weights(trained, tmp_path):
    plain, tuned = tmp_path / "plain", tmp_path / "tuned"
    given = [trained["dense"], "--method", "magnitude", "--sparsity", "0.9"]
    before = run(*given, "-o", plain, "--json")
    after = run(*given, "-o", tuned, "--fine-tune", 3, "--json")
    assert after.exit_code == 0, after.output
    a, b = (read_stored(path) for path in (plain, tuned))
    assert a.links.keys() == b.links.keys()
    assert all((a.links[name] != b.links[name]).nnz == 0 for name in a.links)
    assert not torch.equal(a.tensors["layers.0.weight"], b.tensors["layers.0.weight"])
    one, two = (json.loads(shown.stdout)["accuracy"] for shown in (before, after))
    assert set(two) == {"before", "pruned", "fine_tuned"}
    assert {name: two[name] for name in one} == one
    assert two["fine_tuned"] == pytest.approx(np.mean(_answers(tuned)))
    made = json.loads(b.metadata["pruned"])
    assert made["fine_tuned_epochs"] == 3
    assert made["fine_tuning_rate"] == pytest.approx(0.1 * ANN.optimisation.lr)
    assert json.loads(a.metadata["pruned"])["fine_tuning_rate"] is None
    again = tmp_path / "again"
    shown = run(*given, "-o", again, "--fine-tune", 3)
    assert f"trained for 3 more epochs at the rate {made['fine_tuning_rate']:g}, a tenth" in shown.stdout
    assert again.read_bytes() == tuned.read_bytes()


def test_fine_tuning_trains_at_a_tenth_of_the_rate_without_warm_up(trained, tmp_path, monkeypatch):
    seen = []
    real = prune_file.train
    monkeypatch.setattr(prune_file, "train", lambda one, **more: seen.append(one) or real(one, **more))
    given = [trained["dense"], "--method", "magnitude", "--sparsity", "0.9", "--fine-tune", 2]
    assert run(*given, "-o", tmp_path / "tuned").exit_code == 0
    (recipe,) = seen
    assert recipe.optimisation == replace(ANN.optimisation, lr=0.1 * ANN.optimisation.lr, epochs=2, warmup=0)
    assert recipe.topology.method == "static"


def test_calibration_images_are_of_training_and_not_augmented():
    recipe = ANN.replace(augment="shift", max_shift=1)
    shifted, plain = (calibrate_on(Inputs(one, "cpu")) for one in (recipe, ANN))
    assert torch.equal(shifted, plain)
    assert len(plain) == CALIBRATION
    train_images = torch.cat([x for x, _ in Inputs(ANN, "cpu").batches(1)])
    images = {tuple(one.flatten().tolist()) for one in train_images}
    assert all(tuple(one.flatten().tolist()) in images for one in plain)


def _answers(path):
    model, inputs = load_network(path), Inputs(read_recipe(path), "cpu")
    with torch.no_grad():
        return np.concatenate([(model(x).argmax(1) == y).numpy() for x, y in inputs.tests()])


def test_plain_lines_name_layers_links_and_accuracy(trained, tmp_path):
    out = tmp_path / "out"
    shown = run(trained["dense"] / "network.safetensors", "--method", "ria", "--n-m", "2:4", "-o", out)
    assert shown.exit_code == 0, shown.output
    lines = shown.stdout.splitlines()
    assert lines[0].split("  ")[0].strip() == "layer"
    assert lines[1].split() == ["layers.0", "2,048", "1,024", "50", "%"]
    assert "% before" in lines[-2]
    assert "% after pruning" in lines[-2]
    assert lines[-1] == f"wrote {out}; see it: netsci report {out}"
    links = read_stored(out).links["layers.0"].toarray()
    assert (links.reshape(-1, 4, links.shape[1]).sum(1) == 2).all()
    sizes = run(trained["dense"], "--method", "magnitude", "--sparsity", "linear=0.5,layers.1=0.9", "-o", out)
    assert [line.split()[2] for line in sizes.stdout.splitlines()[1:3]] == ["1,024", "52"]


@pytest.mark.parametrize("kind", ["sparse", "spiking"])
def test_sparse_and_spiking_networks_are_pruned_too(kind, trained, tmp_path):
    out = tmp_path / "out"
    shown = run(trained[kind], "--method", "wanda", "--sparsity", "0.9", "-o", out, "--json")
    assert shown.exit_code == 0, shown.output
    rows = {row["layer"]: row for row in json.loads(shown.stdout)["layers"]}
    assert rows["layers.0"]["links_after"] < rows["layers.0"]["links_before"]
    assert sparse_layers(load_network(out))["layers.0"].n_links == rows["layers.0"]["links_after"]


def test_a_deit_checkpoint_is_pruned_fine_tuned_and_reported(deit, tmp_path):
    out = tmp_path / "out.safetensors"
    shown = run(deit, "--method", "magnitude", "--sparsity", "0.7", "-o", out)
    assert shown.exit_code == 0, shown.output
    assert "no accuracy, since the data are not there (the file does not name its data" in shown.stdout
    model = load_network(out)
    counts = {}  # a fused qkv is pruned as one layer
    for name, one in sparse_layers(model).items():
        whole = name.partition(".qkv")[0] + ".qkv" if ".qkv" in name else name
        links, cells = counts.get(whole, (0, 0))
        counts[whole] = links + one.n_links, cells + one.n_rows * one.n_columns
    assert len(counts) == 4 * 2  # qkv, proj, fc1 and fc2 of two blocks
    assert all(links == cells - int(0.7 * cells + 1e-9) for links, cells in counts.values())
    tuned = run(
        deit, "--method", "wanda", "--sparsity", "0.5", "--data", "digits", "--fine-tune", 1, "-o", out
    )
    assert tuned.exit_code == 0, tuned.output
    assert "after fine-tuning" in tuned.stdout
    assert read_recipe(out).task.data == "digits"
    told = CliRunner().invoke(app, ["inspect", "--json", str(out)])
    assert told.exit_code == 0, told.output
    needs = run(deit, "--method", "wanda", "--sparsity", "0.5", "-o", out)
    assert needs.exit_code == 2
    assert "--method wanda reads inputs of layers: give --data NAME" in needs.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--method", "wnda", "--sparsity", ".5"], 2, "did you mean 'wanda'? See netsci prune --methods"),
        (["--sparsity", ".5"], 2, "--method must be one of magnitude, ri, ria, wanda, sparsegpt"),
        (["--method", "ria"], 2, "--sparsity is missing"),
        (["--method", "ria", "--sparsity", "much"], 2, "--sparsity must be a share in [0, 1)"),
        (["--method", "ria", "--sparsity", "1.5"], 2, "sparsity"),
        (["--method", "ria", "--sparsity", "linear=.5,linear=.9"], 2, "must name each kind or layer once"),
        (["--method", "ria", "--sparsity", "=.5"], 2, "must name each kind or layer once"),
        (["--method", "ria", "--n-m", "2of4"], 2, "--n-m must be KEPT:OF"),
        (["--method", "ria", "--n-m", "4:2"], 2, "--n-m must be (kept, of) with 1 <= kept <= of"),
        (["--method", "ria", "--n-m", "2:3"], 2, "groups of 2, 4, 8, 16, 32 would fit"),
        (["--method", "ria", "--n-m", "1:7"], 2, "groups of 2, 4, 8, 16, 32 would fit"),
        (["--method", "depgraph", "--n-m", "2:4"], 2, "depgraph removes whole channels"),
        (["--method", "ria", "--sparsity", "nope=.5"], 2, "nope"),
        (["--method", "ria", "--sparsity", ".5", "--data", "digts"], 2, "did you mean 'digits'"),
        (["--method", "ria", "--sparsity", ".5", "--fine-tune", "-1"], 2, "--fine-tune must be at least 0"),
        (["--method", "ria", "--sparsity", ".5", "--device", "no"], 2, "--device must"),
    ],
)
def test_mistakes_are_one_line(arguments, code, said, trained, tmp_path):
    out = tmp_path / "out"
    shown = run(trained["dense"], *arguments, "-o", out)
    assert shown.exit_code == code, shown.output
    assert said in shown.stderr
    assert "Traceback" not in shown.output
    assert not list(tmp_path.iterdir())


def test_what_is_no_network_is_told_with_code_3(trained, tmp_path):
    (tmp_path / "text.pt").write_text("no network")
    save_file({"fc.weight": torch.ones(2, 2)}, tmp_path / "plain.safetensors")
    torch.save({"model": {"fc.weight": torch.ones(2, 2)}}, tmp_path / "plain.pth")
    torch.save(torch.nn.Linear(2, 2), tmp_path / "module.pt")
    files = [
        tmp_path / name for name in ("text.pt", "plain.safetensors", "plain.pth", "module.pt", "missing")
    ]
    for file in [*files, tmp_path, trained["dense"] / "checkpoint.safetensors"]:
        shown = run(file, "--method", "magnitude", "--sparsity", ".5", "-o", tmp_path / "out")
        assert shown.exit_code == 3, (file, shown.output)
        assert "give a" in shown.stderr
        assert "Traceback" not in shown.output
        assert len(shown.stderr.splitlines()) == 1
        assert ("save its model.state_dict()" in shown.stderr) == (file.name == "module.pt")


def test_files_of_others_and_the_input_are_not_overwritten(trained, tmp_path):
    own, other = trained["dense"] / "network.safetensors", tmp_path / "notes.txt"
    other.write_text("mine")
    given = ["--method", "magnitude", "--sparsity", ".5"]
    assert "overwrite the one it is made of" in run(own, *given, "-o", own, "--force").stderr
    assert "would overwrite" in run(trained["dense"], *given, "-o", own).stderr
    assert "netsci did not write it" in run(own, *given, "-o", other).stderr
    trained_one = trained["sparse"] / "network.safetensors"
    assert "netsci did not write it" in run(own, *given, "-o", trained_one).stderr  # it took hours
    assert other.read_text() == "mine"
    assert run(own, *given, "-o", other, "--force").exit_code == 0
    again = run(
        own, "--method", "magnitude", "--sparsity", ".9", "-o", other
    )  # what it wrote, it may replace
    assert again.exit_code == 0, again.output


def test_without_torch_pruning_one_sentence_says_what_to_install(trained, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch_pruning", None)
    shown = run(trained["dense"], "--method", "depgraph", "--sparsity", ".5", "-o", tmp_path / "out")
    assert shown.exit_code == 2
    assert "pip install 'netsci-suite[prune]'" in shown.stderr
    assert "Traceback" not in shown.output
    assert not list(tmp_path.iterdir())
