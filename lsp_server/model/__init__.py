"""The model: found, tried, measured, at work, in a process of its own."""
