import gzip
import os
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from netsci.data import simulated
from netsci.data._saccade_kernel import crossings
from netsci.data.errors import DataError
from netsci.data.events import frames_of
from netsci.data.nmnist import recordings
from netsci.data.registry import load
from netsci.data.saccades import (
    DURATION,
    PATH,
    compare_with_real,
    positions,
    simulate,
    simulated_frames,
)
from tests.data import event_files as files

FOLDER = Path(os.environ.get("NETSCI_DATA", ""))
HAVE = "NETSCI_DATA" in os.environ and (FOLDER / "n-mnist" / "n-mnist-small.zip").is_file()
REAL = pytest.mark.skipif(not HAVE, reason="NETSCI_DATA does not name a folder with n-mnist and mnist")


def strokes(n, seed):
    """Images that look a little like digits: thick random lines."""
    rng = np.random.default_rng(seed)
    images = np.zeros((n, 28, 28), np.uint8)
    for image in images:
        for _ in range(3):
            y, x = rng.integers(5, 20, 2)
            tall, wide = (10, 3) if rng.random() < 0.5 else (3, 10)
            image[y : min(y + tall, 24), x : min(x + wide, 24)] = rng.integers(100, 256)
    return images


def same(a, b):
    return all((getattr(a, name) == getattr(b, name)).all() for name in "txyp") if len(a) == len(b) else False


def test_one_pixel_by_hand():
    # The pixel sees 0, then half of the ink to its right, then nothing again.
    ink = np.zeros((11, 11))
    ink[5, 6] = 1.0
    path = np.array([[0.0, 0.0], [-0.5, 0.0], [0.0, 0.0]])
    thresholds = np.array([[[0.125]], [[0.25]]])
    time, place = crossings(ink, path, thresholds, 5)
    # Rising to 0.5 in the first millisecond; the tie at its end fires. Then falling by two steps of 0.25.
    assert place.tolist() == [0, 0, 0, 0, 1, 1]
    assert time.tolist() == [250, 500, 750, 999, 1500, 1999]
    # Ink above comes into sight when the image moves down.
    above = np.zeros((11, 11))
    above[4, 5] = 1.0
    assert len(crossings(above, np.array([[0.0, 0.0], [0.0, 0.5]]), thresholds, 5)[0]) == 4
    assert len(crossings(above, np.array([[0.0, 0.0], [0.0, -0.5]]), thresholds, 5)[0]) == 0


def test_more_events_than_room_are_all_kept():
    ink = np.random.default_rng(0).random((44, 44))
    path = np.zeros((40, 2))
    path[1::2] = 0.5
    time, place = crossings(ink, path, np.full((2, 34, 34), 0.01), 5)
    assert len(time) == len(place) > 2**15
    assert place.max() < 2 * 34 * 34


def oracle(image, seed, index):
    """The events of section 5 of the models' page, without the compiled loop: (step, p, y, x) counts."""
    rng = np.random.default_rng([seed, index])
    threshold = 0.115 * np.exp(0.3 * rng.standard_normal((2, 34, 34)))
    ink = ndimage.gaussian_filter(np.pad(image / 255.0, 3), 1.0, mode="constant")
    value = [ndimage.shift(ink, (y, x), order=1, mode="grid-constant") for x, y in positions()]
    reference = value[0].copy()
    counts = np.zeros((DURATION // 1000, 2, 34, 34), int)
    for step in range(1, len(value)):
        rise = np.floor((value[step] - reference) / threshold[0]).clip(0)
        fall = np.floor((reference - value[step]) / threshold[1]).clip(0)
        reference += rise * threshold[0] - fall * threshold[1]
        counts[step - 1] += np.stack([rise, fall]).astype(int)
    n = rng.poisson(0.1 * 0.312 * 2 * 34 * 34)
    time, place = rng.integers(0, DURATION, n), rng.integers(0, 2 * 34 * 34, n)
    np.add.at(counts.reshape(DURATION // 1000, -1), (time // 1000, place), 1)
    return counts


def test_events_agree_with_an_oracle():
    images = strokes(3, 2)
    for index, events in enumerate(simulate(images, seed=5)):
        counts = np.zeros((DURATION // 1000, 2, 34, 34), int)
        np.add.at(counts, (events.t // 1000, events.p, events.y, events.x), 1)
        expected = oracle(images[index], 5, index)
        assert expected.sum() > 1000
        # Rounding may move a crossing at the very end of a step.
        assert np.abs(counts - expected).sum() <= 4


def test_path():
    where = positions()
    assert where.shape == (313, 2)
    for ms, x, y in PATH:
        assert where[ms] == pytest.approx([x, y])
    assert np.abs(where).max() == pytest.approx(3.5)
    # Monotone between knots.
    for (start, *a), (stop, *b) in pairwise(PATH):
        assert (np.diff(where[start : stop + 1], axis=0) * np.sign(np.subtract(b, a)) >= -1e-12).all()
    with pytest.raises(ValueError, match="read-only"):
        where[0, 0] = 1.0


def test_polarity_one_is_where_ink_leaves():
    image = np.zeros((1, 28, 28), np.uint8)
    image[0, 12:16, 12:16] = 255
    [events] = simulate(image, seed=0)
    first = events.window(0, 100_000)
    # The first saccade moves the image down by 5.5 pixels: ink arrives below and leaves above.
    assert first.y[first.p == 0].mean() > first.y[first.p == 1].mean() + 2
    last = events.window(230_000, DURATION)
    # The last one moves it to the left.
    assert last.x[last.p == 0].mean() < last.x[last.p == 1].mean() - 2


def test_noise_alone():
    blank = simulate(np.zeros((60, 28, 28), np.uint8), seed=1)
    numbers = np.array([len(e) for e in blank])
    assert numbers.mean() == pytest.approx(0.1 * 0.312 * 2 * 34 * 34, abs=5)
    time = np.concatenate([e.t for e in blank])
    assert time.max() < DURATION
    assert time.mean() == pytest.approx(DURATION / 2, rel=0.05)
    # Without margins everything white is as still as black, but for its edges.
    assert len(simulate(np.full((1, 28, 28), 255, np.uint8), seed=1)[0]) > 1000


def test_recordings_depend_on_seed_and_index_only():
    images = strokes(4, 3)
    whole = simulate(images, seed=7)
    alone = simulate(images[2:3], seed=7, indices=[2])
    assert same(alone[0], whole[2])
    turned = simulate(images[::-1], seed=7, indices=[3, 2, 1, 0])
    assert all(same(a, b) for a, b in zip(turned[::-1], whole, strict=True))
    assert not same(simulate(images[2:3], seed=7)[0], whole[2])
    assert not same(simulate(images[2:3], seed=8, indices=[2])[0], whole[2])


def test_frames_without_keeping_events_are_the_same():
    images = strokes(3, 4)
    events = simulate(images, seed=1)
    span = (0, DURATION)
    for options in ({}, {"pooling": 2}, {"pooling": 2, "binary": True}, {"how": "count"}):
        made = simulated_frames(images, 8, seed=1, **options)
        assert made.dtype == np.uint8
        assert (made == frames_of(events, 8, span=span, **options)).all()
    assert simulated_frames(images[:0], 8, seed=1).shape == (0, 8, 2, 34, 34)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda x: simulate(x.astype(float), seed=0), TypeError, r"images must be uint8 \[n, 28, 28\]"),
        (lambda x: simulate(x[:, None], seed=0), TypeError, "images must be uint8"),
        (lambda x: simulate(x[:, :20], seed=0), TypeError, "images must be uint8"),
        (lambda x: simulate(x, seed=-1), ValueError, "seed must be at least 0"),
        (lambda x: simulate(x, seed=None), TypeError, "seed"),
        (lambda x: simulate(x, seed=0, indices=[0]), ValueError, "got 1 for 2 images"),
        (lambda x: simulate(x, seed=0, indices=[0, -1]), ValueError, "indices"),
        (lambda x: simulated_frames(x, 0, seed=0), ValueError, "steps"),
        (lambda x: simulated_frames(x, 8, seed=0, pooling=4), ValueError, "pooling must divide 34"),
        (lambda x: simulated_frames(x, 8, seed=0, how="sum"), ValueError, "how must be"),
        (lambda x: compare_with_real(simulate(x, seed=0), x[:1], seed=0), ValueError, "as many"),
    ],
)
def test_bad_arguments_are_refused(call, error, words):
    with pytest.raises(error, match=words):
        call(strokes(2, 0))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """MNIST of 1,006 training and 4 test images, some N-MNIST of it, and a cache of its own."""
    x = np.concatenate([np.zeros((1000, 28, 28), np.uint8), strokes(6, 0)])
    y = np.arange(1006) // 3 % 10
    files.write_mnist(tmp_path, x, y, strokes(4, 1), [3, 1, 4, 1])
    numbers = {"Train": {2: 0, 1000: 3, 1002: 3}, "Test": {1: 3}}
    files.write_nmnist(tmp_path, numbers, np.random.default_rng(0), form="small")
    monkeypatch.setenv("NETSCI_CACHE", str(tmp_path / "cache"))
    return tmp_path


def load_small(folder, **options):
    return simulated.nmnist_simulated(folder, steps=4, pooling=2, verify=False, **options)


def test_data_set_for_training_on_simulated_and_testing_on_real(folder):
    data = load_small(folder)
    assert data.source.startswith("simulated N-MNIST, 6 recordings")
    assert "tested on 3 real recordings" in data.source
    expected = simulated_frames(strokes(6, 0), 4, seed=0, indices=range(1000, 1006), pooling=2)
    assert (data.x_train == expected).all()
    assert data.y_train.tolist() == [3, 3, 4, 4, 4, 5]
    # Real recordings of images that were trained on are left out: 1002 is image 1001.
    assert data.y_test.tolist() == [0, 3, 3]
    real = [r.events for r in recordings(folder) if r.number != 1002]
    assert (data.x_test == frames_of(real, 4, span=(0, DURATION), pooling=2)).all()
    like = load_small(folder, test="simulated", train=2)
    assert like.y_test.tolist() == [3, 1, 4, 1]
    assert "tested on 4 simulated" in like.source
    keys = range(1006, 1010)
    assert (like.x_test == simulated_frames(strokes(4, 1), 4, seed=0, indices=keys, pooling=2)).all()
    assert (like.x_train == expected[:2]).all()
    assert like.checksum != data.checksum
    assert load("n-mnist-simulated", folder=folder, steps=4, verify=False).name == "n-mnist-simulated"


def test_cache(folder, monkeypatch):
    data = load_small(folder)
    [path] = (folder / "cache" / "n-mnist-simulated").iterdir()
    other = load_small(folder, seed=1)
    assert not (other.x_train == data.x_train).all()
    made = []
    original = simulated.simulated_frames
    monkeypatch.setattr(simulated, "simulated_frames", lambda *a, **k: made.append(1) or original(*a, **k))
    assert (load_small(folder).x_train == data.x_train).all()
    assert not made
    # A damaged file is made anew and replaced.
    content = path.read_bytes()
    for damaged in (content[: len(content) // 2], b"", bytes(100), files.npy_bytes(np.zeros(3))):
        path.write_bytes(damaged)
        made.clear()
        assert (load_small(folder).x_train == data.x_train).all()
        assert len(made) == 1
    np.savez_compressed(path, frames=np.zeros((1, 2), np.uint8))
    assert (load_small(folder).x_train == data.x_train).all()
    # A cache that cannot be written is no error.
    (folder / "file").write_text("")
    monkeypatch.setenv("NETSCI_CACHE", str(folder / "file"))
    assert (load_small(folder).x_train == data.x_train).all()


def test_options_of_the_data_set_are_checked(folder):
    for options, words in (
        ({"test": "both"}, "test must be one of real, simulated"),
        ({"train": 7}, r"train must lie in \[1, 6\]"),
        ({"train": 0}, "train must be at least 1"),
        ({"how": "frames"}, "how must be one of"),
    ):
        with pytest.raises(ValueError, match=words):
            load_small(folder, **options)
    with pytest.raises(DataError, match="official"):
        simulated.nmnist_simulated(folder)
    zipped = folder / "n-mnist" / "n-mnist-small.zip"
    files.write_zip(zipped, {"Train/5/00002.bin": bytes(5), "Test/3/00001.bin": bytes(5)})
    with pytest.raises(DataError, match=r"Train/5/00002\.bin does not show MNIST image 1"):
        load_small(folder)
    zipped.unlink()
    with pytest.raises(DataError, match="put the official files as n-mnist"):
        load_small(folder)
    assert len(load_small(folder, test="simulated").y_test) == 4


def real_images(name, header):
    with gzip.open(FOLDER / "mnist" / f"{name}-ubyte.gz") as stream:
        return np.frombuffer(stream.read(), np.uint8)[header:]


@REAL
def test_simulated_recordings_are_like_the_real_ones():
    images = real_images("train-images-idx3", 16).reshape(-1, 28, 28)[:300]
    real = [r.events for r in recordings(FOLDER, "Train")][:300]
    table = compare_with_real(real, images, seed=0).set_index("statistic")
    ratio = table["simulated"] / table["real"]
    for name in ("events, mean", "events, sd", "active pixels"):
        assert 0.95 < ratio[name] < 1.07, name
    for name in ("events of saccade 1", "events of saccade 2", "events of saccade 3"):
        assert 0.93 < ratio[name] < 1.11, name
    assert abs(table["simulated"] - table["real"])["share of polarity 1"] < 0.02
    assert table["simulated"]["r of events over recordings"] > 0.975
    assert table["simulated"]["r of counts in 8 frames"] > 0.75
    # Of other images, the same statistics over all, but nothing in common one by one.
    other = compare_with_real(real, np.roll(images, 1, axis=0), seed=0).set_index("statistic")["simulated"]
    assert abs(other["r of events over recordings"]) < 0.3
    assert other["r of counts in 8 frames"] < 0.4
    mirrored = compare_with_real(real, images[:, :, ::-1], seed=0).set_index("statistic")["simulated"]
    assert mirrored["r of counts in 8 frames"] < 0.5


@REAL
def test_a_classifier_trained_on_simulated_digits_knows_real_ones(tmp_path, monkeypatch):
    from sklearn.linear_model import LogisticRegression

    monkeypatch.setenv("NETSCI_CACHE", str(tmp_path))
    data = load("n-mnist-simulated", folder=FOLDER, steps=2, train=2500, pooling=2)
    assert data.x_test.shape == (1100, 2, 2, 17, 17)
    x, test = (part.reshape(len(part), -1) / 10 for part in (data.x_train, data.x_test))
    model = LogisticRegression(C=0.02, max_iter=300).fit(x, data.y_train)
    assert 0.87 < model.score(test, data.y_test) < 0.96
    mirrored = data.x_test[..., ::-1].reshape(1100, -1) / 10
    assert model.score(mirrored, data.y_test) < 0.5
