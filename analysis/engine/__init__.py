"""What every paper's exhibits are made with: cells, tables, claims, notes and pages."""
