"""Detectors that are fitted at once, linear in their features."""
