"""Directions of a latent space: found in a generator, drawn at random, or read from a file."""
