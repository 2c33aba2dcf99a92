"""Data sets as numpy arrays: digits is built in, the others are read from files; never torch."""
