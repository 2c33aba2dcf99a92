"""What is wrong in place of nearly every argument, by what it is called in a failure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import scipy.sparse as sp
import torch

WRONG: dict[str, Callable[[], Any]] = {
    "None": lambda: None,
    "a text": lambda: "no such thing",
    "an empty text": lambda: "",
    "bytes": lambda: b"\x00\xff",
    "-1": lambda: -1,
    "1.5": lambda: 1.5,
    "NaN": lambda: float("nan"),
    "infinity": lambda: float("inf"),
    "True": lambda: True,
    "a huge number": lambda: 2**62,
    "a complex number": lambda: 1j,
    "an empty list": list,
    "a dict": lambda: {"a": 1},
    "a nested list": lambda: [1, [2]],
    "texts": lambda: ["a", "b"],
    "a set": lambda: {1, 2},
    "an object": object,
    "a function": lambda: lambda *_, **__: None,
    "an empty array": lambda: np.zeros((0, 0)),
    "an array of NaN": lambda: np.full((3, 3), np.nan),
    "an array of texts": lambda: np.array(["a", "b"]),
    "an array of objects": lambda: np.array([None, {}], dtype=object),
    "three dimensions": lambda: np.ones((2, 2, 2)),
    "complex numbers": lambda: np.ones((3, 3)) * 1j,
    "a masked array": lambda: np.ma.masked_equal(np.eye(3), 0),
    "a sparse matrix": lambda: sp.csr_array(np.eye(3)),
    "a networkx graph": lambda: nx.path_graph(3),
    "a table": pd.DataFrame,
    "a tensor": lambda: torch.ones(2, 2),
}
