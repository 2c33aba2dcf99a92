"""One function turns everything that holds a network into one."""

import igraph
import networkx as nx
import numpy as np
import pytest
import scipy.sparse as sp
import torch
from torch import nn
from torch.nn.utils import prune

from netsci.graph import LayeredGraph
from netsci.io import CheckpointError, load
from netsci.sparse import SparseLinear
from netsci.view import Network, read_network


def masks(seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.random((8, 12)) < 0.4, rng.random((12, 5)) < 0.5]


def sparse_module() -> nn.Module:
    torch.manual_seed(0)
    first, second = (SparseLinear(mask) for mask in masks())
    return nn.Sequential(first, nn.ReLU(), second)


def dense_module_with_pruned_layers() -> nn.Module:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(8, 12), nn.ReLU(), nn.Linear(12, 5))
    for layer in (module[0], module[2]):
        prune.random_unstructured(layer, "weight", 0.6)
    return module


@pytest.mark.parametrize("make", [sparse_module, dense_module_with_pruned_layers])
def test_module_state_dict_and_saved_file_give_one_network(make, tmp_path) -> None:
    module = make()
    torch.save(module.state_dict(), tmp_path / "m.pt")
    whole, state, file = (read_network(x) for x in (module, module.state_dict(), tmp_path / "m.pt"))
    assert whole.graph == state.graph == file.graph == load(tmp_path / "m.pt").graph
    assert whole.graph.n_links == sum(int((m != 0).sum()) for m in _weights(module))
    assert "confirms" in whole.notes[-1]
    assert file.sha256
    assert not whole.sha256


def _weights(module: nn.Module) -> list[np.ndarray]:
    if isinstance(module[0], SparseLinear):
        return masks()
    return [module[i].weight.detach().numpy() for i in (0, 2)]


class Parallel(nn.Module):
    """Two branches of one width that read the input side by side: a state dict reads as a chain."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right, self.out = nn.Linear(6, 6), nn.Linear(6, 6), nn.Linear(6, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(torch.relu(self.left(x)) + torch.relu(self.right(x)))


def test_a_forward_pass_decides_where_the_order_of_the_file_is_wrong() -> None:
    module = Parallel()
    with torch.no_grad():
        module.left.weight[:, 0] = 0
    found = read_network(module, example=torch.zeros(1, 6))
    ends = {p.name: (p.source, p.target) for p in found.graph.projections}
    assert ends["left"][0] == ends["right"][0]
    assert ends["left"][1] == ends["out"][0]
    links = {p.name: p.n_links for p in found.graph.projections}
    assert links == {"left": 30, "right": 36, "out": 12}
    assert "forward pass" in found.notes[-1]
    assert found.guesses == ()


def test_a_module_that_cannot_be_traced_is_read_as_its_state_dict_and_says_so() -> None:
    class Strange(nn.Sequential):
        def forward(self, x):
            return super().forward(x) if x.sum() > 0 else x

    module = Strange(nn.Linear(4, 3), nn.Linear(3, 2))
    found = read_network(module)
    assert found.graph == read_network(module.state_dict()).graph
    assert "not traced" in found.notes[-1]


def test_graphs_of_other_tools() -> None:
    karate = nx.karate_club_graph()
    expected = LayeredGraph.from_adjacency(nx.to_numpy_array(karate, weight=None) != 0)
    for x in (karate, igraph.Graph.from_networkx(karate)):
        graph = read_network(x).graph
        assert (graph.n_nodes, graph.n_links) == (34, 78)
        assert (graph.adjacency() != expected.adjacency()).nnz == 0
    plain = read_network(expected)
    assert plain.graph is expected
    assert read_network(plain) is plain


def test_a_symmetric_matrix_is_an_adjacency_and_that_is_a_guess(tmp_path) -> None:
    adjacency = nx.to_numpy_array(nx.karate_club_graph(), weight=None)
    for x in (adjacency, sp.csr_array(adjacency), torch.tensor(adjacency)):
        found = read_network(x)
        assert (found.graph.adjacency() != sp.csr_array(adjacency != 0)).nnz == 0
        assert found.graph.projections[0].undirected
        assert found.guesses
    assert read_network([adjacency]).graph.sizes == {"layer0": 34, "layer1": 34}
    weighted = read_network(adjacency * 0.5).graph.projections[0]
    assert weighted.weights.sum() == 78


def test_other_matrices_are_read_as_their_files_are(tmp_path) -> None:
    mask = masks()[0]
    np.save(tmp_path / "matrix.npy", mask)
    sp.save_npz(tmp_path / "matrix.npz", sp.csr_array(mask))
    assert read_network(mask).graph == load(tmp_path / "matrix.npy").graph
    assert read_network(sp.csr_array(mask)).graph == load(tmp_path / "matrix.npz").graph


def test_lists_and_dictionaries_of_matrices_are_layers() -> None:
    layers = masks()
    chain = LayeredGraph.from_masks(layers)
    assert read_network(layers).graph == chain
    assert read_network([sp.csr_array(m) for m in layers]).graph == chain
    named = read_network({"a": sp.csr_array(layers[0]), "b": sp.csr_array(layers[1])})
    assert [p.name for p in named.graph.projections] == ["a", "b"]
    weights = [np.where(mask, 0.5, 0.0) for mask in layers]
    assert read_network(weights).graph.projections[0].weights is not None
    arrays = read_network({"fc1.weight": weights[0].T, "fc2.weight": weights[1].T})
    assert [p.shape for p in arrays.graph.projections] == [(8, 12), (12, 5)]


def test_options_reach_the_reader(tmp_path) -> None:
    torch.save({"a.weight": torch.rand(6, 5) + 1, "b.weight": torch.rand(3, 6) + 1}, tmp_path / "m.pt")
    assert read_network(tmp_path / "m.pt", density=0.5).graph.n_links == 24
    assert len(read_network(tmp_path / "m.pt", select="b").graph.projections) == 1


@pytest.mark.parametrize("x", [3, None, [], {}, [1, 2], ["a"], object()])
def test_anything_else_is_told_what_is_wanted(x) -> None:
    with pytest.raises(TypeError, match="x must be a LayeredGraph, the path of a file, a torch module"):
        read_network(x)


def test_errors_of_the_reader_stay_plain(tmp_path) -> None:
    with pytest.raises(CheckpointError, match="there is no such file"):
        read_network(tmp_path / "none.pt")
    with pytest.raises(TypeError, match="names of a state dict"):
        read_network({1: np.ones((2, 2))})


def test_a_network_keeps_what_the_reader_guessed(tmp_path) -> None:
    torch.save({"b.weight": torch.ones(3, 6)}, tmp_path / "m.pt")
    loaded = load(tmp_path / "m.pt")
    found = read_network(loaded)
    assert isinstance(found, Network)
    assert (found.notes, found.guesses, found.sha256) == (loaded.notes, loaded.guesses, loaded.sha256)


def test_a_module_without_parameters_is_named() -> None:
    with pytest.raises(ValueError, match="Flatten has no parameters"):
        read_network(nn.Flatten())
