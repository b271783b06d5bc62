/** Wires the pieces together; what it returns is for tests and for other extensions. */

import { commands, type ExtensionContext, window, workspace } from "vscode";
import { registerCommands } from "./commands.ts";
import { findServer } from "./launch.ts";
import { Server } from "./server.ts";
import { concernsLaunch, readOwn } from "./settings.ts";
import { StatusBar } from "./statusBar.ts";
import type { Status } from "./status.ts";

const OFFERED = "isInstallationOffered";

/** What `activate` returns. */
export interface Api {
  /** Sends a request to the server. Rejects while there is none. */
  request(method: string, params: unknown): Promise<unknown>;
  status(): Status;
}

export function activate(context: ExtensionContext): Api {
  const log = window.createOutputChannel("bytefim", { log: true });
  const ownFolder = `${context.globalStorageUri.fsPath}/server`;
  const find = () => findServer(readOwn("path"), ownFolder, process.env);
  const server = new Server(find, log);
  context.subscriptions.push(
    log,
    server,
    new StatusBar(server),
    ...registerCommands({ server, find, extensionFolder: context.extensionPath, ownFolder, log }),
    server.onStatus(({ state }) => {
      void commands.executeCommand("setContext", "bytefim.isServerFound", state !== "missing");
    }),
    workspace.onDidChangeConfiguration((event) => {
      if (concernsLaunch(event)) {
        void server.restart();
      }
    }),
  );
  void server.restart().then(() => offerInstallation(context, server));
  return { request: (method, params) => server.request(method, params), status: () => server.status };
}

/** Once, ever: after that the status bar says what is missing, and a click on it installs. */
async function offerInstallation(context: ExtensionContext, server: Server): Promise<void> {
  if (server.status.state !== "missing" || context.globalState.get<boolean>(OFFERED) === true) {
    return;
  }
  await context.globalState.update(OFFERED, true);
  const install = "Install the Server";
  if ((await window.showInformationMessage(`bytefim: ${server.status.message}.`, install)) === install) {
    await commands.executeCommand("bytefim.installServer");
  }
}
