"""Evaluates candidates on a cluster: `client` is the command's side, `work` the worker's."""
