"""Spiking neurons, surrogates, encodings, unrolling over time, S-TP and recording (torch)."""
