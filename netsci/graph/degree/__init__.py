"""Degrees: their distribution, the power law fitted to them, and what speaks against it."""
