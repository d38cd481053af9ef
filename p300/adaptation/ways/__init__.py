"""One file for each way to adapt; :mod:`p300.adaptation.registry` names them."""
