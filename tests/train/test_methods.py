"""The seams of the loop: what a method may do, and that every option of a recipe reaches the topology."""

import inspect
import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from netsci.models import ARCHITECTURES, Architecture
from netsci.sparse import sparse_layers
from netsci.topology import DENSITY, INITIAL, REGROWTH, REMOVAL
from netsci.topology.cells import cells_of
from netsci.train import PRESETS, Inputs, load_checkpoint, train
from netsci.train.build import build
from netsci.train.choices import ABOUT, SETTINGS
from netsci.train.learners import loss_of
from netsci.train.loop import CHECKPOINT
from netsci.train.methods import METHODS
from netsci.train.methods.base import Hooks, Method, Step, method_of
from netsci.train.random_keys import TOPOLOGY, generator_at

FLAT = PRESETS["digits-2fc"].replace(
    options=(("hidden", (24,)),), steps=2, epochs=2, batch=20, sparsity=0.8, limit=80, test_limit=20,
    initial="uniform",
)  # fmt: skip
CONVOLUTIONS = PRESETS["mnist-2conv2fc"].replace(
    data="digits", model="resnet18", options=(("width", 4),), steps=2, epochs=2, batch=20, sparsity=0.8,
    limit=40, test_limit=20,
)  # fmt: skip


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def moments_of(recipe, **options):
    """Every Moment of a run, the links of its layers beside it."""
    seen = []

    def observe(moment):
        links = {name: layer.links for name, layer in sparse_layers(moment.model).items()}
        seen.append((moment, links))

    return train(recipe, observe=observe, **options), seen


def counts(run, measure, layer):
    table = run.table[(run.table["measure"] == measure) & (run.table["layer"] == layer)]
    return dict(zip(table["epoch"].tolist(), table["value"].tolist(), strict=True))


def same(a, b):
    left, right = a.model.state_dict(), b.model.state_dict()
    return left.keys() == right.keys() and all(torch.equal(left[k], right[k]) for k in left)


def dense_twin(recipe, inputs):
    """The network at the start of a run with a dense weight in place of every sparse one."""
    start, twin = build(recipe, inputs), build(recipe.replace(dense=True), inputs)
    weights = {f"{name}.weight": layer.weight for name, layer in sparse_layers(start).items()}
    known = {name: tensor for name, tensor in start.state_dict().items() if name in twin.state_dict()}
    twin.load_state_dict({**twin.state_dict(), **known, **weights})
    return twin.train()


@pytest.mark.parametrize(
    "recipe",
    [FLAT, FLAT.replace(spiking=False), CONVOLUTIONS, CONVOLUTIONS.replace(spiking=False)],
    ids=["spikes", "relu", "spikes, convolutions", "relu, convolutions"],
)
def test_links_grow_where_the_gradient_of_a_dense_twin_is_largest(recipe):
    made = recipe.replace(
        method="rigl", epochs=2, batch=1000, optimizer="sgd_plain", lr=0.0, evolve_every=1, schedule="static",
        allocation="uniform",
    )  # fmt: skip
    run, seen = moments_of(made)
    twin = dense_twin(made, run.inputs)
    x, labels = next(run.inputs.batches(1))
    loss_of(made)(twin(x), labels).backward()
    evolution, before = seen[1][0].evolution, seen[0][1]
    layers = dict(twin.named_modules())
    grown = 0
    for p, removed, regrown in zip(
        evolution.graph.projections, evolution.removed, evolution.regrown, strict=True
    ):
        if not regrown.nnz:
            continue
        gradient = layers[p.name].weight.grad
        slope = gradient.reshape(len(gradient), -1).T.abs().numpy()
        missing = ~(before[p.name].toarray() & ~removed.toarray())
        least = np.sort(slope[missing])[-regrown.nnz]
        new = regrown.toarray()
        assert new[missing & (slope > least * 1.001)].all()
        assert not new[~missing | (slope < least * 0.999)].any()
        assert regrown.nnz == int(0.3 * before[p.name].nnz)
        grown += regrown.nnz
    assert grown > 50


def test_a_gradient_rule_of_a_recipe_is_that_of_the_batch_before():
    """With the rule named in the recipe, not in a method; a score of a user's own is asked the same."""
    made = FLAT.replace(regrowth="gradient", delta=1.0)
    REGROWTH["my gradient"] = lambda view: np.abs(view.gradient()).astype(np.float64)
    try:
        assert same(train(made), train(made.replace(regrowth="my gradient")))
    finally:
        del REGROWTH["my gradient"]
    assert not same(train(made), train(made.replace(regrowth="random")))


def test_nothing_of_a_layer_is_kept_after_an_evolution():
    made = FLAT.replace(regrowth="gradient", evolve_every="3 steps")
    model = train(made).model
    assert not any(layer._forward_hooks for layer in sparse_layers(model).values())


def test_a_loss_that_is_no_number_is_told_before_an_evolution_stumbles_over_it():
    made = FLAT.replace(lr=1e30, spiking=False, optimizer="sgd_plain", evolve_every="1 step", epochs=1)
    with pytest.raises(ValueError, match="lower lr"):
        train(made)


def test_removal_by_activity_takes_the_links_of_silent_inputs():
    REMOVAL["busy"] = lambda view: np.repeat(view.activity(), np.diff(view.links.indptr))
    try:
        run, seen = moments_of(FLAT.replace(removal="busy", delta=1.0, epochs=1, zeta=0.1, batch=80))
    finally:
        del REMOVAL["busy"]
    silent = run.inputs.intensities()[:].max(axis=0) == 0
    of_silent = np.isin(seen[1][0].evolution.removed[0].nonzero()[0], np.flatnonzero(silent))
    assert seen[0][1]["layers.0"][silent].nnz >= len(of_silent) > 10
    assert of_silent.all()


@pytest.mark.parametrize("course", ["linear", "sigmoid"])
def test_links_per_epoch_follow_the_density(course):
    made = FLAT.replace(
        epochs=5, initial_sparsity=0.5, sparsity=0.9, density_schedule=course, permanent=False, zeta=0.1
    )
    run = train(made)
    wanted = {e: round((1 - DENSITY[course](0.5, 0.9, e, 5)) * 64 * 24) for e in range(6)}
    assert counts(run, "links", "layers.0") == wanted
    assert len(set(wanted.values())) == 6


def test_a_density_falls_without_any_exchange():
    run, seen = moments_of(
        FLAT.replace(initial_sparsity=0.5, sparsity=0.9, zeta=0.0, epochs=3, percolate=False)
    )
    assert list(counts(run, "links", "layers.0").values()) == [768, 563, 358, 154]
    assert all((b["layers.0"] > a["layers.0"]).nnz == 0 for (_, a), (_, b) in pairwise(seen))


@pytest.mark.parametrize(
    ("every", "expected"), [(0.5, [2, 2]), ("1 step", [4, 4]), ("3 steps", [1, 1]), (0.75, [1, 1])]
)
def test_evolutions_within_an_epoch_are_counted(every, expected):
    run, seen = moments_of(FLAT.replace(evolve_every=every))
    assert list(counts(run, "evolutions", "all").values()) == expected
    assert [len(moment.evolutions) for moment, _ in seen] == [0, *expected]
    assert seen[1][0].evolution is seen[1][0].evolutions[-1]
    links = seen[0][1]["layers.0"]
    for moment, after in seen[1:]:
        for evolution in moment.evolutions:  # a chain: each begins where the last one ended
            links = links.astype(bool)
            assert (evolution.removed[0] > links).nnz == 0
            assert evolution.removed[0].nnz > 0
            links = evolution.graph.projections[0].links
        assert (links != after["layers.0"]).nnz == 0


def test_whole_epochs_have_no_row_of_evolutions():
    assert not counts(train(FLAT), "evolutions", "all")


def test_the_topology_rests_before_evolve_after():
    _, seen = moments_of(FLAT.replace(epochs=4, evolve_after=2))
    assert [moment.evolution is not None for moment, _ in seen] == [False, False, False, True, True]


def test_a_delta_that_rises_is_what_evolve_gets(monkeypatch):
    from netsci.sparse import evolving

    got, evolve = [], evolving.evolve
    monkeypatch.setattr(evolving, "evolve", lambda *a, **k: got.append(a[1].delta) or evolve(*a, **k))
    train(FLAT.replace(epochs=4, delta=0.5, delta_end=(0.9, 0.1)))
    np.testing.assert_allclose(got, [(0.5, 0.5), (0.6, 0.4), (0.7, 0.3), (0.8, 0.2)])


class Noise(Method):
    """Adds noise to all weights after every batch, counts batches in its state, and keeps a tensor."""

    def __init__(self, topology, *, scale=0.125):
        super().__init__(topology)
        self.scale = scale

    def start(self, net, steps, rng):
        return _NoiseHooks(net, rng, self.scale)


class _NoiseHooks(Hooks):
    def __init__(self, net, rng, scale):
        self.net, self.rng, self.scale = net, rng, scale
        self.batches, self.slopes, self.epochs = 0, torch.zeros(3), []

    def after_backward(self, step: Step):
        self.slopes[step.batch % 3] += float(self.net.layers[0].values.grad.abs().sum())

    def after_step(self, step: Step):
        self.batches += 1
        with torch.no_grad():
            for part, layer in enumerate(sparse_layers(self.net).values()):
                noise = self.rng(step, part).standard_normal(layer.n_links)
                layer.values += self.scale * torch.from_numpy(noise).float() * float(self.slopes.sum() > 0)

    def after_epoch(self, step: Step):
        self.epochs.append([step.epoch, step.done])
        return [{"layer": "all", "measure": "noisy batches", "value": self.batches, "unit": "count"}]

    def state_dict(self):
        return {"batches": self.batches, "slopes": self.slopes, "epochs": self.epochs}

    def load_state_dict(self, state):
        self.batches, self.slopes, self.epochs = state["batches"], state["slopes"], state["epochs"]


@pytest.fixture
def noise():
    METHODS.register("noise", Noise)
    yield FLAT.replace(method="noise", optimizer="sgd_plain", lr=0.0, momentum=0.0)
    del METHODS["noise"]


def test_the_noise_of_a_hook_after_each_batch_is_in_the_weights(noise):
    """At lr 0 the weights move by the noise alone: eight batches of variance 1/64 each."""
    run = train(noise)
    start = build(noise, run.inputs)
    moved = (run.model.layers[0].values - start.layers[0].values).detach().numpy()
    assert moved.std() == pytest.approx(0.125 * math.sqrt(8), rel=0.15)
    louder = train(noise.replace(method_options=(("scale", 0.5),)))
    four = (louder.model.layers[0].values - start.layers[0].values).detach().numpy()
    np.testing.assert_allclose(four, 4 * moved, rtol=1e-4, atol=1e-5)
    assert counts(run, "noisy batches", "all") == {1: 4.0, 2: 8.0}
    assert np.unique(moved).size == moved.size
    second = (run.model.layers[1].values - start.layers[1].values).detach().numpy()  # another part
    assert abs(np.corrcoef(moved[: len(second)], second)[0, 1]) < 0.3


def test_hooks_see_the_gradients_before_they_are_clipped(noise, tmp_path):
    train(noise, folder=tmp_path / "free")
    train(noise.replace(clip=1e-6), folder=tmp_path / "clipped")
    free, clipped = (load_checkpoint(tmp_path / n / CHECKPOINT).method["slopes"] for n in ("free", "clipped"))
    assert torch.equal(free, clipped)


def test_what_hooks_remember_survives_a_pause(noise, tmp_path):
    noise = noise.replace(epochs=4, lr=0.01)
    whole = train(noise, folder=tmp_path / "whole")
    train(noise, folder=tmp_path / "part", stop_after=2)
    again = train(noise, folder=tmp_path / "part")
    assert same(whole, again)
    a, b = (load_checkpoint(tmp_path / name / CHECKPOINT).method for name in ("whole", "part"))
    assert a["batches"] == b["batches"] == 16
    assert a["epochs"] == b["epochs"] == [[1, 4], [2, 8], [3, 12], [4, 16]]
    assert torch.equal(a["slopes"], b["slopes"])
    assert float(a["slopes"].min()) > 0


def test_a_method_that_draws_the_first_links(noise):
    class Rows(Noise):
        def first_links(self, shapes, inputs, rng):
            return {
                name: sp.csr_array(np.arange(a * b).reshape(a, b) % 5 == 0) for name, (a, b) in shapes.items()
            }

    METHODS.register("noise", Rows, replace=True)
    links = build(noise, Inputs(noise, "cpu")).layers[0].links.toarray()
    assert np.array_equal(links, np.arange(64 * 24).reshape(64, 24) % 5 == 0)


def test_first_links_that_do_not_fit_are_refused(noise, monkeypatch):
    for links in ({}, {"layers.0": sp.csr_array((24, 64), dtype=bool)}, {"layers.0": sp.csr_array((64, 24))}):
        monkeypatch.setattr(Noise, "first_links", lambda *_, links=links: links)
        with pytest.raises(
            ValueError, match=r"first_links of Noise must return at least one link for layer layers.0"
        ):
            build(noise, Inputs(noise, "cpu"))


def test_state_that_no_checkpoint_holds_is_refused(noise, tmp_path, monkeypatch):
    for state in ({"a": (1, 2)}, {"a": {1: 2}}, {"a": np.ones(2)}, {"a": [np.float64(1)]}, {"a": object()}):
        monkeypatch.setattr(_NoiseHooks, "state_dict", lambda self, state=state: state)
        with pytest.raises(TypeError, match=r"state_dict of a method must hold torch tensors.*'a'"):
            train(noise.replace(epochs=1), folder=tmp_path / "x")


# --- the methods that there are


def test_mest_and_rigl_differ_by_their_rule():
    kinds = METHODS["mest"], METHODS["rigl"]
    functions = [
        {n: inspect.getsource(f) for n, f in inspect.getmembers(k, inspect.isfunction)} for k in kinds
    ]
    assert {n for n in functions[0] if functions[0][n] != functions[1][n]} == {"rule", "__init__"}


@pytest.mark.parametrize("name", METHODS.built_in)
def test_a_method_is_a_small_file(name):
    assert len(Path(inspect.getfile(METHODS[name])).read_text().splitlines()) <= 120


def test_every_method_is_told_in_a_line():
    assert set(ABOUT) == {"dense", *METHODS.built_in}
    assert set(SETTINGS) == set(METHODS.built_in) - {"ch_snn"}


def test_static_links_stay():
    still = FLAT.replace(method="static")
    run, seen = moments_of(still)
    assert all((links["layers.0"] != seen[0][1]["layers.0"]).nnz == 0 for _, links in seen)
    assert same(run, train(FLAT.replace(evolve_every=0)))


def test_set_takes_the_smallest_weights_and_grows_anywhere():
    made = FLAT.replace(method="set", schedule="static", zeta=0.25)
    _, seen = moments_of(made.replace(optimizer="sgd_plain", lr=0.0, epochs=2))
    evolution, start = seen[1][0].evolution, build(made, Inputs(made, "cpu")).layers[0]
    gone, values = evolution.removed[0].nnz, start.values.detach().numpy()
    assert gone == int(0.25 * (values > 0).sum()) + int(0.25 * (values < 0).sum())
    weights = np.zeros((64, 24))
    weights[start.links.nonzero()] = values
    for sign in (1, -1):
        taken, side = (
            (weights * sign)[evolution.removed[0].toarray()],
            np.sort(values[sign * values > 0] * sign),
        )
        assert taken[taken > 0].max() == side[int(0.25 * len(side)) - 1]
    assert evolution.regrown[0].nnz == gone
    assert evolution.percolated[0].nnz == 0
    columns = np.unique(cells_of(evolution.regrown[0]) // 24)
    assert len(columns) > 30  # of 64 rows, dead ones too


def test_set_takes_no_links_that_lead_nowhere_and_ch_does():
    deep = FLAT.replace(options=(("hidden", (24, 16)),), sparsity=0.95)
    lost = {}
    for method in ("set", "ch_snn"):
        _, seen = moments_of(deep.replace(method=method))
        lost[method] = sum(gone.nnz for moment, _ in seen[1:2] for gone in moment.evolution.percolated)
    assert lost["set"] == 0 < lost["ch_snn"]


@pytest.mark.parametrize("method", ["set", "rigl"])
def test_set_and_rigl_never_stop(method):
    """In a nearly full layer most of what goes comes back: CH would stop."""
    full = FLAT.replace(sparsity=0.01, zeta=0.9, schedule="static", epochs=3)
    _, seen = moments_of(full.replace(method=method, evolve_every=1, until=1.0))
    assert all(moment.evolution is not None for moment, _ in seen[1:-1])
    assert seen[-1][0].evolution is None  # at the end of the schedule, where no links are exchanged
    assert seen[1][0].evolution.overlap[0] > 0.95
    _, stops = moments_of(full)
    assert stops[-1][0].evolution is None


@pytest.mark.parametrize("method", ["static", "set", "rigl"])
def test_what_a_method_does_not_read_is_refused(method):
    with pytest.raises(ValueError, match=f"method '{method}' does not use removal.*got 'ri'"):
        method_of(FLAT.replace(method=method, removal="ri"))
    with pytest.raises(ValueError, match=r"method_options must be (among|empty).*got speed"):
        method_of(FLAT.replace(method=method, method_options=(("speed", 2),), initial="brf"))


def test_a_dense_network_has_no_method():
    assert method_of(FLAT.replace(dense=True)) is None


def test_a_dense_torch_model_of_a_user_trains():
    def build_tiny(shape, classes, activation, links):
        assert links == {}
        return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(math.prod(shape), classes))

    ARCHITECTURES.register("tiny", Architecture(build_tiny))
    try:
        tiny = FLAT.replace(model="tiny", options=(), spiking=False, dense=True, epochs=8, lr=0.05)
        run = train(tiny)
    finally:
        del ARCHITECTURES["tiny"]
    assert run.accuracy > 0.5
    assert counts(run, "link sparsity", "all")[8] == 0.0


def test_the_first_topology_is_that_of_the_recipe():
    _, seen = moments_of(FLAT.replace(initial="brf", evolve_every=0))
    links = seen[0][1]["layers.0"]
    inputs = Inputs(FLAT, "cpu")
    known = INITIAL["brf"]((64, 24), links.nnz, rng=generator_at(FLAT.seed, 0, 0, TOPOLOGY))
    assert (links != known).nnz == 0
    assert (links != build(FLAT, inputs).layers[0].links).nnz > 0
