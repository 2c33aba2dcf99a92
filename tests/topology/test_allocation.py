"""How one sparsity is spread over layers: by hand, whole sums, names against patterns and kinds."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netsci.topology.allocation import ALLOCATIONS, LayerShape, densities, spread

NET = {
    "conv1": LayerShape(3, 8, "conv", (3, 3)),
    "conv2": LayerShape(8, 16, "conv", (3, 3)),
    "fc1": LayerShape(16, 20),
    "fc2": LayerShape(20, 20),
    "out": LayerShape(20, 10, "dense"),
}


def test_one_number_is_the_same_everywhere_but_in_the_classifier():
    assert densities(NET, 0.75) == {"conv1": 0.25, "conv2": 0.25, "fc1": 0.25, "fc2": 0.25, "out": 1.0}


def test_kinds_names_and_patterns_the_more_special_wins():
    found = densities(NET, {"linear": 0.5, "fc*": 0.75, "fc2": 0.8, "conv": 0.1})
    assert found == pytest.approx({"conv1": 0.9, "conv2": 0.9, "fc1": 0.25, "fc2": 0.2, "out": 1.0})
    assert densities(NET, [("linear", 0.5)])["conv1"] == 1.0
    assert densities(NET, {"linear": 0.5}, otherwise=0.2)["conv1"] == 0.8
    assert densities(NET, {"linear": 0.5}, otherwise=0.2)["fc1"] == 0.5
    assert densities(NET, {"out": 0.5})["out"] == 0.5
    assert densities(NET, {"*": 0.5})["out"] == 1.0
    assert densities(NET, {"*": 0.5, "*1": 0.75}) == {
        "conv1": 0.25, "conv2": 0.5, "fc1": 0.25, "fc2": 0.5, "out": 1.0
    }  # fmt: skip


def test_erk_by_hand():
    # Scores (a + b + 6) / (9 a b): 17 / 216 and 30 / 1152. Links of score 1: 17 and 30.
    two = {name: NET[name] for name in ("conv1", "conv2")}
    found = spread(two, 0.9, "erk")
    total = 0.1 * (216 + 1152)
    assert found == pytest.approx({"conv1": total / 47 * 17 / 216, "conv2": total / 47 * 30 / 1152})
    # A 1 x 1 convolution scores (a + b + 2) / (a b), a linear layer (a + b) / (a b).
    mixed = {
        "conv": LayerShape(10, 10, "conv", (3, 3)),
        "one": LayerShape(10, 10, "conv"),
        "fc": LayerShape(10, 10),
    }
    links = {name: density * mixed[name].cells for name, density in spread(mixed, 0.95, "erk").items()}
    assert [links[name] / links["fc"] for name in mixed] == pytest.approx([26 / 20, 22 / 20, 1])
    # Without the kernel: (3 + 8) / 24 and (8 + 16) / 128.
    factor = total / (11 / 24 * 216 + 24 / 128 * 1152)
    assert spread(two, 0.9, "erdos_renyi")["conv1"] == pytest.approx(factor * 11 / 24)


def test_a_layer_that_would_pass_one_is_dense_and_the_rest_takes_what_is_left():
    shapes = {"small": LayerShape(4, 4), "large": LayerShape(100, 100)}
    found = spread(shapes, 0.5, "erk")
    assert found["small"] == 1.0
    assert found["large"] == pytest.approx((0.5 * 10016 - 16) / 10000)


@given(
    sides=st.lists(
        st.tuples(st.integers(1, 60), st.integers(1, 60), st.integers(1, 4)), min_size=1, max_size=6
    ),
    sparsity=st.floats(0.0, 0.99),
    allocation=st.sampled_from(sorted(ALLOCATIONS)),
)
@settings(max_examples=100, deadline=None)
def test_all_links_together_are_those_asked_for(sides, sparsity, allocation):
    shapes = {str(i): LayerShape(a, b, "conv", (k, k)) for i, (a, b, k) in enumerate(sides)}
    found = spread(shapes, sparsity, allocation)
    cells = sum(shape.cells for shape in shapes.values())
    assert sum(found[name] * shapes[name].cells for name in shapes) == pytest.approx((1 - sparsity) * cells)
    assert all(0 < density <= 1 for density in found.values())
    assert list(found) == list(shapes)


def test_s1_arithmetic():
    """VGG-16 with 512-512-512-10 at 78 / 99 % is 78.70 % sparse, Table 3's 10 / 90 is 72.84 % (FC1 alone)."""
    widths = [3, 64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512]
    vgg = {f"c{i}": LayerShape(a, b, "conv", (3, 3)) for i, (a, b) in enumerate(pairwise(widths))} | {
        "f1": LayerShape(512, 512),
        "f2": LayerShape(512, 512),
        "f3": LayerShape(512, 10, "dense"),
    }
    assert whole(vgg, densities(vgg, {"conv": 0.78, "linear": 0.99})) == pytest.approx(0.7870, abs=5e-5)
    six = [3, 128, 128, 256, 256, 512, 512]
    net = {f"c{i}": LayerShape(a, b, "conv", (3, 3)) for i, (a, b) in enumerate(pairwise(six))} | {
        "f1": LayerShape(32768, 512),
        "f2": LayerShape(512, 10, "dense"),
    }
    assert whole(net, densities(net, {"conv": 0.1, "linear": 0.9})) == pytest.approx(0.7284, abs=5e-5)
    assert whole(net, densities(net, {"conv": 0.6, "linear": 0.99})) == pytest.approx(0.9062, abs=5e-5)


def whole(shapes, found):
    cells = {name: shape.cells for name, shape in shapes.items()}
    return 1 - sum(found[name] * cells[name] for name in cells) / sum(cells.values())


@pytest.mark.parametrize(
    ("sparsity", "error", "words"),
    [
        (
            {"blocks.*": 0.5},
            ValueError,
            "'blocks.*', which matches no layer: name 'conv', 'linear', or one of conv1, .*, out",
        ),
        ({"ou?": 0.5}, ValueError, "matches no layer"),
        ({"linear": 1.0}, ValueError, r"sparsity\['linear'\] must lie below 1"),
        ({"linear": 1.5}, ValueError, "sparsity"),
        (1.0, ValueError, "below 1"),
        ({"fc1": "much"}, TypeError, "sparsity"),
        ({3: 0.5}, TypeError, "mapping"),
        ([("conv", 0.1), ("conv", 0.2)], ValueError, "once"),
        ("high", TypeError, "number"),
        ({"fc*": 0.5, "?c1": 0.6}, ValueError, "not clear"),
        (0.9999, ValueError, "conv1, 216 cells, must keep at least one link"),
    ],
)
def test_bad_sparsities(sparsity, error, words):
    with pytest.raises(error, match=words):
        densities(NET, sparsity)


def test_bad_choices():
    with pytest.raises(ValueError, match="allocation must be one of"):
        densities(NET, 0.5, "er")
    with pytest.raises(ValueError, match="kind must be one of"):
        LayerShape(1, 1, "pool")
    with pytest.raises(ValueError, match="inputs"):
        LayerShape(0, 1)
