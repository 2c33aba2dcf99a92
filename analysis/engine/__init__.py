"""How the papers' numbers are made, whichever paper it is: cells, exhibits, claims, notes, pages."""
