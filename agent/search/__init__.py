"""What every proposer and the loop share: history, evaluation, budget, and the choice of a law."""
