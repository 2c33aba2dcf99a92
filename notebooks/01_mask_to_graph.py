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
# # From a mask to a graph
#
# A sparse layer is a mask: rows presynaptic, columns postsynaptic. Masks in a chain are a layered graph, and a
# layered graph can be measured, drawn, exported and reported on.

# %%
# %matplotlib inline
import numpy as np

from netsci.graph import LayeredGraph, ch_scores, degree_exponent, node_sparsity, percolate

rng = np.random.default_rng(7)
graph = LayeredGraph.from_masks([rng.random((64, 512)) < 0.02, rng.random((512, 512)) < 0.02])
graph

# %% [markdown]
# Every link is a row of one table; nodes are numbered through all populations.

# %%
graph.edges().head()

# %% [markdown]
# Torch keeps weights as [out, in], the transpose. A mask in that order is refused, with the mend.

# %%
try:
    LayeredGraph.from_masks([np.ones((512, 64)), np.ones((256, 512))])
except ValueError as error:
    print(error)

# %% [markdown]
# ## Links that lead nowhere
#
# A hidden unit without an input, or without an output, is silent: percolation removes its links.

# %%
percolated = percolate(graph)
print(graph.n_links, "links,", percolated.n_links, "on a path from input to output")
node_sparsity(graph)

# %% [markdown]
# ## A trained network
#
# The repository's own results hold a 64-512-512-10 network trained on digits, before and after its topology
# evolved (Cannistraci-Hebb training, 98 % sparse). The dense output layer is left out.

# %%
from analysis.engine.digits_runs import AFTER, BEFORE, read_network
from analysis.engine.store import load_tables
from analysis.figures import ROOT, catalogue

exhibit = next(exhibit for exhibit in catalogue() if exhibit.id == "digits-disk")
tables = load_tables(exhibit, ROOT / "analysis/results")
before, after = read_network(tables, BEFORE), read_network(tables, AFTER)
before, after

# %% [markdown]
# ## Degrees and their exponent
#
# The exponent comes with what speaks against it: `notes` is the part to read.

# %%
for name, network in (("before", before), ("after", after), ("random", graph)):
    fit = degree_exponent(np.concatenate(list(network.degrees().values())))
    print(f"{name:7} gamma {fit.gamma:5.2f}  xmin {fit.xmin:.0f}  tail {fit.n_tail}  {'; '.join(fit.notes)}")

# %%
from netsci import plot
from netsci.graph import degree_ccdf

sequence = after.projections[1].degrees("target")
plot.ccdf(degree_ccdf(sequence, degree_exponent(sequence)), title="hidden 2, fan-in after evolution")

# %% [markdown]
# ## Cannistraci-Hebb scores
#
# Each missing link is scored by its local community on paths of length three; existing links are NaN, or scored
# as if they were absent (leave-one-out).

# %%
links = after.projections[1].links
scores = ch_scores(links, "ch3_l3")
best = np.unravel_index(np.nanargmax(scores), scores.shape)
print("best missing link:", [int(i) for i in best], "score", round(float(scores[best]), 2))
all_cells = ch_scores(links, "ch3_l3", existing="leave_one_out")
present = links.toarray()
print("median score of existing links", np.median(all_cells[present]).round(2))
print("median score of missing links ", np.median(all_cells[~present]).round(2))

# %% [markdown]
# ## The hyperbolic disk

# %%
exhibit.draw({name: table[table["model"] == AFTER] for name, table in tables.items()}, "matplotlib")

# %% [markdown]
# ## To networkx, igraph, GraphML, and back

# %%
import tempfile
from pathlib import Path

from netsci.graph import from_graphml, from_igraph, from_networkx

path = Path(tempfile.mkdtemp()) / "after.graphml"
after.to_graphml(path)
(
    from_graphml(path) == after,
    from_networkx(after.to_networkx()) == after,
    from_igraph(after.to_igraph()) == after,
)

# %% [markdown]
# ## A report
#
# One HTML file that opens anywhere, offline; `./run report FILE` makes the same from a checkpoint.

# %%
from netsci.report import report

page = report(after, path.with_name("report.html"))
print(f"{page.stat().st_size / 2**20:.1f} MB")
