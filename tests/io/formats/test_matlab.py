"""MATLAB 5 files against scipy's writer and reader, and files made to do harm."""

from __future__ import annotations

import json
import struct
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import scipy.sparse as sp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netsci.io import CheckpointError, Loaded, load
from tests.io.samples import FC1, FC2, layer_table

ARCS = np.array([[0, 2, 0], [0, 0, -3], [1, 0, 0]])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.dat"


def write(path: Path, packed: bool = False, **variables) -> Path:
    with open(path, "wb") as stream:
        scipy.io.savemat(stream, variables, do_compression=packed)
    return path


def read(path: Path, **options) -> Loaded:
    return load(path, isolate=False, **options)


def refused(path: Path, data: bytes, pattern: str) -> None:
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match=pattern):
        read(path)


def weights(loaded: Loaded, number: int = 0) -> np.ndarray:
    return loaded.graph.projections[number].weights.toarray()


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("dtype", ["u1", "i1", "i2", "u2", "i4", "u4", "i8", "f4", "f8"])
def test_types_with_and_without_compression(path, packed, dtype):
    matrix = abs(ARCS).astype(dtype)
    loaded = read(write(path, packed, A=matrix))
    assert loaded.kind == "MATLAB 5 file"
    assert np.array_equal(weights(loaded), matrix)
    assert loaded.graph.sizes == {"A": 3}
    assert not loaded.graph.projections[0].undirected


@pytest.mark.parametrize("packed", [False, True])
def test_sparse_matrices(path, packed):
    loaded = read(write(path, packed, A=sp.csc_array(ARCS.astype(float)), B=sp.csc_array(FC1.astype(float))))
    assert np.array_equal(weights(loaded), ARCS)
    assert np.array_equal(weights(loaded, 1), FC1)
    empty = read(write(path, packed, A=sp.csc_array((3, 3))))
    assert empty.graph.n_links == 0
    assert "without any link: A" in empty.notes


def test_square_ones_are_networks_of_their_own_and_the_others_chain(path):
    symmetric = ARCS + ARCS.T
    variables = {
        "A": ARCS,
        "W1": FC1,
        "S": symmetric,
        "W2": FC2,
        "Names": ["ab  ", "c   "],
        "bias": np.ones(4),
    }
    loaded = read(write(path, **variables))
    assert layer_table(loaded.graph) == {
        "A": (3, 3, 3),
        "S": (3, 3, 3),
        "W1": (5, 4, 6),
        "W2": (4, 3, 4),
    }
    assert [p.undirected for p in loaded.graph.projections] == [False, True, False, False]
    assert loaded.graph.sizes == {"A": 3, "S": 3, "input": 5, "W1": 4, "W2": 3}
    notes = " | ".join(loaded.notes)
    for said in (
        "4 matrices: A 3 x 3, W1 5 x 4, S 3 x 3, W2 4 x 3; choose one by --select NAME (select=)",
        "S: 3 x 3: an adjacency matrix, symmetric, so undirected",
        "left out: Names (text), bias 1 x 4 (a vector)",
    ):
        assert said in notes
    one = read(path, select="S")
    assert one.graph.sizes == {"S": 3}
    assert "selected S" in one.notes
    with pytest.raises(CheckpointError, match="nothing called 'T'; select one of: A, S, W1, W2"):
        read(path, select="T")


def test_a_population_called_input_is_no_clash(path):
    assert read(write(path, input=ARCS, W=FC1)).graph.sizes == {"input": 3, "input (layer)": 5, "W": 4}


def test_matrices_of_zeros_and_ones_have_no_weights(path):
    assert read(write(path, A=ARCS != 0)).graph.projections[0].weights is None
    assert read(write(path, A=(ARCS != 0).astype(float))).graph.projections[0].weights is None


def test_structures_and_cells(path):
    cells = np.empty((1, 2), object)
    cells[0, 0], cells[0, 1] = FC1, FC2
    loaded = read(write(path, Problem={"A": ARCS, "title": "cat", "aux": {"B": ARCS.T}}, W=cells))
    assert layer_table(loaded.graph) == {
        "Problem.A": (3, 3, 3),
        "Problem.aux.B": (3, 3, 3),
        "W{1}": (5, 4, 6),
        "W{2}": (4, 3, 4),
    }
    assert np.array_equal(weights(loaded, 1), ARCS.T)
    assert layer_table(read(path, select="Problem").graph).keys() == {"Problem.A", "Problem.aux.B"}


def test_what_is_no_matrix_is_named(path):
    stack, complex_one = np.ones((3, 3, 2)), ARCS * 1j
    loaded = read(write(path, A=ARCS, stack=stack, z=complex_one))
    assert (
        "left out: stack 3 x 3 x 2 (a stack: save its slices one by one), z 3 x 3 (complex)" in loaded.notes
    )
    with pytest.raises(CheckpointError, match=r"no matrix: stack 3 x 3 x 2 \(a stack"):
        read(write(path, stack=stack))
    with pytest.raises(CheckpointError, match="no matrix: nothing"):
        read(write(path))


def test_nan_is_said(path):
    loaded = read(write(path, A=np.where(ARCS == 2, np.nan, ARCS)))
    assert "A: weights hold NaN or infinite values: links kept, weights dropped" in loaded.notes
    assert loaded.graph.n_links == 3


def test_threshold_and_density(path):
    write(path, A=ARCS, W=FC1)
    assert [p.n_links for p in read(path, threshold=2).graph.projections] == [2, 3]
    assert [p.n_links for p in read(path, density=0.25).graph.projections] == [1, 5]


def element(kind: int, data: bytes) -> bytes:
    return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 8)


def array(kind: int, shape: tuple[int, ...], *parts: bytes, name: bytes = b"A") -> bytes:
    head = element(6, struct.pack("<II", kind, 0)) + element(5, struct.pack(f"<{len(shape)}i", *shape))
    return element(14, head + element(1, name) + b"".join(parts))


def file(*elements: bytes) -> bytes:
    return b"MATLAB 5.0 MAT-file, by hand".ljust(124) + struct.pack("<H", 0x0100) + b"IM" + b"".join(elements)


def test_big_endian_files(path):
    head = b"MATLAB 5.0 MAT-file, by hand".ljust(124) + struct.pack(">H", 0x0100) + b"MI"

    def part(kind, data):
        return struct.pack(">II", kind, len(data)) + data + bytes(-len(data) % 8)

    body = part(6, struct.pack(">II", 6, 0)) + part(5, struct.pack(">2i", 3, 3)) + part(1, b"A")
    path.write_bytes(head + part(14, body + part(9, ARCS.T.astype(">f8").tobytes())))
    assert np.array_equal(weights(read(path)), ARCS)
    with open(path, "rb") as stream:
        assert np.array_equal(scipy.io.loadmat(stream)["A"], ARCS)  # the file by hand is a good one


NUMBERS = element(9, np.ones(4).tobytes())


@pytest.mark.parametrize(
    ("data", "pattern"),
    [
        (file(array(6, (2, 2), NUMBERS)), None),
        (file(array(6, (2, 3), NUMBERS)), "A should hold 6 numbers and holds 4"),
        (file(array(6, (20_000_000, 2), NUMBERS)), "above the limit"),
        (file(array(6, (1_000_000, 1_000_000), NUMBERS)), "should hold 1,000,000,000,000"),
        (file(array(6, (-2, -2), NUMBERS)), "shape"),
        (file(array(6, (2,), NUMBERS)), "shape"),
        (file(array(6, (2, 2))), "where numbers should be"),
        (file(array(6, (2, 2), element(16, b"abcd"))), "where numbers should be"),
        (file(array(6, (2, 2), NUMBERS), array(6, (2, 2), NUMBERS)), "holds A twice"),
        (file(struct.pack("<II", 14, 2**31)), "reaches beyond the end"),
        (file(struct.pack("<II", 14 + (9 << 16), 0)), "larger than 4 bytes"),
        (file(element(15, b"no zlib")), "damaged"),
        (file(array(1, (2**20, 2**10))), "no matrix"),  # cells that are not there
        (file(array(5, (3, 3), element(5, b"\x07\0\0\0"),
                    element(5, struct.pack("<4i", 0, 1, 1, 1)), NUMBERS)), "points outside"),
        # scipy's own full check lets this one pass, and its next step crashes
        (file(array(5, (3, 3), element(5, bytes(4)),
                    element(5, struct.pack("<4i", 0, 10**6, 0, 0)), NUMBERS)), "points outside"),
        (file(array(5, (3, 3), element(5, bytes(4)), element(5, struct.pack("<4i", 1, 1, 1, 1)), NUMBERS)),
         "points outside"),
        (file(array(5, (3, 3), element(5, b"\0\0\0\0"), element(5, struct.pack("<3i", 0, 1, 1)), NUMBERS)),
         "the sparse matrix A is incomplete"),
        (file(array(5, (3, 3), element(5, b"\0\0\0\0"), element(5, struct.pack("<4i", 0, 9, 9, 9)), NUMBERS)),
         "incomplete"),
    ],
)  # fmt: skip
def test_files_by_hand(path, data, pattern):
    if pattern is None:
        path.write_bytes(data)
        assert read(path).graph.n_links == 3  # two loops and an undirected pair
    else:
        refused(path, data, pattern)


def test_honest_files_that_pack_well_are_read(path):
    rng = np.random.default_rng(1)
    values = [np.where(rng.random((900, 900)) < 0.003, rng.normal(size=(900, 900)), 0) for _ in range(5)]
    loaded = read(write(path, True, **{f"A{i}": matrix for i, matrix in enumerate(values)}))
    assert path.stat().st_size * 100 < 5 * values[0].nbytes  # 32 MB, more than is free of any ratio
    assert [p.n_links for p in loaded.graph.projections] == [np.count_nonzero(x) for x in values]


def test_bombs_are_refused_before_they_fill_the_memory(path, monkeypatch):
    monkeypatch.setattr("netsci.io.formats.matlab.level5.ANY_RATIO_BYTES", 2**24)
    deep = b""
    for _ in range(100):
        deep = array(1, (1, 1), deep)
    refused(path, file(deep), "nest deeper than 8")
    many = b"".join(array(6, (1, 1), element(9, bytes(8))) for _ in range(2000))
    path.write_bytes(file(array(6, (2, 2), NUMBERS, name=b"B"), array(1, (2000, 1), many)))
    assert read(path).graph.n_links == 3
    bomb = file(element(15, zlib.compress(array(6, (3000, 3000), element(9, bytes(72_000_000))), 9)))
    assert len(bomb) < 100_000
    tracemalloc.start()
    refused(path, bomb, "like a zip bomb")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 120_000_000


@pytest.mark.parametrize("packed", [False, True])
def test_mutated_files_load_or_raise_the_one_error(tmp_path, packed):
    path = tmp_path / "net.dat"
    cells = np.empty((1, 2), object)
    cells[0, 0], cells[0, 1] = FC1, "text"
    variables = {"A": ARCS, "S": sp.csc_array(FC2.astype(float)), "p": {"q": ARCS}, "c": cells}
    whole = write(path, packed, **variables).read_bytes()

    @settings(max_examples=150, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(
        st.lists(st.tuples(st.integers(100, len(whole) - 1), st.integers(0, 255)), min_size=1, max_size=4),
        st.none() | st.integers(0, len(whole) - 1),
    )
    def mutate(changes, cut):
        data = bytearray(whole)
        for place, value in changes:
            data[place] = value
        if cut is not None:
            del data[cut:]
        path.write_bytes(bytes(data))
        try:
            loaded = read(path)
        except CheckpointError:
            return
        json.dumps(loaded.summary(), allow_nan=False)

    mutate()
