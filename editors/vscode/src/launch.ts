/** Where the server's program is, and the environment it runs in. Knows no editor. */

import { accessSync, constants, statSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";

const IS_WINDOWS = process.platform === "win32";

/** The program of the server that was found, or one sentence for people about why there is none. */
export type Found = { readonly path: string } | { readonly path: undefined; readonly reason: string };

/**
 * The server's program: `wished` (empty: no wish), else on PATH, else in `ownFolder`.
 *
 * The `.venv` of the opened folder is not looked at: who opens a folder has not agreed to run what lies in it.
 */
export function findServer(wished: string, ownFolder: string, environment: NodeJS.ProcessEnv): Found {
  if (wished !== "") {
    return isProgram(wished)
      ? { path: wished }
      : { path: undefined, reason: `the setting bytefim.server.path names no program: ${wished}` };
  }
  const path = findOnPath("bytefim", environment) ?? programIn(ownFolder, "bytefim");
  return isProgram(path)
    ? { path }
    : { path: undefined, reason: "no bytefim server on this machine; run “bytefim: Install the Server”" };
}

/** Full path of a program on PATH. Relative folders of PATH are passed over: they may lie in the opened folder. */
export function findOnPath(name: string, environment: NodeJS.ProcessEnv): string | undefined {
  const folders = (environment["PATH"] ?? environment["Path"] ?? "").split(delimiter);
  return folders
    .filter((folder) => isAbsolute(folder))
    .map((folder) => join(folder, IS_WINDOWS ? `${name}.exe` : name))
    .find(isProgram);
}

/** Where a program lies in a virtual environment of Python. */
export function programIn(venv: string, name: string): string {
  return IS_WINDOWS ? join(venv, "Scripts", `${name}.exe`) : join(venv, "bin", name);
}

/** Without what would make the server's Python import modules of the opened folder or of another environment. */
export function cleanEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { PYTHONPATH, PYTHONHOME, VIRTUAL_ENV, PYTHONSTARTUP, ...rest } = environment;
  return { ...rest, PYTHONSAFEPATH: "1" };
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
