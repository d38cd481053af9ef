"""A fitted detector for others: as an ONNX graph, with a model card."""
