"""Figures and tables bound into one self-contained HTML file."""
