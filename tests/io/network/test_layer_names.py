"""Layers known by names and by what lies beside them: branches, shortcuts, pairs of networks, biases."""

from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
import torch.nn.utils.parametrize
import torch.nn.utils.prune

from netsci.io import CheckpointError
from netsci.io.formats.numpy_file import read_npz
from netsci.io.formats.safetensors_file import read_safetensors
from netsci.io.formats.torch.file import read_torch_zip
from tests.io.samples import FC1, FC2, dense_weights, layer_table, read, safetensors_bytes, write_torch


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.bin"


def ones(**shapes):
    return {name.replace("__", "."): torch.ones(shape) for name, shape in shapes.items()}


def graph_of(path, state):
    return read(read_torch_zip, write_torch(path, state))


def ends(graph):
    return {p.name: (p.source, p.target) for p in graph.projections}


@pytest.mark.parametrize(
    "names",
    [
        ("WQ", "WK", "WV"),
        ("a.q_proj.weight", "a.k_proj.weight", "a.v_proj.weight"),
        ("l.0.self.query.weight", "l.0.self.key.weight", "l.0.self.value.weight"),
    ],
)
def test_queries_keys_and_values_are_branches(path, names):
    state = ones(first=(4, 6)) | {name: torch.ones(4, 4) for name in names} | ones(out__weight=(2, 4))
    graph, _ = graph_of(path, state)
    assert [p.source for p in graph.projections[1:4]] == ["first"] * 3
    assert graph.projections[4].source == graph.projections[3].target


def test_layers_that_only_look_alike_still_chain(path):
    graph, _ = graph_of(path, ones(q1__weight=(4, 4), k2__weight=(4, 4), quiet__weight=(4, 4)))
    assert [p.source for p in graph.projections] == ["input", "q1", "k2"]


def test_a_shortcut_joins_the_populations_that_its_block_joins(path):
    state = ones(
        conv1__weight=(4, 1, 3, 3),
        layer1__0__conv1__weight=(6, 4, 3, 3),
        layer1__0__conv2__weight=(6, 6, 3, 3),
        layer1__0__downsample__0__weight=(6, 4, 1, 1),
        fc__weight=(2, 6),
    )
    graph, notes = graph_of(path, state)
    assert ends(graph)["layer1.0.downsample.0"] == ("conv1", "layer1.0.conv2")
    assert ends(graph)["fc"] == ("layer1.0.conv2", "fc")
    assert graph.sizes == {"input": 1, "conv1": 4, "layer1.0.conv1": 6, "layer1.0.conv2": 6, "fc": 2}
    assert "layer1.0.downsample.0 is a shortcut from conv1 to layer1.0.conv2" in notes
    # One that does not fit is drawn like any layer.
    state["layer1.0.downsample.0.weight"] = torch.ones(5, 4, 1, 1)
    assert ends(graph_of(path, state)[0])["layer1.0.downsample.0"][0] == "input of layer1.0.downsample.0"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("netG", "netD"),
        ("generator", "discriminator"),
        ("G", "D"),
        ("actor", "critic"),
        ("teacher", "student"),
    ],
)
def test_two_networks_stay_apart_even_where_widths_fit(path, one, other):
    nested = {one: {"fc.weight": torch.ones(4, 5)}, other: {"fc.weight": torch.ones(1, 4)}}
    flat = {f"{one}.fc.weight": torch.ones(4, 5), f"{other}.fc.weight": torch.ones(1, 4)}
    for state in (nested, flat):
        graph, notes = graph_of(path, state)
        assert [p.source for p in graph.projections] == ["input", f"input of {other}.fc"]
        assert f"2 networks, kept apart: {one.lower()}, {other.lower()}" in notes
    # An encoder and its decoder are one network.
    graph, _ = graph_of(path, {"encoder.weight": torch.ones(4, 5), "decoder.weight": torch.ones(1, 4)})
    assert [p.source for p in graph.projections] == ["input", "encoder"]


def test_biases_tell_which_side_is_out(path):
    state = {
        "h.c_attn.weight": torch.ones(4, 12), "h.c_attn.bias": torch.ones(12),
        "h.c_proj.weight": torch.tensor(np.triu(np.ones((4, 4), np.float32))), "h.c_proj.bias": torch.ones(4),
        "h.c_fc.weight": torch.ones(4, 9), "h.c_fc.bias": torch.ones(9),
        "head.weight": torch.ones(2, 9), "head.bias": torch.ones(2),
    }  # fmt: skip
    graph, notes = graph_of(path, state)
    assert [p.shape for p in graph.projections] == [(4, 12), (4, 4), (4, 9), (9, 2)]
    assert graph.projections[1].links.toarray()[0, 3]  # the square one lies like its neighbours
    assert any(
        note.startswith("stored [in, out], not [out, in], as their biases show: h.c_attn") for note in notes
    )
    del state["h.c_attn.bias"], state["h.c_fc.bias"]
    assert graph_of(path, state)[0].projections[0].shape == (12, 4)


def test_biases_tell_in_safetensors_and_npz_as_well(path):
    entries = {"a.weight": FC1, "b.weight": FC2, "a.bias": np.ones(4), "b.bias": np.ones(3)}
    codes = {np.dtype(np.float32): "F32", np.dtype(np.float64): "F64"}
    data = {name: (codes[a.dtype], list(a.shape), a.tobytes()) for name, a in entries.items()}
    path.write_bytes(safetensors_bytes(data))
    graphs = [read(read_safetensors, path)[0]]
    with open(path, "wb") as stream:
        np.savez(stream, **entries)
    graphs.append(read(read_npz, path)[0])
    for graph in graphs:
        assert np.array_equal(dense_weights(graph, 0), FC1)
        assert np.array_equal(dense_weights(graph, 1), FC2)


def test_transposed_convolutions_are_told_by_their_biases(path):
    kernel = np.arange(1, 5 * 3 * 2 + 1, dtype=np.float32).reshape(5, 3, 2)  # [in, out, positions]
    state = {"up.weight": torch.tensor(kernel), "up.bias": torch.ones(3)}
    graph, _ = graph_of(path, state)
    assert graph.sizes == {"input": 5, "up": 3}
    assert dense_weights(graph, 0)[2 * 4 + 1, 2] == kernel[4, 2, 1]


def test_a_dict_sorted_as_text_is_put_in_natural_order(path):
    names = sorted((f"layers.{i}.weight" for i in range(12)), key=str)
    graph, notes = graph_of(path, {name: torch.ones(2, 2) for name in names})
    assert [p.name for p in graph.projections] == [f"layers.{i}" for i in range(12)]
    assert "names were sorted as text: put in natural order" in notes
    graph, _ = graph_of(path, {name: torch.ones(2, 2) for name in ["z.10", "z.2", "a.1"]})
    assert [p.name for p in graph.projections] == ["z.10", "z.2", "a.1"]


@pytest.mark.parametrize(
    "nest", [lambda s: s, lambda s: {"optimizer": s}, lambda s: {"sgd_state": s, "epoch": 3}]
)
def test_an_optimizer_alone_is_no_network(path, nest):
    model = torch.nn.Linear(6, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    model(torch.ones(1, 6)).sum().backward()
    optimizer.step()
    with pytest.raises(
        CheckpointError, match="the state of an optimizer and no weights; give the file of the"
    ):
        graph_of(path, nest(optimizer.state_dict()))
    graph, _ = graph_of(path, {"model": model.state_dict(), "mine": optimizer.state_dict()})
    assert layer_table(graph) == {"weight": (6, 2, 12)}


def test_what_is_beside_the_network_is_named(path):
    state = {"fc.weight": torch.ones(2, 3)}
    beside = {
        "ema": {"fc.weight": torch.ones(2, 3)},
        "confusion": torch.ones(9, 9),
        "accuracy": torch.ones(5),
    }
    graph, notes = graph_of(path, {"model": state, **beside})
    assert layer_table(graph) == {"fc": (3, 2, 6)}
    assert "read 'model'; ema, confusion left out" in notes


def test_data_and_neuron_states_are_no_layers(path):
    state = ones(fc__weight=(4, 6), lif__mem=(9, 4), lif__spk=(9, 4), images=(9, 1, 4, 4), out__weight=(2, 4))
    assert layer_table(graph_of(path, state)[0]) == {"fc": (6, 4, 24), "out": (4, 2, 8)}


@pytest.mark.parametrize(
    ("state", "table"),
    [
        ({"0.weight": (4, 5), "2.weight": (3, 4)}, {"0": (5, 4, 20), "2": (4, 3, 12)}),
        ({"synapse.weight": (6, 5, 1, 1, 1)}, {"synapse": (5, 6, 30)}),
        ({"fc1.weight": (256, 200, 1, 1, 1)}, {"fc1": (200, 256, 51200)}),
        ({"cw": (4, 1, 3, 3), "input_weights": (8, 6)}, {"cw": (9, 4, 36), "input_weights": (6, 8, 48)}),
        ({"a.in_proj_weight": (24, 8)}, {"a.in_proj_weight": (8, 24, 192)}),
        (
            {"q.lora_A.weight": (2, 9), "q.lora_B.weight": (9, 2)},
            {"q.lora_A": (9, 2, 18), "q.lora_B": (2, 9, 18)},
        ),
    ],
)
def test_names_seen_in_the_wild(path, state, table):
    graph, _ = graph_of(path, {name: torch.ones(shape) for name, shape in state.items()})
    assert layer_table(graph) == table


def test_flax_nests_and_heads(path):
    state = {
        "params": {
            "Dense_0": {"kernel": torch.tensor(FC1), "bias": torch.ones(4)},
            "attention": {"query": {"kernel": torch.ones(4, 2, 3)}, "out": {"kernel": torch.ones(2, 3, 4)}},
        }
    }
    graph, _ = graph_of(path, state)
    assert layer_table(graph) == {
        "Dense_0": (5, 4, 6), "attention.query": (4, 6, 24), "attention.out": (6, 4, 24),
    }  # fmt: skip
    assert np.array_equal(dense_weights(graph, 0), FC1)


NETS = {
    "numbered": torch.nn.Sequential(
        torch.nn.ConvTranspose2d(5, 4, 2, bias=False), torch.nn.BatchNorm2d(4), torch.nn.ReLU(),
        torch.nn.ConvTranspose2d(4, 3, 2, bias=False), torch.nn.BatchNorm2d(3),
        torch.nn.ConvTranspose2d(3, 1, 2, bias=False),
    ),
    "one dimension, no norms": torch.nn.Sequential(
        torch.nn.ConvTranspose1d(5, 4, 2, bias=False), torch.nn.ConvTranspose1d(4, 3, 2, bias=False),
        torch.nn.ConvTranspose1d(3, 1, 2, bias=False),
    ),
    "named": torch.nn.ModuleDict({
        "up1": torch.nn.ConvTranspose2d(5, 4, 2, bias=False), "norm1": torch.nn.GroupNorm(2, 4),
        "up2": torch.nn.ConvTranspose2d(4, 3, 2, bias=False), "bn2": torch.nn.InstanceNorm2d(3, affine=True),
        "up3": torch.nn.ConvTranspose2d(3, 1, 2),
    }),
}  # fmt: skip


@pytest.mark.parametrize("kind", NETS)
@pytest.mark.parametrize("how", ["torch", "safetensors"])
def test_transposed_convolutions_without_bias(path, kind, how):
    state = NETS[kind].state_dict()
    if how == "torch":
        graph, notes = graph_of(path, state)
    else:
        safetensors.torch.save_file(state, path)
        graph, notes = read(read_safetensors, path)
    assert list(graph.sizes.values()) == [5, 4, 3, 1]
    kernel = next(tensor for tensor in state.values() if tensor.dim() > 2).numpy()
    assert np.array_equal(dense_weights(graph, 0), kernel.swapaxes(0, 1).reshape(4, -1).T)
    assert any("norms behind them" in note or "only so they chain" in note for note in notes)


def test_an_encoder_before_transposed_convolutions_is_not_turned(path):
    model = torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 3, bias=False), torch.nn.BatchNorm2d(4),
        torch.nn.Conv2d(4, 7, 3, bias=False), torch.nn.BatchNorm2d(7),
        torch.nn.ConvTranspose2d(7, 4, 3, bias=False), torch.nn.BatchNorm2d(4),
        torch.nn.ConvTranspose2d(4, 1, 3, bias=False),
    )  # fmt: skip
    graph, _ = graph_of(path, model.state_dict())
    assert list(graph.sizes.values()) == [1, 4, 7, 4, 1]


def test_ordinary_and_grouped_convolutions_are_not_turned(path):
    model = torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 3, bias=False), torch.nn.BatchNorm2d(8), torch.nn.Conv2d(8, 5, 3, bias=False)
    )
    graph, notes = graph_of(path, model.state_dict())
    assert list(graph.sizes.values()) == [3, 8, 5]
    assert notes == []
    graph, _ = graph_of(path, ones(a__weight=(8, 3, 1, 1), depthwise__weight=(8, 1, 3, 3)))
    assert graph.projections[1].shape == (9, 8)
    # DenseNet: the norm of the next block is as wide as what this convolution reads.
    norm = ones(b2__norm1__weight=(8,), b2__norm1__bias=(8,))
    state = ones(b1__conv2__weight=(2, 8, 3, 3)) | norm | ones(b2__conv1__weight=(8, 8, 1, 1))
    assert graph_of(path, state)[0].projections[0].shape == (72, 2)


@pytest.mark.parametrize("how", [torch.nn.utils.prune.custom_from_mask, "parametrize"])
def test_a_pruned_square_projection_of_gpt2_lies_like_its_neighbours(path, how):
    class Conv1D(torch.nn.Module):
        def __init__(self, inward, out):
            super().__init__()
            self.weight, self.bias = (
                torch.nn.Parameter(torch.ones(inward, out)),
                torch.nn.Parameter(torch.ones(out)),
            )

    class Keep(torch.nn.Module):
        def __init__(self, mask):
            super().__init__()
            self.register_buffer("mask", mask)

        def forward(self, weight):
            return weight * self.mask

    sizes = {"c_attn": (6, 18), "c_proj": (6, 6), "c_fc": (6, 24)}
    model = torch.nn.ModuleDict({name: Conv1D(*size) for name, size in sizes.items()})
    mask = torch.zeros(6, 6)
    mask[0] = 1  # input 0 drives all outputs
    if how == "parametrize":
        torch.nn.utils.parametrize.register_parametrization(model["c_proj"], "weight", Keep(mask))
    else:
        how(model["c_proj"], "weight", mask)
    graph, _ = graph_of(path, {f"h.0.{name}": tensor for name, tensor in model.state_dict().items()})
    (projection,) = [p for p in graph.projections if p.name == "h.0.c_proj"]
    assert projection.degrees("source").tolist() == [6, 0, 0, 0, 0, 0]
    assert projection.degrees("target").tolist() == [1] * 6


def test_maps_that_neurons_keep_are_states(path):
    state = ones(c1__weight=(6, 2, 3, 3), l1__v=(4, 6, 5, 5), c2__weight=(3, 6, 3, 3), l2__v=(4, 3, 3, 3))
    assert list(layer_table(graph_of(path, state)[0])) == ["c1", "c2"]
    assert len(layer_table(graph_of(path, ones(c1__weight=(6, 2, 3, 3), l1__v=(4, 5, 5, 5)))[0])) == 2


@pytest.mark.parametrize(
    "leaf", ["neuron_v", "mem1", "v_th_adapt", "adaptation", "current", "s_prev", "volt"]
)
def test_what_is_as_wide_as_a_layer_and_named_like_a_state_is_one(path, leaf):
    state = {"0.weight": torch.ones(6, 8), f"1.{leaf}": torch.ones(4, 6), "2.weight": torch.ones(3, 6)}
    assert len(layer_table(graph_of(path, state)[0])) == 2
    other = {"0.weight": torch.ones(6, 8), f"1.{leaf}": torch.ones(5, 7)}  # no layer is 7 wide
    assert len(layer_table(graph_of(path, other)[0])) == 2


def test_what_rescales_data_and_scales_of_operands_are_no_layers(path):
    state = ones(
        fc__weight=(6, 8), fc__scale_b=(1, 6), inputs_mu=(1, 8), inputs_sigma=(1, 8), max_logvar=(1, 3)
    )
    assert list(layer_table(graph_of(path, state)[0])) == ["fc"]
    assert len(layer_table(graph_of(path, ones(fc__weight=(6, 8), mu__weight=(1, 6)))[0])) == 2
