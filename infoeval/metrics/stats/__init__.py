"""Shared computations of metrics: tables, counts, resampling, probes."""
