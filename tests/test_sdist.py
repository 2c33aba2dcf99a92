"""The source archive holds all that its tests read."""

import ast
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def _included() -> set[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return set(settings["tool"]["hatch"]["build"]["targets"]["sdist"]["include"])


def test_everything_that_is_tracked_is_in_the_archive():
    told = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if told.returncode:
        pytest.skip("no repository: this is the archive itself")
    tracked = {name.partition("/")[0] for name in told.stdout.splitlines()}
    added = {"pyproject.toml", ".gitignore"}  # by the builder itself
    assert tracked - added == _included()


def test_what_tests_import_is_in_the_archive():
    here = {path.stem for path in ROOT.iterdir() if path.is_dir()}
    imported = set()
    for path in (ROOT / "tests").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module.partition(".")[0])
    assert {"netsci", "analysis", "tests"} <= imported & here <= _included()
