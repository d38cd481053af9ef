"""A simulated speller study: who takes part, their EEG, the head that it comes from."""
