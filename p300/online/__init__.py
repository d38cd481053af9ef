"""Streams in, letters out, by the signal, detectors, adaptation and speller of offline use."""
