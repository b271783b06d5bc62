/**
 * The active text editor, as a person has it in hands and before the eyes: keys go through the browser, ghost text is
 * read from the screen. What the document really is comes from the extension host. Knows no scenario.
 */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { until } from "./waiting.mjs";

export const CURSOR = "‸"; // marks the cursor in texts of scenarios
const MODIFIER = process.platform === "darwin" ? "Meta" : "Control";
export const SELECT_NEXT = `${MODIFIER}+D`;

export class Editor {
  constructor(workbench) {
    this.workbench = workbench;
    this.page = workbench.page;
    this.host = workbench.host.bind(workbench);
  }

  /** Writes and opens a new file, cursor at the mark; its path. */
  async open(name, marked, { folder = this.workbench.workspace, ...options } = {}) {
    const offset = marked.indexOf(CURSOR);
    this.nFiles = (this.nFiles ?? 0) + 1; // a file of its own: the editor minds what changes behind its back
    const path = join(folder, String(this.nFiles), name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, marked.replace(CURSOR, ""));
    await this.show(path, offset, options);
    return path;
  }

  /** Opens what is there, cursor at `offset` (negative: at the end), and waits until keys will arrive there. */
  async show(path, offset = -1, { column } = {}) {
    await this.host(
      async (vscode, _, { path, offset, column }) => {
        const document = await vscode.workspace.openTextDocument(path);
        const cursor = document.positionAt(offset < 0 ? document.getText().length : offset);
        const selection = new vscode.Range(cursor, cursor);
        await vscode.window.showTextDocument(document, { viewColumn: column, preview: false, selection });
      },
      { path, offset, column },
    );
    await this.untilInHands();
    await this.settle();
  }

  /** Opens a notebook of Jupyter, with the cursor at the end of its n-th cell. */
  async openNotebook(name, notebook, n) {
    const path = join(this.workbench.workspace, name);
    await writeFile(path, JSON.stringify(notebook));
    await this.host(
      async (vscode, _, { path, n }) => {
        const opened = await vscode.workspace.openNotebookDocument(vscode.Uri.file(path));
        const selections = [new vscode.NotebookRange(n, n + 1)];
        await vscode.window.showNotebookDocument(opened, { selections });
        await vscode.commands.executeCommand("notebook.cell.edit");
        await vscode.commands.executeCommand("cursorBottom");
      },
      { path, n },
    );
    await until("the cell", () => this.host((vscode) => vscode.window.activeTextEditor !== undefined));
    await this.settle();
  }

  async untilInHands() {
    await until("the cursor to be where it was put, and the editor to have the focus", async () => {
      const { text, cursor, position } = await this.state();
      const seen = await this.page.evaluate(() => ({
        hasFocus: document.activeElement?.closest(".editor-group-container.active .monaco-editor") !== null,
        cursor: document.getElementById("status.editor.selection")?.textContent,
      }));
      const line = text.slice(cursor - position.character, cursor);
      // columns are counted as they are drawn
      const column = /^[ -~]*$/.test(line) ? `${position.character + 1}` : "";
      return seen.hasFocus && seen.cursor?.startsWith(`Ln ${position.line + 1}, Col ${column}`);
    });
  }

  /** Of the active editor: text, eol, version, uri, languageId, cursor as offset and position; the server's digest. */
  state() {
    return this.host(async (vscode, bytefim) => {
      const { document, selection } = vscode.window.activeTextEditor;
      const textDocument = { uri: document.uri.toString() };
      const read = () => ({ text: document.getText(), version: document.version });
      const before = read();
      const digest = await bytefim.request("bytefim/documentDigest", { textDocument }).catch(() => null);
      return {
        ...before,
        isCurrent: before.version === document.version,
        digest,
        uri: textDocument.uri,
        languageId: document.languageId,
        eol: document.eol === 2 ? "\r\n" : "\n",
        cursor: document.offsetAt(selection.active),
        position: selection.active,
      };
    });
  }

  /** Waits until the server knows the version the editor has, then the two texts must be the same, byte by byte. */
  async settle() {
    const state = await until("the server to know the newest version", async () => {
      const now = await this.state();
      return now.isCurrent && now.digest?.version === now.version && now;
    });
    const bytes = Buffer.from(state.text, "utf-8");
    const expected = { n_bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
    assert.deepEqual({ n_bytes: state.digest.n_bytes, sha256: state.digest.sha256 }, expected, state.uri);
    return state;
  }

  /** Types, one key after the other. The state after it. */
  type(text) {
    return this.edit(...[...text].map((key) => (key === "\n" ? "Enter" : key)));
  }

  /** Presses keys that change the document; the next comes when the one before has arrived. The state after them. */
  async edit(...keys) {
    let { version } = await this.state();
    for (const key of keys) {
      if ([...key].length > 1) await this.page.keyboard.press(key);
      else await this.page.keyboard.type(key);
      version = await until(`the key ${key}`, async () => {
        const now = await this.state();
        return now.version > version && now.version;
      });
    }
    return this.settle();
  }

  /** Types one key, again if need be: a new editor widget loads what shows ghost text only after its first keys. */
  async typeInNewWidget(key) {
    await until("the first ghost text", async () => {
      await this.type(key);
      const isSeen = await until("ghost text", () => this.ghost(), 1500).catch(() => false);
      return isSeen || (await this.edit("Backspace"), false);
    });
  }

  /** Presses keys that change no document. */
  async press(...keys) {
    for (const key of keys) await this.page.keyboard.press(key);
  }

  command(id, ...args) {
    return this.host((vscode, _, [id, args]) => void vscode.commands.executeCommand(id, ...args), [id, args]);
  }

  /** Lines of ghost text on the screen; blanks as they are. */
  ghost() {
    return this.page.evaluate(() => {
      const focused = document.activeElement?.closest(".monaco-editor");
      const editor = focused ?? document.querySelector(".editor-group-container.active .monaco-editor");
      const text = (selector) => [...editor.querySelectorAll(selector)].map((one) => one.textContent);
      const inline = text(".view-line .ghost-text-decoration, .view-line .ghost-text-decoration-preview").join("");
      return [inline, ...text(".suggest-preview-text .view-line")].join("\n").replaceAll("\u00a0", " ").trimEnd();
    });
  }

  /** Waits until the screen shows what the server offers here, whole. What it says. */
  async seeGhost() {
    await this.seeGhostLike(() => true);
    const { text } = await this.offered();
    return this.seeGhostLike((ghost) => ghost === text.trimEnd());
  }

  /** Waits for ghost text that passes a test, when it is not all of the offer that is shown as such. */
  async seeGhostLike(isExpected) {
    return until("ghost text", async () => {
      const ghost = await this.ghost();
      return ghost !== "" && isExpected(ghost) && ghost;
    }).catch(async (error) => {
      const seen = { ghost: await this.ghost(), offered: await this.offered().catch(String), why: await this.why() };
      const { text } = await this.state();
      throw new Error(`${error.message}; ${JSON.stringify({ ...seen, end: text.slice(-200) })}`);
    });
  }

  async seeNoGhost() {
    await until("the ghost text to go away", async () => (await this.ghost()) === "");
  }

  /** What the server offers here, as VS Code got it: asked again, the same suggestion has the same id and text. */
  offered() {
    return this.host(async (vscode, bytefim) => {
      const { document, selection } = vscode.window.activeTextEditor;
      const { items } = await bytefim.request("textDocument/inlineCompletion", {
        textDocument: { uri: document.uri.toString() },
        position: { line: selection.active.line, character: selection.active.character },
        context: { triggerKind: 2 },
      });
      if (items.length === 0) return null;
      const { start, end } = items[0].range;
      const offset = ({ line, character }) => document.offsetAt(new vscode.Position(line, character));
      return { text: items[0].insertText, start: offset(start), end: offset(end) };
    });
  }

  /** Accepts what is shown by Tab; then the document must be what the offer says. The state after it. */
  async accept() {
    await this.seeGhostLike(() => true);
    const before = await this.settle();
    const { text, start, end } = await this.offered();
    await this.page.keyboard.press("Tab");
    const inserted = text.replaceAll("\n", before.eol);
    const expected = before.text.slice(0, start) + inserted + before.text.slice(end);
    await until("the suggestion to be in the document", async () => (await this.state()).text === expected).catch(
      async () => assert.equal((await this.state()).text, expected),
    );
    const after = await this.settle();
    assert.equal(after.cursor, start + inserted.length);
    return after;
  }

  /** The server's word on the active document, as one line. */
  async why() {
    const why = await this.host(async (vscode, bytefim) => {
      const uri = vscode.window.activeTextEditor.document.uri.toString();
      return bytefim.request("bytefim/why", { textDocument: { uri } });
    }).catch((error) => ({ outcome: "none", reason: error.message }));
    return `${why.outcome}: ${why.reason}`;
  }

  /** The text of bytefim's item in the status bar, and its tooltip. */
  statusBar() {
    return this.page.evaluate(() => {
      const item = document.getElementById("bytefim.bytefim.bytefim.status");
      return { text: item?.textContent.trim() ?? "", tooltip: item?.getAttribute("aria-label") ?? "" };
    });
  }

  status() {
    return this.host((_, bytefim) => bytefim.status());
  }

  async untilStatus(state, limitMs = 60_000) {
    return until(`status ${state}`, async () => {
      const status = await this.status().catch(() => undefined);
      return status?.state === state && status;
    }, limitMs);
  }

  /** Waits for a message that pops up. */
  seeMessage(pattern) {
    return until(`a message like ${pattern}`, async () => {
      const texts = await this.page.locator(".notification-toast .notification-list-item-message").allTextContents();
      return texts.find((text) => pattern.test(text));
    });
  }

  /** Changes settings of the user; null: as if never set. */
  configure(values) {
    return this.host(async (vscode, _, values) => {
      for (const [name, value] of Object.entries(values)) {
        await vscode.workspace.getConfiguration().update(name, value ?? undefined, vscode.ConfigurationTarget.Global);
      }
    }, values);
  }

  /** Without saving, and without being asked about it. */
  async closeAll() {
    await this.host(async (vscode) => {
      while (vscode.window.tabGroups.all.some((group) => group.tabs.length > 0)) {
        await vscode.commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
      }
    });
  }
}
