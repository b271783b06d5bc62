/**
 * How long from a key to its ghost text, in the real editor: `node key_to_ghost.mjs`. A table, then one JSON line.
 *
 * A file is typed key by key at the end of a document. In the page, a listener takes the time of each keydown, and an
 * observer of the DOM the time of each change of the ghost text; the last change before the next key counts, since what
 * is typed along is redrawn first and may be replaced. In the extension host, a second provider that suggests nothing
 * takes the time at which VS Code asks: from the key to that is VS Code's own delay, the rest is the server, the wires
 * and the drawing. Keys that bring no ghost text do not count; keys for which VS Code asks nobody
 * before it redraws what is typed along are counted by themselves. Until it is painted, up to a frame is missing.
 */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Editor } from "./editor.mjs";
import { TALKATIVE } from "./scenario.mjs";
import { ROOT } from "./tools.mjs";
import { until } from "./waiting.mjs";
import { Workbench } from "./workbench.mjs";

const SOURCE = join(ROOT, "examples/documents/inventory.py");
const N_BEFORE = 700; // characters that stand there
const N_KEYS = 400;
const QUIET_MS = 250; // so long nothing has changed: the key has had its answer

const ROWS = {
  total_ms: "key to new ghost text",
  editor_ms: "  of that, until VS Code asks",
  rest_ms: "  of that, from being asked to ghost text",
  along_ms: "key to shortened ghost text, nobody asked",
};

const workbench = await Workbench.open({ settings: { ...TALKATIVE, "editor.autoIndent": "none" } });
try {
  const editor = new Editor(workbench);
  await editor.untilStatus("idle");
  const source = await readFile(SOURCE, "utf-8");
  await editor.open("inventory.py", `${source.slice(0, N_BEFORE)}‸`);
  await editor.typeInNewWidget("x");
  await editor.edit("Backspace");
  await watchRequests(workbench);
  await watchKeys(workbench);
  const samples = [];
  for (const key of source.slice(N_BEFORE, N_BEFORE + N_KEYS)) {
    samples.push(await measure(editor, workbench, key === "\n" ? "Enter" : key));
  }
  report(samples.filter((sample) => sample !== undefined));
} finally {
  await workbench.close();
}

/** undefined when the key has brought no ghost text; `along_ms` when it only shortened it and nobody was asked. */
async function measure(editor, workbench, key) {
  if (key.length > 1) await workbench.page.keyboard.press(key);
  else await workbench.page.keyboard.type(key);
  const seen = await until("quiet after the key", () =>
    workbench.page.evaluate((quietMs) => {
      const { keyAt, changes } = globalThis.watched;
      const now = performance.timeOrigin + performance.now();
      return now - Math.max(keyAt, changes.at(-1)?.at ?? 0) > quietMs && { keyAt, changes };
    }, QUIET_MS),
  );
  const asked = await workbench.host(() => globalThis.askedAt.splice(0));
  const last = seen.changes.at(-1);
  const askedAt = asked.filter((at) => at >= seen.keyAt - 1 && at <= (last?.at ?? 0)).at(-1);
  if (!last?.text) return undefined;
  if (askedAt === undefined) return { along_ms: last.at - seen.keyAt };
  return { total_ms: last.at - seen.keyAt, editor_ms: askedAt - seen.keyAt, rest_ms: last.at - askedAt };
}

function watchRequests(workbench) {
  return workbench.host((vscode) => {
    globalThis.askedAt = [];
    const provideInlineCompletionItems = () => void globalThis.askedAt.push(Date.now());
    vscode.languages.registerInlineCompletionItemProvider({ scheme: "file" }, { provideInlineCompletionItems });
  });
}

function watchKeys(workbench) {
  return workbench.page.evaluate(() => {
    const now = () => performance.timeOrigin + performance.now();
    const read = () => [...document.querySelectorAll('[class*="ghost-text"]')].map((one) => one.textContent).join("");
    globalThis.watched = { keyAt: 0, changes: [] };
    let before = read();
    addEventListener("keydown", () => (globalThis.watched = { keyAt: now(), changes: [] }), true);
    new MutationObserver(() => {
      const text = read();
      if (text !== before) globalThis.watched.changes.push({ at: now(), text });
      before = text;
    }).observe(document.body, { childList: true, subtree: true, characterData: true, attributes: true });
  });
}

function report(samples) {
  const result = {};
  console.log(`${"ms".padEnd(44)}     n   p50   p95`);
  for (const [name, what] of Object.entries(ROWS)) {
    const sorted = samples.map((sample) => sample[name]).filter((ms) => ms !== undefined).sort((a, b) => a - b);
    const at = (share) => Math.round(sorted[Math.floor(share * (sorted.length - 1))]);
    result[name] = { n: sorted.length, p50: at(0.5), p95: at(0.95) };
    console.log(what.padEnd(44) + Object.values(result[name]).map((value) => String(value).padStart(6)).join(""));
  }
  console.log(JSON.stringify(result));
}
