"""Classical measures: communities, clustering, path lengths, null models, significance."""
