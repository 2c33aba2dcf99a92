"""Fetching, from a server on this machine."""

import functools
import hashlib
import http.server
import logging
import threading

import pytest

from netsci.data import DataError, load, registry
from netsci.data.cifar import RELEASES
from netsci.data.download import Remote, fetch
from tests.data.files import IDX, write_mnist


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        self.server.asked.append(self.path)


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.delenv("NETSCI_DATA", raising=False)
    monkeypatch.setenv("NETSCI_CACHE", str(tmp_path / "cache"))
    (tmp_path / "web").mkdir()
    handler = functools.partial(Quiet, directory=tmp_path / "web")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        running.asked = []
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        yield running
        running.shutdown()


def address(server, path):
    return f"http://127.0.0.1:{server.server_port}/{path}"


def checksum(content):
    return hashlib.sha256(content).hexdigest()


def test_a_file_is_fetched_once(server, tmp_path):
    (tmp_path / "web" / "a").write_bytes(b"content")
    file = Remote("set/a.bin", (address(server, "a"),), checksum(b"content"))
    for _ in range(2):
        fetch([file], tmp_path / "data")
        assert (tmp_path / "data" / "set" / "a.bin").read_bytes() == b"content"
    assert len(server.asked) == 1


def test_md5_where_the_authors_give_no_other(server, tmp_path):
    (tmp_path / "web" / "a").write_bytes(b"content")
    file = Remote("a", (address(server, "a"),), "md5:" + hashlib.md5(b"content").hexdigest())
    fetch([file], tmp_path / "data")
    assert (tmp_path / "data" / "a").is_file()


def test_addresses_are_tried_in_turn(server, tmp_path):
    (tmp_path / "web" / "damaged").write_bytes(b"other")
    (tmp_path / "web" / "good").write_bytes(b"content")
    urls = tuple(address(server, name) for name in ("absent", "damaged", "good"))
    fetch([Remote("a", urls, checksum(b"content"))], tmp_path / "data")
    assert (tmp_path / "data" / "a").read_bytes() == b"content"


def test_nothing_is_kept_if_no_address_gives_the_file(server, tmp_path):
    (tmp_path / "web" / "damaged").write_bytes(b"other")
    urls = (address(server, "absent"), address(server, "damaged"), "http://127.0.0.1:9/closed")
    with pytest.raises(
        DataError, match=r"a: it could not be fetched from .*404.*damaged.*closed.*put it there"
    ):
        fetch([Remote("a", urls, checksum(b"content"))], tmp_path / "data")
    assert not list((tmp_path / "data").iterdir())


def test_a_file_of_the_users_own_is_not_replaced(server, tmp_path):
    (tmp_path / "web" / "a").write_bytes(b"content")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a").write_bytes(b"mine")
    with pytest.raises(DataError, match="a: it is here, but is not the official file"):
        fetch([Remote("a", (address(server, "a"),), checksum(b"content"))], tmp_path / "data")
    assert (tmp_path / "data" / "a").read_bytes() == b"mine"


@pytest.mark.parametrize("folder", [None, "data"])
def test_downloads_go_into_the_folder_or_the_cache(server, tmp_path, monkeypatch, folder, caplog):
    caplog.set_level(logging.CRITICAL)
    write_mnist(tmp_path / "web")
    monkeypatch.setattr(registry, "_ENTRIES", dict(registry._ENTRIES))
    entry = registry._ENTRIES["mnist"]
    remote = [
        Remote(
            f"mnist/{name}.gz",
            (address(server, f"mnist/{name}.gz"),),
            checksum((tmp_path / "web" / "mnist" / f"{name}.gz").read_bytes()),
        )
        for name in IDX
    ]
    registry.register("mnist", entry.loader, needs=entry.needs, help=entry.help, remote=remote)
    monkeypatch.setenv("NETSCI_DATA", str(tmp_path / "elsewhere"))
    where = None if folder is None else tmp_path / folder
    data = load("mnist", folder=where, download=True, verify=False)
    assert len(data.x_train) == 30
    assert len(list(((where or tmp_path / "cache") / "mnist").iterdir())) == 4
    assert not (tmp_path / "elsewhere").exists()
    assert load("mnist", folder=where, verify=False).checksum == data.checksum


def test_every_fetched_file_has_a_checksum_and_is_one_that_is_needed():
    fetched = {name: entry for name, entry in registry._ENTRIES.items() if entry.remote}
    assert set(fetched) >= {"mnist", "fashion-mnist", "cifar10", "cifar100", "tiny-imagenet"}
    for entry in fetched.values():
        assert {file.path for file in entry.remote} == {paths[0] for paths in entry.needs}
        for file in entry.remote:
            assert len(file.checksum.removeprefix("md5:")) == (32 if file.checksum.startswith("md5:") else 64)
            assert all(url.startswith("http") for url in file.urls)
    assert fetched["cifar10"].remote[0].checksum == f"md5:{RELEASES['cifar10'].md5}"
