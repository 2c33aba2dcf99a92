"""A pipe in the place of a data file ends in a sentence: reading it would wait for ever."""

import os

import pytest

from netsci.data import DataError, load
from netsci.data.aedat import read_aedat
from netsci.data.archives import FolderFiles, ZipFiles
from netsci.data.nmnist import read_bin
from tests.data.files import IDX, write_mnist


@pytest.fixture
def pipe(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


@pytest.mark.parametrize("file", IDX)
@pytest.mark.parametrize("packed", [True, False])
def test_mnist(tmp_path, file, packed):
    write_mnist(tmp_path, packed=packed)
    path = tmp_path / "mnist" / (f"{file}.gz" if packed else file)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(DataError, match=f"{file}.*a pipe, a socket or a device"):
        load("mnist", folder=tmp_path, verify=False)


@pytest.mark.parametrize("name", ["cifar10", "cifar10-features"])
def test_archives_of_images(tmp_path, name):
    (tmp_path / "cifar10").mkdir()
    file = {"cifar10": "cifar-10-binary.tar.gz", "cifar10-features": "features.npz"}[name]
    os.mkfifo(tmp_path / "cifar10" / file)
    with pytest.raises(DataError, match="a pipe, a socket or a device"):
        load(name, folder=tmp_path)


def test_recordings_and_archives(pipe):
    for read in (read_aedat, read_bin, ZipFiles):
        with pytest.raises(DataError, match="a pipe, a socket or a device"):
            read(pipe)
    with pytest.raises(DataError, match="a pipe, a socket or a device"):
        FolderFiles(pipe.parent).read("pipe")
