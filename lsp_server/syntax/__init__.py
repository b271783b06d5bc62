"""Syntax trees of documents, and what trimming asks them."""
