"""Exact byte-level completion from token-level language models: numpy and the standard library only.

Knows nothing of editors, files, threads or clocks. Definitions and promises: docs/exactness.md.
"""
