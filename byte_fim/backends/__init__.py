"""Runtimes that implement `byte_fim.model.TokenModel`. Nothing in the core imports them."""
