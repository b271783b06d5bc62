"""The language server around `byte_fim`: documents, requests, the worker that owns the model, the command line."""
