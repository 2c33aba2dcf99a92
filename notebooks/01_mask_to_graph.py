# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # From a checkpoint to a graph
#
# A sparse layer is a mask: rows presynaptic, columns postsynaptic. Layers in a chain are a layered graph, and a layered
# graph can be measured, drawn, exported and reported on.
#
# Start from your own network: put the path of a checkpoint, of masks or of a graph here. Without one, a small spiking
# network is trained on digits (64-128-128-10, Cannistraci-Hebb training, 90 % sparse; some seconds).

# %%
# %matplotlib inline
CHECKPOINT = None  # such as "model.pt", "masks.npz" or "network.graphml"

# %%
from netsci.train import PRESETS, train
from netsci.view import read_network

recipe = PRESETS["digits-2fc"].replace(options=(("hidden", (128, 128)),), sparsity=0.9, epochs=5)
network = read_network(CHECKPOINT or train(recipe))
graph = network.graph
graph

# %% [markdown]
# What the reader decided, and what of it was a guess:

# %%
print(network.kind)
print("notes:", *network.notes, sep="\n  ")
print("guesses:", *(network.guesses or ["none"]), sep="\n  ")

# %% [markdown]
# ## The first screen
#
# What stands out, each number beside its baseline, and the layers: their width, density and dead units.

# %%
from netsci.report import inspect

inspect(network)

# %% [markdown]
# The same drawing as a figure of its own. Each figure is one call, from whatever holds a network.

# %%
from netsci import view

view.layers(network)

# %% [markdown]
# ## Links
#
# Every link is a row of one table; nodes are numbered through all populations.

# %%
graph.edges().head()

# %%
view.matrix(network)

# %% [markdown]
# Torch keeps weights as [out, in], the transpose. A mask in that order is refused, with the mend.

# %%
import numpy as np

from netsci.graph import LayeredGraph

try:
    LayeredGraph.from_masks([np.ones((512, 64)), np.ones((256, 512))])
except ValueError as error:
    print(error)

# %% [markdown]
# ## Links that lead nowhere
#
# A hidden unit without an input, or without an output, is silent: percolation removes its links.

# %%
from netsci.graph import node_sparsity, percolate

percolated = percolate(graph)
print(graph.n_links, "links,", percolated.n_links, "on a path from input to output")
node_sparsity(graph)

# %% [markdown]
# ## Degrees and their exponent
#
# The exponent comes with what speaks against it: `notes` is the part to read. Random links in the same places are the
# comparison.

# %%
from netsci.graph import degree_exponent

rng = np.random.default_rng(7)
random = graph.with_links([rng.random(p.shape) < 1 - p.sparsity for p in graph.projections])
for name, one in (("network", graph), ("random", random)):
    fit = degree_exponent(np.concatenate(list(one.degrees().values())))
    print(f"{name:8} gamma {fit.gamma:5.2f}  xmin {fit.xmin:.0f}  tail {fit.n_tail}  {'; '.join(fit.notes)}")

# %%
view.ccdf(network)

# %% [markdown]
# ## Cannistraci-Hebb scores
#
# Each missing link is scored by its local community on paths of length three; existing links are NaN, or scored as if
# they were absent (leave-one-out). The scores depend on degrees, so they say something beside those of networks with
# the same degrees only: the report has both.

# %%
from netsci.graph import ch_scores

sparse = max((p for p in graph.projections if p.sparsity > 0), key=lambda p: p.n_links)
scores = ch_scores(sparse.links, "ch3_l3")
best = np.unravel_index(np.nanargmax(scores), scores.shape)
print("best missing link of", sparse.name, [int(i) for i in best], "score", round(float(scores[best]), 2))

# %% [markdown]
# ## The hyperbolic disk, and attacks

# %%
view.disk(network)

# %%
view.curve(network)

# %% [markdown]
# ## To networkx, igraph, GraphML, and back

# %%
import tempfile
from pathlib import Path

from netsci.graph import from_graphml, from_igraph, from_networkx

path = Path(tempfile.mkdtemp()) / "network.graphml"
graph.to_graphml(path)
(
    from_graphml(path) == graph,
    from_networkx(graph.to_networkx()) == graph,
    from_igraph(graph.to_igraph()) == graph,
)

# %% [markdown]
# ## A report
#
# One HTML file that opens anywhere, offline, with sections of your own; here its first screen. `./run report FILE` makes
# the same from a checkpoint.

# %%
from netsci.report import report

page = report(network).add("Percolation", node_sparsity(graph)).save(path.with_name("report.html"))
page
