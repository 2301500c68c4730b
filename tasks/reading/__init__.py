"""Files and frames of every usual format, to cells, to columns of numbers."""
