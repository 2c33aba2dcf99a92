"""In which order the layers of a file follow one another, and which of them stand side by side."""
