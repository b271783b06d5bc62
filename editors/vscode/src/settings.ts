/** The settings: which are the server's, which the extension's own, and how a switch is written back. */

import { type ConfigurationChangeEvent, ConfigurationTarget, workspace } from "vscode";

const SECTION = "bytefim";

/** What the server is told: the whole section but what is about the extension itself. */
export function withoutOwn(section: unknown): Record<string, unknown> {
  const { server, trace, ...rest } = { ...(section as Record<string, unknown> | null) };
  return rest;
}

export function readServerSettings(): Record<string, unknown> {
  return withoutOwn(workspace.getConfiguration().get(SECTION));
}

export function readOwn(name: "path" | "package" | "preferPrebuilt"): string {
  return workspace.getConfiguration(`${SECTION}.server`).get<string>(name, "").trim();
}

/** True when a server that runs is perhaps no longer the one that is wished for. */
export function concernsLaunch(event: ConfigurationChangeEvent): boolean {
  return event.affectsConfiguration(`${SECTION}.server.path`);
}

/** Everywhere; the new value. */
export async function toggleEverywhere(): Promise<boolean> {
  const isOn = workspace.getConfiguration(SECTION).get<boolean>("enabled", true);
  await write("enabled", !isOn);
  return !isOn;
}

/** For one language; whether there are suggestions in it now. */
export async function toggleLanguage(languageId: string): Promise<boolean> {
  const before = workspace.getConfiguration(SECTION).get<string[]>("languages_off", []);
  const isOff = before.includes(languageId);
  await write("languages_off", isOff ? before.filter((other) => other !== languageId) : [...before, languageId]);
  return isOff;
}

/** `null`: the one that ships with the server. */
export function chooseModel(model: string | null): Promise<void> {
  return write("model", model ?? undefined);
}

/** Where it is set already, since there it would win; else for the user. */
async function write(name: string, value: unknown): Promise<void> {
  const settings = workspace.getConfiguration(SECTION);
  const isOfWorkspace = settings.inspect(name)?.workspaceValue !== undefined;
  await settings.update(name, value, isOfWorkspace ? ConfigurationTarget.Workspace : ConfigurationTarget.Global);
}
