"""This machine: processes, pipes, and what is remembered about it."""
