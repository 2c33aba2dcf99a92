"""Lists as text that are no plain tables of links: of neighbours, of relations, with marks."""
