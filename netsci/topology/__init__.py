"""Evolving topologies: initialisation, removal, regrowth; arrays only, never torch."""
