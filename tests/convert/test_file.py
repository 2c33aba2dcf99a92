"""The file of a spiking network: the same spikes after loading; what is damaged or foreign is refused."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file, save, save_file
from torch import nn
from torch.nn.utils import prune

from netsci.convert import METHODS, QCFS, SQCFS, convert, load_spiking, save_spiking
from netsci.convert.file import FORMAT, find_reads, is_spiking
from netsci.convert.storing.functions import all_functions, find_function, name_function
from netsci.convert.storing.values import decode, encode
from netsci.io import CheckpointError, load
from netsci.io.seal import seal
from tests.convert.networks import mixed, perceptron, residual, resnet, vgg

NETS = {
    "mlp": (perceptron, (12,)),
    "residual": (residual, (2, 8, 8)),
    "mixed": (mixed, (2, 8, 8)),
    "vgg": (vgg, (2, 8, 8)),
    "resnet": (resnet, (2, 8, 8)),
}
RATE = ["qcfs", "cs_qcfs", "snm"]


def small(method="qcfs", **options):
    x = torch.rand(20, 12, generator=torch.Generator().manual_seed(3))
    return convert(perceptron(), method, x, steps=5, **options), x


def check_same(tmp_path, model, x):
    """A file gives back the spikes, links, thresholds and words of a model, and is written again as it is."""
    save_spiking(tmp_path / "a.safetensors", model)
    again = load_spiking(tmp_path / "a.safetensors")
    assert np.array_equal(model.currents(x), again.currents(x))
    before, after = model.simulate(x), again.simulate(x)
    for part in ("spikes", "sops", "macs", "answers_changed"):
        assert np.array_equal(getattr(before, part), getattr(after, part))
    assert all((mask != again.masks[one]).nnz == 0 for one, mask in model.masks.items())
    pd.testing.assert_frame_equal(model.thresholds, again.thresholds)
    assert (again.method, again.steps, again.notes) == (model.method, model.steps, model.notes)
    assert dict(again.options) == dict(model.options)
    assert torch.equal(model.to_ann()(x), again.to_ann()(x))
    pd.testing.assert_frame_equal(model.diagnose(x), again.diagnose(x))
    save_spiking(tmp_path / "b.safetensors", again)
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    return again


@pytest.mark.parametrize("method", RATE)
@pytest.mark.parametrize("name", NETS)
def test_the_same_spikes_after_loading(tmp_path, name, method):
    make, shape = NETS[name]
    x = torch.rand(7, *shape, generator=torch.Generator().manual_seed(5))
    check_same(tmp_path, convert(make(), method, x, steps=9), x)


def test_another_network_gives_other_spikes(tmp_path):
    """Negative control: the comparison above does see a threshold."""
    model, x = small()
    save_spiking(tmp_path / "a.safetensors", model)
    place, neuron = next(iter(model.network.neurons.items()))
    other = replace(neuron, theta=neuron.theta * 1.2)
    moved = replace(model.network, neurons={**model.network.neurons, place: other})
    assert not np.array_equal(
        replace(model, network=moved).simulate(x).spikes,
        load_spiking(tmp_path / "a.safetensors").simulate(x).spikes,
    )


@pytest.mark.parametrize("activation", [QCFS(4, 0.7), SQCFS(4, 0.7), SQCFS(8, 0.5, channels=3)])
def test_trained_activations(tmp_path, activation):
    with torch.no_grad():
        for one in activation.parameters():
            one += 0.1 * torch.arange(float(one.numel())).reshape(one.shape)
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(2, 3, 3), activation, nn.Flatten(), nn.Linear(108, 4)).eval()
    x = torch.rand(6, 2, 8, 8)
    model = convert(net, "cs_qcfs", x)
    save_spiking(tmp_path / "a.safetensors", model)
    again = load_spiking(tmp_path / "a.safetensors")
    assert np.array_equal(model.currents(x), again.currents(x))
    assert torch.equal(model.to_ann()(x), again.to_ann()(x))


def test_pruned_layers_groups_and_links_of_weight_zero(tmp_path):
    torch.manual_seed(0)
    conv = nn.Conv2d(4, 6, 3, padding=1, groups=2)
    prune.random_unstructured(conv, "weight", 0.5)
    linear = nn.Linear(6 * 16, 5)
    prune.random_unstructured(linear, "weight", 0.8)
    linear.weight_orig.data[:2] = 0.0  # links that weigh nothing stay links
    net = nn.Sequential(conv, nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(), linear).eval()
    x = torch.rand(5, 4, 8, 8)
    model = convert(net, "snm", x)
    save_spiking(tmp_path / "a.safetensors", model)
    again = load_spiking(tmp_path / "a.safetensors")
    assert again.masks["4"].nnz == int(linear.weight_mask.sum()) > int((linear.weight != 0).sum())
    assert (again.masks["0"] != model.masks["0"]).nnz == 0
    assert np.array_equal(model.simulate(x).sops, again.simulate(x).sops)


def test_snm_with_thresholds_from_the_caller(tmp_path):
    theta = [np.full(16, 0.5), np.full(10, 0.5), np.full(4, 0.25)]
    model, x = small("snm", theta=theta, compat=True)
    save_spiking(tmp_path / "a.safetensors", model)
    again = load_spiking(tmp_path / "a.safetensors")
    assert dict(again.options) == {"theta": "given", "compat": True, "steps": 5}
    assert np.array_equal(model.currents(x, 30), again.currents(x, 30))


def test_readers_of_networks_see_the_same_links(tmp_path):
    for make, shape in NETS.values():
        model = convert(make(), "snm", torch.rand(6, *shape))
        save_spiking(tmp_path / "a.safetensors", model)
        graph = load(tmp_path / "a.safetensors").graph
        found = {one.name: one.links for one in graph.projections}
        assert list(found) == list(model.masks)
        for name, mask in model.masks.items():
            assert (found[name].toarray() == mask.toarray()).all()
    model, _ = small()
    save_spiking(tmp_path / "a.safetensors", model)
    loaded = load(tmp_path / "a.safetensors")
    assert loaded.kind == "spiking network by qcfs, T = 5"
    assert not loaded.guesses
    assert [one.target for one in loaded.graph.projections] == ["layers.0", "layers.1", "layers.2"]


def test_what_each_layer_reads():
    model = convert(residual(), "qcfs", torch.rand(6, 2, 8, 8))
    reads = {one["array"]: one["after"] for one in find_reads(model.network.program)}
    assert reads["conv1.weight"] == ["input"]
    assert reads["short.weight"] == ["conv1.weight"]
    assert reads["fc1.weight"] == ["conv1.weight", "conv2.weight", "short.weight"]


def test_every_flipped_byte_is_seen(tmp_path):
    model, _ = small()
    path = tmp_path / "a.safetensors"
    save_spiking(path, model)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for place in [*range(0, 8), *rng.integers(8, len(whole), 60)]:
        spoilt = bytearray(whole)
        spoilt[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(bytes(spoilt))
        with pytest.raises(ValueError, match=r"damaged|cannot be read|another version|must be a spiking"):
            load_spiking(path)
    for length in (0, 7, 100, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"cannot be read|damaged"):
            load_spiking(path)


def test_foreign_files_are_refused_by_what_they_are(tmp_path):
    path = tmp_path / "a.safetensors"
    with pytest.raises(ValueError, match="cannot be read as a spiking network"):
        load_spiking(tmp_path / "missing.safetensors")
    path.write_bytes(b"PK\x03\x04 a zip file")
    with pytest.raises(ValueError, match="cannot be read as a spiking network"):
        load_spiking(path)
    save_file({"a": torch.ones(2)}, path)
    with pytest.raises(ValueError, match="a safetensors file that says no format"):
        load_spiking(path)
    save_file({"a": torch.ones(2)}, path, metadata={"format": "pt"})
    with pytest.raises(ValueError, match=r"must be a spiking network .* of the format 'pt'"):
        load_spiking(path)
    assert not is_spiking(path)
    path.write_bytes(seal(save({"a": torch.ones(2)}, metadata={"format": FORMAT[:-1] + "9"})))
    with pytest.raises(ValueError, match="another version"):
        load_spiking(path)
    assert is_spiking(path)


def rewrite(path, change):
    """Change the content of a file, and seal it anew."""
    from safetensors import safe_open

    with safe_open(path, framework="pt") as stored:
        metadata = stored.metadata()
    tensors = load_file(path)
    content = json.loads(metadata["network"])
    change(content, tensors)
    path.write_bytes(seal(save(tensors, metadata={**metadata, "network": json.dumps(content)})))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c, t: c.pop("steps"), "its content must have"),
        (lambda c, t: c.update(steps=0), "steps must be at least 1"),
        (lambda c, t: c.update(method="other"), "its method must be one of"),
        (lambda c, t: t.pop("layers.0.weight"), r"'layers\.0\.weight' is missing"),
        (lambda c, t: t.update({"layers.0.weight_mask": torch.ones(2, 2)}), "do not fit each other"),
        (lambda c, t: t.update({"neurons/2/theta": torch.full((1,), -1.0)}), "thresholds that do not fit"),
        (lambda c, t: c["model"]["neurons"][0].update(kind="lif"), "a kind that does not fit: 'lif'"),
        (lambda c, t: t.update({"neurons/2/theta": torch.ones(3)}), "does not have the shape"),
        (
            lambda c, t: c["program"]["steps"][2].update(function="torch.load"),
            "'torch.load', which is not known",
        ),
        (lambda c, t: c["program"]["steps"][2].update(args={"tuple": [{"ref": 7}]}), "not before it"),
        (lambda c, t: c["program"]["steps"][2].pop("function"), "runs nothing"),
        (lambda c, t: c["program"]["steps"][1].pop("args"), "it lacks 'args'"),
        (lambda c, t: c["model"]["neurons"][0].update(place=1), "no activation"),
        (lambda c, t: c["model"]["activations"].pop(), "do not stand where its neurons are"),
        (lambda c, t: c["model"]["activations"][0]["module"].update({"class": "Module"}), "is not known"),
    ],
)
def test_a_sealed_file_of_wrong_content_is_refused(tmp_path, change, message):
    model, _ = small()
    path = tmp_path / "a.safetensors"
    save_spiking(path, model)
    rewrite(path, change)
    with pytest.raises(ValueError, match=message):
        load_spiking(path)


def test_what_cannot_be_saved_leaves_the_old_file(tmp_path):
    model, _ = small()
    path = tmp_path / "a.safetensors"
    path.write_text("old")
    steps = list(model.network.program.steps)
    steps[2] = replace(steps[2], function=lambda x: x)
    network = replace(model.network, program=replace(model.network.program, steps=tuple(steps)))
    with pytest.raises(TypeError, match="a function that no file can name"):
        save_spiking(path, replace(model, network=network))
    with pytest.raises(TypeError, match="must be a spiking network that"):
        save_spiking(path, nn.Linear(2, 2))
    assert path.read_text() == "old"
    with pytest.raises(OSError, match="its folder does not exist"):
        save_spiking(tmp_path / "no" / "a.safetensors", model)


def test_readers_say_what_is_damaged(tmp_path):
    model, _ = small()
    path = tmp_path / "a.safetensors"
    save_spiking(path, model)
    whole = bytearray(path.read_bytes())
    whole[-1] ^= 1
    path.write_bytes(bytes(whole))
    with pytest.raises(CheckpointError, match="netsci convert"):
        load(path)
    save_spiking(path, model)
    from safetensors import safe_open

    with safe_open(path, framework="pt") as stored:
        metadata = stored.metadata()
    tensors = load_file(path)
    path.write_bytes(seal(save(tensors, metadata={**metadata, "layers": "[3]"})))
    with pytest.raises(CheckpointError, match="do not list its layers"):
        load(path)
    del tensors["layers.1.weight"], tensors["layers.1.weight_mask"]
    path.write_bytes(seal(save(tensors, metadata=metadata)))
    with pytest.raises(CheckpointError, match=r"it lacks layers\.1\.weight"):
        load(path)


def test_no_file_can_name_a_function_that_does_more():
    for name in all_functions():
        place, _, rest = name.partition(".")
        assert place in ("torch", "functional", "Tensor", "operator", "own", "attribute")
        assert not {"load", "save", "exec", "eval", "system", "apply_", "set_", "share_memory_"} & {rest}
    with pytest.raises(ValueError, match="is not known"):
        find_function("torch.hub")
    with pytest.raises(ValueError, match="is not known"):
        find_function({"pool": "Module", "options": {}})
    pool = nn.AvgPool2d(3, stride=2, padding=1, ceil_mode=True, count_include_pad=False)
    x = torch.rand(2, 2, 9, 9)
    assert torch.equal(find_function(json.loads(json.dumps(name_function(pool.forward, ""))))(x), pool(x))
    transpose = torch.Tensor.T.__get__
    assert torch.equal(find_function(name_function(transpose, ""))(x[0, 0]), x[0, 0].T)


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        3,
        2.5,
        "zeros",
        (1, [2, slice(None, 3)]),
        {"dim": -1},
        ...,
        torch.float32,
        torch.device("cpu"),
    ],
)
def test_arguments_come_back(value):
    assert decode(json.loads(json.dumps(encode(value, "a step")))) == value


def test_arguments_that_no_file_holds():
    with pytest.raises(TypeError, match="a step has the argument"):
        encode(object(), "a step")
    for wrong in ({"ref": 1, "size": 2}, {"dtype": "torch.nn"}, [1], {"what": 1}):
        with pytest.raises(ValueError, match="an argument of a step"):
            decode(wrong)


def test_all_methods_can_be_saved():
    assert all(METHODS[name].pack and METHODS[name].unpack for name in METHODS)
