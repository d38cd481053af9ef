"""Detectors made of detectors: ensembles, and detectors on some electrodes."""
