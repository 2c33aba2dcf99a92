"""Views of layers with a gradient that a test chooses."""

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from netsci.topology.view import ArrayView, rows_of_units, select_cells


@dataclass(frozen=True, eq=False)
class SlopedView(ArrayView):
    """An ArrayView whose gradient is `slope` [rows, columns]; `asked` collects the sizes of blocks."""

    slope: np.ndarray = None
    asked: list = None

    def gradient(self, rows=None):
        rows = np.arange(len(self.slope)) if rows is None else rows
        if self.asked is not None:
            self.asked.append(len(rows))
        return self.slope[rows].copy()

    def restrict(self, rows, columns):
        return replace(
            self,
            links=select_cells(self.links, rows, columns),
            weights=None if self.weights is None else select_cells(self.weights, rows, columns),
            rows_per_unit=rows_of_units(rows, self.rows_per_unit),
            slope=self.slope[np.ix_(rows, columns)],
        )


def sloped(weights, mask, slope, rows_per_unit=1, name="a"):
    """A view of dense weights at the links of a mask, with a gradient."""
    links = sp.csr_array(np.asarray(mask, bool))
    held = sp.csr_array(
        (np.asarray(weights)[np.asarray(mask, bool)], links.indices, links.indptr), links.shape
    )
    return SlopedView(name, links, held, rows_per_unit, np.asarray(slope))
