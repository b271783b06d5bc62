"""What people ask from a shell: one completion, what is installed, how fast it is."""
