"""Small data files in the official formats, made for tests."""

import gzip
import io
import struct
import tarfile
import zipfile

import numpy as np
from PIL import Image

IDX = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


def idx_bytes(array):
    """An idx file written by hand: magic, sizes big-endian, bytes."""
    head = bytes([0, 0, 8, array.ndim]) + b"".join(struct.pack(">I", size) for size in array.shape)
    return head + array.astype(np.uint8).tobytes()


def write_mnist(folder, *, place="mnist", packed=True, train=30, test=20, seed=0):
    """Four idx files with random images; return the arrays in the order of the files."""
    rng = np.random.default_rng(seed)
    arrays = []
    for n in (train, test):
        arrays += [rng.integers(0, 256, (n, 28, 28)), np.arange(n) % 10]
    (folder / place).mkdir(parents=True, exist_ok=True)
    for name, array in zip(IDX, arrays, strict=True):
        content = idx_bytes(array)
        if packed:
            (folder / place / f"{name}.gz").write_bytes(gzip.compress(content, mtime=0))
        else:
            (folder / place / name).write_bytes(content)
    return arrays


def cifar_records(n, *, label_columns=(10,), seed=0):
    """Records as the official page describes them: labels, then red, green and blue planes by rows."""
    rng = np.random.default_rng(seed)
    labels = np.column_stack([np.arange(n) % top for top in label_columns]).astype(np.uint8)
    pixels = rng.integers(0, 256, (n, 3072), dtype=np.uint8)
    return labels, pixels, np.hstack([labels, pixels]).tobytes()


def cifar10_files(each=20):
    """Names and bytes of a small CIFAR-10, its labels and pixels for training and for testing."""
    files, labels, pixels = {}, [], []
    for number in range(6):
        name = f"data_batch_{number + 1}.bin" if number < 5 else "test_batch.bin"
        found = cifar_records(each, seed=number)
        labels.append(found[0])
        pixels.append(found[1])
        files[name] = found[2]
    names = "airplane automobile bird cat deer dog frog horse ship truck"
    files["batches.meta.txt"] = ("\n".join(names.split()) + "\n\n").encode()
    return files, np.concatenate(labels[:5]), np.concatenate(pixels[:5]), labels[5], pixels[5]


def cifar100_files(n=200):
    files, found = {}, {}
    for number, part in enumerate(("train", "test")):
        found[part] = cifar_records(n, label_columns=(20, 100), seed=number)
        files[f"{part}.bin"] = found[part][2]
    files["fine_label_names.txt"] = "\n".join(f"fine{i}" for i in range(100)).encode()
    files["coarse_label_names.txt"] = "\n".join(f"coarse{i}" for i in range(20)).encode()
    return files, found


def write_files(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def write_tar(path, files, prefix=""):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(prefix + name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


def write_zip(path, files, prefix=""):
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(prefix + name, content)


def image_bytes(pixels, kind="PNG"):
    """An image file of an array [H, W], [H, W, 3] or [H, W, 4] (CMYK); PNG keeps the pixels."""
    stream = io.BytesIO()
    mode = "CMYK" if pixels.ndim == 3 and pixels.shape[2] == 4 else None
    image = (
        Image.fromarray(pixels)
        if mode is None
        else Image.frombytes(mode, pixels.shape[1::-1], pixels.tobytes())
    )
    image.save(stream, kind)
    return stream.getvalue()


def flat(value, size=32, kind="PNG"):
    """An image of one colour."""
    return image_bytes(np.full((size, size, 3), value, np.uint8), kind)


def tree_files(classes=("b", "a", "c"), train=4, test=2, size=32, part="test"):
    """A tree in which the pixels of image k of class number c (sorted) are 10 c + k; test images add 100."""
    files = {}
    for label, name in enumerate(sorted(classes)):
        for k in range(train):
            files[f"train/{name}/{k:04}.png"] = flat(10 * label + k, size)
        for k in range(test):
            files[f"{part}/{name}/{k:04}.png"] = flat(100 + 10 * label + k, size)
    return files


def tiny_files(classes=("n03", "n01"), train=3, val=2):
    """The official layout of Tiny ImageNet: images/ folders, box files, annotations, unlabelled tests."""
    files = {"wnids.txt": "\n".join(classes).encode(), "words.txt": b"n01\tone\nn03\tthree\n"}
    lines = []
    for label, name in enumerate(sorted(classes)):
        for k in range(train):
            files[f"train/{name}/images/{name}_{k}.JPEG"] = flat(10 * label + k, 64)
        files[f"train/{name}/{name}_boxes.txt"] = b"a\t0\t0\t1\t1\n"
        for k in range(val):
            file = f"val_{label + 2 * k}.JPEG"
            files[f"val/images/{file}"] = flat(100 + 10 * label + k, 64)
            lines.append(f"{file}\t{name}\t0\t0\t62\t62")
    files["val/val_annotations.txt"] = ("\n".join(lines) + "\n").encode()
    files["test/images/test_0.JPEG"] = flat(0, 64)
    return files
