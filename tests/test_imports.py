"""Every file of the package can be imported: a file that moved is named nowhere by its former place."""

import importlib
import pkgutil

import pytest

import netsci


@pytest.mark.parametrize(
    "name",
    [
        found.name
        for found in pkgutil.walk_packages(netsci.__path__, "netsci.")
        if "__main__" not in found.name
    ],
)
def test_every_file_can_be_imported(name: str) -> None:
    assert importlib.import_module(name).__name__ == name
