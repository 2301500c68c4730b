"""The built-in proposer that needs no LLM."""

from agent.symbolic.proposer import SymbolicProposer

__all__ = ["SymbolicProposer"]
