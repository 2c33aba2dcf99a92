import numpy as np
import pytest
import torch

from netsci.data import DataSet
from netsci.train import Inputs, Recipe
from netsci.train.inputs import augmented


def images(n: int = 60, shape: tuple[int, ...] = (1, 4, 4), classes: int = 3) -> DataSet:
    rng = np.random.default_rng(7)
    x = rng.integers(0, 256, (n, *shape), dtype=np.uint8)
    x[:, ..., 0, 0] = np.arange(n).reshape(n, *[1] * (len(shape) - 2))  # every image knows its number
    y = np.arange(n) % classes
    names = tuple("abc"[:classes])
    return DataSet(
        name="made",
        x_train=x,
        y_train=y,
        x_test=x[:20] // 2,
        y_test=y[:20],
        classes=names,
        source="made up",
        checksum="0" * 64,
    )


def inputs(data: DataSet | None = None, **changes: object) -> Inputs:
    recipe = Recipe().replace(batch=16, options=(("hidden", (8,)),), **changes)
    return Inputs(recipe, "cpu", data=data or images())


def test_an_epoch_shows_every_sample_once_with_its_label():
    made, data = inputs(), images()
    seen = []
    for x, y in made.batches(1):
        assert x.shape == (len(y), 16)
        numbers = (x[:, 0] * 255).round().int().numpy()
        assert np.array_equal(data.y_train[numbers], y.numpy())
        assert np.allclose(x.numpy(), data.x_train[numbers].reshape(len(y), 16) / 255, atol=1e-7)
        seen += numbers.tolist()
    assert sorted(seen) == list(range(60))
    assert seen != sorted(seen)


def test_order_depends_on_seed_and_epoch_alone():
    first = [y.tolist() for _, y in inputs().batches(3)]
    assert [y.tolist() for _, y in inputs().batches(3)] == first
    assert [y.tolist() for _, y in inputs().batches(4)] != first
    assert [y.tolist() for _, y in inputs(seed=1).batches(3)] != first


def test_flat_batches_have_the_memory_order_of_sparse_layers():
    x, _ = next(inputs().batches(1))
    assert x.t().is_contiguous()
    spikes, _ = next(inputs(encoding="rate", steps=5).batches(1))
    assert spikes.shape == (5, 16, 16)
    assert spikes.permute(2, 0, 1).is_contiguous()


def test_rate_coded_spikes_have_the_pixels_probability():
    made = inputs(encoding="rate", steps=400)
    x, _ = next(made.tests())
    assert set(x.unique().tolist()) == {0.0, 1.0}
    p = images().x_test.reshape(20, 16) / 255
    error = (x.mean(0).numpy() - p) / np.sqrt(np.maximum(p * (1 - p), 1e-3) / 400)
    assert np.abs(error).max() < 5
    assert abs(error.mean()) < 0.2
    again, _ = next(inputs(encoding="rate", steps=400).tests())
    assert torch.equal(x, again)


def test_the_noise_of_the_rate_code_differs_between_epochs_and_repeats_within_one():
    data = images()
    data.x_train[:] = 128  # all alike, so that the order of the samples cannot tell epochs apart
    made = inputs(data, encoding="rate", steps=40)
    first, again, second = (next(made.batches(epoch))[0] for epoch in (1, 1, 2))
    assert torch.equal(first, again)
    assert 0.4 < (first == second).float().mean() < 0.6


def test_pixels_of_0_never_fire_and_of_255_always():
    data = images()
    data.x_train[:, ..., 1, 1], data.x_train[:, ..., 2, 2] = 0, 255
    x, _ = next(inputs(data, encoding="rate", steps=300).batches(1))
    assert x[..., 5].sum() == 0
    assert (x[..., 10] == 1).all()


def test_validation_takes_training_images_and_leaves_the_test_set_alone():
    made, data = inputs(validation=15), images()
    assert (made.n_train, made.n_test) == (45, 15)
    x, _ = next(made.tests())
    held = set((x[:, 0] * 255).round().int().tolist())
    kept = {int(v) for x, _ in made.batches(1) for v in (x[:, 0] * 255).round().tolist()}
    assert held | kept == set(range(60))
    assert not held & kept
    other, _ = next(inputs(validation=15, seed=4).tests())
    assert torch.equal(x, other)  # the same images for every seed
    with pytest.raises(ValueError, match="validation must leave images"):
        inputs(data, validation=60)


def test_limits_are_balanced():
    made = inputs(limit=30, test_limit=6)
    assert (made.n_train, made.n_test) == (30, 6)
    labels = np.concatenate([y.numpy() for _, y in made.batches(1)])
    assert np.bincount(labels).tolist() == [10, 10, 10]
    assert inputs(limit=10_000).n_train == 60


def test_events_bring_their_own_time():
    data = images(shape=(5, 2, 4, 4))
    made = inputs(data, encoding="events", steps=5)
    x, _ = next(made.batches(1))
    assert x.shape == (5, 16, 32)
    assert made.shape == (2, 4, 4)
    number = int(x[0, 3, 0])
    assert np.array_equal(x[:, 3].numpy(), data.x_train[number].reshape(5, 32))
    assert made.intensities().shape == (300, 32)
    with pytest.raises(ValueError, match="set encoding to 'events'"):
        inputs(data, encoding="rate", steps=5)
    with pytest.raises(ValueError, match="binned to 5 steps"):
        inputs(data, encoding="events", steps=4)
    with pytest.raises(ValueError, match="has no time"):
        inputs(encoding="events")


def test_networks_without_time_see_the_mean_frame():
    data = images(shape=(5, 2, 4, 4))
    made = inputs(data, encoding="events", steps=5, spiking=False)
    x, _ = next(made.batches(1))
    assert x.shape == (16, 32)
    assert x.t().is_contiguous()
    frames, _ = next(inputs(data, encoding="events", steps=5).batches(1))
    torch.testing.assert_close(x, frames.mean(0))
    whole, _ = next(inputs(data, encoding="events", steps=5, spiking=False, model="conv2fc2").batches(1))
    torch.testing.assert_close(whole.flatten(1), x)


def test_augmentation_needs_images():
    for data, changes in ((images(), {}), (images(shape=(5, 2, 4, 4)), {"encoding": "events", "steps": 5})):
        with pytest.raises(ValueError, match="augment moves"):
            inputs(data, augment=True, **changes)


def test_augmentation_moves_and_mirrors_each_image():
    x = torch.zeros(200, 3, 10, 10, dtype=torch.uint8)
    x[:, 0, 4, 5] = torch.arange(200, dtype=torch.uint8)
    x[:, 1, 4, 5] = 9
    out = augmented(x, np.random.default_rng(7))
    assert out.shape == x.shape
    assert out.dtype == torch.uint8
    places = [tuple(np.argwhere(image[1].numpy() == 9)[0]) for image in out]
    assert all(out[i, 0, r, c] == i for i, (r, c) in enumerate(places))  # channels move together
    rows, columns = zip(*places, strict=True)
    assert (min(rows), max(rows)) == (0, 8)
    assert (min(columns), max(columns)) == (0, 9)


def test_intensities_are_samples_by_features():
    assert np.allclose(inputs().intensities(7), images().x_train[:7].reshape(7, 16) / 255, atol=1e-7)
