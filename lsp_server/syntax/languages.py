"""What the node types and words of each language mean to us: one row of a table for each.

A new language is a line among the dependencies, a row here, and its file extensions in grammars.py. Imports no grammar.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from lsp_server.syntax.vocabulary import BRACKETS, Grammar


@dataclass(frozen=True)
class Row:
    """Where a grammar is found, and its vocabulary."""

    module: str
    grammar: partial[Grammar]
    function: str = "language"


def _words(text: str) -> frozenset[bytes]:
    return frozenset(text.encode().split())


def _types(text: str) -> frozenset[str]:
    return frozenset(text.split())


_BRACES = partial(
    Grammar,
    kind="braces",
    block_comment=b"/*",
    comment_marks=(b"//", b"/*"),
    block_openers=_words("{"),
    continues=_words("else catch finally"),
)
_SCRIPT = partial(
    _BRACES,
    string_types=_types("string template_string template_literal_type regex"),
    spanning=re.compile(rb"`"),
    comment_types=_types("comment html_comment hash_bang_line"),
    import_types=_types("import_statement"),
    import_line=re.compile(rb"import\b(?!\s*[(.])|export\s+(?:\*|(?:type\s*)?\{[^}]*\})\s*from\b"),
)
_C = partial(
    _BRACES,
    string_types=_types("string_literal char_literal system_lib_string raw_string_literal"),
    spanning=re.compile(rb'\w*R"'),
    import_types=_types("preproc_include"),
    import_line=re.compile(rb"#\s*(?:include|import)\b"),
    continues=_words("else #else #elif"),
)

ROWS: Mapping[str, Row] = {
    "python": Row(
        "tree_sitter_python",
        partial(
            Grammar,
            kind="indentation",
            string_types=_types("string"),
            spanning=re.compile(rb"[A-Za-z]*(?:\"\"\"|''')"),
            comment_marks=(b"#",),
            import_types=_types("import_statement import_from_statement future_import_statement"),
            import_line=re.compile(rb"(?:import|from)\b"),
            continues=_words("else elif except finally"),
            block_openers=_words(":"),
        ),
    ),
    "javascript": Row("tree_sitter_javascript", _SCRIPT),
    "typescript": Row("tree_sitter_typescript", _SCRIPT, "language_typescript"),
    "typescriptreact": Row("tree_sitter_typescript", _SCRIPT, "language_tsx"),
    "go": Row(
        "tree_sitter_go",
        partial(
            _BRACES,
            string_types=_types("interpreted_string_literal raw_string_literal rune_literal"),
            spanning=re.compile(rb"`"),
            import_types=_types("import_declaration"),
            import_line=re.compile(rb"import\b"),
            continues=_words("else"),
        ),
    ),
    "rust": Row(
        "tree_sitter_rust",
        partial(
            _BRACES,
            string_types=_types("string_literal raw_string_literal char_literal"),
            spanning=re.compile(rb'[bc]?r?#*"'),
            no_quote=re.compile(rb"'\w+\b(?!')"),
            comment_types=_types("line_comment block_comment"),
            import_types=_types("use_declaration extern_crate_declaration"),
            import_line=re.compile(rb"(?:pub(?:\([^)]*\))?\s+)?use\b"),
            continues=_words("else"),
        ),
    ),
    "c": Row("tree_sitter_c", _C),
    "cpp": Row("tree_sitter_cpp", partial(_C, continues=_words("else catch #else #elif"))),
    "java": Row(
        "tree_sitter_java",
        partial(
            _BRACES,
            string_types=_types("string_literal character_literal"),
            spanning=re.compile(rb'"""'),
            comment_types=_types("line_comment block_comment"),
            import_types=_types("import_declaration package_declaration"),
            import_line=re.compile(rb"(?:import|package)\b"),
        ),
    ),
    "csharp": Row(
        "tree_sitter_c_sharp",
        partial(
            _BRACES,
            openers={**BRACKETS, "{{": ("}}",)},
            string_types=_types(
                "string_literal verbatim_string_literal raw_string_literal interpolated_string_expression"
                " character_literal"
            ),
            spanning=re.compile(rb'[$@]*@[$@]*"|\$*"""'),
            import_types=_types("using_directive"),
            import_line=re.compile(rb"(?:global\s+)?using\s+(?!var\b)[\w.=\s]*;?\s*$"),
        ),
    ),
    "php": Row(
        "tree_sitter_php",
        partial(
            _BRACES,
            preface=b"<?php\n",
            openers={**BRACKETS, ":": ("endif", "endforeach", "endfor", "endwhile", "endswitch", "enddeclare")},
            opens_only_behind={":": re.compile(rb"(?:^|<\?php)\s*(?:if|foreach|for|while|switch|declare)\b.*\)\s*$")},
            string_types=_types("string encapsed_string heredoc nowdoc shell_command_expression"),
            spanning=re.compile(rb""),
            comment_marks=(b"//", b"#", b"/*"),
            import_types=_types(
                "namespace_use_declaration require_expression require_once_expression include_expression"
                " include_once_expression"
            ),
            import_line=re.compile(rb"(?:use|require|require_once|include|include_once)\b"),
            continues=_words("else elseif catch finally"),
        ),
        "language_php",
    ),
    "ruby": Row(
        "tree_sitter_ruby",
        partial(
            Grammar,
            kind="keywords",
            openers={
                **BRACKETS,
                **dict.fromkeys(_types("begin case class def do for if module unless until while"), ("end",)),
            },
            opens_nothing_in=_types(
                "if_modifier unless_modifier while_modifier until_modifier if_guard unless_guard do"
            ),
            opens_only_behind={
                **dict.fromkeys(
                    _types("if unless while until"),
                    re.compile(rb"(?:^|[-=(\[{,;|&?:+*/<>!~]|\b(?:then|do|else|begin|ensure|and|or|not))\s*$"),
                ),
                "do": re.compile(rb"^(?!\s*(?:while|until|for)\b)"),
            },
            string_types=_types(
                "string regex subshell string_array symbol_array delimited_symbol heredoc_body character"
            ),
            spanning=re.compile(rb""),
            block_comment=b"=begin",
            comment_marks=(b"#", b"=begin"),
            import_line=re.compile(rb"(?:require|require_relative|load)\b"),
            continues=_words("else elsif rescue ensure when in"),
            block_openers=_words("do then else begin ensure rescue"),
        ),
    ),
    "lua": Row(
        "tree_sitter_lua",
        partial(
            Grammar,
            kind="keywords",
            openers={**BRACKETS, **dict.fromkeys(("do", "if", "function"), ("end",)), "repeat": ("until",)},
            string_types=_types("string"),
            spanning=re.compile(rb"(?:--)?\[=*\["),
            block_comment=b"--[[",
            comment_marks=(b"--",),
            import_line=re.compile(rb"(?:local\s+\w+\s*=\s*)?require\b"),
            continues=_words("else elseif"),
            block_openers=_words("do then else repeat"),
        ),
    ),
    "shellscript": Row(
        "tree_sitter_bash",
        partial(
            Grammar,
            kind="keywords",
            openers={
                **BRACKETS,
                **dict.fromkeys(("((", "$(("), ("))",)),
                "[[": ("]]",),
                "if": ("fi",),
                "do": ("done",),
                "case": ("esac",),
            },
            opens_nothing_in=_types("case_item"),
            no_quote=re.compile(rb"\s*\$?`"),
            string_types=_types("string raw_string ansi_c_string heredoc_body heredoc_end"),
            spanning=re.compile(rb""),
            comment_marks=(b"#",),
            import_line=re.compile(rb"(?:source|\.)\s"),
            continues=_words("else elif"),
            block_openers=_words("do then else {"),
        ),
    ),
    "html": Row(
        "tree_sitter_html",
        partial(
            Grammar,
            kind="markup",
            openers={},
            string_types=_types("quoted_attribute_value"),
            spanning=re.compile(rb""),
            block_comment=b"<!--",
            comment_marks=(b"<!--",),
        ),
    ),
    "css": Row(
        "tree_sitter_css",
        partial(
            _BRACES,
            string_types=_types("string_value"),
            comment_types=_types("comment js_comment"),
            import_types=_types("import_statement charset_statement"),
            import_line=re.compile(rb"@(?:import|use|forward|charset)\b"),
            comment_marks=(b"/*",),
            continues=_words(""),
        ),
    ),
    "json": Row("tree_sitter_json", partial(_BRACES, string_types=_types("string"), continues=_words(""))),
}
