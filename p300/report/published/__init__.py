"""What others published on data sets that p300 reads."""
