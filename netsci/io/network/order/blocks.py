"""Blocks of transformers, joined by the names of their parts: BERT, GPT-2, LLaMA, Mixtral, ViT and others.

Query, key and value read the block's input; the projection behind them reads the values; gate and up read
what follows, down reads up, and the next block reads down. Experts stand side by side.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from netsci.io.errors import printable
from netsci.io.guess import Guess
from netsci.io.network.arrays.naming import list_names, natural_key
from netsci.io.network.layers import Layer

_ATTENTION = re.compile(r"attn|attention|^self$")
_CROSS = re.compile(r"cross|encdec|encoder_attn|attn2|multihead_attn|encoder_attention")
_INSIDE = re.compile(
    r"^(\w*attn\w*|\w*attention\w*|mlp|ffn|ff|feed_forward|feedforward|intermediate|output|densereludense|"
    r"block_sparse_moe|moe|experts?|shared_experts?)$"
)
_EXPERT = re.compile(r"^(local_)?experts?$")
_END = r"(_proj|_lin|_linear|_conv|_layer|_dense)?"
_QKV = {
    role: re.compile(pattern)
    for role, pattern in (
        ("q", rf"^(w_?q|to_q|q|query|queries|linear_q|q_attn){_END}$"),
        ("k", rf"^(w_?k|to_k|k|key|keys|linear_k){_END}$"),
        ("v", rf"^(w_?v|to_v|v|value|values|linear_v){_END}$"),
        ("qkv", r"^(w?qkv|to_qkv|qkv_proj|c_attn|query_key_value|in_proj(_weight)?|to_kv)$"),
    )
}
_OUT = re.compile(
    r"^(o|o_proj|out|out_proj|wo|out_lin|proj(_lin\w*|_conv)?|c_proj|dense|to_out|projection|linear_out)$"
)
_FEED = {
    "gate": re.compile(r"^(gate_proj|wi_0|w1|gate)$"),
    "up": re.compile(
        r"^(up_proj|w3|wi_1|wi|fc1|c_fc|lin1|linear1|dense_h_to_4h|fc_in|gate_up_proj|intermediate(_dense)?)$"
    ),
    "down": re.compile(r"^(down_proj|w2|wo|fc2|c_proj|lin2|linear2|dense_4h_to_h|fc_out|output(_dense)?)$"),
}
_PAIR = {"up_proj", "down_proj"}
_ROUTER = re.compile(r"^(gate|router|wg|shared_expert_gate|classifier)$")
_STEM = re.compile(
    r"patch|stem|conv_proj|conv1|input_proj|proj_in|embeddings_project|(^|\.)first$|feature_extractor"
)
_HEAD = re.compile(
    r"pooler|classifier|lm_head|(^|\.)heads?(\.|$)|score|qa_outputs|predictions|(^|\.)(output|out|decoder|fc)$|"
    r"(visual|text)_projection|seq_relationship"
)
_EARLY_HEAD = re.compile(r"pooler|pre_classifier|transform|(^|\.)classifier\.dense$")


@dataclass(frozen=True)
class _Part:
    """A layer of a block: the stack of blocks and the block it lies in, what it is, and which expert's."""

    layer: Layer
    stack: str
    block: str
    role: str
    group: str  # self or cross attention, or the expert


def wire_blocks(layers: list[Layer], ordered: bool) -> tuple[list[Layer], list[str]] | None:
    """Return the layers with what each reads, and notes; None where the names are those of no transformer.

    `ordered` : whether the order of the layers is that of the file; else blocks are put in the order of their
    numbers, behind the stem and before the heads, and what is neither stands apart.
    """
    parts = {layer.array: part for layer in layers if (part := _part(layer)) is not None}
    roles: dict[str, set[str]] = {}
    for part in parts.values():
        roles.setdefault(part.block, set()).add(part.role)
    whole = {block for block, held in roles.items() if {"q", "k", "v"} <= held or {"qkv", "o"} <= held}
    leaves = {part.layer.name.rpartition(".")[2] for part in parts.values()}
    if not whole and not ordered and leaves >= _PAIR:  # no attention; text order turns the two round
        whole = {block for block, held in roles.items() if {"up", "down"} <= held}
    parts = {name: part for name, part in parts.items() if part.block in whole}
    if not parts:
        return None
    notes = _notes(list(parts.values()))
    wired = _Wired(layers, parts, ordered)
    return wired.arrange(), notes + wired.notes


def _part(layer: Layer) -> _Part | None:
    """Return what a layer is in its block by the parts of its name, or None for no part of one."""
    words = layer.name.split(".")
    if words[-1] in ("0", "base_layer") and len(words) > 1:  # to_out.0; peft
        words = words[:-1]
    numbers = [
        i for i, word in enumerate(words[:-1]) if word.isdecimal() and i and not _EXPERT.match(words[i - 1])
    ]
    inner = [i for i in numbers if words[i - 1].lower() in ("layer", "layers")]
    if len(numbers) > 1 and inner and inner[-1] == numbers[-1] and "block" in words[: inner[-1]]:
        numbers = numbers[:-1]  # T5: block.0.layer.1
    if numbers:
        end = numbers[-1] + 1
    else:
        end = next((i for i, word in enumerate(words) if _INSIDE.match(word.lower())), len(words) - 1)
    rest = [word.lower() for word in words[end:]]
    role = _role(rest)
    if not role:
        return None
    block = ".".join(words[:end])
    stack = ".".join(words[: end - 1]) if numbers else block
    expert = next((i for i, word in enumerate(rest) if _EXPERT.match(word)), None)
    group = (
        ".".join(rest[: expert + 2]) if expert is not None else "shared" if "shared" in ".".join(rest) else ""
    )
    if role in ("q", "k", "v", "qkv", "o"):
        group = "cross" if _CROSS.search(".".join(rest)) else "self"
    return _Part(layer, stack, block, role, group)


def _role(rest: list[str]) -> str:
    if not rest:
        return ""
    last, before = rest[-1], rest[:-1]
    in_attention = any(_ATTENTION.search(word) for word in before)
    for role, pattern in _QKV.items():
        if pattern.match(last):
            return role
    if in_attention:
        return "o" if _OUT.match(last) else ""
    moe = any("moe" in word for word in before) or (last in ("router", "wg", "shared_expert_gate"))
    if _ROUTER.match(last) and (moe or (last != "classifier" and before and before[-1] == "mlp")):
        return "router"
    if last == "dense" and before:
        last = before[-1]
    return next((role for role, pattern in _FEED.items() if pattern.match(last)), "")


def _notes(parts: list[_Part]) -> list[str]:
    count = len({part.block for part in parts})
    roles = {part.role for part in parts}
    said = []
    if roles & {"q", "qkv"}:
        said.append(
            "query, key and value read the block's input, the projection behind them reads the values"
        )
    if "gate" in roles or not said:
        said.append("gate and up read the same, down reads up" if "gate" in roles else "down reads up")
    joined = f"{count} block{'s' * (count > 1)} of a transformer, joined by the names of layers: "
    notes: list[str] = [Guess(joined + "; ".join(said))]
    experts = {(part.block, part.group) for part in parts if "expert" in part.group}
    if experts:
        blocks = {block for block, _ in experts}
        notes.append(
            Guess(
                f"{len(experts)} experts in {len(blocks)} blocks stand side by side; what follows "
                "reads the last of "
                "them, joined here"
            )
        )
    return notes


class _Wired:
    """Layers in order, each with the names of what it reads."""

    def __init__(self, layers: list[Layer], parts: dict[str, _Part], ordered: bool) -> None:
        self.layers, self.parts, self.ordered = layers, parts, ordered
        self.notes: list[str] = []
        self.reads: dict[str, tuple[str, ...]] = {}
        self.ends: dict[str, str] = {}  # the last layer of each stack

    def arrange(self) -> list[Layer]:
        """Return all layers in order."""
        others = [layer for layer in self.layers if layer.array not in self.parts]
        stacks: dict[str, dict[str, list[_Part]]] = {}
        for part in self.parts.values():
            stacks.setdefault(part.stack, {}).setdefault(part.block, []).append(part)
        stems = [one for one in others if _STEM.search(one.name.lower())] if not self.ordered else []
        order: list[Layer] = []
        for stack, blocks in stacks.items():
            first = next(iter(blocks.values()))
            own = [one for one in stems if len(stacks) == 1 or _shares(one.name, stack)]
            stream = self._entry(stack, first, own)
            order += own
            for block in sorted(blocks, key=natural_key):
                order += [part.layer for part in self._block(blocks[block], stream)]
                stream = (self.ends[block],) if block in self.ends else stream
            self.ends[stack] = stream[0]
        if self.ordered:
            return [self._with(layer) for layer in self._in_file_order(order)]
        placed = {id(one) for one in order}
        rest = [one for one in others if id(one) not in placed]
        return [self._with(layer) for layer in order + self._heads(rest, list(stacks))]

    def _entry(self, stack: str, parts: list[_Part], stems: list[Layer]) -> tuple[str, ...]:
        """Return what the first block of a stack reads: the layer before it, or an input of its own."""
        wide = parts[0].layer.channels
        if self.ordered:
            place = next(i for i, one in enumerate(self.layers) if one.array == parts[0].layer.array)
            before = self.layers[place - 1] if place else None
            if before is not None and before.array not in self.parts and before.shape[1] == wide:
                return (before.array,)
        elif len(stems) == 1 and stems[0].shape[1] == wide:
            return (stems[0].array,)
        return (f"input of {stack}",)

    def _block(self, parts: list[_Part], stream: tuple[str, ...]) -> list[_Part]:
        """Note what the parts of one block read, and return them in their order."""
        found: dict[tuple[str, str], _Part] = {(part.group, part.role): part for part in parts}
        order: list[_Part] = []
        for group in ("self", "cross"):
            inside = [found[group, role] for role in ("q", "k", "v", "qkv", "o") if (group, role) in found]
            for part in inside:
                both = (
                    part.role == "qkv" and (group, "q") in found
                )  # keys and values in one, as GPT-2 has them
                memory = group == "cross" and (part.role in ("k", "v") or both)
                self.reads[part.layer.array] = (f"memory of {part.stack}",) if memory else stream
            values = found.get((group, "v")) or found.get((group, "qkv"))
            if values is not None:
                if (group, "o") in found:
                    self.reads[found[group, "o"].layer.array] = (values.layer.array,)
                stream = (inside[-1].layer.array,)
            order += inside
        stream = self._feed(parts, found, stream, order)
        self.ends[parts[0].block] = stream[0]
        # What has a second layer of the same role (an unusual block) reads the stream.
        left = [part for part in parts if all(part is not one for one in order)]
        for part in left:
            self.reads[part.layer.array] = stream
        return order + left

    def _feed(
        self,
        parts: list[_Part],
        found: dict[tuple[str, str], _Part],
        stream: tuple[str, ...],
        order: list[_Part],
    ) -> tuple[str, ...]:
        groups = sorted(
            {part.group for part in parts if part.group not in ("self", "cross")}, key=natural_key
        )
        end = stream
        for group in groups:
            inside = [
                found[group, role] for role in ("router", "gate", "up", "down") if (group, role) in found
            ]
            for part in inside:
                self.reads[part.layer.array] = stream
            middle = found.get((group, "up")) or found.get((group, "gate"))
            if middle is not None and (group, "down") in found:
                self.reads[found[group, "down"].layer.array] = (middle.layer.array,)
                end = (found[group, "down"].layer.array,)
            elif middle is not None:
                end = (middle.layer.array,)
            order += inside
        return end

    def _in_file_order(self, order: list[Layer]) -> list[Layer]:
        """Return the layers in the order of the file, each block in its own."""
        waiting = list(order)
        found: list[Layer] = []
        for i, layer in enumerate(self.layers):
            if layer.array in self.parts:
                found.append(waiting.pop(0))
                continue
            before = self.layers[i - 1] if i else None
            if before is not None and before.array in self.parts and not layer.starts:
                self.reads[layer.array] = (self.ends[self.parts[before.array].block],)
            found.append(layer)
        return found

    def _heads(self, rest: list[Layer], stacks: list[str]) -> list[Layer]:
        """Return the layers behind the blocks; what is not known to belong there begins by itself."""
        heads = [one for one in rest if _HEAD.search(one.name.lower()) and len(stacks) == 1]
        early = [one for one in heads if _EARLY_HEAD.search(one.name.lower())]
        late = [one for one in heads if not _EARLY_HEAD.search(one.name.lower())]
        end = self.ends[stacks[0]]
        for one in early:
            self.reads[one.array] = (end,)
        for one in late:
            near = [two for two in early if two.shape[1] == one.channels]
            self.reads[one.array] = (near[-1].array if near else end,)
        apart = [
            replace(one, starts=True) for one in rest if len(stacks) > 1 or not _HEAD.search(one.name.lower())
        ]
        if apart:
            shown = list_names([printable(one.name) for one in apart])
            self.notes.append(
                Guess(
                    "nothing tells what these read, so they stand apart, and nothing is computed "
                    f"across them: {shown}"
                )
            )
        return early + late + apart

    def _with(self, layer: Layer) -> Layer:
        reads = self.reads.get(layer.array)
        return layer if reads is None else replace(layer, after=reads)


def _shares(name: str, stack: str) -> bool:
    return name.split(".")[0] == stack.split(".")[0]
