/** What people do by name. Each command is one function; all of them answer when there is no server. */

import { commands, type Disposable, type LogOutputChannel, ProgressLocation, window } from "vscode";
import { bundledWheel, InstallFailed, installServer } from "./installing.ts";
import type { Found } from "./launch.ts";
import { listModels, sizeAndFit } from "./models.ts";
import type { Server } from "./server.ts";
import { chooseModel, readOwn, toggleEverywhere, toggleLanguage } from "./settings.ts";
import { describe } from "./status.ts";

export interface Surroundings {
  readonly server: Server;
  readonly find: () => Found;
  readonly extensionFolder: string;
  /** Where the extension keeps a server of its own. */
  readonly ownFolder: string;
  readonly log: LogOutputChannel;
}

export function registerCommands(around: Surroundings): Disposable[] {
  let installation: Promise<void> | undefined; // a second click joins the first
  const actions: Record<string, () => unknown> = {
    toggleSuggestions: toggleAll,
    toggleLanguage: toggleHere,
    suggestNow: () => commands.executeCommand("editor.action.inlineSuggest.trigger"),
    showWhy: () => showWhy(around),
    chooseModel: () => choose(around),
    restartServer: () => around.server.restart(),
    installServer: () => (installation ??= install(around).finally(() => (installation = undefined))),
    openLog: () => around.log.show(),
  };
  return Object.entries(actions).map(([name, action]) => commands.registerCommand(`bytefim.${name}`, action));
}

async function toggleAll(): Promise<void> {
  const isOn = await toggleEverywhere();
  window.setStatusBarMessage(`bytefim: suggestions are ${isOn ? "on" : "off"}`, 3000);
}

async function toggleHere(): Promise<void> {
  const languageId = window.activeTextEditor?.document.languageId;
  if (languageId !== undefined) {
    const isOn = await toggleLanguage(languageId);
    window.setStatusBarMessage(`bytefim: suggestions are ${isOn ? "on" : "off"} for ${languageId}`, 3000);
  }
}

async function showWhy(around: Surroundings): Promise<void> {
  const { status } = around.server;
  const uri = window.activeTextEditor?.document.uri.toString();
  const isAtWork = status.state === "idle" || status.state === "busy";
  const sentence = isAtWork && uri !== undefined ? describe(await around.server.explain(uri)) : status.message;
  const openLog = "Open the Log";
  if ((await window.showInformationMessage(`bytefim: ${sentence}`, openLog)) === openLog) {
    around.log.show();
  }
}

async function choose(around: Surroundings): Promise<void> {
  const found = around.find();
  if (found.path === undefined) {
    void window.showWarningMessage(`bytefim: ${found.reason}`);
    return;
  }
  const models = await listModels(found.path);
  const other = { label: "Another GGUF file …", model: undefined };
  const entries = models.map((model) => ({
    label: model.name,
    description: sizeAndFit(model.n_bytes, model.fit) + (model.default ? ", the one that ships" : ""),
    detail: `${model.summary}; licence ${model.licence}`,
    model,
  }));
  const picked = await window.showQuickPick([...entries, other], { title: "bytefim: the model that completes" });
  if (picked === undefined) {
    return;
  }
  if (picked.model !== undefined) {
    await chooseModel(picked.model.default ? null : picked.model.name);
    return;
  }
  const [file] = (await window.showOpenDialog({ filters: { "GGUF models": ["gguf"] } })) ?? [];
  if (file !== undefined) {
    await chooseModel(file.fsPath);
  }
}

async function install(around: Surroundings): Promise<void> {
  const what = readOwn("package") || bundledWheel(around.extensionFolder);
  const wanted = { what, prebuiltIndex: readOwn("preferPrebuilt") };
  const options = { location: ProgressLocation.Notification, title: "bytefim: the server", cancellable: true };
  try {
    await window.withProgress(options, async (progress, token) => {
      const abort = new AbortController();
      token.onCancellationRequested(() => abort.abort());
      await installServer(around.ownFolder, wanted, {
        tell: (message) => progress.report({ message }),
        log: (line) => around.log.info(line),
        signal: abort.signal,
      });
    });
  } catch (error) {
    if (!(error instanceof InstallFailed)) {
      throw error;
    }
    around.log.error(error.message);
    void window.showErrorMessage(`bytefim: ${error.message}`);
    return;
  }
  await around.server.restart();
}
