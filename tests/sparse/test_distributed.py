"""Two processes train replicas of one network, each on half of every batch."""

import socket
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from netsci.sparse import SparseLinear, Watch, evolve_module, sparse_layers, views
from netsci.topology import EvolutionRule

SCRIPT = """
import sys
import torch.distributed as dist
from tests.sparse.test_distributed import trained

rank, port, out, regrowth = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
dist.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=2)
trained(regrowth, rank, 2, f"{out}/{rank}.npz")
dist.destroy_process_group()
"""


def wrap(net, processes):
    return net if processes == 1 else nn.parallel.DistributedDataParallel(net)


def trained(regrowth, rank, processes, path):
    """Train nine steps with three evolutions on a part of each batch; save links and weights."""
    torch.manual_seed(5)
    torch.set_num_threads(1)
    rng = np.random.default_rng(3)
    masks = [rng.random(shape) < 0.4 for shape in ((20, 16), (16, 12))]
    net = nn.Sequential(
        SparseLinear(masks[0]), nn.Tanh(), SparseLinear(masks[1]), nn.Tanh(), nn.Linear(12, 3)
    ).double()
    x, y = torch.randn(9, 16, 20, dtype=torch.float64), torch.randint(0, 3, (9, 16))
    model = wrap(net, processes)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    rule = EvolutionRule("magnitude", regrowth, 1.0, percolate=False)
    part = slice(rank * 16 // processes, (rank + 1) * 16 // processes)
    gradients = []
    for step in range(9):
        optimizer.zero_grad()
        with Watch(sparse_layers(net), ["gradient"]) as watch:
            nn.functional.cross_entropy(model(x[step, part]), y[step, part]).backward()
            optimizer.step()
            if step % 3 == 2:
                gradients.append(views(net, watch)["0"].gradient())
                # processes whose generators differ would draw other links: those of process 0 count
                draw = np.random.default_rng([step, rank])
                evolve_module(
                    net,
                    rule,
                    zeta=0.3,
                    optimizer=optimizer,
                    rng=draw,
                    evolvable=["0", "2"],
                    views=views(net, watch),
                )
                model = wrap(net, processes)
    values = {f"weights{i}": net[i].values.detach().numpy() for i in (0, 2)}
    links = {f"links{i}": net[i].links.toarray() for i in (0, 2)}
    last = net[4].weight.detach().numpy()
    np.savez(path, **values, **links, last=last, gradients=np.array(gradients))


@pytest.mark.parametrize("regrowth", ["gradient", "random"])
def test_two_processes_have_the_links_and_weights_of_one(tmp_path, regrowth):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    arguments = [port, str(tmp_path), regrowth]
    running = [
        subprocess.Popen([sys.executable, "-c", SCRIPT, str(rank), *arguments], stderr=subprocess.PIPE)
        for rank in range(2)
    ]
    for process in running:
        _, said = process.communicate(timeout=120)
        assert process.returncode == 0, said.decode()
    trained(regrowth, 0, 1, tmp_path / "one.npz")
    first, second, one = (dict(np.load(tmp_path / f"{name}.npz")) for name in ("0", "1", "one"))
    for name in one:
        assert np.array_equal(first[name], second[name])
        np.testing.assert_allclose(first[name], one[name], rtol=1e-6, atol=1e-9)
