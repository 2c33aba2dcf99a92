"""The first screen of a report: what stands out, a drawing of the layers, and what is only a sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netsci.graph import LayeredGraph, live_units
from netsci.report import disk, structure
from netsci.report.chance import expect_live, say_about
from netsci.report.degrees import DegreeFit
from netsci.report.drawing import draw_layers
from netsci.report.findings import findings
from netsci.report.page import Section
from netsci.report.words import count

TITLE = "What stands out"
SAMPLED = (disk.TITLE, structure.TITLE)  # sections that may show a part, or rest on random networks
SIGNS = ("random sample", "Null model")


def first_screen(
    graph: LayeredGraph,
    guesses: Sequence[str] = (),
    *,
    fits: Sequence[DegreeFit] | None = None,
    parts: Sequence[Section] = (),
) -> Section:
    """Return the first section of a page.

    guesses : what the reader of the file guessed. fits : exponents, fitted here by default. parts : the
    sections that follow, whose notes say what is a sample.
    """
    compared = next((part.data for part in parts if part.title == structure.TITLE), None)
    found = findings(graph, guesses, fits=fits, compared=compared)
    surprise = any(finding.stands_out for finding in found)
    drawing, alt = draw_layers(graph)
    return Section(
        TITLE,
        found[0].sentence if surprise else nothing_stands_out(graph, compared),
        findings=found,
        html=drawing,
        alt=alt,
        notes=list_samples(parts),
    )


def list_samples(parts: Sequence[Section]) -> list[str]:
    """Return what the sections themselves say of samples and of random networks, one sentence each."""
    notes = [(part.title, note) for part in parts if part.title in SAMPLED for note in part.notes]
    return [
        f"{title}: {note[:1].lower()}{note[1:].split('. ')[0].split(' z = ')[0].rstrip('.')}."
        for title, note in notes
        if any(sign in note for sign in SIGNS)
    ]


def nothing_stands_out(graph: LayeredGraph, compared: Any = None) -> str:
    """Return the sentence for a network in which nothing stands out, with what was looked at.

    compared : the table of `netsci.graph.structure_table`, where there is one.
    """
    structure = "; structure beyond degrees was not compared"
    if compared is not None and compared["p_corrected"].notna().any():
        measures = count(int(compared["p_corrected"].notna().sum()), "measure")
        structure = (
            f", none of {measures} of structure lies beyond its null model (weak structure would not show)"
        )
    live = live_units(graph)
    dead = sum(int((~flags).sum()) for flags in live.values())
    expected = sum((1 - share) * graph.sizes[name] for name, share in expect_live(graph).items())
    usual = f"random links in the same numbers would leave {say_about(expected)}"
    return (
        f"Nothing stands out: {count(dead, 'unit')} of {graph.n_nodes:,} {'is' if dead == 1 else 'are'} dead "
        f"({usual}), no unit holds more links than chance explains, no layer is dense, empty or the copy of "
        f"another{structure}."
    )
