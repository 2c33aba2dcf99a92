"""Data sets by name: where files are looked for, and what is said when they are missing."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from netsci.data import DataError, DataSet, Remote, available, load, names, registry
from netsci.data.errors import printable
from netsci.data.registry import places


@pytest.fixture(autouse=True)
def _own_folders(monkeypatch, tmp_path):
    monkeypatch.delenv("NETSCI_DATA", raising=False)
    monkeypatch.setenv("NETSCI_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(registry, "_ENTRIES", dict(registry._ENTRIES))


def loader(folder, *, value=0):
    """A data set of one image, whose source is the folder."""
    x = np.full((1, 1, 1, 1), value, np.uint8)
    y = np.zeros(1, np.int64)
    return DataSet("toy", x, y, x, y, ("only",), str(folder), "0" * 64)


def other(folder):
    raise AssertionError("not to be called")


def toy(**options):
    registry.register("toy", loader, needs=["toy/a", ("toy/b.gz", "toy/b")], help="Ask Ada.", **options)


def put(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")


def test_all_sets_are_known():
    assert {
        "cifar10",
        "cifar10-jpeg",
        "cifar100",
        "digits",
        "fashion-mnist",
        "image-folder",
        "imagenet",
        "mnist",
        "tiny-imagenet",
        "tiny-imagenet-10",
    } <= set(names())


def test_only_what_is_built_in_is_there_without_files(tmp_path):
    assert "digits" in available(tmp_path)
    assert not {"mnist", "cifar10", "imagenet", "image-folder"} & set(available(tmp_path))


def test_alternatives_and_options(tmp_path):
    toy()
    put(tmp_path, "toy/a", "toy/b")
    assert "toy" in available(tmp_path)
    data = load("toy", folder=tmp_path, value=3)
    assert (data.source, data.x_train.item()) == (str(tmp_path), 3)


def test_missing_files_are_named_with_what_to_do(tmp_path):
    toy()
    put(tmp_path, "toy/a")
    with pytest.raises(DataError) as caught:
        load("toy", folder=tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: toy needs toy/b.gz, which this folder lacks; put what is missing there, or let "
        "folder= or NETSCI_DATA name the folder that has it. Ask Ada."
    )
    assert "toy" not in available(tmp_path)


def test_download_is_offered_only_with_a_checksum(tmp_path):
    toy(remote=[Remote("toy/a", ("http://example.invalid/a",), "0" * 64)])
    with pytest.raises(DataError, match="pass download=True"):
        load("toy", folder=tmp_path)
    toy()
    with pytest.raises(DataError, match=r"toy cannot be fetched, as no checksum.*yourself\. Ask Ada\."):
        load("toy", folder=tmp_path, download=True)


def test_places_are_the_argument_or_else_the_variable_and_the_cache(monkeypatch, tmp_path):
    assert places("here") == (Path("here"),)
    assert places() == (tmp_path / "cache",)
    monkeypatch.setenv("NETSCI_DATA", str(tmp_path / "data"))
    assert places() == (tmp_path / "data", tmp_path / "cache")
    assert places(tmp_path) == (tmp_path,)


def test_the_users_own_cache_without_the_variable(monkeypatch, tmp_path):
    monkeypatch.delenv("NETSCI_CACHE")
    assert places()[0].name == "netsci"


def test_the_first_place_that_has_all_files_is_read(monkeypatch, tmp_path):
    toy()
    monkeypatch.setenv("NETSCI_DATA", str(tmp_path / "data"))
    put(tmp_path / "data", "toy/a")  # incomplete
    put(tmp_path / "cache", "toy/a", "toy/b")
    assert load("toy").source == str(tmp_path / "cache")
    put(tmp_path / "data", "toy/b.gz")
    assert load("toy").source == str(tmp_path / "data")
    with pytest.raises(DataError, match="toy needs toy/a, toy/b"):
        load("toy", folder=tmp_path / "elsewhere")


def test_refused_files_are_told_from_missing_ones(tmp_path):
    toy(refused=[("toy/pickle", "it is a pickle")])
    put(tmp_path, "toy/pickle")
    with pytest.raises(DataError, match=r"toy/pickle: it is a pickle; for toy/a: put what is missing there"):
        load("toy", folder=tmp_path)
    put(tmp_path, "toy/a", "toy/b")
    assert load("toy", folder=tmp_path).name == "toy"


def test_unknown_names_and_options(tmp_path):
    with pytest.raises(ValueError, match=r"name must be one of .*digits.*; got 'mnits'"):
        load("mnits")
    with pytest.raises(ValueError, match="name must be one of"):
        load(None)
    with pytest.raises(TypeError, match="labels is not an option of mnist: it has verify"):
        load("mnist", folder=tmp_path, labels="fine")
    with pytest.raises(TypeError, match="verify is not an option of digits: it has none"):
        load("digits", verify=False)
    with pytest.raises(TypeError, match="download must be True or False; got 'yes'"):
        load("mnist", folder=tmp_path, download="yes")


def test_a_name_is_taken_once():
    toy()
    toy()  # the same reader again is a module imported twice
    with pytest.raises(ValueError, match="name 'toy' is taken by"):
        registry.register("toy", other)


def test_the_error_survives_a_process_boundary_and_stays_on_one_line():
    error = DataError("a/b\x1b[31m\n.zip", "bad", "mend")
    copy = pickle.loads(pickle.dumps(error))
    assert str(copy) == str(error) == "a/b?[31m?.zip: bad; mend"
    assert len(str(DataError("a", "b" * 5000, "c"))) == 2000


def test_the_error_says_that_the_variable_is_not_set_or_names_no_folder(monkeypatch, tmp_path):
    toy()
    (tmp_path / "cache").mkdir()
    with pytest.raises(DataError, match=r"which this folder lacks \(NETSCI_DATA is not set\); put what"):
        load("toy")
    with pytest.raises(DataError) as caught:
        load("toy", folder=tmp_path / "nowhere")
    assert "toy/b.gz, and there is no such folder; put" in str(caught.value)
    monkeypatch.setenv("NETSCI_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(DataError) as caught:
        load("toy")
    assert f"there is no such folder (nor is it all in {tmp_path / 'cache'}); put" in str(caught.value)


def test_the_package_says_where_the_files_of_every_set_lie():
    import netsci.data as room

    lines = {line.split()[0]: line for line in room.__doc__.splitlines() if line.startswith("    ")}
    for name in names():
        module = registry._ENTRIES[name].loader.__module__
        if module.startswith("netsci.data.") and registry._ENTRIES[name].needs:
            assert name in lines, name


def test_names_in_errors_are_short_and_on_one_line():
    assert printable("a\x1b[0m\r\nb") == "a?[0m??b"
    assert len(printable("a" * 500)) == 200


def test_data_sets_do_not_draw_in_the_readers_of_networks():
    for path in Path(registry.__file__).parent.glob("*.py"):
        assert "netsci.io" not in path.read_text(), path
