"""What the commands beside this folder are made of. Nothing here belongs to bytefim as it is installed."""
