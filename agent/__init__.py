"""Discovers laws: proposers, the search loop, the model client and the `discover` command."""
