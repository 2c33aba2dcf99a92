"""Sparsities that S0 and S1 print, from those of the kinds of layers and the shapes of our models."""

import pytest
import torch

from netsci.models.conv import conv6fc2
from netsci.models.vgg import vgg16
from netsci.sparse import layer_shapes
from netsci.topology import densities


def shapes_of(make, **options):
    with torch.device("meta"):
        return layer_shapes(make(steps=1, **options))


def whole(shapes, sparsity):
    """Share of absent links of all layers together, in per cent."""
    found = densities(shapes, sparsity)
    cells = sum(shape.cells for shape in shapes.values())
    return round(100 * (1 - sum(found[name] * shape.cells for name, shape in shapes.items()) / cells), 2)


@pytest.mark.parametrize(
    ("classes", "conv", "linear", "all_layers", "printed"),
    [
        (10, 3.35, 72.74, 57.88, 57.87),
        (10, 6.33, 43.15, 35.26, 35.26),
        (100, 1.56, 73.02, 57.75, 57.75),
        (100, 6.34, 45.37, 37.03, 37.02),
    ],
)
def test_table_a2_counts_the_classifier_among_the_linear_layers(classes, conv, linear, all_layers, printed):
    shapes = shapes_of(conv6fc2, classes=classes)
    classifier = list(shapes)[-1]
    assert shapes[classifier].kind == "dense"
    found = whole(shapes, {"conv": conv / 100, "linear": linear / 100, classifier: linear / 100})
    assert found == all_layers
    assert abs(found - printed) < 0.011
    assert found > whole(shapes, {"conv": conv / 100, "linear": linear / 100})


@pytest.mark.parametrize(
    ("classes", "conv", "linear", "all_layers"),
    [(10, 10, 90, 72.84), (100, 10, 90, 72.69), (10, 60, 99, 90.62), (100, 60, 99, 90.43)],
)
def test_table_3_leaves_the_classifier_dense(classes, conv, linear, all_layers):
    shapes = shapes_of(conv6fc2, classes=classes)
    assert whole(shapes, {"conv": conv / 100, "linear": linear / 100}) == all_layers


def test_vgg16_of_s1():
    shapes = shapes_of(vgg16, hidden=(512, 512))
    assert [shapes[name].cells for name in list(shapes)[-3:]] == [512 * 512, 512 * 512, 5120]
    assert whole(shapes, {"conv": 0.78, "linear": 0.99}) == 78.70


def test_95_percent_of_one_layer_of_s0():
    """S0 prints 74.62 % for 6Conv2FC: 95 % of its first linear layer alone, 74.629 %, cut off."""
    shapes = shapes_of(conv6fc2)
    first = [name for name, shape in shapes.items() if shape.inputs == 32768]
    assert whole(shapes, {first[0]: 0.95}) == 74.63
