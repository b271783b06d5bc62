"""Short pieces of code with one word missing, which only one word can fill. Written for `self_test`; asks no model.

In the first of each pair the word has occurred above; in the second only what comes after says what it is, so that
whoever goes on from left to right cannot know. The missing word stands between ⟦ and ⟧. Every third cursor or so is
inside a word.
"""

from __future__ import annotations

from dataclasses import dataclass

_BEGIN, _END = "⟦", "⟧"


@dataclass(frozen=True, slots=True)
class CodeHole:
    """A cursor in a text, and the one right thing to write there."""

    prefix: bytes
    answer: bytes
    suffix: bytes
    needs_suffix: bool
    """the prefix alone does not decide it"""


_TEXTS = (
    # Python
    "def area(width, height):\n    return width * ⟦height⟧\n\n\nprint(area(3, 4))\n",
    'def greet(⟦person⟧):\n    return f"Hello, {person}!"\n\n\nprint(greet("Ann"))\n',
    # JavaScript
    "function clamp(value, low, high) {\n  if (value < low) return low;\n  if (value > high) return ⟦high⟧;\n"
    "  return value;\n}\n",
    "const ⟦doubled⟧ = numbers.map((n) => n * 2);\nconsole.log(doubled.length);\n",
    # Go
    "func load(path string) ([]byte, error) {\n\tdata, err := os.ReadFile(path)\n\tif err != nil {\n"
    "\t\treturn nil, ⟦err⟧\n\t}\n\treturn data, nil\n}\n",
    "func main() {\n\tfor _, ⟦word⟧ := range os.Args {\n\t\tfmt.Println(word)\n\t}\n}\n",
    # Python, inside a word
    "def evens(numbers):\n    result = []\n    for n in numbers:\n        if n % 2 == 0:\n"
    "            result.append(n)\n    return res⟦ult⟧\n\n\ndef main():\n    print(evens(range(9)))\n",
    "class Parser:\n    def __init__(self, so⟦urce⟧):\n        self.source = source\n        self.offset = 0\n",
    # C
    "int largest(int a, int b) {\n    if (a > b)\n        return a;\n    return ⟦b⟧;\n}\n",
    "int digits(long n) {\n    int ⟦count⟧ = 0;\n    while (n > 0) {\n        n /= 10;\n        count++;\n    }\n"
    "    return count;\n}\n",
    # Python
    "class Address:\n    def __init__(self, host, port):\n        self.host = host\n        self.port = ⟦port⟧\n\n"
    '    def __str__(self):\n        return f"{self.host}:{self.port}"\n',
    "from collections import ⟦Counter⟧\n\n\ndef histogram(words):\n    return Counter(words)\n",
    # Rust
    "struct Point {\n    x: f64,\n    y: f64,\n}\n\nimpl Point {\n    fn new(x: f64, y: f64) -> Point {\n"
    "        Point { x, ⟦y⟧ }\n    }\n}\n",
    'fn main() {\n    let ⟦total⟧ = add(2, 3);\n    println!("{}", total);\n}\n',
    # TypeScript, inside a word
    "async function load(url: string): Promise<string> {\n  const response = await fetch(url);\n"
    "  return resp⟦onse⟧.text();\n}\n",
    "export function show(us⟦er⟧: User): string {\n  return `${user.name} <${user.email}>`;\n}\n",
    # Python
    "def read_number(text):\n    try:\n        return int(text)\n    except ValueError as problem:\n"
    "        print(⟦problem⟧)\n        return None\n",
    "with open(path) as ⟦file⟧:\n    for line in file:\n        print(line.strip())\n",
    # Java, inside a word
    "class Book {\n    private final String title;\n\n    Book(String title) {\n"
    "        this.title = ti⟦tle⟧;\n    }\n}\n",
    "String trimmed(Reader reader) {\n    String li⟦ne⟧ = reader.next();\n    return line.trim();\n}\n",
    # Python
    "total = 0\nfor price in prices:\n    total += ⟦price⟧\nprint(total)\n",
    "for ⟦key⟧, count in counts.items():\n    print(key, count)\n",
    # JavaScript
    "function swap(pair) {\n  const [first, second] = pair;\n  return [second, ⟦first⟧];\n}\n",
    "people.sort((⟦left⟧, right) => left.age - right.age);\n",
)


def _read(text: str, *, needs_suffix: bool) -> CodeHole:
    prefix, _, rest = text.partition(_BEGIN)
    answer, _, suffix = rest.partition(_END)
    return CodeHole(prefix.encode(), answer.encode(), suffix.encode(), needs_suffix)


CODE_HOLES = tuple(_read(text, needs_suffix=i % 2 == 1) for i, text in enumerate(_TEXTS))
