/**
 * A real VS Code without a screen: code-server with the packaged extension, and a browser that shows its workbench.
 * Everything it writes lies in one new folder, HOME included. Knows no scenario.
 */

import { execFile, spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { endAll, killAll } from "./processes.mjs";
import { chromium, COMPANION, SERVER, TOOLS, VSIX } from "./tools.mjs";
import { until } from "./waiting.mjs";

/** So that nothing but what is tested moves, opens or pops up. */
const QUIET = {
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.enableExperiments": false,
  "extensions.ignoreRecommendations": true,
  "chat.disableAIFeatures": true,
  "telemetry.telemetryLevel": "off",
};
const HOST_LIMIT_MS = 15_000;
const WINDOW = { width: 1280, height: 800 };

export class Workbench {
  /** `settings` are the user's, besides the quiet ones. `isOnPath`: whether the server is found there. */
  static async open({ settings = {}, isOnPath = true } = {}) {
    const workbench = new Workbench();
    workbench.folder = await mkdtemp(join(tmpdir(), "bytefim-vscode-"));
    workbench.#endWithUs();
    workbench.workspace = join(workbench.folder, "work");
    workbench.settingsPath = join(workbench.folder, "data/User/settings.json");
    workbench.settings = { ...QUIET, ...settings };
    workbench.socket = join(workbench.folder, "host.sock");
    try {
      await workbench.#prepare(isOnPath);
      await workbench.#startServer();
      await workbench.#startBrowser();
    } catch (error) {
      await workbench.close();
      throw error;
    }
    return workbench;
  }

  /** Whatever ends this process, nothing is left behind. */
  #endWithUs() {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit(1));
    process.once("exit", () => {
      if (this.process?.pid !== undefined) killAll(this.process.pid);
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  async #prepare(isOnPath) {
    for (const name of ["home", "bin", "work", "extensions/companion", "data/User"]) {
      await mkdir(join(this.folder, name), { recursive: true });
    }
    if (isOnPath) await symlink(SERVER, join(this.folder, "bin/bytefim"));
    // the editor takes its environment from a login shell
    const path = [join(this.folder, "bin"), "/usr/local/bin", "/usr/bin", "/bin"].join(delimiter);
    await writeFile(join(this.folder, "home/.profile"), `export PATH=${path}\n`);
    await writeFile(this.settingsPath, JSON.stringify(this.settings, null, 2));
    this.environment = {
      HOME: join(this.folder, "home"),
      SHELL: "/bin/sh",
      PATH: [dirname(TOOLS.node), path].join(delimiter),
      LANG: "C.UTF-8",
      BYTEFIM_E2E_SOCKET: this.socket,
    };
    await this.codeServer("--install-extension", VSIX);
    await cp(COMPANION, join(this.folder, "extensions/companion"), { recursive: true });
    await rm(join(this.folder, "extensions/extensions.json"), { force: true }); // is written anew, companion included
  }

  get #flags() {
    return ["--user-data-dir", join(this.folder, "data"), "--extensions-dir", join(this.folder, "extensions")];
  }

  codeServer(...args) {
    const options = { env: this.environment, cwd: this.folder };
    return promisify(execFile)(TOOLS.node, [TOOLS.code_server, ...this.#flags, ...args], options);
  }

  async #startServer() {
    const args = ["--bind-addr", "127.0.0.1:0", "--auth", "none", "--disable-telemetry", "--disable-update-check"];
    args.push("--disable-workspace-trust", "--disable-getting-started-override", this.workspace);
    this.process = spawn(TOOLS.node, [TOOLS.code_server, ...this.#flags, ...args], {
      env: this.environment,
      cwd: this.folder,
    });
    let said = "";
    this.process.stdout.on("data", (chunk) => (said += chunk));
    this.process.stderr.on("data", (chunk) => (said += chunk));
    const [, address] = await until("code-server to listen", () => /listening on (http:\/\/\S+?)\/?\s/.exec(said));
    this.address = address;
  }

  async #startBrowser() {
    // a sandbox needs rights that root in a container has not
    const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
    this.browser = await chromium.launch({ executablePath: TOOLS.browser, args });
    this.page = await this.browser.newPage({ viewport: WINDOW });
    await this.page.addInitScript(recordPopups);
    await this.page.goto(`${this.address}/?folder=${this.workspace}`);
    await until("the extension host", () => this.host(() => true).catch(() => false), 60_000);
  }

  /** Runs `(vscode, bytefim, argument) => result` in the extension host; argument and result travel as JSON. */
  host(code, argument) {
    return new Promise((resolve, reject) => {
      const socket = connect(this.socket);
      const chunks = [];
      socket.setTimeout(HOST_LIMIT_MS, () => reject(new Error(`the extension host does not answer: ${code}`)));
      socket.on("error", reject);
      socket.on("data", (chunk) => chunks.push(chunk));
      socket.on("close", () => {
        if (chunks.length === 0) return reject(new Error("the extension host did not answer"));
        const { value, error } = JSON.parse(Buffer.concat(chunks).toString());
        return error === undefined ? resolve(value) : reject(new Error(error));
      });
      socket.end(JSON.stringify({ code: code.toString(), argument }));
    });
  }

  /** The settings of `bytefim` and of the editor that a scenario has changed are again as at the start. */
  async resetSettings() {
    await this.host(async (vscode, _, settings) => {
      const configuration = vscode.workspace.getConfiguration();
      const { contributes } = vscode.extensions.getExtension("bytefim.bytefim").packageJSON;
      const names = contributes.configuration.flatMap((section) => Object.keys(section.properties));
      for (const name of [...names, ...Object.keys(settings)]) {
        if (configuration.inspect(name)?.globalValue !== settings[name]) {
          await configuration.update(name, settings[name], vscode.ConfigurationTarget.Global);
        }
      }
    }, this.settings);
  }

  /** Texts of the notifications and dialogs that appeared since the last call. */
  takePopups() {
    return this.page.evaluate(() => globalThis.popups.splice(0));
  }

  async close() {
    await this.browser?.close();
    if (this.process?.pid !== undefined) await endAll(this.process.pid);
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Runs in the page: remembers whatever pops up, however briefly. */
function recordPopups() {
  globalThis.popups = [];
  const kinds = ".notification-toast .notification-list-item-message, .monaco-dialog-box .dialog-message-text";
  const seen = new WeakSet();
  new MutationObserver(() => {
    for (const one of document.querySelectorAll(kinds)) {
      if (!seen.has(one) && one.textContent) {
        seen.add(one);
        globalThis.popups.push(one.textContent);
      }
    }
  }).observe(document, { childList: true, subtree: true, characterData: true });
}
