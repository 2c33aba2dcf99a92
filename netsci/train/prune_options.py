"""What the command `netsci prune` is asked for: methods by name, shares and groups as texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from netsci.choices import suggest
from netsci.prune.method_table import ABOUT, METHODS

DEPGRAPH = "depgraph"
_ABOUT = {**ABOUT, DEPGRAPH: ("remove whole channels, as masks on the full shapes", "Fang et al. 2023")}


class UnreadableError(ValueError):
    """A file that cannot be opened as a network to prune."""


@dataclass(frozen=True)
class Wanted:
    """What is asked for: method, share of links that goes (or by kind and layer), groups, and data.

    data : name of a data set, None for that of the network's run. epochs : of fine-tuning.
    """

    method: str
    sparsity: Any = None
    n_m: tuple[int, int] | None = None
    data: str | None = None
    epochs: int = 0
    device: str = "cpu"


def list_methods() -> str:
    """Describe the methods, one on each line, with their source.

    Examples
    --------
    >>> print(list_methods().splitlines()[2])
    ria        RI times the strength of the input (Zhang et al. 2024 (RIA), S1 Table 4)
    """
    return "\n".join(f"{name:10} {what} ({source})" for name, (what, source) in _ABOUT.items())


def check_method(method: str | None) -> str:
    """Return the name of a method; raise ValueError, with all names and the nearest, if there is none."""
    names = (*METHODS.names, DEPGRAPH)
    if method is None or method not in names:
        got = "" if method is None else f"; got {method!r}{suggest(method, names)}"
        raise ValueError(f"--method must be one of {', '.join(names)}{got or '.'} See netsci prune --methods")
    return method


def read_sparsity(text: str | None) -> Any:
    """Return a share, or shares by kind or layer, as "0.7" and "conv=0.78,linear=0.99" say; None for None.

    Raises ValueError if it is neither, or names something twice.

    Examples
    --------
    >>> read_sparsity("0.7"), read_sparsity("conv=0.78,linear=0.99")
    (0.7, {'conv': 0.78, 'linear': 0.99})
    """
    if text is None:
        return None
    try:
        if "=" not in text:
            return float(text)
        parts = [pair.partition("=") for pair in text.split(",")]
        pairs = [(name.strip(), float(share)) for name, _, share in parts]
    except ValueError:
        raise ValueError(
            f"--sparsity must be a share in [0, 1), such as 0.7, or conv=0.78,linear=0.99; got {text!r}"
        ) from None
    names = [name for name, _ in pairs]
    if "" in names or len(set(names)) < len(names):
        raise ValueError(f"--sparsity must name each kind or layer once, as linear=0.99; got {text!r}")
    return dict(pairs)


def read_groups(text: str | None) -> tuple[int, int] | None:
    """Return (kept, of), as "2:4" says; None for None. Raises ValueError if it says something else.

    Examples
    --------
    >>> read_groups("2:4")
    (2, 4)
    """
    if text is None:
        return None
    kept, colon, of = text.partition(":")
    if not (colon and kept.strip().isdecimal() and of.strip().isdecimal()):
        raise ValueError(f"--n-m must be KEPT:OF, such as 2:4; got {text!r}")
    return int(kept), int(of)
