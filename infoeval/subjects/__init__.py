"""What can be evaluated: a checkpoint, anybody's model, a table of codes."""
