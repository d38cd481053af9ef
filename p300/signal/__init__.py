"""From continuous EEG to epochs."""
