"""Models on this machine: which are known, where their files lie, whether they are whole. Loads none."""
