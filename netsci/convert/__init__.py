"""Conversion of trained networks to spiking ones, their topology untouched."""
