"""What the name of an array says: whether it is the weight of a layer, what else, what lies beside it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from netsci.io.errors import printable
from netsci.io.network.arrays.packed import is_packed
from netsci.io.network.contents import Contents

_WEIGHT_LEAF = re.compile(r"^(weight(_orig|_v)?|kernel|original1?)$")
_NOT_LAYER_LEAF = re.compile(
    r"bias|^running_|^moving_|^num_batches|token|^pos(_|$)|position|^pe$|embed|_emb$|cache|freq|rel_pos|_index$|"
    r"anchors|weight_g$|weight_u$|original0$|attn_mask|causal|^grid$|history|confusion|"
    r"^(images?|labels?|targets?|[xy]_(train|test|val)\w*)$"
)
# What a spiking neuron keeps from step to step: batch x neurons.
_STATE_LEAF = re.compile(
    r"^(\w+_)?(v?_?mem(brane)?s?|voltages?|potentials?|spikes?|spk|syn|states?|traces?|refrac\w*|eligibility)"
    r"(_(rec|seq|pot\w*|state|trace|out|prev|count))*$|^(i_?syn|v_seq|n_spikes|activations?)$"
)
# The same where the array is as wide as a layer and its module has no weights.
_LIKE_STATE = re.compile(
    r"^(\w+_)?(v?mem|volt|current|adapt|adaptation|v_th\w*|membrane)\d*(_\w+)?$|^(neuron|state|cell|lif)_[vuisxz]$|"
    r"^[vuisxz]_(prev|last|old|t)$|^(v|u|i|s|x|z|b|h|c|a|theta|w)$"
)
# Of one row or column: biases as NumPy code keeps them, states of neurons.
_NOT_LAYER_LINE = re.compile(
    r"^b_?[a-z]?\d*$|^(v|x|s|theta|refrac_count)$|^(\w+_)?(mu|sigma|mean|std|var|log_?var|log_?std)$"
)
_SHORT_WEIGHT = re.compile(r"^(\w+_)?w_?\d*$")
_NORM = re.compile(r"norm|(^|_)(bn|ln)\d*$")
_EMBEDDING = re.compile(r"embed|_emb$|^emb$|^w[tp]e$")
# Beside a weight these say how it was stored, drawn or trained.
_COMPANION = re.compile(
    r"[._]?((weight|input|output|act|in|out|k|v|q|kv)_)?(global_)?"
    r"(scales?(_inv|_2|_weight|_[ab])?|scaling_factors?|scale_inv|zero_?points?|zeros|zp|absmax|amax|scb|"
    r"rho|sigma|log_?(sigma|var|alpha)|loga|logvar|std|eps(ilon)?|init(ial)?|grad(ient)?s?|momentum(_buffer)?|"
    r"exp_avg(_sq)?|ema|velocity|fisher|hessian|age|noise)$"
)
_SCORE = re.compile(
    r"[._]?((weight|mask|pop_?up|prun\w*)_)?(scores?|importances?|saliency|sensitivity|logits|mask_real|log_?alpha)$"
)
_OWN = (
    "weight",
    "weight_orig",
    "weight_mu",
    "weight_mean",
    "weight_v",
    "kernel",
    "compressed",
    "weight_packed",
    "w",
)


def is_layer(name: str, contents: Contents) -> bool:
    """Whether an array of two or more dimensions is a layer, by its name and shape."""
    arrays, small = contents.arrays, contents.small
    array = arrays[name]
    if not is_numeric(array) or f"{name}_orig" in arrays:
        return False
    parts = name.lower().split(".")
    leaf = parts[-1]
    is_weight = is_weight_name(name)
    if re.search(r"parametrizations\.\w+\.\d+\.", name) and "lora" not in leaf:
        return False  # what a parametrization keeps
    if not is_weight and (_NOT_LAYER_LEAF.search(leaf) or is_state(name, contents)):
        return False
    if not is_weight and (find_owner(name, arrays, _COMPANION) or find_owner(name, arrays, _SCORE)):
        return False
    if _is_bias_of_stack(name, arrays):
        return False
    if (min(array.shape[:2]) == 1 and _NOT_LAYER_LINE.match(leaf)) or is_packed(name, arrays, small):
        return False
    owner = parts[-2] if is_weight and len(parts) > 1 else leaf
    if is_weight and _NORM.search(owner):
        return False
    if is_weight and array.ndim == 2 and _EMBEDDING.search(owner):
        # nn.Embedding has no bias; a linear layer that is merely called "embed" has one.
        return beside(name, "bias") in small
    if array.ndim == 2:
        return True
    # [1, n, d] without "weight" in its name is a learned token or position.
    named = is_weight or "weight" in leaf or "lora" in name.lower() or _SHORT_WEIGHT.match(leaf) is not None
    return named or (array.ndim > 3 and array.shape[0] > 1)


def _is_bias_of_stack(name: str, arrays: Mapping[str, Any]) -> bool:
    """Whether an array holds a bias for each member of a stack: b1 [n, out] beside W1 [n, in, out]."""
    short = re.match(r"^(.*?(?<![a-zA-Z]))b(_?\d*)$", name)
    options = [f"{short[1]}{letter}{short[2]}" for letter in "Ww"] if short else []
    return any(
        one in arrays and arrays[one].ndim == 3 and arrays[one].shape[0] == arrays[name].shape[0]
        for one in options
    )


def is_state(name: str, contents: Contents) -> bool:
    """Whether an array is the state of neurons [batch, width, ...]: by its name, or by its width."""
    prefix, dot, leaf = name.lower().rpartition(".")
    if _STATE_LEAF.match(leaf):
        return True
    array = contents.arrays[name]
    if not dot or array.ndim > 4 or not _LIKE_STATE.match(leaf):
        return False
    weights = [other for other in contents.arrays if is_weight_name(other)]
    widths = {contents.arrays[other].shape[0] for other in weights}
    return array.shape[1] in widths and not any(other.lower().startswith(f"{prefix}.") for other in weights)


def scores_of(name: str, arrays: Collection[str]) -> str:
    """Return the array whose links these scores of a pruner choose, or nothing."""
    return "" if is_weight_name(name) else find_owner(name, arrays, _SCORE)


def find_owner(name: str, arrays: Collection[str], suffix: re.Pattern[str]) -> str:
    """Return the array that one of such a suffix lies beside, or nothing.

    >>> [find_owner(name, {"fc.weight"}, _COMPANION) for name in ("fc.weight_scale", "scales")]
    ['fc.weight', '']
    """
    found = suffix.search(name.lower())
    if not found:
        return ""
    prefix, dot, _ = name.rpartition(".")
    base = name[: found.start()]
    options = [base, f"{base}.weight", f"{base}_weight", *(f"{prefix}{dot}{leaf}" for leaf in _OWN)]
    return next((one for one in options if one and one != name and one in arrays), "")


def beside(name: str, leaf: str) -> str:
    """Return the name of another parameter of the module that a weight belongs to.

    >>> beside("fc.weight_orig", "bias"), beside("fc.parametrizations.weight.original", "bias")
    ('fc.bias', 'fc.bias')
    """
    short = re.sub(r"parametrizations\.(weight)\.\w+$", r"\1", name)
    return re.sub(r"(weight|kernel)\w*$", leaf, short)


def is_weight_name(name: str) -> bool:
    """Whether the last part of a name is one that modules give to the weights of a layer."""
    return _WEIGHT_LEAF.match(name.lower().rpartition(".")[2]) is not None


def is_numeric(array: Any) -> bool:
    """Whether an array holds real numbers in at most five dimensions."""
    return 0 not in array.shape and array.dtype.kind in "biuf" and array.ndim <= 5


def layer_name(name: str) -> str:
    """Return the name of a layer: its parameter's name without the suffix for weights.

    >>> layer_name("net.0.weight_orig"), layer_name("attn.in_proj_weight"), layer_name("weight")
    ('net.0', 'attn.in_proj_weight', 'weight')
    """
    short = re.sub(r"\.parametrizations\.weight\.original1?$", "", name)
    short = re.sub(r"(?<=.)[._](weight_orig|weight_v|weight|kernel|weight_mask|mask)$", "", short)
    # What a suffix stands on must stay a name: "in_proj_weight" is not the weight of a module "in_proj".
    kept = name if re.search(r"[^.]_weight$", name) else short
    return printable(re.sub(r"_orig$", "", kept))


def describe(name: str, array: Any) -> str:
    """Return an array's name and shape for people."""
    kind = "" if array.dtype.kind in "biuf" else f" of {array.dtype}"
    return f"{printable(name)} {list(array.shape)}{kind}"


def list_names(names: list[str]) -> str:
    """List the first six names, and say how many more there are."""
    rest = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return ", ".join(names[:6]) + rest


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """Return a sorting key by which numbers in names count as numbers.

    >>> sorted(["layers.10", "layers.2"], key=natural_key)
    ['layers.2', 'layers.10']
    """
    return [
        (0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d{1,18})", name)
    ]
