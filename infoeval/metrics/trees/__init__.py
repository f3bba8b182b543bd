"""Gradient-boosted trees of many outputs at once."""
