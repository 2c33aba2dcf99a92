"""A first line that counts: nodes and links, and no link itself."""

from __future__ import annotations

from netsci.io.formats.tables.sample import Sample, spells_whole


def is_counts(sample: Sample) -> bool:
    """Whether the first line counts nodes and links, by a check of all others.

    `nodes links`, with as many lines below and no node above; `rows columns links`, alike, above links with
    weights; a single number counts nodes or links.
    """
    first, body = sample.rows[0], sample.rows[1:]
    fewest = 3 if len(first) == 1 else 1  # below which a number alone fits by chance
    if (
        sample.has_header
        or len(body) < fewest
        or not all(field.isdecimal() for field in first)
        or len(first) > 3
    ):
        return False
    width = max(map(len, body))
    if min(map(len, body)) != width or width < 2 or len(first) > width or (len(first) == 3 and width > 3):
        return False
    if not all(spells_whole(cell) for row in body for cell in row[:2]):
        return False
    counts = list(map(int, first))
    if sample.whole and len(body) == counts[0] and width == counts[-1]:
        return False  # the sides of a matrix
    if sample.whole and len(first) > 1 and counts[-1] != len(body):
        return False
    return _fits(sample, counts, width)


def _fits(sample: Sample, counts: list[int], width: int) -> bool:
    """Whether the lines after the first one are as many as it says, between as many nodes."""
    largest, lines = [0.0, 0.0], -1
    smallest = 1.0
    for _, row in sample.all_rows():
        lines += 1
        if not lines:
            continue
        if len(row) != width or not all(spells_whole(cell) for cell in row[:2]):
            return False
        ends = [float(cell) for cell in row[:2]]
        largest = [max(pair) for pair in zip(largest, ends, strict=True)]
        smallest = min(smallest, *ends)
    if len(counts) == 1:
        return counts[0] == lines or counts[0] == max(largest) + (smallest == 0)
    if counts[-1] != lines:
        return False
    sides = counts[:2] if len(counts) == 3 else [counts[0]] * 2
    return all(end + (smallest == 0) <= side for end, side in zip(largest, sides, strict=True))
