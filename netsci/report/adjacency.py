"""The section that shows where the links are."""

from __future__ import annotations

from netsci.graph import LayeredGraph, Projection
from netsci.report.page import Section
from netsci.report.words import count
from netsci.view.matrices import (
    MOST_PANELS,
    MOST_POINTS,
    choose_projections,
    draw_matrix,
    number_names,
    tabulate,
)

TITLE = "Adjacency"


def adjacency_section(graph: LayeredGraph) -> tuple[Section, list[str]]:
    """Return the section; links one by one, or their density in bins where there are many."""
    shown = choose_projections(graph, MOST_PANELS)
    if not shown:
        return Section(TITLE, "Nothing to draw: there is no link."), []
    full = [p for p in shown if p.sparsity == 0]
    if len(full) == len(shown):
        return Section(TITLE, "Every place holds a link: the matrices are full, so none is drawn."), []
    notes = []
    if len(shown) < len(graph.projections):
        notes.append(
            f"Drawn: {len(shown)} of {count(len(graph.projections), 'projection')}, those with most links."
        )
    table, binned = tabulate(shown, number_names(shown), MOST_POINTS)
    figure = draw_matrix(graph, shown, table, binned, backend="plotly")
    how = "a square at each link"
    if binned:
        how = "bins of rows and columns, coloured by their density of links over the projection's mean"
        notes.append(
            "Too many links to draw one by one: each cell is a bin of neighbouring rows and columns."
        )
    if any(p.rows_per_unit > 1 for p in shown):
        notes.append("Convolutions and flattens have several rows a source unit (channel x position).")
    alt = f"Matrices of {count(len(shown), 'projection')}, presynaptic downwards, postsynaptic across: {how}."
    return Section(TITLE, _verdict(shown), figure, None, table, alt, notes), []


def _verdict(shown: list[Projection]) -> str:
    empty = [int((p.degrees("source") == 0).sum() + (p.degrees("target") == 0).sum()) for p in shown]
    links = sum(p.n_links for p in shown)
    if not any(empty):
        return f"{count(links, 'link')} drawn; no row or column is empty."
    holes = count(sum(empty), "row or column is", "rows and columns are")
    return f"{count(links, 'link')} drawn; {holes} empty."
