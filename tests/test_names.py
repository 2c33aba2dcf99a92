"""Functions are called by imperatives, and help() shows signatures of at most 200 characters."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]

# Rooms and files that keep old names and signatures: take one out once it is converted.
PENDING: tuple[str, ...] = ()

# Participles (and verbs in the third person) that say what has been done in place of what to do.
# Words that are their own imperative (read, put, set, split, cut, spread) are not here.
_WORDS = """
    added aligned altered annotated answered applied asked attached built cached called centred chained
    changed checked chosen cleared closed compared compiled compressed connected converted convolved copied
    corrected correlated counted created damaged decoded dequantised described digested directed drawn
    dropped embedded encoded exported explained falling filled filtered finished fitted fixed formatted found
    given grouped held hooked inflated isolated joined judged kept keyed known labelled lacking left lies
    linked listed loaded looped made mapped marked masked matched measured merged mixed moved named
    normalised noted numbered observed opened ordered oriented packed paired parsed placed pooled printed
    recorded recovered reduced remarked removed renumbered replaced retained returned rounded said sampled
    saved scaled scored seen sent settled shared shifted shortened shown signed simulated sorted spoilt
    stopped stored summed taken telling tested thinned tidied told traced trained truncated tuned turned
    typed uncast unchanged undirected unordered unpacked unstacked unweighted verified wanted watching
    weighted wired written
"""
FORBIDDEN = frozenset(_WORDS.split())

# Nouns and adjectives that begin with such a word and stay, with the reason.
ALLOWED = {
    "labelled_frames": "a public noun: frames with their labels",
    "simulated_frames": "a public noun: frames of simulated recordings",
    "retained_bound": "a public noun: the bound on the entries that pruning retains",
    "pooled_features": "a public noun: features that are pooled",
    "pooled_index": "a noun: the sparsity index of pooled parts",
    "signed_rank_test": "a public noun: the name of the test",
    "converted_cell": "a noun: the cell of conversions, beside pruned_cell",
    "signed_effect": "a noun: the effect of a signed-rank test",
}

# Signatures that no alias brings to 200 characters, with the reason.
LONG = {
    "train": "ten plain options of one run",
    "depgraph": "six plain options of one published method",
    "evolve": "seven plain options of one step",
    "evolve_module": "nine plain options of one step",
    "ConvNet": "thirteen plain options of one network",
    "SpikingConvNet": "the former name of ConvNet",
    "conv2fc2": "ten plain options of one published network",
    "conv6fc2": "nine plain options of one published network",
    "resnet18": "twelve plain options of one published network",
    "ResNet": "ten plain options of one network",
    "SpikingResNet": "the former name of ResNet",
    "VGG": "ten plain options of one network",
    "vgg16": "eleven plain options of one published network",
    "ViT": "eleven plain options of one network",
    "vit": "eleven plain options of one published network",
    "spikformer": "fourteen plain options of one published network",
    "mlp": "nine plain options of one network",
    "SpikingMLP": "seven plain options of one network",
    "coalescent_embedding": "nine plain options of one published method: 145 characters before any type",
}
MAX_SIGNATURE = 200
MAX_FIELD = 70
ROOMS = ("graph", "io", "data", "measure", "spiking")
ROOMS += ("sparse", "topology", "models", "convert", "prune", "train", "plot", "view", "report", "sweep")


def _is_property(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any("property" in ast.unparse(one) for one in function.decorator_list)


def find_participles(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and name of each function, also a nested one, that a participle names."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) or _is_property(node):
            continue
        if node.name.strip("_").split("_")[0] in FORBIDDEN:
            yield node.lineno, node.name


def _is_pending(path: str) -> bool:
    return any(path == one or path.startswith(one + "/") for one in PENDING)


def _files() -> list[tuple[str, Path]]:
    paths = [path for room in ("netsci", "analysis") for path in sorted((ROOT / room).rglob("*.py"))]
    return [(path.relative_to(ROOT).as_posix(), path) for path in paths]


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("def _opened(path): ...", ["_opened"]),
        ("def checked_steps(steps): ...", ["checked_steps"]),
        ("class A:\n    async def written(self): ...", ["written"]),
        ("def outer():\n    def drawn(): ...", ["drawn"]),
        ("class A:\n    @property\n    def closed(self): ...", []),
        ("def is_sorted(x): ...\ndef open_file(path): ...\ndef read(x): ...\nopened = 3", []),
    ],
)
def test_which_names_are_participles(source, names):
    assert [name for _, name in find_participles(source)] == names


def test_functions_are_imperatives():
    wrong = [
        f"{name}:{line} {function}"
        for name, path in _files()
        if not _is_pending(name)
        for line, function in find_participles(path.read_text(encoding="utf-8"))
        if function not in ALLOWED
    ]
    assert not wrong, "name these by an imperative (open, find, write):\n" + "\n".join(wrong)


def test_exceptions_are_still_needed():
    named = {name for _, path in _files() for _, name in find_participles(path.read_text(encoding="utf-8"))}
    assert set(ALLOWED) <= named
    assert all((ROOT / one).exists() for one in PENDING)


def _public() -> Iterator[tuple[str, Any]]:
    """Yield the callables that help() shows: of each room, and the public methods of its classes."""
    for room in ROOMS:
        module = importlib.import_module(f"netsci.{room}")
        for name in module.__all__:
            found = getattr(module, name)
            home = getattr(found, "__module__", module.__name__).replace(".", "/")
            if not callable(found) or _is_pending(home) or _is_pending(home + ".py"):
                continue
            yield name, found
            for method, value in vars(found).items() if inspect.isclass(found) else ():
                if callable(value) and not method.startswith("_"):
                    yield f"{name}.{method}", value


def find_long_signature(found: Any) -> str:
    """Return the part of a signature that is too long, or "".

    A record (a dataclass) has one parameter a field, so its length is that of its list of fields: there each
    field is looked at alone.
    """
    try:
        signature = inspect.signature(found)
    except (TypeError, ValueError):  # a Protocol, or a class of C
        return ""
    if dataclasses.is_dataclass(found):
        return next((str(one) for one in signature.parameters.values() if len(str(one)) > MAX_FIELD), "")
    return str(signature) if len(str(signature)) > MAX_SIGNATURE else ""


def test_what_is_a_long_signature():
    def f(**options: int) -> None: ...

    parameters = [inspect.Parameter(f"p{i:02d}", inspect.Parameter.KEYWORD_ONLY) for i in range(39)]
    f.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    assert len(str(inspect.signature(f))) == 198
    assert not find_long_signature(f)
    f.__signature__ = inspect.Signature([*parameters, parameters[0].replace(name="q")])  # type: ignore[attr-defined]
    assert find_long_signature(f)
    record = dataclasses.make_dataclass("Record", [(f"f{i}", "int", 0) for i in range(60)])
    assert not find_long_signature(record)
    record = dataclasses.make_dataclass("Record", [("f", "int" * 25, 0)])
    assert find_long_signature(record)


def test_signatures_fit_into_help():
    long = {name: text for name, found in _public() if (text := find_long_signature(found))}
    assert set(LONG) <= set(long)
    wrong = [f"{name}{text}" for name, text in long.items() if name not in LONG]
    assert not wrong, "shorten these by a named type, or by fewer options:\n" + "\n".join(wrong)
