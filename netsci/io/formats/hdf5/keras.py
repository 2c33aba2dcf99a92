"""Read Keras in HDF5: layer_names and weight_names (Keras 1, 2), or layers/<name>/vars/<number> (Keras 3).

Kernels are [in, out] and [*kernel, in, out], recurrent ones [units, gates x units]. A flatten layer puts
channels last, unless the model says channels_first. Skip the states of optimizers.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

from netsci.io.errors import printable
from netsci.io.formats.hdf5.tree import Tree
from netsci.io.limits import check_count
from netsci.io.network.contents import Contents, Use

_NOT_LAYER = re.compile(r"embed|mean|variance|position|token|mask|table|state|seed|gamma|beta|threshold|norm")
_STRUCTURE = {"layers", "_layer_checkpoint_dependencies", "_self_tracked_trackables", "vars"}


def read_legacy(tree: Tree) -> Contents:
    """Read the layers of a model or weights file of Keras 1 or 2, in the order of its layer_names."""
    root = tree.member(tree.root, "model_weights") or tree.root
    layers = tree.attribute(root, "layer_names")
    check_count(tree.path, len(layers), "layers")
    read = _Reading(tree, _channels_last(tree.attribute(tree.root, "model_config")))
    for layer in layers:
        group = tree.member(root, layer)
        if group is None:
            raise tree.damage_error(f"its list of layers names {printable(layer)}, which is missing")
        names = tree.attribute(group, "weight_names")
        kernels = [name for name in names if _base(name).endswith("kernel")]
        for name in names:
            dataset = tree.member(group, name)
            if dataset is None or not hasattr(dataset, "shape"):
                raise tree.damage_error(f"its list of weights names {printable(name)}, which is missing")
            dotted = _base(name).replace("/", ".")
            if re.search(r"(^|\.)mask(_\d+)?$", dotted) and len(kernels) == 1:
                dotted = _base(kernels[0]).replace("/", ".") + "_mask"  # of the pruning toolkit
            read.add(f"{layer}.{dotted}" if dotted in read.taken else dotted, dataset)
    version = tree.attribute(tree.root, "keras_version") or tree.attribute(root, "keras_version")
    kind = f"Keras HDF5 ({printable(version[0])})" if version else "Keras HDF5"
    return read.contents(kind, ordered=True)


def read_current(tree: Tree, configs: list[str]) -> Contents:
    """Read the layers of a weights file of Keras 3. Order them by the model's configuration if it has one."""
    read = _Reading(tree, _channels_last(configs))
    found: list[tuple[str, list[str], Any]] = []
    for place, dataset in tree.datasets(tree.root):
        parts = place.split("/")
        if "vars" in parts[:-1] and not any(part.startswith("optimizer") for part in parts):
            owner = [part for part in parts[:-1] if part not in _STRUCTURE] or ["model"]
            found.append((parts[-1], owner, dataset))
    check_count(tree.path, len(found), "arrays")
    order = _order(configs)
    known = bool(order) and all(owner[0] in order for _, owner, _ in found)
    if known:
        found.sort(key=lambda one: order[one[1][0]])
    for number, owner, dataset in found:
        read.add(".".join([*owner, _leaf(owner, number)]), dataset)
    return read.contents("Keras 3 weights", ordered=known)


class _Reading:
    """The arrays read so far and the order of their axes."""

    def __init__(self, tree: Tree, channels_last: bool) -> None:
        self.tree, self.channels_last = tree, channels_last
        self.arrays: dict[str, Any] = {}
        self.uses: dict[str, Use] = {}
        self.taken: set[str] = set()
        self.notes: list[str] = []

    def add(self, name: str, dataset: Any) -> None:
        """Read one data set if it has at least two dimensions."""
        if name in self.taken:
            raise self.tree.damage_error(f"it holds {printable(name)} twice")
        self.taken.add(name)
        if dataset.shape is None or len(dataset.shape) < 2:
            return
        array = self.tree.array(name, dataset)
        leaf, groups = name.rpartition(".")[2], 1
        if leaf == "depthwise_kernel" and array.ndim > 2:
            groups = array.shape[-2]  # each channel has kernels of its own
            array = array.reshape(*array.shape[:-2], 1, -1)
            self.notes.append(f"{printable(name)} is a convolution in {groups} groups, drawn as such")
        elif "transpose" in name.lower() and leaf == "kernel" and array.ndim > 2:
            array = array.swapaxes(-1, -2)
        self.arrays[name] = array
        if leaf.endswith("kernel"):
            self.uses[name] = Use("kernel", groups=groups, channels_last=self.channels_last)
        elif array.ndim == 2 and not _NOT_LAYER.search(name.lower()):
            self.uses[name] = Use("in_out", channels_last=self.channels_last)

    def contents(self, kind: str, *, ordered: bool) -> Contents:
        """Return all that was read."""
        small = self.taken - set(self.arrays)
        return Contents(kind, self.arrays, "in_out", ordered, small, self.notes, uses=self.uses)


def _base(name: str) -> str:
    return re.sub(r":\d+$", "", name)


def _leaf(owner: list[str], number: str) -> str:
    """Name a variable that has only a number in the file, by the kind of its layer."""
    layer = owner[-1]
    recurrent = re.search(r"cell|lstm|gru|rnn", layer) is not None
    if layer.startswith("separable"):
        names = ["depthwise_kernel", "pointwise_kernel"]
    elif layer.startswith("depthwise"):
        names = ["depthwise_kernel"]
    elif re.search(r"embed", layer):
        names = ["embeddings"]
    elif re.search(r"norm", layer):
        names = []
    else:
        names = ["kernel", "recurrent_kernel"] if recurrent else ["kernel"]
    place = int(number) if re.fullmatch(r"\d{1,4}", number) else len(names)
    return names[place] if place < len(names) else f"vars_{number}"


def _channels_last(configs: list[str]) -> bool:
    return not any(re.search(r'"data_format":\s*"channels_first"', text) for text in configs)


def _order(configs: list[str]) -> dict[str, int]:
    """Return the place of each layer in the configuration, by its name and by its class and number."""
    try:
        layers = json.loads(configs[0])["config"]["layers"]
        described = [(str(one["class_name"]), str(one["config"]["name"])) for one in layers]
    except (ValueError, KeyError, TypeError, IndexError, RecursionError):
        return {}
    order: dict[str, int] = {}
    count: Counter[str] = Counter()
    for place, (kind, name) in enumerate(described):
        # Keras stores Dense, Dense, Conv2D as dense, dense_1, conv2d.
        snake = re.sub(r"([a-z])([A-Z])", r"\1_\2", re.sub(r"\W+", "", kind))
        snake = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", snake).lower().replace("__", "_")
        order.setdefault(f"{snake}_{count[snake]}" if count[snake] else snake, place)
        order.setdefault(name, place)
        count[snake] += 1
    return order
