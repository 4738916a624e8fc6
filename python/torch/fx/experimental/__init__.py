"""Tracing below the functions of torch."""
