"""What the editor has open, byte for byte, and what is asked about it."""
