"""First links that look at the data: least activity, the diagonal, fields on the image; pixels normalised."""

import numpy as np
import pytest
import torch

from netsci.sparse import SparseConv2d, sparse_layers
from netsci.topology import link_correlated_at, pearson
from netsci.train import Inputs, Recipe, train
from netsci.train.build import build
from netsci.train.methods.first_links import active_features, first_links, input_correlation

FLAT = Recipe().replace(limit=200, test_limit=50, options=(("hidden", (64,)),), sparsity=0.9)
SHAPES = {"a": (64, 64), "b": (64, 64)}


def links_of(recipe, shapes=SHAPES):
    return first_links(recipe.topology, shapes, Inputs(recipe, "cpu"), np.random.default_rng)


def test_a_least_activity_keeps_quiet_features_without_links():
    recipe = FLAT.replace(initial_options=(("least_activity", 0.3),))
    inputs = Inputs(recipe, "cpu")
    seen = inputs.intensities()[:]
    quiet = (seen > 0).mean(axis=0) < 0.3
    assert 0 < quiet.sum() < 40
    assert np.array_equal(active_features(inputs, 0.3), ~quiet)
    share = (seen > 0).mean(axis=0)[quiet].max()
    assert active_features(inputs, share)[quiet].any()  # "at least" holds for those of just this share
    mask = links_of(recipe)["a"].toarray()
    assert mask.sum() == links_of(FLAT)["a"].nnz
    assert not mask[quiet].any()
    assert not mask[:, quiet].any()
    assert links_of(FLAT)["a"].toarray()[quiet].any()
    # by hand: the strongest entries among the active features
    r = pearson(seen)
    r[quiet] = r[:, quiet] = 0.0
    assert np.array_equal(mask, link_correlated_at(r, (64, 64), 0.9).toarray())
    with pytest.raises(ValueError, match="least_activity must leave some features; none is above 0 in 100 %"):
        active_features(inputs, 1.0 + 1e-9)


def test_a_zero_diagonal_leaves_out_the_own_feature():
    mask = links_of(FLAT.replace(initial_options=(("zero_diagonal", True),)))["a"].toarray()
    assert not np.diagonal(mask).any()
    assert np.diagonal(links_of(FLAT)["a"].toarray()).sum() > 40
    assert np.isnan(
        np.diagonal(
            input_correlation(
                FLAT.replace(initial_options=(("zero_diagonal", True),)).topology, Inputs(FLAT, "cpu")
            )
        )
    ).all()


def test_csti_is_correlated_behind_the_input_only():
    csti, sscti = links_of(FLAT.replace(initial="csti")), links_of(FLAT)
    assert (csti["a"] != sscti["a"]).nnz == 0
    assert (csti["b"] != sscti["b"]).nnz > 0
    assert np.ptp(csti["b"].sum(axis=0)) <= 1


def test_fields_lie_on_the_image_behind_the_input_and_on_a_ring_later():
    recipe = FLAT.replace(initial="brf_grid", initial_options=(("sigma", 0.5), ("least_activity", 0.3)))
    found = links_of(recipe)
    lit = active_features(Inputs(recipe, "cpu"), 0.3)
    assert not found["a"].toarray()[~lit].any()
    y, x = np.divmod(np.arange(64), 8)
    spread = [np.ptp(y[column]) + np.ptp(x[column]) for column in found["a"].toarray().T]
    assert np.median(spread) < 8  # 6 links of a column: within a few pixels; over the image it is 12
    assert found["b"].nnz == 410


def test_normalised_pixels_have_mean_0_and_deviation_1_and_train_otherwise():
    plain, normal = (Inputs(FLAT.replace(normalise=on, batch=200), "cpu") for on in (False, True))
    x, same = next(normal.batches(1))[0], next(plain.batches(1))[0]
    assert abs(float(x.mean())) < 1e-5
    assert float(x.std()) == pytest.approx(1.0, abs=1e-3)
    assert torch.allclose(x, (same - same.mean()) / same.std(correction=0), atol=1e-5)
    assert np.array_equal(plain.intensities()[:5], normal.intensities()[:5])
    image = FLAT.replace(model="conv2fc2", options=(), normalise=True, batch=200, initial="uniform")
    assert next(Inputs(image, "cpu").batches(1))[0].mean().abs() < 1e-5


def test_mixup_mixes_images_and_the_loss():
    small = FLAT.replace(epochs=3, steps=2, lr=0.01, readout="sum")
    losses = [
        run.table.query("measure == 'loss'")["value"].iloc[-1]
        for run in (train(small), train(small.replace(mixup=0.4)), train(small.replace(mixup=0.4)))
    ]
    assert losses[1] == losses[2]  # the same numbers in the same run
    assert losses[0] < losses[1]  # mixed labels cannot be fitted as well
    events = small.replace(encoding="rate", mixup=1.0, epochs=1)
    assert train(events).finished


def test_fields_of_convolutions_lie_on_their_kernels():
    fields = {"initial": "brf_grid", "initial_options": (("sigma", 0.4),)}
    recipe = FLAT.replace(model="conv2fc2", options=(), sparsity={"conv": 0.7, "linear": 0.9}, **fields)
    convs = {
        name: layer.links.toarray().T
        for name, layer in sparse_layers(build(recipe, Inputs(recipe, "cpu"))).items()
        if isinstance(layer, SparseConv2d)
    }
    assert len(convs) == 2
    checked = 0
    for name, columns in convs.items():
        channels = columns.shape[1] // 9
        if channels == 1:
            continue
        counts = columns.reshape(len(columns), channels, 9).sum(1)  # links by place of the kernel
        share = counts.max(1) / counts.sum(1)
        assert np.median(share) > 0.25, name  # uniform links would give each of nine places a ninth
        checked += 1
    assert checked
    with pytest.raises(ValueError, match="least_activity must be 0 for convolutions"):
        train(recipe.replace(initial_options=(("least_activity", 0.1),), epochs=1))
