/** A person types: ghost text, taking it whole and in parts, typing along and against it, taking it back. */

import assert from "node:assert/strict";
import { picture, scenario, useWorkbench } from "./scenario.mjs";
import { MAIN, METHODS, OPEN, POINT } from "./texts.mjs";
import { until } from "./waiting.mjs";

useWorkbench();

scenario("typing shows what the server offers as ghost text", async (editor) => {
  await editor.open("point.py", POINT);
  await editor.type(".");

  assert.equal(await editor.seeGhost(), "y = y");
});

scenario("Tab accepts, and the document is what was offered", async (editor) => {
  await editor.open("point.py", POINT);
  await editor.type(".");
  const { text } = await editor.accept();

  assert.ok(text.endsWith("        self.y = y"));
});

scenario("a word of it can be taken", async (editor) => {
  await editor.open("open.py", OPEN);
  const before = await editor.type("c");
  const whole = await editor.seeGhost();
  await editor.command("editor.action.inlineSuggest.acceptNextWord");
  await until("the word", async () => (await editor.state()).text !== before.text);
  const after = await editor.settle();
  const taken = after.text.slice(before.cursor, after.cursor);

  assert.ok(taken.length > 0 && taken.length < whole.length && whole.startsWith(taken), taken);
  assert.equal(await editor.seeGhost(), whole.slice(taken.length));
});

scenario("a line of it can be taken", async (editor) => {
  await editor.open("box.py", METHODS);
  const before = await editor.type("\n");
  const [first, ...rest] = (await editor.seeGhost()).split("\n");
  await editor.command("editor.action.inlineSuggest.acceptNextLine");
  await until("the line", async () => (await editor.state()).text !== before.text);
  const after = await editor.settle();

  assert.ok(rest.length > 0);
  assert.equal(after.text.trimEnd(), before.text + first);
  await editor.seeGhostLike((ghost) => ghost.trim() === rest.join("\n").trim());
});

scenario("a suggestion of several lines is shown and accepted whole", async (editor) => {
  await editor.open("box.py", METHODS);
  const before = await editor.type("\n");
  const ghost = await editor.seeGhost();
  const { x, y } = await editor.page.locator(".editor-group-container.active").boundingBox();
  await picture("ghost text", { x, y, width: 620, height: 370 });
  const after = await editor.accept();

  assert.equal(ghost.split("\n").length, 2);
  assert.equal(after.text, before.text + ghost);
});

scenario("next and previous go around in what there is", async (editor) => {
  await editor.open("point.py", POINT);
  await editor.type(".");
  const ghost = await editor.seeGhost();
  for (const direction of ["showNext", "showPrevious"]) {
    await editor.command(`editor.action.inlineSuggest.${direction}`);
    assert.equal(await editor.seeGhost(), ghost);
  }
  await editor.accept();
});

scenario("typing along keeps the rest", async (editor) => {
  await editor.open("main.py", MAIN);
  await editor.type(" ");
  const ghost = await editor.seeGhost();
  for (let n = 1; n <= 4; n += 1) {
    await editor.type(ghost[n - 1]);
    // a quote is closed by the editor, and what it closed is no longer offered
    await editor.seeGhostLike((rest) => ghost.slice(n).startsWith(rest.slice(0, 3)) && rest.length <= ghost.length - n);
  }
});

scenario("typing against it takes it away", async (editor) => {
  await editor.open("point.py", POINT);
  await editor.type(".");
  const ghost = await editor.seeGhost();
  await editor.type("q");
  await until("another suggestion, or none", async () => !(await editor.ghost()).endsWith(ghost.slice(1)));
  await editor.settle();
});

scenario("deleting what was typed of it brings the longer rest back", async (editor) => {
  await editor.open("open.py", OPEN);
  await editor.type("c");
  const ghost = await editor.seeGhost();
  await editor.type("od");
  await editor.seeGhostLike((rest) => rest === ghost.slice(2));
  await editor.edit("Backspace", "Backspace");

  assert.equal(await editor.seeGhost(), ghost);
});

scenario("undo takes an accepted suggestion back, redo brings it again", async (editor) => {
  await editor.open("point.py", POINT);
  const before = await editor.type(".");
  const accepted = await editor.accept();
  await editor.command("undo");
  await until("the undo", async () => (await editor.state()).text === before.text);
  await editor.settle();
  await editor.command("redo");
  await until("the redo", async () => (await editor.state()).text === accepted.text);
  await editor.settle();
});

scenario("Escape puts it away, and asking brings it again", async (editor) => {
  await editor.open("point.py", POINT);
  await editor.type(".");
  const ghost = await editor.seeGhost();
  await editor.press("Escape");
  await editor.seeNoGhost();
  await editor.press("Alt+Backslash");

  assert.equal(await editor.seeGhost(), ghost);
});
