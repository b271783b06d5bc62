/** A machine without a server: said once, then the status bar says it. Installing says what went wrong. */

import assert from "node:assert/strict";
import { scenario, useWorkbench } from "./scenario.mjs";
import { until } from "./waiting.mjs";

useWorkbench({ isOnPath: false }, { isServerExpected: false });

scenario("the offer to install the server is made once", async (editor, workbench) => {
  await editor.untilStatus("missing");
  await editor.seeMessage(/Install the Server/);
  await workbench.takePopups();
  await until("that to be remembered", () => editor.page.evaluate(isOfferRemembered));
  await editor.host(() => (globalThis.isOld = true));
  await editor.page.reload();
  await until("a new extension host", () => editor.host(() => !globalThis.isOld).catch(() => false), 60_000);
  await editor.untilStatus("missing");
  await until("the status bar", async () => /no server/.test((await editor.statusBar()).text));
});

scenario("typing without a server shows nothing", async (editor) => {
  await editor.page.keyboard.press("ControlOrMeta+N");
  await until("an editor", () => editor.page.isVisible(".editor-group-container.active .monaco-editor"));
  await editor.page.keyboard.type("if __name__ == ");

  assert.match((await editor.statusBar()).tooltip, /no bytefim server on this machine/);
});

scenario(
  "what is to be installed is not there: one sentence, and no half server is left",
  async (editor) => {
    await editor.configure({ "bytefim.server.package": "/nowhere/bytefim.whl" });
    await editor.host((vscode) => vscode.commands.executeCommand("bytefim.installServer"));
    assert.equal((await editor.status()).state, "missing");
    await editor.seeMessage(/nowhere/);
  },
  { messages: [/the server/, /nowhere/] },
);

/** Runs in the page: VS Code writes down what extensions remember now and then, and when it is closed in peace. */
async function isOfferRemembered() {
  const done = (request) => new Promise((resolve) => (request.onsuccess = () => resolve(request.result)));
  for (const { name } of await indexedDB.databases()) {
    const database = await done(indexedDB.open(name));
    const stores = [...database.objectStoreNames].filter((store) => store === "ItemTable");
    const reads = stores.map((store) => done(database.transaction(store).objectStore(store).get("bytefim.bytefim")));
    const values = await Promise.all(reads);
    database.close();
    if (values.some((value) => /isInstallationOffered/.test(String(value)))) return true;
  }
  return false;
}
