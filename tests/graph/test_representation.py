"""What objects look like in a notebook: true figures, text escaped, nothing endless."""

import numpy as np
import pytest

from netsci.graph import LayeredGraph, coalescent_embedding, degree_exponent
from netsci.graph.representation import MOST_ROWS
from tests import graphs


def test_a_graph_shows_its_layers() -> None:
    html = graphs.chain()._repr_html_()
    for text in ("fc1", "fc2", "3 x 2", "2 x 1", "33.33 %", "float32", "6 nodes, 5 links"):
        assert text in html


def test_names_are_text_and_not_markup() -> None:
    html = LayeredGraph.from_masks([np.eye(2)], names=["<script>x</script>"])._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_a_deep_network_is_cut_and_says_so() -> None:
    graph = LayeredGraph.from_masks([np.eye(2)] * (MOST_ROWS + 3))
    html = graph._repr_html_()
    assert html.count("<tr>") == MOST_ROWS + 1
    assert "and 3 more projections" in html


def test_a_fit_shows_what_speaks_against_it() -> None:
    fit = degree_exponent(np.random.default_rng(0).binomial(100, 0.1, 300))
    html = fit._repr_html_()
    assert ">no<" in html
    assert len(fit.notes) > 0
    assert html.count("<li>") == len(fit.notes)


@pytest.mark.parametrize("dimension", [2, 3])
def test_an_embedding_shows_one_dot_a_node(dimension: int) -> None:
    ring = np.roll(np.eye(9), 1, axis=1) + np.roll(np.eye(9), -1, axis=1)
    embedding = coalescent_embedding(ring, weighting="none", reduction="iso", gamma=2.5, dimension=dimension)
    html = embedding._repr_html_()
    assert html.count('r="1.6"') == 9
    assert f"<td>{dimension}</td>" in html


def test_undefined_radii_draw_no_disk() -> None:
    ring = np.roll(np.eye(9), 1, axis=1) + np.roll(np.eye(9), -1, axis=1)
    html = coalescent_embedding(ring, weighting="none", reduction="iso")._repr_html_()
    assert "<svg" not in html
    assert "<td>—</td>" in html
