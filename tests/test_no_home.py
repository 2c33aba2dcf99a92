"""A user without a home folder and with package files not his own: a container with --user, or a service."""

import ast
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
NOBODY = 65534
PROGRAM = """
import sys
import numpy as np
from netsci.graph import LayeredGraph, ch_scores, nodf, coalescent_embedding
from netsci.io import load_graph
graph = load_graph(sys.argv[1])
mask = graph.projections[0].links
assert nodf(mask) is not None
print(ch_scores(mask).shape, len(coalescent_embedding(graph.adjacency(directed=False)).nodes))
import torch
from netsci.sparse import SparseLinear
from netsci.spiking import LIF, unroll
print(SparseLinear(mask)(torch.ones(2, 9)).shape[1], unroll(LIF(0.5, 1.0), torch.ones(3, 2, 4)).shape[0])
"""


def _python_of(user: dict) -> str | None:
    """Return an interpreter of this version that the user may run."""
    for python in (sys.executable, "/usr/bin/python3"):
        ask = [python, "-c", "import sys; print(sys.version_info[:2])"]
        try:
            said = subprocess.run(ask, capture_output=True, text=True, env={}, cwd="/", **user).stdout
        except OSError:
            continue
        if said.strip() == str(sys.version_info[:2]):
            return python
    return None


def test_everything_computes_without_a_cache():
    place = Path(tempfile.mkdtemp())  # not pytest's own folder, which other users may not enter
    try:
        place.chmod(0o755)
        package = shutil.copytree(
            ROOT / "netsci", place / "netsci", ignore=shutil.ignore_patterns("__pycache__")
        )
        for folder in (package, *(path for path in package.rglob("*") if path.is_dir())):
            folder.chmod(0o555)
        mask = place / "mask.npy"
        np.save(mask, np.random.default_rng(0).random((9, 7)) < 0.5)
        root = os.geteuid() == 0
        user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if root else {}
        python = _python_of(user)
        if python is None:
            pytest.skip("no interpreter that another user may run")
        known = [path for path in sys.path if "site-packages" in path]
        done = subprocess.run(
            [python, "-B", "-c", PROGRAM, str(mask)],
            env={
                "PATH": "/usr/bin:/bin",
                "HOME": "/nonexistent",
                "PYTHONPATH": os.pathsep.join([str(place), *known]),
                "OMP_NUM_THREADS": "1",
            },
            cwd="/",
            capture_output=True,
            text=True,
            timeout=600,
            **user,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        assert done.stdout.split("\n")[0].startswith("(9, 7) 16")
        assert done.stdout.split("\n")[1] == "7 3"
        assert not list(package.rglob("*.nbi")), "the test has to run without a cache"
    finally:
        for folder in place.rglob("*"):
            if folder.is_dir():
                folder.chmod(0o755)
        shutil.rmtree(place)


def test_all_loops_are_compiled_by_our_own_decorator():
    """numba's own would raise where it cannot write its cache."""
    wrong = []
    for path in sorted((ROOT / "netsci").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = {alias.name for alias in node.names} if isinstance(node, ast.ImportFrom) else set()
            if isinstance(node, ast.ImportFrom) and node.module == "numba" and names & {"njit", "jit"}:
                wrong.append(path.name)
            if isinstance(node, ast.Attribute) and ast.unparse(node) in ("numba.njit", "numba.jit"):
                wrong.append(path.name)
    assert wrong == ["compiling.py"]
