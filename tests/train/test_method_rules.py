"""No two methods are one: on one layer each agrees with a few lines of its own, and reads what it claims."""

from itertools import combinations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from netsci.graph import LayeredGraph
from netsci.topology import EvolutionRule, OrderedRule, evolve
from netsci.topology.cells import cells_of
from netsci.topology.fan_in import constant_fan_in
from netsci.topology.sampling import gumbel_top_k
from netsci.topology.view import ArrayView
from netsci.train import METHODS, Topology
from netsci.train.methods.ndsnn import NeurogenesisRule
from netsci.train.methods.set import SetRule
from netsci.train.methods.srigl import FanInRule
from tests.views import sloped

ROWS, COLUMNS, FAN_IN, ZETA = 20, 24, 7, 0.3
N = COLUMNS * FAN_IN
READ_GRADIENT, READ_TOPOLOGY = {"rigl", "srigl", "mest", "ndsnn"}, {"cht", "chts"}


def rule_of(name):
    """The rule that the method itself gives to `evolve`."""
    topology = Topology(method=name, sparsity=0.65)
    if name == "static":
        return None
    if name in READ_TOPOLOGY:
        return topology.rule
    return METHODS[name](topology).rule()


# method -> zeta and number of links wanted in the common step
STEP = dict.fromkeys(("set", "rigl", "srigl", "mest", "cht", "chts"), (ZETA, N))
STEP |= {"ndsnn": (ZETA, N - 10), "gmp": (0.0, N - 40)}
NAMES = ("static", *STEP)


def a_layer(seed=3):
    rng = np.random.default_rng(seed)
    mask = np.zeros((ROWS, COLUMNS), bool)
    for column in range(COLUMNS):
        mask[rng.choice(ROWS, FAN_IN, replace=False), column] = True
    return mask, rng.normal(size=mask.shape) * mask, rng.normal(size=mask.shape)


def run(name, layer, *, step=None, seed=11):
    """Kept and grown links of one step, as masks."""
    mask, weights, slope = layer
    if name == "static":
        return mask, np.zeros_like(mask)
    graph = LayeredGraph.from_masks([mask], weights=[weights], names=["a"])
    zeta, target = STEP[name] if step is None else step
    made = evolve(
        graph,
        rule_of(name),
        zeta=zeta,
        target_links=[target],
        views={"a": sloped(weights, mask, slope)},
        rng=np.random.default_rng(seed),
    )
    assert made.percolated[0].nnz == 0
    return mask & ~made.removed[0].toarray(), made.regrown[0].toarray()


def after(name, layer, **options):
    kept, grown = run(name, layer, **options)
    return kept | grown


def lowest(values, cells, k):
    """The k cells of the smallest values, ties by the number of the cell."""
    return set(sorted(cells, key=lambda c: (values.flat[c], c))[: max(k, 0)])


def random_growth(kept, count, seed=11):
    rng, free = np.random.default_rng(seed), sorted(set(range(ROWS * COLUMNS)) - kept)
    return {free[i] for i in rng.choice(len(free), count, replace=False, shuffle=False)}


def node_score(mask, u, v, importance):
    """CH2-L3n or CH3-L3n by sets: nodes on paths of three links, their links inside and outside."""
    right, left = [set(np.flatnonzero(row)) for row in mask], [set(np.flatnonzero(row)) for row in mask.T]
    total = 0.0
    for z in (z for z in left[v] if right[z] & right[u]):
        inside = len(right[z] & right[u])
        total += importance(inside, len(right[z]) - inside - 1)
    for z in (z for z in right[u] if left[z] & left[v]):
        inside = len(left[z] & left[v])
        total += importance(inside, len(left[z]) - inside - 1)
    return total


def path_score(mask, u, v):
    """CH3-L3: over paths u - b - a - v, 1 / sqrt((1 + de(a)) (1 + de(b)))."""
    total = 0.0
    for a in np.flatnonzero(mask[:, v]):
        for b in np.flatnonzero(mask[u]):
            if mask[a, b]:
                de_a = mask[a].sum() - (mask[a] & mask[u]).sum() - 1
                de_b = mask[:, b].sum() - (mask[:, b] & mask[:, v]).sum() - 1
                total += 1.0 / np.sqrt((1 + de_a) * (1 + de_b))
    return total


def brute(name, mask, weights, slope):
    """The links after the step, by hand."""
    links, steep, strength = set(np.flatnonzero(mask)), -np.abs(slope), np.abs(weights)
    every = set(range(mask.size))
    if name == "static":
        return links
    if name == "gmp":
        return links - lowest(strength, links, 40)
    if name == "set":
        for sign in (weights, -weights):
            side = [c for c in links if sign.flat[c] > 0]
            links = links - lowest(strength, side, int(ZETA * len(side)))
        return links | random_growth(links, N - len(links))
    if name == "mest":
        links = links - lowest(strength + 0.01 * np.abs(slope), links, int(ZETA * N))
        return links | random_growth(links, N - len(links))
    if name == "rigl":
        links = links - lowest(strength, links, int(ZETA * N))
        return links | lowest(steep, every - links, int(ZETA * N))
    if name == "ndsnn":
        links = links - lowest(strength, links, int(ZETA * N))
        return links | lowest(steep, every - links, N - 10 - len(links))
    if name == "srigl":
        return fan_in_by_hand(mask, weights, slope, ZETA, N, 0.3)
    if name == "cht":
        links = links - lowest(strength, links, round(ZETA * N))
        left = np.isin(np.arange(mask.size), list(links)).reshape(mask.shape)
        score = np.zeros(mask.shape)
        for c in every - links:
            score.flat[c] = -path_score(left, c // COLUMNS, c % COLUMNS)
        return links | lowest(score, every - links, N - len(links))
    rng, cells = np.random.default_rng(11), np.array(sorted(links))  # chts
    cells = cells[gumbel_top_k(strength.flat[cells], N - round(ZETA * N), delta=0.5, rng=rng)]
    left = np.isin(np.arange(mask.size), cells).reshape(mask.shape)
    free = np.flatnonzero(~left.ravel())
    score = [node_score(left, c // COLUMNS, c % COLUMNS, lambda i, e: (1 + i) / (1 + e)) for c in free]
    return set(cells) | set(free[gumbel_top_k(score, N - len(cells), delta=0.5, rng=rng)])


def fan_in_by_hand(mask, weights, slope, zeta, target, gamma):
    """SRigL's links, column by column."""
    rows, columns = mask.shape
    links, n, strength = set(np.flatnonzero(mask)), int(mask.sum()), np.abs(weights)
    pruned, every = int(zeta * n), range(mask.size)
    salient = (links - lowest(strength, links, pruned)) | lowest(-np.abs(slope), every, pruned)
    live = [c for c in range(columns) if mask[:, c].any()]
    fan_in = min(target // len(live), rows)
    count = {c: sum(cell % columns == c for cell in salient) for c in live}
    stay = [c for c in live if count[c] >= max(1, gamma * fan_in)]
    least = max(1, int(n / rows))
    if len(stay) < least:
        stay = sorted(sorted(live, key=lambda c: (-count[c], c))[:least])
    fan_in = min(target // len(stay), rows)
    kept = {cell for cell in links if cell % columns in stay}
    kept -= lowest(strength, kept, len(kept) - (n - pruned))
    for c in stay:
        own = {cell for cell in kept if cell % columns == c}
        kept -= lowest(strength, own, len(own) - fan_in)
        own &= kept
        free = {r * columns + c for r in range(rows)} - own
        kept |= lowest(-np.abs(slope), free, fan_in - len(own))
    return kept


@pytest.mark.parametrize("name", NAMES)
def test_each_method_is_a_few_lines(name):
    layer = a_layer()
    assert set(np.flatnonzero(after(name, layer))) == brute(name, *layer)


def test_no_two_names_are_one_method():
    layer = a_layer()
    masks = {name: after(name, layer) for name in NAMES}
    for one, other in combinations(NAMES, 2):
        assert not np.array_equal(masks[one], masks[other]), (one, other)


@pytest.mark.parametrize("name", NAMES)
def test_a_permuted_gradient_is_seen_by_those_that_read_it(name):
    mask, weights, slope = a_layer()
    other = np.random.default_rng(5).permutation(slope.ravel()).reshape(slope.shape)
    same = np.array_equal(after(name, (mask, weights, slope)), after(name, (mask, weights, other)))
    assert same == (name not in READ_GRADIENT)


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"static", "gmp"}))
def test_a_permuted_topology_is_seen_by_those_that_read_it(name):
    """Rows are permuted in each column, weights and gradients with them: only who meets whom differs.

    Only growth is asked for. A cell that was drawn at random is known by its rank among the missing ones.
    """
    mask, weights, slope = a_layer()
    order = np.argsort(np.random.default_rng(9).random(mask.shape), axis=0)
    moved = tuple(np.take_along_axis(array, order, axis=0) for array in (mask, weights, slope))

    def growth(layer, home):
        _, grown = run(name, layer, step=(0.0, N + 2 * COLUMNS))
        assert grown.sum() == 2 * COLUMNS
        if name in ("set", "mest", "chts"):
            return np.searchsorted(np.flatnonzero(~layer[0]), np.flatnonzero(grown)).tolist()
        return home(grown).tolist()

    def back(grown):
        found = np.zeros_like(grown)
        np.put_along_axis(found, order, grown, axis=0)
        return found

    same = growth((mask, weights, slope), lambda grown: grown) == growth(moved, back)
    assert same == (name not in READ_TOPOLOGY)


@pytest.mark.parametrize("name", ["static", "gmp", "set", "rigl", "srigl", "mest", "ndsnn"])
def test_what_stays_does_not_depend_on_who_meets_whom(name):
    mask, weights, slope = a_layer()
    order = np.argsort(np.random.default_rng(9).random(mask.shape), axis=0)
    moved = tuple(np.take_along_axis(array, order, axis=0) for array in (mask, weights, slope))
    kept, there = run(name, (mask, weights, slope))[0], run(name, moved)[0]
    assert np.array_equal(np.take_along_axis(kept, order, axis=0), there)


def test_srigl_with_ablation_on_fifty_layers():
    ablated = least = 0
    for seed in range(50):
        rng = np.random.default_rng(seed)
        rows, columns = rng.integers(6, 15), rng.integers(4, 12)
        mask = np.zeros((rows, columns), bool)
        fan_in = int(rng.integers(1, rows // 2 + 1))
        for column in range(columns - seed % 3):  # some outputs are dead already
            mask[rng.choice(rows, fan_in, replace=False), column] = True
        scale = rng.lognormal(sigma=2.0, size=columns)  # weak outputs
        weights, slope = rng.normal(size=mask.shape) * scale * mask, rng.normal(size=mask.shape) * scale
        zeta, gamma, n = rng.uniform(0.1, 0.9), rng.choice([0.3, 0.9]), int(mask.sum())
        view = sloped(weights, mask, slope)
        graph = LayeredGraph.from_masks([mask], weights=[weights], names=["a"])
        made = evolve(
            graph, FanInRule(gamma=gamma), zeta=zeta, views={"a": view}, rng=np.random.default_rng(1)
        )
        found = made.graph.projections[0].links
        known = fan_in_by_hand(mask, weights, slope, zeta, n, gamma)
        assert set(cells_of(found)) == known, seed
        held = found.sum(axis=0)
        assert len(set(held[held > 0])) == 1
        assert held[mask.sum(axis=0) == 0].sum() == 0
        ablated += int((mask.any(axis=0) & (held == 0)).sum())
        least += int((held > 0).sum()) == max(1, int(n / rows))
    assert ablated > 50
    assert least > 3


def test_of_equal_weights_of_an_output_the_lowest_rows_go():
    links = sp.csr_array(np.ones((3, 2), bool))
    kept = constant_fan_in(links, np.ones(6), np.ones(6, bool), 2)
    assert kept.reshape(3, 2).all(axis=1).tolist() == [False, True, True]


def test_an_ablation_by_hand():
    """Output 1 has the weakest weights and gradients: it loses them, and output 0 grows to four inputs."""
    mask = np.array([[1, 1], [1, 0], [0, 1], [0, 0]], bool)
    weights = np.array([[3.0, 0.1], [2.0, 0], [0, 0.2], [0, 0]])
    slope = np.array([[0, 0.01], [9.0, 0], [8.0, 0.02], [7.0, 0]])
    graph = LayeredGraph.from_masks([mask], weights=[weights], names=["a"])
    made = evolve(
        graph, FanInRule(), zeta=0.5, views={"a": sloped(weights, mask, slope)}, rng=np.random.default_rng(0)
    )
    assert made.graph.projections[0].links.toarray().tolist() == [[True, False]] * 4
    whole = evolve(
        graph, FanInRule(gamma=0.0), zeta=0.5, views={"a": sloped(weights, mask, slope)},
        rng=np.random.default_rng(0),
    )  # fmt: skip
    assert whole.graph.projections[0].links.sum(axis=0).tolist() == [2, 2]


def test_links_that_weigh_nothing_go_first_in_set():
    weights = np.array([[0.0, 0.5, -0.5, 1.0, -1.0, 2.0, -2.0, 3.0, 0.0]])
    view = sloped(weights, np.ones((1, 9), bool), weights)
    rule = rule_of("set")
    rng = np.random.default_rng(1)
    assert rule.choose(view, 0.25, 9, rng)[0].astype(int).tolist() == [[0, 0, 1, 1, 1, 1, 1, 1, 0]][0]
    assert rule.choose(view, 0.5, 9, rng)[0].astype(int).tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 0]
    assert rule.choose(view, 0.0, 9, rng)[0].all()
    assert rule.choose(view, 0.0, 6, rng)[0].astype(int).tolist() == [0, 0, 1, 1, 1, 1, 1, 1, 0]


def test_neurogenesis_drops_a_share_of_all_links():
    """Of 100 links, half and a target of 80: 50 stay, 30 grow; a target of 20 leaves 20, and none grows."""
    weights = np.arange(1.0, 101.0).reshape(10, 10)
    view = sloped(weights, np.ones((10, 10), bool), weights)
    for target, stay in ((80, 50), (20, 20)):
        keep, _ = NeurogenesisRule().choose(view, 0.5, target, np.random.default_rng(0))
        assert keep.tolist() == [False] * (100 - stay) + [True] * stay
    keep, _ = OrderedRule().choose(view, 0.5, 80, np.random.default_rng(0))  # the usual order: decay first
    assert keep.sum() == 40
    for rule in (NeurogenesisRule(), OrderedRule(), SetRule()):  # int(15.9) of 100 links, all positive
        assert rule.choose(view, 0.159, 100, np.random.default_rng(0))[0].sum() == 85


def test_a_rule_of_its_own_for_each_layer():
    rng = np.random.default_rng(4)
    masks = [rng.random((12, 10)) < 0.5, rng.random((10, 8)) < 0.5]
    weights = [rng.normal(size=mask.shape) for mask in masks]
    graph = LayeredGraph.from_masks(masks, weights=weights, names=["a", "b"])
    usual = EvolutionRule("magnitude", "random", 1.0)
    made = evolve(
        graph, {"a": usual, "b": OrderedRule("magnitude", "gradient")}, zeta=0.3,
        views={"b": sloped(weights[1], masks[1], weights[1], name="b")}, rng=np.random.default_rng(7),
    )  # fmt: skip
    n = int(masks[1].sum())
    assert made.removed[0].nnz == round(0.3 * masks[0].sum())
    assert made.removed[1].nnz == int(0.3 * n)
    gone = lowest(np.abs(weights[1]), np.flatnonzero(masks[1]), int(0.3 * n))
    assert set(cells_of(made.removed[1])) == gone
    free = set(range(80)) - (set(np.flatnonzero(masks[1])) - gone)
    assert set(cells_of(made.regrown[1])) == lowest(-np.abs(weights[1]), free, int(0.3 * n))
    with pytest.raises(ValueError, match=r"rule names \['c'\], but the projections are \['a', 'b'\]"):
        evolve(graph, {"c": usual}, zeta=0.3, rng=rng)
    with pytest.raises(TypeError, match=r"rule\['a'\] must be an EvolutionRule"):
        evolve(graph, {"a": "set"}, zeta=0.3, rng=rng)
    with pytest.raises(ValueError, match=r"rule must name every projection that evolves, and lacks 'b'"):
        evolve(graph, {"a": usual}, zeta=0.3, rng=rng)
    made = evolve(graph, {"a": usual}, zeta=0.3, evolvable=[True, False], rng=rng)
    assert made.removed[1].nnz == 0 < made.removed[0].nnz


def test_links_in_excess_come_on_top_of_what_is_exchanged():
    mask, weights, _ = a_layer()
    graph = LayeredGraph.from_masks([mask], weights=[weights], names=["a"])
    for rule in (OrderedRule(), EvolutionRule("magnitude", "ch3_l3n", 1.0, decay="removal")):
        made = evolve(
            graph, rule, zeta=0.5, target_links=[N - 20], decay_links=[100], rng=np.random.default_rng(2)
        )
        assert made.removed[0].nnz == N - 100 + 50
        assert made.graph.n_links == N - 20
        gone = lowest(np.abs(weights), np.flatnonzero(mask), N - 50)
        assert set(cells_of(made.removed[0])) == gone
    made = evolve(graph, OrderedRule(), zeta=0.5, decay_links=[N + 5], rng=np.random.default_rng(2))
    assert made.removed[0].nnz == N // 2  # nothing to decay to
    assert isinstance(made.removed[0], sp.csr_array)
    assert ArrayView("a", made.removed[0]).weights is None


ORDERED = [OrderedRule(), OrderedRule("magnitude", "gradient"), SetRule(), NeurogenesisRule(), FanInRule()]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(ORDERED), st.floats(0.0, 1.0), st.integers(0, 9999))
def test_counts_are_exact_on_any_course(rule, zeta, seed):
    """Links after = the target, over three steps of any course; SRigL's is as many inputs for each output."""
    rng = np.random.default_rng(seed)
    shape = tuple(int(side) for side in rng.integers(1, 9, 2))
    mask = rng.random(shape) < rng.uniform(0.1, 0.9)
    mask[0, 0] = True
    for _ in range(3):
        weights = rng.normal(size=shape) * mask
        graph = LayeredGraph.from_masks([mask], weights=[weights], names=["a"])
        target = int(rng.integers(1, mask.size + 1))
        view = sloped(weights, mask, rng.normal(size=shape))
        made = evolve(graph, rule, zeta=zeta, target_links=[target], views={"a": view}, rng=rng)
        links = made.graph.projections[0].links.toarray()
        assert int(links.sum()) == target - made.deficit[0]
        assert not (made.regrown[0].toarray() & mask & ~made.removed[0].toarray()).any()
        if isinstance(rule, FanInRule):
            inputs, live = links.sum(0), np.count_nonzero(links.any(0))
            assert set(inputs.tolist()) <= {0, inputs.max()}
            assert not live or inputs.max() == min(target // live, shape[0])
        else:
            assert made.deficit[0] == 0
        if not links.any():
            break
        mask = links
