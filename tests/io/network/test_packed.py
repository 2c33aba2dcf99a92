"""Packed weights are refused by the name of what packed them; scales, sparse bitmasks, states of neurons."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from netsci.io import load
from tests.io.samples import layer_table, refused, write_torch


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.bin"


def integers(*shape, kind=torch.int32):
    return torch.ones(shape, dtype=kind)


def byte(*shape):
    return integers(*shape, kind=torch.uint8)


def fp8(*shape):
    return torch.ones(shape).to(torch.float8_e4m3fn)


PACKED = {
    "GPTQ": {
        "q.qweight": integers(8, 64),
        "q.qzeros": integers(1, 8),
        "q.scales": torch.ones(1, 64),
        "q.g_idx": integers(64)},
    "AWQ": {
        "q.qweight": integers(64, 8),
        "q.qzeros": integers(1, 8),
        "q.scales": torch.ones(1, 64)},
    "MLX": {
        "q.weight": integers(16, 8),
        "q.scales": torch.ones(16, 1),
        "q.biases": torch.ones(16, 1)},
    "NVFP4": {
        "q.weight": byte(16, 8),
        "q.weight_scale": fp8(16, 1),
        "q.weight_scale_2": torch.ones(1)},
    "NVFP4, compressed-tensors": {
        "q.weight_packed": byte(16, 8),
        "q.weight_scale": fp8(16, 1),
        "q.weight_global_scale": torch.ones(1)},
    "compressed-tensors": {
        "q.weight_packed": integers(16, 2),
        "q.weight_scale": torch.ones(16, 1),
        "q.weight_shape": torch.tensor([16, 16])},
    "MXFP4": {
        "e.up_blocks": byte(2, 16, 2, 16),
        "e.up_scales": byte(2, 16, 2)},
    "bitsandbytes": {
        "q.weight": byte(32, 1),
        "q.weight.absmax": torch.ones(4),
        "q.weight.quant_map": torch.ones(16)},
    "bitsandbytes, 8 bits": {
        "q.weight": integers(16, 8, kind=torch.int8),
        "q.SCB": torch.ones(16)},
    "HQQ": {
        "q.W_q": byte(16, 8),
        "q.meta": torch.ones(2)},
    "AQLM": {
        "q.codes": integers(16, 8, 1, kind=torch.int16),
        "q.codebooks": torch.ones(1, 4, 1, 8),
        "q.scales": torch.ones(16, 1, 1, 1)},
}  # fmt: skip


@pytest.mark.parametrize("who", PACKED)
def test_packed_weights_are_refused_by_name(path, who):
    head = {"head.weight": torch.ones(3, 64)}
    for state in (PACKED[who], PACKED[who] | head):
        save_file(state, path)
        message = refused(path, f"packed, several to an integer .{who}: ")
        assert "dequantised" in message
        assert message.endswith("--select NAME (select=) reads a layer that is not packed")
    assert layer_table(load(path, select="head").graph) == {"head": (64, 3, 192)}


@pytest.mark.parametrize(
    "name",
    [
        "weight_scale_inv",
        "weight_scale",
        "scale_weight",
        "input_scale",
        "weight_zero_point",
        "k_scale",
        "scale",
    ],
)
def test_scales_are_no_layers(path, name):
    state = {}
    for layer, shape in (("l.0.up_proj", (16, 32)), ("l.1.down_proj", (32, 16))):
        state[f"{layer}.weight"] = fp8(*shape)
        state[f"{layer}.{name}"] = torch.ones(1, 1)
    save_file(state, path)
    graph = load(path).graph
    assert layer_table(graph) == {"l.0.up_proj": (32, 16, 512), "l.1.down_proj": (16, 32, 512)}
    assert graph.projections[1].source == "l.0.up_proj"
    # Blocks have scales of more than one number.
    save_file({"a.weight": fp8(16, 32), f"a.{name}": torch.ones(2, 4)}, path)
    assert layer_table(load(path).graph) == {"a": (32, 16, 512)}
    save_file({"scales": torch.ones(3, 5), "scale.weight": torch.ones(4, 3)}, path)
    assert set(layer_table(load(path).graph)) == {"scales", "scale"}


@pytest.mark.parametrize(
    "name", ["v_mem", "i_syn", "vmem", "v", "u", "spk_rec", "membrane_potential", "running_cov"]
)
def test_states_of_neurons_and_statistics_are_no_layers(path, name):
    shapes = {"0.weight": (6, 8), f"1.{name}": (4, 6), "2.weight": (3, 6), f"3.{name}": (4, 3)}
    loaded = load(write_torch(path, {n: torch.rand(s) + 1 for n, s in shapes.items()}))
    assert layer_table(loaded.graph) == {"0": (8, 6, 48), "2": (6, 3, 18)}
    assert loaded.graph.projections[1].source == "0"


def test_short_names_are_layers_where_no_width_says_otherwise(path):
    state = {"0.weight": torch.ones(6, 8), "attention.v": torch.ones(5, 7), "u": torch.ones(9, 4)}
    assert set(layer_table(load(write_torch(path, state)).graph)) == {"0", "attention.v", "u"}


def bitmask(dense, begin="l.0.up_proj", **changes):
    kept = dense != 0
    bits = np.packbits(kept.numpy(), axis=-1, bitorder="little")
    ends = np.cumsum(kept.sum(1).numpy())
    parts = {
        "compressed": dense[kept], "bitmask": torch.from_numpy(bits), "shape": torch.tensor(dense.shape),
        "row_offsets": torch.tensor(np.r_[0, ends[:-1]]),
    }  # fmt: skip
    return {f"{begin}.{name}": part for name, part in {**parts, **changes}.items()}


@pytest.mark.parametrize("begin", ["l.0.up_proj", "l.0.up_proj.weight"])
@pytest.mark.parametrize("columns", [64, 61])
@pytest.mark.parametrize("how", ["safetensors", "torch"])
def test_weights_with_a_bit_for_every_place(path, begin, columns, how):
    generator = torch.Generator().manual_seed(1)
    dense = torch.randn(16, columns, generator=generator) * (
        torch.rand(16, columns, generator=generator) < 0.25
    )
    state = bitmask(dense, begin) | {"out.weight": torch.ones(3, 16)}
    if how == "torch":
        write_torch(path, state)
    else:
        save_file(state, path)
    graph = load(path).graph
    (layer,) = [p for p in graph.projections if p.name == "l.0.up_proj"]
    assert np.array_equal(layer.weights.toarray(), dense.numpy().T)


def test_bitmasks_that_do_not_fit_are_refused(path):
    dense = torch.eye(8, 16)
    wrong = {
        "compressed": torch.ones(7),
        "bitmask": torch.ones(8, 3, dtype=torch.uint8),
        "shape": torch.tensor([8, 17]),
        "row_offsets": torch.arange(8) * 2,
    }
    for name, part in wrong.items():
        save_file(bitmask(dense, **{name: part}), path)
        refused(path, "the sparse layer l.0.up_proj is damaged")
    save_file({"a.bitmask": torch.ones(8, 2, dtype=torch.uint8), "b.weight": torch.ones(3, 8)}, path)
    refused(path, "compressed-tensors, whose values are not in this file")
