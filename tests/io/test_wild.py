"""Small files laid out as those that people keep: each gives the network that they mean, or says why not."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from netsci.io import load
from tests.io.samples import layer_table, refused, write_torch


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.bin"


def ones(*shape: int) -> torch.Tensor:
    return torch.ones(shape)


STATES = {
    "spikingjelly": (
        {"net": {"conv.0.weight": ones(2, 1, 3, 3), "conv.1.weight": ones(2), "fc.weight": ones(3, 8)}},
        {"conv.0": (9, 2, 18), "fc": (8, 3, 24)},
    ),
    "norse": (
        {"l.input_weights": ones(4, 5), "l.recurrent_weights": ones(4, 4), "out.weight": ones(3, 4)},
        {"l.input_weights": (5, 4, 20), "l.recurrent_weights": (4, 4, 16), "out": (4, 3, 12)},
    ),
    "snntorch": (
        {"fc1.weight": ones(4, 5), "lif1.mem": ones(1, 4), "lif1.beta": torch.tensor(0.9)},
        {"fc1": (5, 4, 20)},
    ),
    "slayer": (
        {"b.0.synapse.weight_g": ones(4, 1, 1, 1, 1), "b.0.synapse.weight_v": ones(4, 5, 1, 1, 1)},
        {"b.0.synapse": (5, 4, 20)},
    ),
    # BindsNET keeps connections [source, target], and states of neurons as matrices of one row.
    "bindsnet": (
        {"X_to_Ae.w": ones(6, 4), "Ae_to_Ai.w": torch.eye(4), "Ae.v": ones(1, 4), "Ae.theta": ones(4)},
        {"X_to_Ae.w": (6, 4, 24), "Ae_to_Ai.w": (4, 4, 4)},
    ),
    "itop": (
        {"state_dict": {"fc.weight": ones(3, 5)}, "masks": {"fc.weight": torch.eye(3, 5)}},
        {"fc": (5, 3, 3)},
    ),
    "lightning": (
        {
            "state_dict": {"model.fc.weight": ones(3, 5)},
            "optimizer_states": [{"state": {0: {"exp_avg": ones(3, 5)}}, "param_groups": [{}]}],
        },
        {"model.fc": (5, 3, 15)},
    ),
    "a list": ([ones(4, 5), ones(4), ones(3, 4)], {"0": (5, 4, 20), "2": (4, 3, 12)}),
    "scales that are layers": ({"scales": ones(3, 5)}, {"scales": (5, 3, 15)}),
}


@pytest.mark.parametrize("who", STATES)
def test_state_dicts(path, who):
    state, expected = STATES[who]
    assert layer_table(load(write_torch(path, state)).graph) == expected


def test_what_holds_no_numbers(path):
    refused(write_torch(path, {"fc.weight": torch.empty(3, 2, device="meta")}), "meta tensors")
    index = {"metadata": {}, "weight_map": {"a": "m-2.safetensors", "b": "m-1.safetensors"}}
    path.write_text(json.dumps(index))
    refused(path, r"its weights lie in 'm-2\.safetensors', which is missing; put it beside the index")


@pytest.mark.parametrize("turned", [False, True])
def test_biases_of_one_row_are_no_layers(tmp_path, turned):
    shapes = {"W1": (10, 20), "b1": (1, 20), "W2": (20, 3), "b2": (1, 3)}
    arrays = {name: np.ones(shape[::-1] if turned else shape) for name, shape in shapes.items()}
    np.savez(tmp_path / "net.npz", **arrays)
    graph = load(tmp_path / "net.npz").graph
    assert layer_table(graph) == {"W1": (10, 20, 200), "W2": (20, 3, 60)}
    assert graph.sizes == {"input": 10, "W1": 20, "W2": 3}
    np.savez(tmp_path / "net.npz", b=np.ones((2, 3)), v=np.ones((3, 4)))
    assert layer_table(load(tmp_path / "net.npz").graph) == {"b": (2, 3, 6), "v": (3, 4, 12)}


def test_d3_names_nodes_by_their_places(path):
    nodes = [{"name": "a"}, {"name": "b"}, {"name": "c"}]
    path.write_text(json.dumps({"nodes": nodes, "links": [{"source": 2, "target": 0, "value": 3}]}))
    (p,) = load(path).graph.projections
    assert p.weights.toarray().tolist() == [[0, 0, 3], [0, 0, 0], [3, 0, 0]]
    for end in (3, -1, "a", True):
        path.write_text(json.dumps({"nodes": nodes, "links": [{"source": end, "target": 0}]}))
        refused(path, "not node-link JSON")


@pytest.mark.parametrize(
    ("text", "links", "directed", "weighted"),
    [
        ("% sym weighted\n% 2 3 3\n1 2 1.5 1082040961\n2 3 2 1082040962\n", 2, False, True),  # KONECT
        ("% asym signed\n1\t2\t1\n2\t1\t-1\n", 2, True, True),
        ("# Directed graph: w.txt \n# FromNodeId\tToNodeId\n30\t14\n14\t30\n", 2, True, False),  # SNAP
        ("1 2 1082040961\n3 4 1082155839\n", 2, False, False),  # SNAP with times
        ("1 2 1082040961.5\n3 4 1082155839\n", 2, False, True),
        ("1 2 300\n3 4 1082155839\n", 2, False, True),
        ("1,2,3.5\n2,3,1\n3,4,2\n1,4,9\n", 4, False, True),  # Network Repository
        ("pre_pt_root_id,post_pt_root_id,neuropil,syn_count\n72057,72058,LOP,5\n", 1, True, True),  # FlyWire
        ("# source, target, weight\n0, 1, 2.0\n1, 2, 1.0\n", 2, True, True),  # Netzschleuder
        (",source,target,weight\n0,a,b,1\n1,b,c,2\n", 2, True, True),  # pandas
    ],
)
def test_edge_lists(path, text, links, directed, weighted):
    path.write_text(text)
    (p,) = load(path).graph.projections
    assert (p.n_links, not p.undirected, p.weights is not None) == (links, directed, weighted)


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("# index, name, _pos\n0,a,1\n1,b,2\n", "a table of nodes, not of links"),
        ("Id,Label,timeset,modularity_class\n1,a,,0\n2,b,,1\n", "a table of nodes, not of links"),
        ("x,y,label\n0.1,0.2,3\n0.3,0.4,5\n", "fractions or signs.*drop the line of names"),
        ("x,y,label\n-1,2,3\n1,4,5\n", "fractions or signs"),
    ],
)
def test_tables_of_other_things(path, text, pattern):
    path.write_text(text)
    refused(path, pattern)
