"""Processes that run candidates: one warm process, and a fork of it for each job."""
