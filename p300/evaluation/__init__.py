"""Evaluation: who trains and who tests, the runner, metrics and intervals."""
