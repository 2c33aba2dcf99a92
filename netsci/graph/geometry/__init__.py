"""Hyperbolic geometry: coalescent embedding, distances, agreement of embeddings, navigation."""
