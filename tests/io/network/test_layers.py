"""What counts as a layer, how it lies and what it is joined to."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.utils import prune

from netsci.io import CheckpointError, load, load_graph
from tests.io.samples import FC1, FC2, dense_weights, layer_table, torch_state, write_torch


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.bin"


def _state(**arrays):
    return {name.replace("__", "."): torch.as_tensor(np.asarray(a)) for name, a in arrays.items()}


def test_torch_keeps_the_order_of_its_dict(path):
    graph = load_graph(write_torch(path, _state(z__weight=np.ones((4, 5)), a__weight=np.ones((3, 4)))))
    assert list(graph.sizes) == ["input", "z", "a"]


@pytest.mark.parametrize("suffix", [".mask", ".weight_mask", ".weight_mask_orig"])
def test_a_mask_beside_its_weights_is_one_layer(path, suffix):
    mask = np.zeros((2, 3), np.float32)
    mask[0, 2] = mask[1, 0] = 1
    weight = np.arange(6, dtype=np.float32).reshape(2, 3)  # zero at [0, 0], not zero where masked away
    weight[1, 0] = 0  # a regrown link that weighs 0 exists
    names = {".mask": ("fc.weight", "fc.mask"), ".weight_mask": ("fc.weight", "fc.weight_mask")}
    weight_name, mask_name = names.get(suffix, ("fc.weight_orig", "fc.weight_mask"))
    loaded = load(write_torch(path, {weight_name: torch.tensor(weight), mask_name: torch.tensor(mask)}))
    assert layer_table(loaded.graph) == {"fc": (3, 2, 2)}
    assert np.array_equal(loaded.graph.projections[0].links.toarray(), mask.T != 0)
    assert dense_weights(loaded.graph, 0)[2, 0] == 2
    assert "explicit masks decide which links exist (1 of 1 layers)" in loaded.notes


def test_torch_prune_and_weight_norm_give_one_layer_each(path):
    model = torch.nn.Sequential(torch.nn.Linear(6, 4), torch.nn.Linear(4, 3))
    prune.random_unstructured(model[0], "weight", 0.5)
    torch.nn.utils.parametrizations.weight_norm(model[1])
    graph = load_graph(write_torch(path, model.state_dict()))
    assert layer_table(graph) == {"0": (6, 4, 12), "1": (4, 3, 12)}


def test_masks_in_a_dictionary_of_their_own(path):
    masks = {name: tensor == 7 for name, tensor in torch_state().items() if tensor.dim() == 2}
    graph = load_graph(write_torch(path, {"state_dict": torch_state(), "masks": masks}))
    assert layer_table(graph) == {"fc1": (5, 4, 0), "fc2": (4, 3, 1)}


def test_masks_alone_are_a_network_without_weights(path):
    loaded = load(
        write_torch(path, {"fc1.mask": torch.tensor(FC1.T != 0), "fc2.mask": torch.tensor(FC2.T != 0)})
    )
    assert layer_table(loaded.graph) == {"fc1": (5, 4, 6), "fc2": (4, 3, 4)}
    assert loaded.graph.projections[0].weights is None


def test_a_mask_of_another_shape_is_refused(path):
    write_torch(path, {"fc.weight": torch.ones(2, 3), "fc.mask": torch.ones(2, 2)})
    with pytest.raises(CheckpointError, match=r"mask of fc.weight is \[2, 2\], its weights \[2, 3\]"):
        load(path)


@pytest.mark.parametrize("state", [{"fc.weight": torch.ones(2, 3)}, {}])
def test_a_mask_that_is_not_finite_is_refused(path, state):
    write_torch(path, state | {"fc.mask": torch.tensor([[1, 0, float("nan")], [0, 0, 1]])})
    with pytest.raises(CheckpointError, match=r"mask fc.mask holds NaN or infinite values; save it again"):
        load(path)


def test_what_is_not_a_layer(path):
    state = _state(
        pos_embed=np.ones((1, 16, 32)),
        cls_token=np.ones((1, 1, 32)),
        position_embedding__weight=np.ones((7, 32)),
        tok_embed__weight=np.ones((100, 32)),
        norm__weight=np.ones((8, 8)),
        bn1__running_mean=np.ones(8),
        attn__relative_position_bias_table=np.ones((9, 4)),
        head__weight=np.eye(10, 32),
    )
    loaded = load(write_torch(path, state))
    assert layer_table(loaded.graph) == {"head": (32, 10, 10)}
    assert any(n.startswith("not layers: pos_embed [1, 16, 32], cls_token") for n in loaded.notes)


def test_a_linear_layer_called_embedding_has_a_bias(path):
    graph = load_graph(
        write_torch(
            path, _state(embed__weight=np.eye(4, 6), embed__bias=np.ones(4), out__weight=np.eye(2, 4))
        )
    )
    assert layer_table(graph) == {"embed": (6, 4, 4), "out": (4, 2, 2)}


def test_a_convolution_has_channel_times_position_rows(path):
    kernel = np.zeros((2, 3, 2, 4), np.float32)  # [out, in, height, width]
    kernel[1, 2, 1, 3] = 5
    loaded = load(write_torch(path, _state(conv__weight=kernel)))
    projection = loaded.graph.projections[0]
    assert projection.shape == (24, 2)
    assert projection.rows_per_unit == 8
    assert projection.links.toarray()[2 * 8 + 1 * 4 + 3, 1]
    assert projection.n_links == 1
    assert loaded.graph.sizes == {"input": 3, "conv": 2}


def test_flatten_after_a_convolution_is_crossed(path):
    state = _state(
        conv1__weight=np.ones((2, 1, 3, 3)), conv2__weight=np.ones((6, 2, 3)), fc__weight=np.ones((4, 6 * 5))
    )
    loaded = load(write_torch(path, state))
    assert [p.rows_per_unit for p in loaded.graph.projections] == [9, 3, 5]
    assert loaded.graph.sizes == {"input": 1, "conv1": 2, "conv2": 6, "fc": 4}
    assert "fc reads conv2 flattened: 5 rows a channel" in loaded.notes


def test_slayer_linear_layers_are_five_dimensional(path):
    graph = load_graph(
        write_torch(path, _state(fc1__weight=np.ones((4, 6, 1, 1, 1)), fc2__weight=np.ones((3, 8))))
    )
    assert layer_table(graph) == {"fc1": (6, 4, 24), "fc2": (8, 3, 24)}
    assert len(graph.populations) == 4  # 8 is no flatten of 4 channels


def test_depthwise_convolutions_do_not_chain_and_it_is_said(path):
    state = _state(a__weight=np.ones((8, 3, 1, 1)), depthwise__weight=np.ones((8, 1, 3, 3)))
    loaded = load(write_torch(path, state))
    assert loaded.graph.sizes == {"input": 3, "a": 8, "input of depthwise": 1, "depthwise": 8}
    assert any("grouped convolution of 8 groups?" in note for note in loaded.notes)


def test_parallel_branches_become_separate_chains(path):
    state = _state(a__weight=np.ones((4, 6)), b__weight=np.ones((5, 6)), c__weight=np.ones((2, 5)))
    loaded = load(write_torch(path, state))
    assert [(p.source, p.target) for p in loaded.graph.projections] == [
        ("input", "a"),
        ("input of b", "b"),
        ("b", "c"),
    ]
    assert "2 separate chains, because widths do not fit: a ends with 4, b begins with 6" in loaded.notes


def test_a_recurrent_layer_maps_a_population_onto_itself(path):
    recurrent = np.zeros((4, 4), np.float32)
    recurrent[0, 3] = 1  # to 0 from 3
    state = _state(fc1__weight=np.ones((4, 6)), lif__recurrent__weight=recurrent, fc2__weight=np.ones((2, 4)))
    graph = load_graph(write_torch(path, state))
    assert [(p.source, p.target) for p in graph.projections] == [
        ("input", "fc1"),
        ("fc1", "fc1"),
        ("fc1", "fc2"),
    ]
    assert graph.projections[1].links.toarray()[3, 0]


def test_names_that_collide_stay_apart(path):
    graph = load_graph(
        write_torch(path, {"input.weight": torch.ones(4, 3), "input.kernel_weight": torch.ones(2, 4)})
    )
    assert list(graph.sizes)[:2] == ["input", "input (2)"]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_dropped_and_links_kept(path, value):
    weight = FC2.T.copy()
    weight[0, 1] = value
    loaded = load(write_torch(path, {"fc.weight": torch.tensor(weight)}))
    assert loaded.graph.projections[0].weights is None
    assert layer_table(loaded.graph) == {"fc": (4, 3, 4)}
    assert "weights of fc hold NaN or infinite values: links kept, weights dropped" in loaded.notes


def test_a_dense_network_is_called_dense(path):
    def said(loaded):
        return any(note.startswith("no zeros: the network is dense (0 % sparsity)") for note in loaded.notes)

    assert said(load(write_torch(path, {"fc.weight": torch.ones(2, 3)})))
    assert not said(load(write_torch(path)))


def test_a_layer_without_links_is_named(path):
    assert "without any link: fc" in load(write_torch(path, {"fc.weight": torch.zeros(2, 3)})).notes
