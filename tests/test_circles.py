"""Files import each other in no circle but the named ones; wings stay small.

All imports count: those within functions and those for type checkers too. `from package import name` leads
to the file of a submodule, else to the package's `__init__`. Python also runs the `__init__` of the packages
above a file; that does not count, or every file would stand in a circle with its front door.
"""

import ast
from pathlib import Path

import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

ROOT = Path(__file__).parents[1]
MOST_FILES = 16
# Why the files of a circle may import each other -> these files.
CIRCLES = {
    "LayeredGraph writes and shows itself, and the checks say what to pass in its place": {
        "netsci.graph.chain",
        "netsci.graph.checks",
        "netsci.graph.foreign",
        "netsci.graph.interop",
        "netsci.graph.layered",
        "netsci.graph.projection",
        "netsci.graph.representation",
    },
}
# What LayeredGraph's circle hangs on: without these imports there is none.
CONVENIENCES = {
    ("netsci.graph.layered", "netsci.graph.interop"),
    ("netsci.graph.layered", "netsci.graph.representation"),
    ("netsci.graph.checks", "netsci.graph.layered"),
}


def modules(root, package):
    """Return name -> path of every module of a package."""
    found = {}
    for path in sorted((root / package).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(name, path, known):
    """Return the known modules that a module imports, wherever in its text."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                found.add(alias.name)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *filter(None, [node.module])])
            for alias in node.names:
                below = f"{base}.{alias.name}"
                found.add(below if below in known else base)
    return (found & set(known)) - {name}


def edges(root, package):
    known = modules(root, package)
    return {(name, other) for name, path in known.items() for other in imports(name, path, known)}


def circles(pairs):
    """Return the sets of more than one module that all lead to each other, sorted."""
    names = sorted({name for pair in pairs for name in pair})
    place = {name: number for number, name in enumerate(names)}
    ends = [[place[one] for one, _ in pairs], [place[other] for _, other in pairs]]
    matrix = coo_array(([True] * len(pairs), ends), shape=(len(names), len(names)))
    count, group = connected_components(matrix, directed=True, connection="strong")
    sets = [{name for name in names if group[place[name]] == number} for number in range(count)]
    return sorted((found for found in sets if len(found) > 1), key=sorted)


def test_there_are_no_circles_but_the_named_ones():
    assert circles(edges(ROOT, "netsci")) == sorted(CIRCLES.values(), key=sorted)
    assert len(CIRCLES) <= 3


def test_the_circle_of_the_graph_hangs_on_three_conveniences():
    pairs = edges(ROOT, "netsci")
    assert pairs >= CONVENIENCES
    graph = next(iter(CIRCLES.values()))
    assert not any(found & graph for found in circles(pairs - CONVENIENCES))


@pytest.mark.parametrize(
    "text",
    [
        "from toy.a import x\n",
        "from toy import a\n",
        "import toy.a\n",
        "from . import a\n",
        "from .a import x\n",
        "def f():\n    from toy import a\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from toy.a import x\n",
    ],
)
def test_a_circle_is_seen_however_it_is_written(tmp_path, text):
    folder = tmp_path / "toy"
    folder.mkdir()
    (folder / "__init__.py").write_text("from toy.a import x\nfrom toy.c import z\n")
    (folder / "a.py").write_text("def x():\n    from toy import b\n")
    (folder / "b.py").write_text(text)
    (folder / "c.py").write_text("from toy.a import x\n")
    assert circles(edges(tmp_path, "toy")) == [{"toy.a", "toy.b"}]
    (folder / "b.py").write_text("import os\n")
    assert circles(edges(tmp_path, "toy")) == []


def test_imports_through_the_front_door_of_the_own_room_are_circles(tmp_path):
    folder = tmp_path / "toy"
    folder.mkdir()
    (folder / "__init__.py").write_text("from toy.a import x\n")
    (folder / "a.py").write_text("x = 1\n")
    (folder / "b.py").write_text("from toy import x\n")
    assert circles(edges(tmp_path, "toy")) == []
    (folder / "__init__.py").write_text("from toy.a import x\nfrom toy.b import y\n")
    assert circles(edges(tmp_path, "toy")) == [{"toy", "toy.b"}]


@pytest.mark.parametrize("room", ["graph", "io"])
def test_no_wing_holds_more_than_sixteen_files(room):
    folders = {path.parent for path in (ROOT / "netsci" / room).rglob("*.py")}
    sizes = {str(folder.relative_to(ROOT)): len(list(folder.glob("*.py"))) for folder in folders}
    assert {name: size for name, size in sizes.items() if size > MOST_FILES} == {}
    assert len(sizes) > 3
