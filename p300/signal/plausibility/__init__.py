"""What recordings of one data set say against each other, before anything is fitted.

Of each recording an :class:`~p300.signal.plausibility.impression.Impression` is kept, which is
small; when all have been read, :func:`~p300.signal.plausibility.doubts.warn_of_doubts` compares
them. Only warnings come of it: the recordings stay as they are.
"""
