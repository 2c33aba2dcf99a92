"""Figures and tables bound into one self-contained HTML file."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from netsci.report.comparison import comparison_page
    from netsci.report.differences import Comparison, compare, differ
    from netsci.report.document import Document
    from netsci.report.network import inspect, report
    from netsci.report.page import Section, render

_HOME = {
    "Comparison": "differences",
    "Document": "document",
    "Section": "page",
    "compare": "differences",
    "comparison_page": "comparison",
    "differ": "differences",
    "inspect": "network",
    "render": "page",
    "report": "network",
}

__all__ = [
    "Comparison",
    "Document",
    "Section",
    "compare",
    "comparison_page",
    "differ",
    "inspect",
    "render",
    "report",
]


def __getattr__(name: str) -> Any:
    # Pandas and plotly load only when a report is wanted: `import netsci.report` stays cheap.
    if name in _HOME:
        return getattr(import_module(f"netsci.report.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
