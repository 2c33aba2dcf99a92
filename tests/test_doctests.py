"""Every example in the library and in the analysis runs, silently."""

import doctest
import importlib
import pkgutil
import warnings

import pytest

import analysis
import netsci

MODULES = [
    name
    for whole in (netsci, analysis)
    for name in (
        whole.__name__,
        *(found.name for found in pkgutil.walk_packages(whole.__path__, f"{whole.__name__}.")),
    )
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    module = importlib.import_module(name)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert doctest.testmod(module).failed == 0


def test_examples_are_found():
    modules = [importlib.import_module(name) for name in MODULES]
    examples = [test.examples for module in modules for test in doctest.DocTestFinder().find(module)]
    assert sum(map(len, examples)) > 30
