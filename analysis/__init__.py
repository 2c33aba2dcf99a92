"""The papers: runs, tables and figures."""
