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
# # Networks in the hyperbolic disk
#
# Coalescent embedding gives every node an angle (who is similar to whom) and a radius (who has many links). This
# notebook embeds a real network and a trained one, and measures how much the coordinates say.

# %%
# %matplotlib inline
import networkx as nx
import numpy as np
import pandas as pd

from netsci.graph import (
    angular_separation_index,
    coalescent_embedding,
    concordance_score,
    geometrical_congruence,
    greedy_routing,
    hd_correlation,
)

karate = nx.karate_club_graph()
adjacency = nx.to_scipy_sparse_array(karate, weight=None)
clubs = [karate.nodes[node]["club"] for node in karate]
disk = coalescent_embedding(adjacency)
print(f"N = {len(disk.nodes)}, gamma = {disk.gamma:.2f}, notes: {disk.notes}")
pd.DataFrame({"club": clubs, "theta": disk.theta, "radius": disk.radius}).head()

# %% [markdown]
# ## Weightings and reductions compared
#
# Links get lengths (RA1, RA2, edge betweenness), path lengths are reduced to coordinates. Four numbers judge the
# result: greedy routing (GR-score, share of packets that arrive), the congruence of paths with geodesics, and how
# well the two clubs stand apart on the circle (1: apart, 0: mixed).

# %%
methods = [("none", "iso"), ("ra1", "iso"), ("ra1", "nciso"), ("ra2", "nciso"), ("ebc", "nciso")]
methods += [("ra1", "mce"), ("ra1", "ncmce"), ("ra1", "le")]
rows = []
for weighting, reduction in methods:
    one = coalescent_embedding(adjacency, weighting=weighting, reduction=reduction)
    routed = greedy_routing(adjacency, one)
    rows.append(
        {
            "weighting": weighting,
            "reduction": reduction,
            "GR-score": routed.score,
            "arrive": routed.success,
            "congruence": geometrical_congruence(adjacency, one).gc_geodesic,
            "club separation": angular_separation_index(one.theta, clubs),
        }
    )
pd.DataFrame(rows).round(3)

# %% [markdown]
# The same numbers mean little without a control: shuffled angles keep the radii, that is the degrees.

# %%
rng = np.random.default_rng(7)
shuffled = [(rng.permutation(disk.theta), disk.radius) for _ in range(20)]
scores = [greedy_routing(adjacency, points).score for points in shuffled]
apart = [angular_separation_index(theta, clubs) for theta, _ in shuffled]
print(f"shuffled angles: GR-score {np.mean(scores):.3f}, club separation {np.mean(apart):.3f}")

# %% [markdown]
# ## Drawn
#
# `view.disk` embeds a network and draws it, in one call; links are geodesics.

# %%
from netsci import view

view.disk(karate, colour=clubs, title="Zachary's karate club, RA1-ncISO-EA")

# %% [markdown]
# ## Two embeddings aligned
#
# Only differences of angles have a meaning: any rotation or reflection is the same embedding. `align` turns one to
# the other; the circular correlation says, without turning, how well the two agree (the sign: a reflection).

# %%
from netsci.graph import align, circular_correlation

other = coalescent_embedding(adjacency, weighting="ra2")
turned = align(other, disk)
print(f"circular correlation before {circular_correlation(other.theta, disk.theta):+.3f}")
print(f"                      after {circular_correlation(turned.theta, disk.theta):+.3f}")
print(f"mean cosine of the angles between the two: {np.cos(other.theta - disk.theta).mean():.3f} before,")
print(f"{np.cos(turned.theta - disk.theta).mean():.3f} after; C-score", end=" ")
print(round(concordance_score(other.theta, disk.theta), 3))

# %% [markdown]
# ## Known coordinates recovered
#
# A network grown by popularity and similarity (each newcomer links to the m nodes nearest to it in the hyperbolic
# disk) has known coordinates, so embeddings can be scored against them.

# %%
from netsci.graph import hyperbolic_distance

n, m, beta = 300, 4, 0.6  # gamma = 1 + 1/beta
true_theta = rng.uniform(0, 2 * np.pi, n)
born = 2 * np.log(np.arange(1, n + 1))
links = np.zeros((n, n), bool)
for new in range(1, n):
    faded = beta * born[:new] + (1 - beta) * born[new]  # older nodes drift outwards
    distance = hyperbolic_distance(faded, true_theta[:new], born[new], true_theta[new])
    links[new, np.argsort(distance)[:m]] = True
grown = links | links.T
true = (true_theta, beta * born + (1 - beta) * born[-1])

rows = []
for weighting, reduction in methods:
    one = coalescent_embedding(grown, weighting=weighting, reduction=reduction, gamma=1 + 1 / beta)
    rows.append(
        {
            "weighting": weighting,
            "reduction": reduction,
            "HD-correlation": hd_correlation(one, true),
            "C-score": concordance_score(one.theta, true_theta),
            "GR-score": greedy_routing(grown, one).score,
        }
    )
print(f"GR-score of the true coordinates: {greedy_routing(grown, true).score:.3f}")
pd.DataFrame(rows).round(3)

# %% [markdown]
# ## Your own network
#
# Put the path of your own checkpoint, masks or graph here. Without one, a spiking network is trained on digits
# (64-128-128-10, Cannistraci-Hebb training, 90 % sparse), and compared with itself before its topology evolved.

# %%
CHECKPOINT = None  # such as "model.pt", "masks.npz" or "network.graphml"

# %%
from netsci.train import PRESETS, train
from netsci.view import read_network

recipe = PRESETS["digits-2fc"].replace(options=(("hidden", (128, 128)),), sparsity=0.9, epochs=5)
if CHECKPOINT is None:
    networks = {"before": read_network(train(recipe, stop_after=0)), "after": read_network(train(recipe))}
else:
    networks = {"yours": read_network(CHECKPOINT)}
graphs = {name: network.graph for name, network in networks.items()}
embedded = {name: coalescent_embedding(graph.adjacency(directed=False)) for name, graph in graphs.items()}
for name, one in embedded.items():
    routed = greedy_routing(graphs[name].adjacency(directed=False), one)
    print(f"{name:8} N = {len(one.nodes)}, gamma {one.gamma:.2f}, GR-score {routed.score:.3f}")

# %% [markdown]
# Linked nodes of a layered network share no neighbours, so RA1 sees degrees only, and the GR-scores are low.
#
# ## Meta-depth
#
# Do hubs gather in the middle layer? A middle layer has links on both sides, so it holds the hubs of a random mask as
# well. `meta_depth` therefore compares with as many links at random places.

# %%
from netsci.graph import meta_depth

depth = [
    meta_depth(graphs[name], one, rng=np.random.default_rng(1)).assign(network=name)
    for name, one in embedded.items()
    if len(graphs[name].populations) > 1
]
columns = ["network", "population", "nodes", "hubs", "hub_share", "expected_hub_share", "z_hubs", "p_hubs"]
shown = [*columns, "mean_radius", "z_radius"]
pd.concat(depth, ignore_index=True)[shown].round(3) if depth else "one population"

# %% [markdown]
# ## Greedy routing
#
# A packet knows the coordinates of its target and of its neighbours only. What the embedding adds over the radii
# shows against shuffled angles.

# %%
last, one = list(embedded.items())[-1]
network = graphs[last].largest_component().adjacency(directed=False)
rows = []
for name, theta in (("embedded", one.theta), ("shuffled angles", rng.permutation(one.theta))):
    routed = greedy_routing(network, (theta, one.radius))
    rows.append(
        {"angles": name, "GR-score": routed.score, "arrive": routed.success, "hops": routed.mean_hops}
    )
pd.DataFrame(rows).round(3)

# %% [markdown]
# ## The report
#
# It holds the disk, which a reader can move and recolour, beside all other measures. Shown is its first screen;
# `save(path)` writes the whole.

# %%
from netsci.report import report

report(networks[last])
