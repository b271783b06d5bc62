/** Whatever documents and cursors are like: what is shown is what is offered, and the server has the same bytes. */

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SELECT_NEXT } from "./editor.mjs";
import { scenario, useWorkbench } from "./scenario.mjs";
import { MAIN, METHODS, OPEN, POINT, TOTAL } from "./texts.mjs";
import { until } from "./waiting.mjs";

useWorkbench();

scenario("going to another document and back", async (editor) => {
  const first = await editor.open("point.py", POINT);
  await editor.open("main.py", MAIN);
  await editor.type(" ");
  const other = await editor.accept();
  await editor.show(first);
  await editor.type(".");
  const { uri } = await editor.accept();

  assert.notEqual(uri, other.uri);
});

scenario("a file with CRLF gets CRLF", async (editor) => {
  await editor.open("box.py", METHODS.replaceAll("\n", "\r\n"));
  await editor.type("\n");
  const { text, eol } = await editor.accept();

  assert.equal(eol, "\r\n");
  assert.ok(!/[^\r]\n/.test(text));
});

scenario("emoji and combining characters left of the cursor", async (editor) => {
  await editor.open("point.py", POINT.replace("self‸", 'e = "e\u0301 👩‍💻 🎉"; self‸'));
  await editor.type(".");
  const { text } = await editor.accept();

  assert.ok(text.includes('"e\u0301 👩‍💻 🎉"; self.'));
});

scenario("the cursor inside a word", async (editor) => {
  await editor.open("open.py", OPEN.replace("en‸", "e‸") + '\n        return json.load(f)\n');
  await editor.type("n");
  await editor.accept();
});

scenario("after a space", async (editor) => {
  await editor.open("total.py", TOTAL);
  await editor.type(" ");

  assert.equal(await editor.seeGhost(), "result");
  await editor.accept();
});

scenario("in indentation, where Tab first indents as far as the suggestion is", async (editor) => {
  await editor.open("box.py", METHODS.replace("‸", "\n   ‸"));
  const { text } = await editor.type(" ");
  await editor.seeGhost();
  assert.equal((await editor.edit("Tab")).text, `${text}    `);
  await editor.accept();
});

scenario("brackets that the editor has closed stay where they are", async (editor) => {
  await editor.open("call.py", "def add(first, second):\n    return first + second\n\n\nadd‸");
  const { text } = await editor.type("(");
  assert.ok(text.endsWith("add()"));
  await editor.seeGhostLike(() => true);
  const after = await editor.accept();

  assert.match(after.text, /add\([^)].*\)$/);
  assert.equal(after.text.split(")").length, after.text.split("(").length);
});

scenario("text right of the cursor stays", async (editor) => {
  await editor.open("point.py", POINT.replace("self‸", "self‸  # the other one"));
  await editor.type(".");
  const { text } = await editor.accept();

  assert.ok(text.endsWith("  # the other one"));
});

scenario("while a menu is open, what is shown begins with its entry", async (editor) => {
  await editor.configure({ "editor.wordBasedSuggestions": "currentDocument", "editor.suggest.showSnippets": false });
  await editor.open("open.py", OPEN.replace("import json", "encoding = 1").replace("en‸", "e‸"));
  await editor.type("nc");
  await editor.press("Control+Space");
  await until("the menu", () => editor.page.isVisible(".suggest-widget.visible .monaco-list-row.focused"));
  const entry = await editor.page.textContent(".suggest-widget.visible .monaco-list-row.focused .label-name");
  const ghost = await editor.seeGhostLike(() => true);
  assert.equal(entry, "encoding");
  assert.ok(ghost.startsWith("oding"), ghost);
  await editor.press("Tab");
  await until("the entry", async () => /encoding/.test((await editor.state()).text.split("\n").at(-1)));
  await editor.settle();
});

scenario("two windows on one document", async (editor) => {
  const path = await editor.open("point.py", POINT);
  await editor.show(path, -1, { column: 2 });
  await editor.typeInNewWidget(".");
  const { text } = await editor.accept();
  await editor.show(path, -1, { column: 1 });

  assert.equal((await editor.settle()).text, text);
});

scenario("pasting many lines", async (editor, workbench) => {
  await workbench.page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  const lines = Array.from({ length: 400 }, (_, i) => `value_${i} = "é${i}"\n`).join("");
  await editor.host((vscode, _, text) => vscode.env.clipboard.writeText(text), lines);
  await editor.open("point.py", POINT.replace("class", "\n\nclass"));
  await editor.press("ControlOrMeta+Home");
  const { text } = await editor.edit("ControlOrMeta+V");
  assert.ok(text.startsWith(lines));
  await editor.press("ControlOrMeta+End");
  await editor.type(".");
  await editor.accept();
});

scenario("several cursors", async (editor) => {
  await editor.open("names.py", "first = nam‸\nsecond = nam\nthird = nam\n");
  await editor.press(SELECT_NEXT, SELECT_NEXT, SELECT_NEXT);
  await until("three cursors", () => editor.host((vscode) => vscode.window.activeTextEditor.selections.length === 3));
  const typed = await editor.type("ed");
  assert.equal(typed.text, "first = ed\nsecond = ed\nthird = ed\n");
  await editor.press("Escape", "Escape");
  await until("one cursor", () => editor.host((vscode) => vscode.window.activeTextEditor.selections.length === 1));
  await editor.type("_");
});

scenario("renaming a file", async (editor) => {
  const path = await editor.open("point.py", POINT);
  await editor.type(".");
  const renamed = path.replace("point", "renamed");
  await editor.host(
    async (vscode, _, [from, to]) => {
      await vscode.workspace.saveAll(false);
      const edit = new vscode.WorkspaceEdit();
      edit.renameFile(vscode.Uri.file(from), vscode.Uri.file(to));
      await vscode.workspace.applyEdit(edit);
    },
    [path, renamed],
  );
  await until("the new name", async () => (await editor.state()).uri.endsWith("renamed.py"));
  await editor.settle();
  await editor.command("workbench.action.focusActiveEditorGroup");
  await editor.untilInHands();
  await editor.edit("Backspace");
  await editor.type(".");
  await editor.accept();
});

scenario("a very long line", async (editor) => {
  const long = `numbers = [${Array.from({ length: 6000 }, (_, i) => i).join(", ")}]`;
  await editor.open("long.py", `${long}\n\n${POINT}`);
  await editor.type(".");
  await editor.accept();
  await editor.open("inside.py", `${long.slice(0, 9000)}‸${long.slice(9000)}\n`);
  await editor.type("1");
  await editor.press("Alt+Backslash");
  await editor.settle();
});

scenario("a file outside of the workspace", async (editor) => {
  const folder = await mkdtemp(join(tmpdir(), "bytefim-outside-"));
  try {
    await editor.open("point.py", POINT, { folder });
    await editor.type(".");
    await editor.accept();
  } finally {
    await rm(folder, { recursive: true });
  }
});

scenario("a document without a file", async (editor) => {
  await editor.host(async (vscode) => {
    const document = await vscode.workspace.openTextDocument({ language: "python", content: "" });
    await vscode.window.showTextDocument(document);
  });
  await editor.untilInHands();
  await editor.type('if __name__ == ');
  const { uri } = await editor.accept();

  assert.ok(uri.startsWith("untitled:"));
});

scenario("a cell of a notebook", async (editor) => {
  const cell = (source) => ({ cell_type: "code", source: [source], metadata: {}, outputs: [], execution_count: null });
  const metadata = { language_info: { name: "python" } };
  const cells = [cell("class Empty:\n    pass"), cell(POINT.replace("‸", ""))];
  await editor.openNotebook("book.ipynb", { cells, metadata, nbformat: 4, nbformat_minor: 5 }, 1);
  await editor.typeInNewWidget(".");
  const { uri } = await editor.accept();

  assert.ok(uri.startsWith("vscode-notebook-cell:"));
});
