/**
 * One workbench for many scenarios, each with settings as at the start and no editor open. After each one the screen
 * must have shown no message but those that it expects. A scenario that fails leaves a picture in build/e2e/vscode.
 */

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Editor } from "./editor.mjs";
import { ARTEFACTS } from "./tools.mjs";
import { Workbench } from "./workbench.mjs";

/** The embedded model is small: whatever it says is shown, and nothing but it suggests. */
export const TALKATIVE = {
  "bytefim.min_confidence": 0,
  "bytefim.statistics": false,
  "editor.wordBasedSuggestions": "off",
};
const LIMIT_MS = 120_000;

let workbench;
let editor;

/** To be called once per file of tests, before its scenarios. */
export function useWorkbench(options = { settings: TALKATIVE }, { isServerExpected = true } = {}) {
  before(
    async () => {
      workbench = await Workbench.open(options);
      editor = new Editor(workbench);
      if (isServerExpected) await warmUp();
    },
    { timeout: LIMIT_MS },
  );
  after(() => workbench?.close(), { timeout: LIMIT_MS });
}

/** `body(editor, workbench)`; `messages`: a pattern for each message that must pop up, in order; default: none may. */
export function scenario(name, body, { messages = [] } = {}) {
  test(name, { timeout: LIMIT_MS }, async () => {
    await workbench.takePopups();
    try {
      await body(editor, workbench);
      const popups = await workbench.takePopups();
      assert.equal(popups.length, messages.length, `what popped up: ${JSON.stringify(popups)}`);
      messages.forEach((pattern, i) => assert.match(popups[i], pattern));
    } catch (error) {
      await picture(name).catch(() => undefined); // the error that matters is the one before
      throw error;
    } finally {
      await restore();
    }
  });
}

async function restore() {
  await editor.host((vscode) => vscode.commands.executeCommand("notifications.clearAll"));
  await editor.closeAll();
  await workbench.resetSettings();
}

/** A picture in build/e2e/vscode, of the whole window or of a part of it. */
export async function picture(name, clip) {
  const folder = join(ARTEFACTS, "vscode");
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${name.replaceAll(/\W+/g, "-")}.png`);
  await workbench.page.screenshot({ path, ...(clip === undefined ? {} : { clip }) });
}

/** The first keys in a new editor are not asked about: VS Code is still loading what shows ghost text. */
async function warmUp() {
  await editor.untilStatus("idle");
  await editor.open("warm_up.py", 'if __name__ == "__main__":\n    mai‸');
  await editor.typeInNewWidget("n");
  await editor.closeAll();
}
