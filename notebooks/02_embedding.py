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
# `plot.disk` takes tables: nodes in the unit disk, and the points of each link's geodesic.

# %%
from netsci import plot
from netsci.graph import native_arcs

degree = np.diff(adjacency.indptr)
edge = 2 * np.log(len(degree))  # radius of the disk
nodes = pd.DataFrame(
    {
        "x": disk.radius / edge * np.cos(disk.theta),
        "y": disk.radius / edge * np.sin(disk.theta),
        "degree": degree,
        "label": disk.nodes,
        "population": clubs,
    }
)
ends = np.array(karate.edges)
radius, theta = native_arcs(disk.radius, disk.theta, ends[:, 0], ends[:, 1], 60)
gap = np.full((len(ends), 1), np.nan)
arcs = pd.DataFrame(
    {
        "x": np.hstack([radius / edge * np.cos(theta), gap]).ravel(),
        "y": np.hstack([radius / edge * np.sin(theta), gap]).ravel(),
    }
)
plot.disk(nodes, arcs, title="Zachary's karate club, RA1-ncISO-EA")

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
# ## A trained network
#
# The repository's results hold a 64-512-512-10 network trained on digits (Cannistraci-Hebb training, 98 % sparse):
# its two sparse layers before and after their topology evolved.

# %%
from analysis.engine.digits_runs import AFTER, BEFORE, POPULATIONS, read_network
from analysis.engine.store import load_tables
from analysis.figures import ROOT, catalogue

exhibit = next(exhibit for exhibit in catalogue() if exhibit.id == "digits-disk")
tables = load_tables(exhibit, ROOT / "analysis/results")
networks = {name: read_network(tables, name) for name in (BEFORE, AFTER)}
embedded = {
    name: coalescent_embedding(network.adjacency(directed=False)) for name, network in networks.items()
}
for name, one in embedded.items():
    routed = greedy_routing(networks[name].adjacency(directed=False), one)
    print(f"{name:16} N = {len(one.nodes)}, gamma {one.gamma:.2f}, GR-score {routed.score:.3f}")

# %% [markdown]
# Linked nodes of a layered network share no neighbours, so RA1 sees degrees only, and the GR-scores are low.
#
# ## Meta-depth
#
# Do hubs gather in the middle layer? `meta_depth` compares with shuffled layers. A middle layer has links on both
# sides, so it holds the hubs of a random mask as well: the comparison with the start decides, not the p-value.

# %%
from netsci.graph import meta_depth

depth = [
    meta_depth(networks[name], one, rng=np.random.default_rng(1)).assign(network=name, population=POPULATIONS)
    for name, one in embedded.items()
]
columns = ["network", "population", "nodes", "hubs", "hub_share", "expected_hub_share", "z_hubs", "p_hubs"]
pd.concat(depth, ignore_index=True)[[*columns, "mean_radius", "z_radius"]].round(3)

# %% [markdown]
# ## Greedy routing
#
# A packet knows the coordinates of its target and of its neighbours only. What the embedding adds over the radii
# shows against shuffled angles.

# %%
after, network = embedded[AFTER], networks[AFTER].adjacency(directed=False)
rows = []
for name, theta in (("embedded", after.theta), ("shuffled angles", rng.permutation(after.theta))):
    routed = greedy_routing(network, (theta, after.radius))
    rows.append(
        {"angles": name, "GR-score": routed.score, "arrive": routed.success, "hops": routed.mean_hops}
    )
pd.DataFrame(rows).round(3)

# %% [markdown]
# `python -m analysis.figures --only s1-figure3` draws these disks with a pruned network and the random controls.
