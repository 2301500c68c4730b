"""Runs the sandbox's jobs on a Dask cluster: `client` is the command's side, `worker` the workers'."""
