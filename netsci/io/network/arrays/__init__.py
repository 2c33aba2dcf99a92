"""What each array of a file is: a weight, a mask, a stack, a part of a sparse matrix, or no layer."""
