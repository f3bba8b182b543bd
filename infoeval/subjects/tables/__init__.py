"""Tables of codes and factors: a module a file format, and what is in memory."""
