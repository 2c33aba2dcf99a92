"""VGG-16 and sparse convolutions before a classifier: counts, keys, by hand, and what percolates."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from netsci.graph import percolate
from netsci.models import ARCHITECTURES
from netsci.models.conv import conv2fc2, conv6fc2
from netsci.models.vgg import vgg16
from netsci.models.wiring import default_sparse, evolvable, full_links, link_shapes
from netsci.sparse import SparseConv2d, layered_graph, sparse_layers
from netsci.spiking import LIF
from tests.models.counting import copied, multiplications, parameters, shake_norms, weights


def images(*shape, seed=7):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def tiny(kind=nn.ReLU, *, shape=(2, 32, 32), seed=3, **options):
    torch.manual_seed(seed)
    return vgg16(shape, 3, width=1 / 16, neuron=kind, **({"hidden": (6, 5)} | options))


@pytest.mark.parametrize(
    ("hidden", "params", "linear"),
    [((), 14724042, 5120), ((512,), 14986698, 267264), ((512, 512), 15249354, 529408)],
)
def test_counts(hidden, params, linear):
    with torch.device("meta"):
        model = vgg16(hidden=hidden, steps=1)
    assert (parameters(model), weights(model, nn.Conv2d), weights(model, nn.Linear)) == (
        params,
        14710464,
        linear,
    )
    assert multiplications(model, (3, 32, 32)) == (313196544, linear, 0)
    assert default_sparse(model) == tuple(list(link_shapes(model))[:-1])


def test_widths_of_the_exhibit():
    with torch.device("meta"):
        model = vgg16(width=1 / 8)
    shapes = link_shapes(model)
    assert shapes["features.0"] == (27, 8)
    assert shapes["features.40"] == (576, 64)
    assert [shapes[name] for name in model.linear_names] == [(64, 512), (512, 512), (512, 10)]


def test_keys_are_those_of_torchvision():
    """In vgg16_bn every convolution stands before its normalisation and an activation, poolings between."""
    with torch.device("meta"):
        keys = list(vgg16(hidden=(512, 512), neuron=nn.ReLU, bias=True).state_dict())
    convs = (0, 3, 7, 10, 14, 17, 20, 24, 27, 30, 34, 37, 40)
    norm = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    expected = []
    for place in convs:
        expected += [f"features.{place}.weight", f"features.{place}.bias"]
        expected += [f"features.{place + 1}.{part}" for part in norm]
    expected += [f"classifier.{place}.{part}" for place in (0, 3, 6) for part in ("weight", "bias")]
    assert keys == expected
    with torch.device("meta"):
        plain = list(vgg16(hidden=(512,), norm=False, bias=True, neuron=nn.ReLU).state_dict())
    assert plain[:4] == ["features.0.weight", "features.0.bias", "features.2.weight", "features.2.bias"]
    assert plain[-4:-2] == ["classifier.0.weight", "classifier.0.bias"]


@pytest.mark.parametrize("pooling", ["average", "max"])
def test_by_hand(pooling):
    x = images(3, 2, 32, 64).double()
    model = shake_norms(tiny(shape=(2, 32, 64), pooling=pooling, hidden=(24, 16)).double(), x)
    pool = {"average": F.avg_pool2d, "max": F.max_pool2d}[pooling]
    state, y, place = model.state_dict(), x, 0
    for group in (2, 2, 3, 3, 3):
        for _ in range(group):
            y = F.conv2d(y, state[f"features.{place}.weight"], padding=1)
            parts = ("running_mean", "running_var", "weight", "bias")
            y = F.relu(F.batch_norm(y, *(state[f"features.{place + 1}.{part}"] for part in parts)))
            place += 3
        y, place = pool(y, 2), place + 1
    y = y.flatten(1)
    for place in (0, 3, 6):
        y = F.linear(
            F.relu(y) if place else y, state[f"classifier.{place}.weight"], state[f"classifier.{place}.bias"]
        )
    assert y.std() > 0
    torch.testing.assert_close(model(x), y)


@pytest.mark.parametrize("readout", ["sum", "rate"])
@pytest.mark.parametrize("kind", [LIF, nn.ReLU])
def test_each_weight_layer_but_the_last_has_one_activation(kind, readout):
    model = tiny(kind, readout=readout, steps=2)
    held = [module for module in model.modules() if isinstance(module, kind)]
    assert len(held) == 15 + (kind is LIF and readout == "rate")
    calls = []
    for one in held:
        one.register_forward_hook(lambda module, *_: calls.append(id(module)))
    assert model(images(2, 2, 32, 32)).shape == (2, 3)
    assert calls == [id(one) for one in held]


def test_sparse_layers_with_all_links_equal_dense_ones():
    dense = tiny(LIF, steps=2).eval()
    shapes = link_shapes(dense)
    sparse = tiny(LIF, steps=2, links={name: full_links(*shapes[name]) for name in dense.sparse_names}).eval()
    assert list(sparse_layers(sparse)) == list(dense.sparse_names)
    copied(dense, sparse)
    x = images(2, 2, 32, 32)
    torch.testing.assert_close(sparse(x), dense(x))


def test_dropout_acts_on_hidden_units_in_training_alone():
    model = tiny(dropout=0.5)
    x = images(2, 2, 32, 32)
    assert torch.equal(model.eval()(x), tiny().eval()(x))
    assert [type(m).__name__ for m in model.classifier][2::3] == ["Dropout", "Dropout"]
    seen = []
    model.train()
    model.classifier[3].register_forward_pre_hook(lambda module, given: seen.append(given[0]))
    torch.manual_seed(1)
    model(images(64, 2, 32, 32))
    assert (seen[0] == 0).float().mean() > 0.4


def one_link(shape, cells):
    links = np.zeros(shape, bool)
    for row, column in cells:
        links[row, column] = True
    return links


def test_a_channel_that_sends_nothing_is_dead_to_the_rows_of_its_places():
    """32 x 64 pixels leave 1 x 2 places: rows 2 c and 2 c + 1 of the first linear layer are of channel c."""
    options = {"shape": (1, 32, 64), "hidden": (4,)}
    shapes = link_shapes(tiny(**options))
    links = {name: full_links(*shapes[name]) for name in tiny(**options).sparse_names}
    last = one_link(shapes["features.40"], [(0, 0), (5, 2)])  # channels 0 and 2 of the last maps get links
    model = tiny(**options, links=links | {"features.40": last})
    graph = layered_graph(model)
    assert graph.projections[13].rows_per_unit == 2
    assert evolvable(model) == [True] * 14 + [False]
    left = percolate(graph).projections[13].links.toarray()
    assert np.flatnonzero(left.any(axis=1)).tolist() == [0, 1, 4, 5]


@pytest.mark.parametrize("make", [conv2fc2, conv6fc2])
def test_sparse_convolutions_join_the_graph_of_a_classifier(make):
    options = {"width": 1 / 32} if make is conv6fc2 else {}
    dense = make((1, 8, 8), 3, neuron=nn.ReLU, **options)
    shapes = link_shapes(dense)
    first, last = "convs.0", f"convs.{len(dense.convs) - 1}"
    fc = one_link(shapes["classifier.layers.0"], [(0, 0), (4, 1), (7, 2)])
    alone = make((1, 8, 8), 3, neuron=nn.ReLU, links=fc, **options)
    assert [p.source for p in layered_graph(alone).projections] == ["features", "hidden"]
    assert alone.sparse_names == ("classifier.layers.0",)
    some = one_link(shapes[last], [(0, 0), (9, 1)])
    links = {"classifier.layers.0": fc, last: some}
    model = make((1, 8, 8), 3, neuron=nn.ReLU, links=links, **options)
    assert isinstance(model.get_submodule(last), SparseConv2d)
    assert default_sparse(model) == (last, "classifier.layers.0")
    graph = layered_graph(model)
    assert [p.name for p in graph.projections] == [*shapes]
    assert graph.projections[0].name == first
    # Four places a channel: rows 0 and 4 to 7 come from the channels 0 and 1, which alone have links.
    left = percolate(graph)
    assert left.projections[-2].rows_per_unit == 4
    assert np.argwhere(left.projections[-2].links.toarray()).tolist() == [[0, 0], [4, 1], [7, 2]]
    assert left.projections[-3].links.nnz == 2
    cut = make(
        (1, 8, 8), 3, neuron=nn.ReLU, links=links | {last: one_link(shapes[last], [(0, 0)])}, **options
    )
    left = percolate(layered_graph(cut))
    assert np.argwhere(left.projections[-2].links.toarray()).tolist() == [[0, 0]]


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"hidden": (4, 4, 4)}, ValueError, "at most two widths"),
        ({"hidden": 512}, TypeError, "hidden must be"),
        ({"hidden": (0,)}, ValueError, "hidden"),
        ({"pooling": "median"}, ValueError, "pooling must be"),
        ({"dropout": 1.0}, ValueError, "dropout must lie"),
        ({"links": {"features.1": [[1]]}}, ValueError, "links must name layers"),
        ({"links": {"features.0": np.ones((4, 18))}}, ValueError, r"\[18, 4\]"),
    ],
)
def test_refusals(options, error, words):
    with pytest.raises(error, match=words):
        tiny(**options)


def test_a_width_must_be_positive():
    with pytest.raises(ValueError, match="width must be a factor above 0"):
        vgg16(width=0)


def test_small_images_lack_the_last_poolings_and_keep_the_keys():
    model = tiny(shape=(2, 28, 20))
    pools = [type(model.features[place]).__name__ for place in (6, 13, 23, 33, 43)]
    assert pools == ["AveragePool2", "AveragePool2", "AveragePool2", "AveragePool2", "Identity"]
    assert model.feature_shape == (32, 1, 1)
    assert list(model.state_dict()) == list(tiny().state_dict())
    assert model(images(2, 2, 28, 20)).shape == (2, 3)


def test_recipes_know_it():
    build = ARCHITECTURES["vgg16"].build
    with torch.device("meta"):
        assert build((3, 32, 32), 100, nn.ReLU, {}, hidden=(), width=0.25).classifier[0].in_features == 128
