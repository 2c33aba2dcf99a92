"""The exhibits on digits: one dense, one random and one evolving MLP, seen as networks; nine cells feed five."""

from __future__ import annotations

from typing import Any

from analysis.digits import drawing, tables
from analysis.engine.claims import Bound, Order
from analysis.engine.digits_runs import AFTER, BEFORE, NAMES, PRUNED, RANDOM, SETTING, cells_of, sheet_of
from analysis.engine.exhibit import Exhibit

STATIC, CHTS, DENSE = NAMES["static"], NAMES["chts"], NAMES["dense"]
OURS = "our study"
GAMMA, ACCURACY = "gamma, sparse layers", "accuracy, all"
POOLED = "sparse layers, pooled"
TOP = "largest degree, sparse layers"
ABOVE = "chance above still absent, hidden 1 → hidden 2, {}"


def exhibits(first_seed: int = 0) -> list[Exhibit]:
    """Return the exhibits, each over three seeds."""
    every = {"cells": cells_of(tuple(NAMES), first_seed)}
    evolved = {"cells": cells_of(("chts",), first_seed)}
    made: list[dict[str, Any]] = [
        {
            "id": "digits-accuracy",
            "title": "Test accuracy by epoch",
            "caption": "Share of the 360 test digits classified correctly (one split, so one image is .28 points). "
            "Lines are means over three seeds, bands their 95 % intervals.",
            "tabulate": tables.accuracy,
            "draw": drawing.accuracy,
            "claims": (
                Order(
                    words="CHTs ends more accurate than a static random topology of as many links",
                    place=OURS,
                    main=True,
                    pairs=(((CHTS, ACCURACY), (STATIC, ACCURACY)),),
                ),
                Order(
                    words="Dense ends more accurate than both sparse networks",
                    place=OURS,
                    pairs=tuple(((DENSE, ACCURACY), (other, ACCURACY)) for other in (STATIC, CHTS)),
                ),
            ),
            **every,
        },
        {
            "id": "digits-topology",
            "title": "Topology by epoch",
            "caption": "Node sparsity is the share of units on no path from input to output; I(W) with p = .5, q = 1; "
            "overlap is the share of regrown links that the same step had removed. Means over three seeds.",
            "tabulate": tables.topology,
            "draw": drawing.topology,
            "claims": (
                Order(
                    words="Evolution lowers the degree exponent γ",
                    place=OURS,
                    main=True,
                    pairs=(((STATIC, GAMMA), (CHTS, GAMMA)),),
                ),
                Order(
                    words="Evolution silences units of the first hidden layer",
                    place=OURS,
                    pairs=(((CHTS, "node sparsity, hidden 1"), (STATIC, "node sparsity, hidden 1")),),
                ),
            ),
            **every,
        },
        {
            "id": "digits-degrees",
            "title": "Degree distributions and their exponents",
            "caption": "Complementary cumulative distributions of the first seed with power laws fitted above xmin. Both "
            "controls have as many links in each layer as the evolved network; the random one among its live units.",
            "tabulate": tables.degrees,
            "draw": drawing.degrees,
            "claims": (
                Bound(
                    words="After evolution γ is between 2 and 3",
                    place=OURS,
                    cells=((AFTER, f"gamma, {POOLED}"),),
                    above=2.0,
                    below=3.0,
                ),
                Bound(
                    words="After evolution degrees are scale-free by the strong criteria of Broido and Clauset",
                    place=OURS,
                    main=True,
                    cells=((AFTER, f"scale-free, {POOLED}"),),
                    above=0.5,
                ),
            ),
            **every,
        },
        {
            "id": "digits-disk",
            "title": "The hyperbolic disk before and after evolution",
            "caption": "Coalescent embedding (RA1, ncISO, equidistant angles) of inputs and hidden units, first seed. Linked "
            "nodes of a layered network share no neighbours, so RA1 sees degrees only. Controls have as many links in "
            "each layer as the evolved network.",
            "tabulate": tables.disk,
            "draw": drawing.disk,
            "claims": (
                Order(
                    words="Evolution makes larger hubs than chance or magnitude pruning",
                    place=OURS,
                    main=True,
                    pairs=tuple(((AFTER, TOP), (other, TOP)) for other in (BEFORE, RANDOM, PRUNED)),
                ),
                Order(
                    words="After evolution the first hidden layer is the deepest",
                    place=OURS,
                    pairs=tuple(
                        ((AFTER, f"mean radius, {other}"), (AFTER, "mean radius, hidden 1"))
                        for other in ("input", "hidden 2")
                    ),
                ),
            ),
            **every,
        },
        {
            "id": "digits-ch-scores",
            "title": "CH scores of kept, removed and regrown links",
            "caption": "Score, by the rule that regrows, of every cell from hidden 1 to hidden 2 between live units, before "
            "three evolutions; an existing link is scored as if it were absent. First seed, positive scores; below, the "
            "share at score 0 in the legend's order.",
            "tabulate": tables.ch_scores_of_links,
            "draw": drawing.ch_scores_of_links,
            "claims": (
                Bound(
                    words="Late in evolution regrown links score above absent ones",
                    place=OURS,
                    main=True,
                    cells=(("regrown", ABOVE.format(87)),),
                    above=0.5,
                ),
                Bound(
                    words="Late in evolution kept links score above absent ones",
                    place=OURS,
                    cells=(("kept", ABOVE.format(87)),),
                    above=0.5,
                ),
                Bound(
                    words="Removal, which goes by weight, prefers neither high nor low scores",
                    place=OURS,
                    cells=(("removed", "chance above kept, hidden 1 → hidden 2, 87"),),
                    above=0.45,
                    below=0.55,
                ),
            ),
            **evolved,
        },
    ]
    kept = {"paper": "digits", "place": OURS, "sheet": sheet_of, "deviations": SETTING}
    return [Exhibit(summarise=tables.over_seeds, **kept, **one) for one in made]
