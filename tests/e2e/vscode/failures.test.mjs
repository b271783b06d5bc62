/** Things go wrong: nothing pops up while typing, documents stay right, and the reason that is given is true. */

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { descendants, findModel, findServer, isAlive, isServer } from "./processes.mjs";
import { scenario, useWorkbench } from "./scenario.mjs";
import { POINT } from "./texts.mjs";
import { until } from "./waiting.mjs";

useWorkbench();

const NOWHERE = "/nowhere/model.gguf";

async function untilNew(workbench, find, old) {
  return until("a new process", () => {
    const found = find(workbench.process.pid);
    return found !== undefined && found.pid !== old.pid && found;
  });
}

/** As the extension's log tells. */
async function countStarts(workbench) {
  const logs = await readdir(join(workbench.folder, "data"), { recursive: true });
  const log = logs.find((path) => path.endsWith("bytefim.bytefim/bytefim.log"));
  return (await readFile(join(workbench.folder, "data", log), "utf-8")).split(" starting /").length - 1;
}

async function typesAsBefore(editor) {
  await editor.untilStatus("idle");
  await editor.edit("Backspace");
  await editor.type(".");
  assert.equal(await editor.seeGhost(), "y = y");
}

scenario("the server is killed while one types", async (editor, workbench) => {
  await editor.open("point.py", POINT);
  const server = findServer(workbench.process.pid);
  process.kill(server.pid, "SIGKILL");
  await editor.page.keyboard.type(".");
  await untilNew(workbench, findServer, server);
  await editor.settle();
  await typesAsBefore(editor);
});

scenario("the model's process is killed while one types", async (editor, workbench) => {
  await editor.open("point.py", POINT);
  const server = findServer(workbench.process.pid);
  const model = findModel(workbench.process.pid);
  process.kill(model.pid, "SIGKILL");
  await editor.type(".");
  await untilNew(workbench, findModel, model);
  await typesAsBefore(editor);

  assert.equal(findServer(workbench.process.pid).pid, server.pid);
});

scenario("the model is being loaded", async (editor, workbench) => {
  await editor.open("point.py", POINT);
  const before = findModel(workbench.process.pid);
  await editor.host((vscode) => void vscode.commands.executeCommand("bytefim.restartModel"));
  const loading = await untilNew(workbench, findModel, before);
  process.kill(loading.pid, "SIGSTOP"); // it takes as long as we like
  try {
    await editor.untilStatus("loading");
    await editor.type(".");
    await until("the reason", async () => /load/.test(await editor.why()));
    await until("the status bar", async () => /loading/.test((await editor.statusBar()).text));
    assert.equal(await editor.ghost(), "");
  } finally {
    process.kill(loading.pid, "SIGCONT");
  }
  await typesAsBefore(editor);
});

scenario(
  "a wrong setting is told once, and its default is used",
  async (editor) => {
    await editor.configure({ "bytefim.max_tokens": 0 });
    await editor.seeMessage(/max_tokens/);
    await editor.open("point.py", POINT);
    await editor.type(".");
    await editor.accept();
    await editor.configure({ "bytefim.max_tokens": 0, "bytefim.prefetch": false });
    await editor.type("\n");
  },
  { messages: [/max_tokens/] },
);

scenario(
  "a path where no model is",
  async (editor) => {
    await editor.open("point.py", POINT);
    await editor.configure({ "bytefim.model": NOWHERE });
    await editor.seeMessage(/nowhere.* goes on/);
    await editor.type(".");
    assert.equal(await editor.seeGhost(), "y = y");
    await editor.edit("Backspace");
    // without another one at work
    await editor.host((vscode) => void vscode.commands.executeCommand("bytefim.restartModel"));
    const { message } = await editor.untilStatus("error");
    await editor.type(".");

    assert.ok(message.includes(NOWHERE), message);
    await until("the reason", async () => (await editor.why()).includes(NOWHERE));
    await until("the status bar", async () => /nowhere/.test((await editor.statusBar()).tooltip));
    await editor.configure({ "bytefim.model": null });
    await typesAsBefore(editor);
  },
  { messages: [/nowhere.* goes on/, /nowhere/] },
);

scenario("a language is switched off and on", async (editor) => {
  await editor.open("point.py", POINT);
  await editor.command("bytefim.toggleLanguage");
  await until("the setting", () =>
    editor.host((vscode) => vscode.workspace.getConfiguration("bytefim").get("languages_off").includes("python")),
  );
  await editor.type(".");
  await until("the reason", async () => /switched off for language python/.test(await editor.why()));
  assert.equal(await editor.ghost(), "");
  await editor.press("Alt+Backslash");
  assert.equal(await editor.seeGhostLike(() => true), "y = y");
  await editor.command("bytefim.toggleLanguage");
  await until("the setting", () =>
    editor.host((vscode) => !vscode.workspace.getConfiguration("bytefim").get("languages_off").includes("python")),
  );
  await typesAsBefore(editor);
});

scenario("all is switched off and on", async (editor) => {
  await editor.open("point.py", POINT);
  await editor.command("bytefim.toggleSuggestions");
  await editor.untilStatus("off");
  await editor.type(".");
  await until("the reason", async () => /turned off/.test(await editor.why()));
  assert.equal(await editor.ghost(), "");
  await until("the status bar", async () => /off/.test((await editor.statusBar()).text));
  await editor.command("bytefim.toggleSuggestions");
  await typesAsBefore(editor);
});

scenario(
  "why there is no suggestion is said on request",
  async (editor) => {
    await editor.open("point.py", POINT);
    await editor.configure({ "bytefim.files_off": ["*.py"] });
    await editor.type(".");
    await until("the reason", async () => /files_off/.test(await editor.why()));
    await editor.command("bytefim.showWhy");
    await editor.seeMessage(/files_off/);
  },
  { messages: [/switched off for files like \*\.py \(setting files_off\)/] },
);

scenario("ten clicks on restart leave one server that works", async (editor, workbench) => {
  await editor.open("point.py", POINT);
  const { pid } = findServer(workbench.process.pid);
  const nStarts = await countStarts(workbench);
  await editor.host(async (vscode) => {
    await Promise.all(Array.from({ length: 10 }, () => vscode.commands.executeCommand("bytefim.restartServer")));
  });
  assert.ok(!isAlive(pid));
  await editor.settle();
  await editor.type(".");
  await typesAsBefore(editor);

  assert.equal(descendants(workbench.process.pid).filter(isServer).length, 1);
  assert.ok((await countStarts(workbench)) - nStarts <= 2);
});

scenario("a server that ends again and again is left alone, until one asks for it", async (editor, workbench) => {
  await editor.open("point.py", POINT);
  let last = { pid: 0 };
  const status = await until("the end of patience", async () => {
    const now = await editor.status();
    const server = findServer(workbench.process.pid);
    if (server !== undefined && server.pid !== last.pid) {
      last = server;
      process.kill(server.pid, "SIGKILL");
    }
    return now.state === "error" && now;
  });
  await editor.page.keyboard.type(".");

  assert.match(status.message, /has ended 5 times; see the log/);
  await until("the status bar", async () => /5 times/.test((await editor.statusBar()).tooltip));
  await editor.host((vscode) => vscode.commands.executeCommand("bytefim.restartServer"));
  await editor.settle();
  await typesAsBefore(editor);
});

scenario("a path where no server is", async (editor) => {
  await editor.open("point.py", POINT);
  await editor.configure({ "bytefim.server.path": "/nowhere/bytefim" });
  const { message } = await editor.untilStatus("missing");
  await editor.page.keyboard.type(".");
  assert.equal(message, "the setting bytefim.server.path names no program: /nowhere/bytefim");
  await editor.configure({ "bytefim.server.path": null });
  await editor.untilStatus("idle");
  await editor.settle();
  await typesAsBefore(editor);
});

scenario("the models are listed with their sizes", async (editor) => {
  await editor.command("bytefim.chooseModel");
  const rows = editor.page.getByRole("option", { name: /bytefim-tiny/ });
  const row = await until("the list", () => rows.first().textContent());
  await editor.press("Escape");

  assert.match(row, /19 MB, fits, the one that ships/);
});
