from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from netsci.data import DataSet
from netsci.train import Inputs, Recipe, train
from netsci.train.build import build
from netsci.train.inputs import Intensities, augment_images


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


def test_images_of_networks_without_time_have_the_memory_order_of_convolutions():
    data = images(shape=(3, 4, 4))
    changes = {"model": "conv2fc2", "spiking": False, "options": ()}
    made = Inputs(Recipe().replace(batch=16, **changes), "cpu", data=data)
    for x in (next(made.batches(1))[0], next(made.tests())[0]):
        assert x.is_contiguous(memory_format=torch.channels_last)
        assert x.shape[1:] == (3, 4, 4)
    assert not x.is_contiguous()


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
    with pytest.raises(ValueError, match="steps must be 5, the number of time steps"):
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


def test_augmentation_needs_images_without_time():
    with pytest.raises(ValueError, match=r"augment must be 'none' for 'digits'.*got 'shift'"):
        inputs(images(shape=(5, 2, 4, 4)), encoding="events", steps=5, augment="shift")


@pytest.mark.parametrize("augment", ["shift", "crop_flip"])
@pytest.mark.parametrize("changes", [{}, {"encoding": "rate", "steps": 40}])
def test_a_flat_model_sees_the_images_that_another_sees(augment, changes):
    data = images(shape=(3, 8, 8))
    flat, whole = (
        next(inputs(data, augment=augment, model=model, **changes).batches(1))
        for model in ("mlp", "conv2fc2")
    )
    assert torch.equal(flat[1], whole[1])
    if changes:  # spikes are drawn in another order: the rates agree
        assert (flat[0].mean(0) - whole[0].mean(0).flatten(1)).abs().mean() < 0.1
    else:
        assert torch.equal(flat[0], whole[0].flatten(1))
        assert flat[0].t().is_contiguous()
    plain, _ = next(inputs(data, **changes).batches(1))
    assert not torch.equal(flat[0], plain)


def test_tests_are_never_augmented():
    for augment in ("shift", "crop_flip"):
        x, _ = next(inputs(augment=augment).tests())
        assert torch.equal(x, next(inputs().tests())[0])


@pytest.mark.parametrize("max_shift", [0, 1, 3])
def test_a_shift_moves_by_at_most_its_pixels_and_never_mirrors(max_shift):
    glyph = torch.tensor([[1, 2], [3, 0]], dtype=torch.uint8)
    x = torch.zeros(300, 1, 10, 10, dtype=torch.uint8)
    x[:, 0, 4:6, 4:6] = glyph
    out = augment_images(x, "shift", max_shift, rng=np.random.default_rng(7))
    moves = set()
    for image in out[:, 0]:
        row, column = np.argwhere(image.numpy() == 1)[0]
        assert torch.equal(image[row : row + 2, column : column + 2], glyph)  # neither mirrored nor turned
        assert int(image.sum()) == 6
        moves.add((int(row) - 4, int(column) - 4))
    reach = range(-max_shift, max_shift + 1)
    assert moves == {(down, right) for down in reach for right in reach}
    flipped = augment_images(x, "crop_flip", max_shift, rng=np.random.default_rng(7))
    mirrored = [np.argwhere(a.numpy() == 2)[0][1] < np.argwhere(a.numpy() == 1)[0][1] for a in flipped[:, 0]]
    assert 100 < sum(mirrored) < 200


def test_the_largest_shift_of_a_recipe_is_used():
    data = images(shape=(1, 8, 8))
    data.x_train[:] = 0
    data.x_train[:, 0, 4, 4] = 9
    for reach in (1, 2):
        made = inputs(data, augment="shift", max_shift=reach, model="conv2fc2")
        places = {
            tuple(place) for x, _ in made.batches(1) for place in np.argwhere(x[:, 0].numpy() > 0)[:, 1:]
        }
        assert {row for row, _ in places} == set(range(4 - reach, 5 + reach))


@pytest.mark.parametrize("model", ["mlp", "conv2fc2"])
def test_a_shift_by_nothing_leaves_images_as_they_are(model):
    data = images(shape=(3, 8, 8))
    found, _ = next(inputs(data, augment="shift", max_shift=0, model=model).batches(1))
    assert torch.equal(found, next(inputs(data, model=model).batches(1))[0])


def test_an_own_augmentation_is_chosen_by_name(monkeypatch):
    from netsci.data.augment import AUGMENTATIONS

    monkeypatch.setitem(AUGMENTATIONS, "dark", lambda x, *, rng, max_shift: x // 2)
    data = images()
    data.x_train[:] = 100
    x, _ = next(inputs(data, augment="dark").batches(1))
    assert set((x * 255).round().unique().tolist()) == {50.0}


def test_augmentation_differs_between_epochs_and_batches_and_repeats_within_one():
    data = images(shape=(3, 8, 8))
    data.x_train[:] = data.x_train[0]  # all alike, so that the order of the samples cannot tell epochs apart
    made = inputs(data, augment=True, model="conv2fc2")
    first, again, second = ([x for x, _ in made.batches(epoch)] for epoch in (1, 1, 2))
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not any(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    assert not torch.equal(first[0], first[1])
    other, _ = next(inputs(data, augment=True, model="conv2fc2", seed=1).batches(1))
    assert not torch.equal(first[0], other)


def test_augmentation_moves_and_mirrors_each_image():
    x = torch.zeros(200, 3, 10, 10, dtype=torch.uint8)
    x[:, 0, 4, 5] = torch.arange(200, dtype=torch.uint8)
    x[:, 1, 4, 5] = 9
    out = augment_images(x, "crop_flip", 4, rng=np.random.default_rng(7))
    assert out.shape == x.shape
    assert out.dtype == torch.uint8
    places = [tuple(np.argwhere(image[1].numpy() == 9)[0]) for image in out]
    assert all(out[i, 0, r, c] == i for i, (r, c) in enumerate(places))  # channels move together
    rows, columns = zip(*places, strict=True)
    assert (min(rows), max(rows)) == (0, 8)
    assert (min(columns), max(columns)) == (0, 9)


def test_intensities_are_samples_by_features():
    x = inputs().intensities(7)
    assert (len(x), x.shape, x.dtype) == (7, (7, 16), np.float32)
    assert np.allclose(x[:], images().x_train[:7].reshape(7, 16) / 255, atol=1e-7)
    assert inputs().intensities().shape == inputs().intensities(100).shape == (60, 16)
    with pytest.raises(ValueError, match="a slice without step"):
        x[::2]


@pytest.mark.parametrize("model", ["mlp", "conv2fc2"])
@pytest.mark.parametrize("on_request", [False, True])
def test_any_piece_of_the_intensities_is_that_of_the_whole(model, on_request):
    data = images(6, shape=(5, 2, 4, 4))
    whole = data.x_train[:4].reshape(20, 32)
    x = inputs(unread(data, 6) if on_request else data, encoding="events", steps=5, model=model).intensities(
        4
    )
    assert x[:].dtype == np.float32
    for first in range(0, 23):
        for stop in (*range(0, 23), None, -3):
            assert np.array_equal(x[first:stop], whole[first:stop])


def test_data_in_memory_are_not_copied_and_read_in_blocks(monkeypatch):
    data, rows = images(), []
    made = inputs(data, sparsity=0.5)
    assert np.shares_memory(made.train_side.x.numpy(), data.x_train)
    piece = Intensities.__getitem__
    monkeypatch.setattr(
        Intensities, "__getitem__", lambda x, i: (rows.append(len(piece(x, i))), piece(x, i))[1]
    )
    monkeypatch.setattr("netsci.topology.correlation._BLOCK_CELLS", 16 * 7)
    build(made.recipe.replace(weights="swi"), made)
    assert max(rows) == 7
    assert sum(rows) == 2 * 60


class OnRequest:
    """Images that are made when asked for, never more than `most` at once; what was read is noted."""

    def __init__(self, x: np.ndarray, most: int, reads: list[int] | None = None):
        self.x, self.most, self.reads = x, most, [] if reads is None else reads
        self.shape, self.dtype = x.shape, x.dtype

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, rows: Any) -> np.ndarray:
        made = self.x[rows]
        assert len(made) <= self.most, f"{len(made)} of {len(self.x)} images were read at once"
        made.flags.writeable = False
        self.reads.append(len(made))
        return made

    def select(self, rows: np.ndarray) -> "OnRequest":
        return OnRequest(self.x[rows], self.most, self.reads)


def unread(data: DataSet, most: int) -> DataSet:
    return replace(data, x_train=OnRequest(data.x_train, most), x_test=OnRequest(data.x_test, most))


@pytest.mark.parametrize(
    ("shape", "changes"),
    [
        ((1, 4, 4), {}),
        ((1, 4, 4), {"encoding": "rate", "steps": 3}),
        ((1, 4, 4), {"validation": 20, "limit": 33, "test_limit": 10}),
        ((3, 8, 8), {"model": "conv2fc2", "augment": True}),
        ((5, 2, 4, 4), {"encoding": "events", "steps": 5}),
        ((5, 2, 4, 4), {"encoding": "events", "steps": 5, "spiking": False}),
        ((5, 2, 4, 4), {"encoding": "events", "steps": 5, "model": "conv2fc2"}),
    ],
)
def test_data_on_request_give_the_batches_of_data_in_memory_and_are_read_by_batches(shape, changes):
    data = images(shape=shape)
    lazy = unread(data, 16)
    held, made = inputs(data, **changes), inputs(lazy, **changes)
    train_reads, test_reads = lazy.x_train.reads, lazy.x_test.reads
    assert not train_reads
    assert not test_reads
    for epoch in (1, 2):
        for (x, y), (a, b) in zip(held.batches(epoch), made.batches(epoch), strict=True):
            assert torch.equal(x, a)
            assert x.stride() == a.stride()
            assert torch.equal(y, b)
        assert sum(train_reads) == epoch * made.n_train
    # Images held out of those for training are tested on in place of the test set.
    tested = train_reads if "validation" in changes else test_reads
    before = sum(tested)
    for (x, y), (a, b) in zip(held.tests(batch=16), made.tests(batch=16), strict=True):
        assert torch.equal(x, a)
        assert torch.equal(y, b)
    assert sum(tested) - before == made.n_test
    assert np.array_equal(held.intensities(3)[:], made.intensities(3)[:])


def test_a_run_on_data_on_request_is_the_run_on_data_in_memory(monkeypatch):
    monkeypatch.setattr("netsci.topology.correlation._BLOCK_CELLS", 16 * 100)
    data = images(700)
    recipe = Recipe().replace(
        batch=50, epochs=2, steps=2, sparsity=0.5, options=(("hidden", (32, 32)),), limit=650, test_limit=20
    )
    lazy = unread(data, 500)  # of so many the share of zeros is taken for the first weights
    held, made = train(recipe, data=data), train(recipe, data=lazy)
    left, right = held.model.state_dict(), made.model.state_dict()
    assert all(torch.equal(left[name], right[name]) for name in left)
    tables = [run.table[~run.table["measure"].str.contains("seconds")] for run in (held, made)]
    assert tables[0].equals(tables[1])
    assert sum(lazy.x_train.reads) == (2 + 2) * 650 + 500  # correlation, epochs, first weights


def test_a_device_without_room_is_named_with_the_bytes_that_are_wanted(monkeypatch):
    def full(*_: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    data = images(shape=(1, 8, 8))
    recipe = Recipe().replace(options=(("hidden", (8,)),))
    labels = torch.Tensor.to
    monkeypatch.setattr(torch.Tensor, "to", lambda x, device: full() if x.ndim > 1 else labels(x, device))
    with pytest.raises(
        ValueError, match=r"'cpu' has no memory for 3840 bytes .* set limit, or load .*lazy=True"
    ):
        Inputs(recipe, "cpu", data=data)
    Inputs(recipe, "cpu", data=unread(data, 0))
