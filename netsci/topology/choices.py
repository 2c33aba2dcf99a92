"""What removal and regrowth read of a rule, so that a rule can call them."""

from __future__ import annotations

from typing import Protocol


class Removes(Protocol):
    """How a rule removes links; `netsci.topology.EvolutionRule` describes the values."""

    @property
    def removal(self) -> str:
        """Name of the score."""

    @property
    def decay(self) -> str:
        """Which links go first where the target is lower: "ri" or "removal"."""

    @property
    def as_printed(self) -> bool:
        """Whether links are drawn to be removed, and not to be kept."""

    @property
    def delta_removal(self) -> float:
        """Strictness of removal."""


class Regrows(Protocol):
    """How a rule regrows links."""

    @property
    def regrowth(self) -> str:
        """Name of the score."""

    @property
    def delta_regrowth(self) -> float:
        """Strictness of regrowth."""
