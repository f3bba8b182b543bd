"""Readers of files that nobody vouches for, and the cache of prepared data."""
