"""The checks that every room shares: paths of any kind, and what is said of a wrong one."""

from pathlib import Path, PurePosixPath

import pytest

from netsci.arguments import check_path
from netsci.graph import LayeredGraph
from netsci.io import load, write_graph
from netsci.io.options import FORMATS, check_options
from netsci.report import inspect
from netsci.view.network import read_network


class Place:
    """A path of somebody else's type."""

    def __init__(self, text: str | bytes) -> None:
        self.text = text

    def __fspath__(self) -> str | bytes:
        return self.text


@pytest.mark.parametrize("value", ["a", Path("a"), PurePosixPath("a"), Place("a"), "."])
def test_every_path_is_one(value: object) -> None:
    check_path(value, "path")


@pytest.mark.parametrize("value", [1, None, b"a", Place(b"a"), ["a"]])
def test_what_is_no_path_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match=r"out must be a path \(str or os.PathLike\); got "):
        check_path(value, "out")


def test_an_empty_path_is_not_the_folder_that_one_is_in() -> None:
    for call in (load, inspect, read_network):
        with pytest.raises(ValueError, match="must name a file or folder; got an empty path, ''"):
            call("")


def test_a_path_with_nul_is_refused_by_name() -> None:
    for call in (
        load,
        inspect,
        lambda path: write_graph(LayeredGraph.from_adjacency([[0, 1], [1, 0]]), path),
    ):
        with pytest.raises(ValueError, match=r"without NUL; got 'a\\x00b.gml'"):
            call("a\0b.gml")


def test_a_path_of_another_type_is_read(tmp_path: Path) -> None:
    (tmp_path / "net.csv").write_text("source,target\na,b\nb,c\n")
    place = Place(str(tmp_path / "net.csv"))
    assert load(place, isolate=False).graph.n_links == 2  # type: ignore[arg-type]
    assert read_network(place).graph.n_links == 2


@pytest.mark.parametrize("empty", [{}, [], ()])
def test_nothing_is_no_network_and_the_mend_is_said(empty: object) -> None:
    with pytest.raises(TypeError, match=r"got an empty (dict|list|tuple): put in a matrix \[presynaptic"):
        inspect(empty)


def test_the_error_of_a_format_names_formats_only() -> None:
    with pytest.raises(ValueError, match="format must be one of") as caught:
        check_options({"format": "nosuch"})
    assert str(caught.value) == f"format must be one of {', '.join(FORMATS)}; got 'nosuch'"
