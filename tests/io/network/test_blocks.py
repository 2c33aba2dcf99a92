"""Transformers by the names of their layers, low-rank updates beside the weights that they change."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from netsci.io import load
from tests.io.samples import write_torch

W, F = 8, 20  # width, feed-forward


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.bin"


def tensors(shapes):
    return {f"{name}.weight": torch.randn(shape) for name, shape in shapes.items()}


def ends(loaded):
    return {p.name: (p.source, p.target) for p in loaded.graph.projections}


# Stem of a block, its query, key, value, what reads the values, and the layers of the feed-forward part.
KINDS = {
    "bert": (
        "bert.encoder.layer.{}.",
        ["attention.self.query", "attention.self.key", "attention.self.value"],
        "attention.output.dense", ["intermediate.dense"], "output.dense",
    ),
    "vit": (
        "vit.encoder.layer.{}.",
        ["attention.attention.query", "attention.attention.key", "attention.attention.value"],
        "attention.output.dense", ["intermediate.dense"], "output.dense",
    ),
    "llama": (
        "model.layers.{}.", ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"],
        "self_attn.o_proj", ["mlp.gate_proj", "mlp.up_proj"], "mlp.down_proj",
    ),
    "llama of meta": (
        "layers.{}.", ["attention.wq", "attention.wk", "attention.wv"],
        "attention.wo", ["feed_forward.w1", "feed_forward.w3"], "feed_forward.w2",
    ),
    "opt": (
        "model.decoder.layers.{}.", ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"],
        "self_attn.out_proj", ["fc1"], "fc2",
    ),
    "distilbert": (
        "transformer.layer.{}.", ["attention.q_lin", "attention.k_lin", "attention.v_lin"],
        "attention.out_lin", ["ffn.lin1"], "ffn.lin2",
    ),
    "t5": (
        "encoder.block.{}.layer.", ["0.SelfAttention.q", "0.SelfAttention.k", "0.SelfAttention.v"],
        "0.SelfAttention.o", ["1.DenseReluDense.wi"], "1.DenseReluDense.wo",
    ),
}  # fmt: skip


def block(kind, number):
    stem, heads, out, ups, down = KINDS[kind]
    begin = stem.format(number)
    shapes = {begin + n: (W, W) for n in [*heads, out]} | {begin + n: (F, W) for n in ups}
    return shapes | {begin + down: (W, F)}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", ["safetensors", "torch"])
def test_query_key_and_value_read_the_input_of_their_block(path, kind, how):
    numbers = (0, 1, 2, 10)
    shapes = {name: shape for i in numbers for name, shape in block(kind, i).items()}
    if how == "torch":
        write_torch(path, tensors(shapes))
    else:
        save_file(tensors(shapes), path)
    loaded = load(path)
    found = ends(loaded)
    stem, heads, out, ups, down = KINDS[kind]
    before = "input"
    for i in numbers:
        begin = stem.format(i)
        assert [found[begin + n][0] for n in heads] == [before] * 3
        assert found[begin + out][0] == begin + heads[-1]
        assert [found[begin + n][0] for n in ups] == [begin + out] * len(ups)
        assert found[begin + down][0] == begin + ups[-1]
        before = begin + down
    assert any("4 blocks of a transformer" in guess for guess in loaded.guesses)


def test_stems_and_heads(path):
    shapes = block("vit", 0) | block("vit", 1)
    stem = {"vit.embeddings.patch_embeddings.projection.weight": torch.randn(W, 3, 4, 4)}
    save_file(tensors(shapes | {"vit.pooler.dense": (W, W), "classifier": (5, W)}) | stem, path)
    found = ends(load(path))
    assert (
        found["vit.encoder.layer.0.attention.attention.key"][0]
        == "vit.embeddings.patch_embeddings.projection"
    )
    assert found["vit.pooler.dense"][0] == "vit.encoder.layer.1.output.dense"
    assert found["classifier"][0] == "vit.pooler.dense"
    save_file(tensors(block("llama", 0) | {"lm_head": (30, W), "other": (W, W)}), path)
    loaded = load(path)
    assert ends(loaded)["lm_head"][0] == "model.layers.0.mlp.down_proj"
    assert ends(loaded)["other"][0] == "input of other"
    assert any("stand apart" in guess and "other" in guess for guess in loaded.guesses)


@pytest.mark.parametrize(
    "names",
    [
        ("attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2"),
        ("attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj"),
    ],
)
def test_a_stack_of_q_k_and_v_does_not_feed_the_projection(path, names):
    sizes = ((3 * W, W), (W, W), (F, W), (W, F))
    conv1d = "attn.c_attn" in names  # GPT-2 stores [in, out]
    state = {}
    for i in (0, 1):
        for name, size in zip(names, sizes, strict=True):
            state[f"h.{i}.{name}.weight"] = torch.randn(size[::-1] if conv1d else size)
            state[f"h.{i}.{name}.bias"] = torch.randn(size[0])
        if conv1d:
            state[f"h.{i}.attn.bias"] = torch.tril(torch.ones(1, 1, 12, 12))
    save_file(state, path)
    loaded = load(path)
    found = ends(loaded)
    assert found[f"h.0.{names[1]}"][0] == f"input of h.0.{names[1]}"
    assert found[f"h.0.{names[2]}"][0] == f"h.0.{names[1]}"
    assert found[f"h.1.{names[0]}"][0] == f"h.0.{names[3]}"
    assert [p.shape for p in loaded.graph.projections[:4]] == [size[::-1] for size in sizes]


def test_values_of_grouped_queries_do_not_fit_and_nothing_is_joined(path):
    shapes = block("llama", 0)
    for name in ("k", "v"):
        shapes[f"model.layers.0.self_attn.{name}_proj"] = (W // 2, W)
    save_file(tensors(shapes), path)
    loaded = load(path)
    assert ends(loaded)["model.layers.0.self_attn.o_proj"][0] == "input of model.layers.0.self_attn.o_proj"
    assert any("widths do not fit" in note for note in loaded.notes)


def test_experts_of_mixtral_read_the_same(path):
    shapes = {}
    for i in (0, 1):
        begin = f"model.layers.{i}."
        shapes |= {f"{begin}self_attn.{n}_proj": (W, W) for n in "qkvo"} | {
            f"{begin}block_sparse_moe.gate": (2, W)
        }
        for e in (0, 1):
            shapes |= {f"{begin}block_sparse_moe.experts.{e}.{n}": (F, W) for n in ("w1", "w3")}
            shapes[f"{begin}block_sparse_moe.experts.{e}.w2"] = (W, F)
    save_file(tensors(shapes), path)
    loaded = load(path)
    found = ends(loaded)
    moe = "model.layers.0.block_sparse_moe."
    for name in ("gate", "experts.0.w1", "experts.0.w3", "experts.1.w1", "experts.1.w3"):
        assert found[moe + name][0] == "model.layers.0.self_attn.o_proj"
    assert found[f"{moe}experts.1.w2"][0] == f"{moe}experts.1.w3"
    assert found["model.layers.1.self_attn.q_proj"][0] == f"{moe}experts.1.w2"
    assert any("4 experts in 2 blocks" in guess for guess in loaded.guesses)


def test_names_that_only_resemble_a_transformer_keep_their_order(path):
    shapes = {"fc1": (W, W), "proj": (W, W), "out": (W, W), "gate_proj": (W, W)}
    found = ends(load(write_torch(path, tensors(shapes))))
    assert [source for source, _ in found.values()] == ["input", "fc1", "proj", "out"]


def pair(name, r=2, wide=(W, W), a="lora_A.weight", b="lora_B.weight"):
    return {f"{name}.{a}": torch.randn(r, wide[0]), f"{name}.{b}": torch.randn(wide[1], r)}


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("lora_A.weight", "lora_B.weight"),
        ("lora_A.default.weight", "lora_B.default.weight"),
        ("lora_down.weight", "lora_up.weight"),
        ("lora.down.weight", "lora.up.weight"),
        ("lora_A", "lora_B"),
    ],
)
def test_an_adapter_is_pairs_and_no_chain(path, a, b):
    names = [f"base.layers.{i}.self_attn.{n}_proj" for i in (0, 1) for n in "qv"]
    save_file({key: one for name in names for key, one in pair(name, a=a, b=b).items()}, path)
    loaded = load(path)
    assert len(loaded.graph.projections) == 8
    assert sum(source.startswith("input") for source, _ in ends(loaded).values()) == 4
    for first, second in zip(loaded.graph.projections[::2], loaded.graph.projections[1::2], strict=True):
        assert first.target == second.source
        assert (first.shape, second.shape) == ((W, 2), (2, W))
    assert any("weights that are not in this file: 4 pairs" in guess for guess in loaded.guesses)


def test_pairs_stored_the_other_way_round(path):
    stored = {name: t.T.contiguous() for name, t in pair("q", wide=(W, 12), a="lora_a", b="lora_b").items()}
    save_file(stored, path)
    assert [p.shape for p in load(path).graph.projections] == [(W, 2), (2, 12)]


@pytest.mark.parametrize("base", ["q_proj", "q_proj.base_layer"])
def test_an_update_lies_beside_the_weight_that_it_changes(path, base):
    shapes = block("llama", 0) | block("llama", 1)
    shapes = {name.replace("q_proj", base): shape for name, shape in shapes.items()}
    name = "model.layers.1.self_attn.q_proj"
    save_file(tensors(shapes) | pair(name), path)
    loaded = load(path)
    found = ends(loaded)
    own = f"model.layers.1.self_attn.{base}"
    assert found[f"{name}.lora_A"][0] == found[own][0] == "model.layers.0.mlp.down_proj"
    assert found[f"{name}.lora_B"] == (f"{name}.lora_A", own)
    assert found["model.layers.1.self_attn.o_proj"][0] == "model.layers.1.self_attn.v_proj"
    assert any("beside the weights that they change: 1 pair" in note for note in loaded.notes)
    plain = write_torch(
        path, {"a.weight": torch.ones(6, 4), **pair("a", wide=(4, 6)), "b.weight": torch.ones(2, 6)}
    )
    assert ends(load(plain)) == {
        "a": ("input", "a"),
        "a.lora_A": ("input", "a.lora_A"),
        "a.lora_B": ("a.lora_A", "a"),
        "b": ("a", "b"),
    }


def test_feed_forward_parts_without_attention(path):
    shapes = {
        f"model.layers.{i}.mlp.{name}": shape
        for i in range(2)
        for name, shape in (("down_proj", (W, F)), ("up_proj", (F, W)))
    }
    save_file(tensors(shapes), path)
    loaded = load(path)
    found = ends(loaded)
    up, down, after = (
        "model.layers.0.mlp.up_proj",
        "model.layers.0.mlp.down_proj",
        "model.layers.1.mlp.up_proj",
    )
    assert found[down] == (up, down)
    assert found[after][0] == down
    assert any("down reads up" in guess and "query" not in guess for guess in loaded.guesses)
    save_file(tensors({"net.down": (4, 9), "net.up": (9, 4)}), path)  # such names alone tell nothing
    assert "transformer" not in " ".join(load(path).notes)


def test_cross_attention_of_gpt2(path):
    state = {}
    for name, inputs, outputs in (
        ("attn.c_attn", W, 3 * W), ("attn.c_proj", W, W), ("crossattention.c_attn", W, 2 * W),
        ("crossattention.q_attn", W, W), ("crossattention.c_proj", W, W),
        ("mlp.c_fc", W, F), ("mlp.c_proj", F, W),
    ):  # fmt: skip
        state[f"h.0.{name}.weight"] = torch.randn(inputs, outputs)
        state[f"h.0.{name}.bias"] = torch.zeros(outputs)
    only = torch.zeros(W, W)
    only[2] = 1  # one input drives all outputs
    state["h.0.crossattention.q_attn.weight"] *= only
    loaded = load(write_torch(path, state))
    (asked,) = [p for p in loaded.graph.projections if p.name.endswith("q_attn")]
    assert asked.degrees("source").tolist() == [0, 0, W, *[0] * (W - 3)]
    found = ends(loaded)
    assert found["h.0.crossattention.c_attn"][0] not in (found["h.0.crossattention.q_attn"][0], "input")


def test_an_empty_diagonal_of_a_square_layer_in_npz(tmp_path):
    values = np.array([[np.nan, 1, 2], [3, np.nan, 4], [5, 6, np.nan]])
    np.savez(tmp_path / "net.npz", fc=values)
    loaded = load(tmp_path / "net.npz")
    (layer,) = loaded.graph.projections
    assert layer.n_links == 6
    assert layer.weights is not None
    values[0, 1] = np.nan  # not the diagonal alone
    np.savez(tmp_path / "net.npz", fc=values)
    assert load(tmp_path / "net.npz").graph.projections[0].weights is None
