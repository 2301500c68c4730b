"""Agents whose candidates a language model writes: their questions, their reading of replies, their pace."""
