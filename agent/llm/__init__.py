"""Candidates written by a language model: the client, its books and records, prompts, and the two agents."""
