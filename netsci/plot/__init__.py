"""Figures from tidy tables: nothing is computed here, shown or saved."""
