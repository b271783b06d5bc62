/** Texts at whose cursor the embedded model surely says something, and what that is. */

const method = (name) => `\n    def get_${name}(self):\n        value = self.read("${name}")\n        return value\n`;

/** After `.`: `y = y` */
export const POINT = "class Point:\n    def __init__(self, x, y):\n        self.x = x\n        self‸";
/** After `c`: `oding="utf-8") as f:` */
export const OPEN = "import json\n\n\ndef load(path):\n    with open(path, en‸";
/** After ` `: `"__main__":` */
export const MAIN = "def main():\n    pass\n\n\nif __name__ ==‸";
/** After ` `: `result` */
export const TOTAL = "def total(items):\n    result = 0\n    for i in items:\n        result += i\n    return‸";
/** After a line break: two lines */
export const METHODS = `class Box:${["width", "height", "depth"].map(method).join("")}\n    def get_size(self):‸`;
