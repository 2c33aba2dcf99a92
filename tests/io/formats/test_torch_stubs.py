"""Plain data beside the weights: stubs stand in for it, and nothing of the file is imported or called."""

from __future__ import annotations

import argparse
import collections
import datetime
import pathlib
import pickle
import sys
import types
from pathlib import Path

import numpy as np
import pytest
import torch

from netsci.io import load
from netsci.io.formats.torch.stubs import Inert, stub
from tests.io.samples import FC1, layer_table, refused, torch_state, write_torch, zipped

TABLE = {"fc1": (5, 4, 6), "fc2": (4, 3, 4)}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.bin"


def foreign(module: str, name: str, base: type = object, **content: object) -> object:
    """Return an object of a package that is not installed here."""
    kind = type(name, (base,), {"__module__": module})
    parts = module.split(".")
    for end in range(1, len(parts) + 1):
        sys.modules.setdefault(".".join(parts[:end]), types.ModuleType(".".join(parts[:end])))
    setattr(sys.modules[module], name, kind)
    one = kind()
    one.__dict__.update(content)
    if isinstance(one, dict):
        one["lr"] = 0.1
    return one


BESIDE = {
    "namespace": argparse.Namespace(lr=0.1, out=pathlib.Path("runs")),
    "simple namespace": types.SimpleNamespace(a=[1, {"b": 2}]),
    "path": pathlib.PurePosixPath("a/b"),
    "windows": pathlib.PureWindowsPath("a/b"),
    "defaultdict": collections.defaultdict(list, {"loss": [1.0, 0.5]}),
    "counter": collections.Counter("abc"),
    "deque": collections.deque([1, 2], maxlen=3),
    "array": np.arange(6.0).reshape(2, 3),
    "array of text": np.array(["a", "b"]),
    "random state": np.random.RandomState(0).get_state(),
    "date": datetime.datetime(2020, 1, 1),
    "type": [int, float, dict],
    "range": range(3),
}


@pytest.mark.parametrize("what", BESIDE)
@pytest.mark.parametrize("options", [{}, {"_use_new_zipfile_serialization": False}])
def test_plain_data_stands_beside_the_weights(path, what, options):
    write_torch(path, {"args": BESIDE[what], "model": torch_state()}, **options)
    loaded = load(path)
    assert layer_table(loaded.graph) == TABLE
    write_torch(path, {"model": torch_state(), "args": [BESIDE[what]] * 2, "epoch": 3}, **options)
    assert layer_table(load(path).graph) == TABLE


@pytest.mark.parametrize(
    ("module", "name", "base"),
    [
        ("omegaconf.dictconfig", "DictConfig", object),
        ("omegaconf.listconfig", "ListConfig", object),
        ("ml_collections.config_dict.config_dict", "ConfigDict", object),
        ("easydict", "EasyDict", dict),
        ("yacs.config", "CfgNode", dict),
        ("lightning_fabric.utilities.data", "AttributeDict", dict),
    ],
)
def test_settings_of_packages_that_are_not_installed(path, module, name, base):
    write_torch(path, {"cfg": foreign(module, name, base, _content={"lr": 0.1}), "state_dict": torch_state()})
    for known in [one for one in sys.modules if one.split(".")[0] == module.split(".")[0]]:
        del sys.modules[known]
    assert layer_table(load(path).graph) == TABLE
    assert layer_table(load(path, isolate=False).graph) == TABLE
    assert module not in sys.modules


def test_weights_inside_other_kinds_of_dictionaries(path):
    for kind in (collections.OrderedDict, lambda d: collections.defaultdict(dict, d)):
        assert layer_table(load(write_torch(path, kind({"model": kind(torch_state())}))).graph) == TABLE


def test_weights_that_are_arrays_of_numpy(path):
    state = {"fc1.weight": FC1.T, "fc2.weight": np.asfortranarray(np.ones((3, 4), ">f4"))}
    loaded = load(write_torch(path, state))
    assert layer_table(loaded.graph) == {"fc1": (5, 4, 6), "fc2": (4, 3, 12)}
    assert np.array_equal(loaded.graph.projections[0].weights.toarray(), FC1)
    objects = {"fc1.weight": np.array([[1, "a"]], dtype=object)}
    refused(write_torch(path, objects), "no weights|no arrays|no layer")


class Called:
    """Notes that it was called; a pickle names it under a plain name."""

    calls: tuple[str, ...] = ()


class Planted:
    """Would create a file if it were unpickled."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self):
        return (open, (str(self.target), "w"))


@pytest.mark.parametrize("wrap", [
    lambda bad: argparse.Namespace(bad=bad),
    lambda bad: collections.defaultdict(list, {"a": bad}),
    lambda bad: collections.deque([bad]),
    lambda bad: np.array([bad], dtype=object),
    lambda bad: [pathlib.PurePosixPath("a"), bad],
])  # fmt: skip
@pytest.mark.parametrize("options", [{}, {"_use_new_zipfile_serialization": False}])
def test_hostile_data_inside_plain_data_does_nothing(tmp_path, path, wrap, options):
    target = tmp_path / "planted"
    write_torch(path, {"args": wrap(Planted(target)), "model": torch_state()}, **options)
    for isolate in (True, False):
        with pytest.raises(ValueError, match=r"pickles (io|_io|builtins|__builtin__)\.open"):
            load(path, isolate=isolate)
    assert not target.exists()


@pytest.mark.parametrize(
    "name",
    [
        "os.system", "posix.system", "builtins.eval", "builtins.getattr", "subprocess.Popen",
        "pathlib.Path.unlink", "argparse.ArgumentParser", "collections.namedtuple", "numpy.load",
        "numpy.ndarray.tofile", "types.FunctionType", "functools.partial", "operator.attrgetter",
        "builtins.bytearray", "builtins.exec", "importlib.import_module",
    ],
)  # fmt: skip
def test_names_that_do_something_are_no_plain_data(path, name):
    assert stub(name) is None
    module, _, function = name.rpartition(".")
    zipped(
        path, {"a/data.pkl": f"c{module}\n{function}\n(X\x01\x00\x00\x00atR.".encode(), "a/version": b"3\n"}
    )
    refused(path, f"pickles {name}")


def test_a_stub_is_called_in_place_of_the_class(path, monkeypatch):
    """Classes of plain names are neither looked up nor called, even where they are at hand."""

    def fail(*_, **__):
        raise AssertionError("called")

    monkeypatch.setattr(argparse.Namespace, "__init__", fail)
    monkeypatch.setattr(pathlib.PurePosixPath, "__reduce__", lambda self: (pathlib.PurePosixPath, ("a",)))
    args = argparse.Namespace.__new__(argparse.Namespace)
    write_torch(path, {"args": args, "path": pathlib.PurePosixPath("a"), "model": torch_state()})
    monkeypatch.setattr(pathlib, "PurePosixPath", fail)
    assert layer_table(load(path, isolate=False).graph) == TABLE
    assert isinstance(Inert(1, 2, a=3), Inert)


def test_plain_data_alone_is_named(path):
    message = refused(
        write_torch(path, argparse.Namespace(model=torch_state())), "pickles argparse.Namespace and no"
    )
    assert message.endswith("torch.save(model.state_dict(), 'weights.pt')")


def test_other_objects_beside_the_weights_are_refused_by_name(path):
    write_torch(path, {"cfg": Called(), "model": torch_state()})
    refused(path, r"pickles tests\.io\.formats\.test_torch_stubs\.Called.*state_dict")
    assert pickle.loads(pickle.dumps(Called())).calls == ()


@pytest.mark.parametrize(
    "change", [("Namespace", "Namespacf"), ("argparse", "argparsf"), ("defaultdict", "defaultdicu")]
)
def test_a_damaged_name_is_no_plain_data(path, change):
    data = {"args": argparse.Namespace(lr=0.1), "d": collections.defaultdict(int), "model": torch_state()}
    write_torch(path, data, _use_new_zipfile_serialization=False)
    whole = path.read_bytes()
    path.write_bytes(whole.replace(change[0].encode(), change[1].encode()))
    refused(path, "pickles")


def test_two_files_of_torch_in_one(path):
    first, second = (torch.nn.Linear(4, 3).state_dict() for _ in range(2))
    for options in ({}, {"_use_new_zipfile_serialization": False}):
        write_torch(path, first, **options)
        whole = path.read_bytes()
        write_torch(path, second, **options)
        path.write_bytes(whole + path.read_bytes())
        refused(path, "one after the other")
        path.write_bytes(whole)
        assert load(path).graph.n_links == 12
