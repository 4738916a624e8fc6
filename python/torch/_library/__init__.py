"""Operators defined in Python: schemas, kernels by device, and calls that take part in everything operators do."""
