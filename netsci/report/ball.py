"""The section with the network in the hyperbolic ball, drawn on request."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from netsci import plot
from netsci.graph import Embedding, LayeredGraph, native_arcs
from netsci.report import disk
from netsci.report.page import Section
from netsci.report.words import count, percent

MOST_DRAWN = 3_000  # links
ARC_POINTS = 12
TITLE = "Hyperbolic ball"


def ball_section(graph: LayeredGraph) -> tuple[Section, list[str]]:
    """Return the section, and why there is no ball where there is none."""
    embedding, method, reason = disk.embed(graph, dimension=3)
    if embedding is None:
        return Section(TITLE, f"No ball is drawn: {reason}."), [reason]
    nodes, links = disk.place_nodes(graph, embedding), disk.link_table(graph, embedding)
    drawn = disk.draw_sample(links, MOST_DRAWN)
    directions = _directions(embedding)
    share = embedding.radius / max(float(embedding.radius.max()), 1e-12)
    places = pd.DataFrame(share[:, None] * directions, columns=["x", "y", "z"])
    table = nodes.drop(columns=["x", "y"]).join(places)
    table = table.assign(azimuth=embedding.azimuth, elevation=embedding.elevation)
    figure = plot.ball(table, _arcs(embedding, directions, drawn))
    alt = (
        f"Hyperbolic ball of the largest component ({method}, three dimensions): "
        f"{count(len(nodes), 'node')} coloured by population, {count(len(drawn), 'link')} drawn as "
        "geodesics. Drag to turn."
    )
    verdict = (
        f"{count(len(nodes), 'node')} ({percent(embedding.component_share)} of all): azimuth and elevation "
        "come from three columns of the reduction, radii from the degrees as in the disk."
    )
    notes = [
        "Angles in the ball are never made equidistant. Any rotation or reflection is the same embedding."
    ]
    if len(drawn) < len(links):
        notes.append(f"Drawn is a random sample of {len(drawn):,} of the {len(links):,} links.")
    notes += [f"{note[:1].upper()}{note[1:].rstrip('.')}." for note in embedding.notes]
    return Section(TITLE, verdict, figure, None, {"hyperbolic-ball-nodes": table}, alt, notes), []


def _directions(embedding: Embedding) -> NDArray[np.float64]:
    """Return the unit vectors of azimuth and elevation, [n, 3]."""
    azimuth, elevation = np.asarray(embedding.azimuth), np.asarray(embedding.elevation)
    flat = np.cos(elevation)
    return np.column_stack([flat * np.cos(azimuth), flat * np.sin(azimuth), np.sin(elevation)])


def _arcs(embedding: Embedding, directions: NDArray[np.float64], links: pd.DataFrame) -> pd.DataFrame:
    """Return the geodesics: each lies in the plane of its two directions, where it is one of the disk's."""
    p, q = links["source"].to_numpy(), links["target"].to_numpy()
    cosine = np.clip(np.sum(directions[p] * directions[q], axis=1), -1, 1)
    across = directions[q] - cosine[:, None] * directions[p]
    length = np.linalg.norm(across, axis=1, keepdims=True)
    across = np.divide(across, length, out=np.zeros_like(across), where=length > 1e-12)
    # Two ends a link, as a disk of its own: the first at angle 0, the second at the angle between them.
    radius = np.concatenate([embedding.radius[p], embedding.radius[q]])
    angle = np.concatenate([np.zeros(len(p)), np.arccos(cosine)])
    numbers = np.arange(len(p))
    r, t = native_arcs(radius, angle, numbers, numbers + len(p), ARC_POINTS)
    r = r / max(float(embedding.radius.max()), 1e-12)
    points = (r * np.cos(t))[:, :, None] * directions[p][:, None, :] + (r * np.sin(t))[:, :, None] * across[
        :, None, :
    ]
    gap = np.full((len(p), 1, 3), np.nan)
    return pd.DataFrame(np.concatenate([points, gap], axis=1).reshape(-1, 3), columns=["x", "y", "z"])
