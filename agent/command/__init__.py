"""One `discover` command: its job, its runs, how each ends, and what comes out."""
