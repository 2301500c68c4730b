"""The built-in proposer that needs no LLM."""

from lawsmith.agent.symbolic.symbolic_proposer import SymbolicProposer

__all__ = ["SymbolicProposer"]
