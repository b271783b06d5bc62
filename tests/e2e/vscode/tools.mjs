/** Where the real editor is, as scripts/install_vscode.py wrote it down, and where the things under test are. */

import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { join, resolve } from "node:path";

export const ROOT = resolve(import.meta.dirname, "../../..");
export const VSIX = join(ROOT, "editors/vscode/bytefim.vsix");
export const SERVER = join(ROOT, ".venv/bin/bytefim");
export const COMPANION = join(import.meta.dirname, "companion");
export const ARTEFACTS = join(ROOT, "build/e2e");

const cache = process.env.BYTEFIM_EDITORS ?? join(homedir(), ".cache/bytefim/editors");
const listing = join(cache, "vscode/tools.json");
for (const [path, remedy] of [
  [listing, "python scripts/install_vscode.py"],
  [VSIX, "make vsix"],
  [SERVER, "make .venv"],
]) {
  if (!existsSync(path)) throw new Error(`${path} is missing; run ${remedy}`);
}

/** Paths of `node`, `browser`, `code_server` and `playwright`. */
export const TOOLS = JSON.parse(readFileSync(listing, "utf-8"));
export const { chromium } = createRequire(import.meta.url)(TOOLS.playwright);
