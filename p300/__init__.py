"""p300: from raw EEG to a spelled letter and an honest cross-subject report."""

__version__ = "0.1.0"
