"""The one adapter to llama.cpp, through llama-cpp-python's low-level bindings.

A leaf: nothing in the core imports it. `library` holds the shared library's quirks, `tokenizer` bytes and tokens,
`kv_tree` the evaluation of many contexts in one call and what stays in the KV cache, `adapter` the `TokenModel` made
of them.
"""

from byte_fim.backends.llama_cpp.adapter import LlamaCppModel, LlamaVocabulary, RuntimeParams
from byte_fim.backends.llama_cpp.library import library_facts

__all__ = ["LlamaCppModel", "LlamaVocabulary", "RuntimeParams", "library_facts"]
