"""Sparse tensors in state dicts: the stored pattern is the structure, and nothing is made dense."""

from pathlib import Path

import numpy as np
import pytest
import torch

from netsci.io.formats.torch.file import read_torch_legacy, read_torch_zip
from tests.io.samples import FC2, dense_weights, read, write_torch

pytestmark = [
    pytest.mark.filterwarnings("ignore:Sparse:UserWarning"),
    pytest.mark.filterwarnings("ignore:.*beta state:UserWarning"),
]
W = torch.tensor(FC2.T.copy())  # [out 3, in 4], 4 links


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.bin"


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("layout", ["coo", "csr", "csc"])
def test_explicit_zeros_are_links(path, layout, legacy):
    tensor = getattr(W, f"to_sparse_{layout}")()
    values = tensor._values() if layout == "coo" else tensor.values()
    values[1] = 0
    write_torch(path, {"fc.weight": tensor}, _use_new_zipfile_serialization=not legacy)
    graph, _ = read(read_torch_legacy if legacy else read_torch_zip, path)
    assert np.array_equal(graph.projections[0].links.toarray(), FC2 != 0)
    assert graph.projections[0].weights.data.tolist().count(0) == 1


def test_coo_that_is_not_coalesced_adds_up(path):
    tensor = torch.sparse_coo_tensor([[0, 0, 2], [1, 1, 3]], [1.0, 2.0, 5.0], (3, 4))
    graph, _ = read(read_torch_zip, write_torch(path, {"fc.weight": tensor}))
    assert graph.projections[0].n_links == 2
    assert dense_weights(graph, 0)[1, 0] == 3
    assert dense_weights(graph, 0)[3, 2] == 5


@pytest.mark.parametrize("layout", ["bsr", "bsc"])
def test_every_place_of_a_stored_block_is_a_link(path, layout):
    dense = torch.zeros(4, 6)
    dense[0, 2], dense[1, 3], dense[2, 0] = 1.5, -2, 7
    tensor = dense.to_sparse_bsr((2, 3)) if layout == "bsr" else dense.to_sparse_bsc((2, 3))
    graph, notes = read(read_torch_zip, write_torch(path, {"fc.weight": tensor}))
    assert np.array_equal(dense_weights(graph, 0), dense.T.numpy())
    expected = np.zeros((6, 4), bool)
    expected[:3, :2] = expected[3:, :2] = expected[:3, 2:] = True  # blocks of [in 3, out 2]
    assert np.array_equal(graph.projections[0].links.toarray(), expected)
    assert "fc.weight stores blocks: every place in a stored block is a link" in notes


def test_a_huge_sparse_layer_is_not_made_dense(path):
    side = 3_000_000  # dense, it would take 36 TB
    tensor = torch.sparse_coo_tensor([[0, side - 1], [5, 7]], [1.0, 2.0], (side, side))
    graph, _ = read(read_torch_zip, write_torch(path, {"fc.weight": tensor}))
    assert graph.n_links == 2
    assert graph.projections[0].links[7, side - 1]


@pytest.mark.parametrize(
    ("make", "pattern"),
    [
        (lambda: torch.ones(2, 3, 2, 2).to_sparse_coo(), r"a sparse_coo tensor of shape [2, 3, 2, 2];"),
        (lambda: torch.ones(2, 3, 4).to_sparse_csr(), r"a sparse_csr tensor of shape [2, 3, 4];"),
        (lambda: torch.ones(4, 3).to_sparse(1), r"a sparse_coo tensor of shape [4, 3], 1 of them dense;"),
    ],
)
def test_other_sparse_tensors_are_left_out_and_named(path, make, pattern):
    write_torch(path, {"conv.weight": make(), "fc.weight": W})
    graph, notes = read(read_torch_zip, path)
    assert [p.name for p in graph.projections] == ["fc"]
    note = next(n for n in notes if n.startswith("left out: conv.weight"))
    assert pattern in note
    assert note.endswith("tensor.to_dense()")


def test_bf16_values(path):
    tensor = W.to(torch.bfloat16).to_sparse_csr()
    graph, _ = read(read_torch_zip, write_torch(path, {"fc.weight": tensor}))
    assert np.array_equal(dense_weights(graph, 0), FC2)


@pytest.mark.parametrize("layout", ["csr", "bsr"])
def test_indices_outside_are_refused_before_compiled_code_uses_them(path, layout):
    pointers, places = torch.tensor([0, 1, 2]), torch.tensor([0, 10**9])
    if layout == "csr":
        tensor = torch.sparse_csr_tensor(pointers, places, torch.ones(2), (2, 3), check_invariants=False)
    else:
        values = torch.ones(2, 2, 3)
        tensor = torch.sparse_bsr_tensor(pointers, places, values, (4, 6), check_invariants=False)
    with pytest.raises((ValueError, RuntimeError)):
        read(read_torch_zip, write_torch(path, {"fc.weight": tensor}))
