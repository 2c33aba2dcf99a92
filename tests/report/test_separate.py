"""Networks without layers: nothing is said of inputs, outputs and hidden units."""

import numpy as np

from netsci.graph import LayeredGraph, Population, Projection
from netsci.report.sections import percolation


def test_two_separate_networks_have_no_input() -> None:
    ring = np.roll(np.eye(5), 1, axis=1)
    ends = (Population("a", 5), Population("b", 5))
    graph = LayeredGraph(ends, (Projection("a", "a", ring), Projection("b", "b", ring)))
    section, missing = percolation(graph)
    assert "No population projects to another" in section.verdict
    assert "0 nodes of 10 have no link" in section.verdict
    assert section.table is not None
    assert section.table["population"].tolist() == ["a", "b", "all"]
    assert not missing
