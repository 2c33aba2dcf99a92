"""MATLAB files of levels 5 and 7.3."""
