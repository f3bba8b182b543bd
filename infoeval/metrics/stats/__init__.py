"""What several metrics are computed from: tables, counts, resampling, probes."""
