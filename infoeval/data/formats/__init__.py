"""Readers of untrusted files, and the cache of prepared data."""
