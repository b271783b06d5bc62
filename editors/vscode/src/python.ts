/** Which Python can carry the server, and whether native code can be compiled. Knows no editor. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { cleanEnvironment, findOnPath } from "./launch.ts";

const MIN_MINOR = 11;
const NEWEST_MINOR = 15;
const IS_WINDOWS = process.platform === "win32";
const COMPILERS = IS_WINDOWS ? ["cl", "clang++", "g++"] : ["c++", "g++", "clang++"];
const PROBE = "import sys; print(sys.version_info[0], sys.version_info[1], sys.executable)";

/** Full path of a Python that is new enough; the newest wins. Undefined when there is none. */
export async function findPython(environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  const minors = Array.from({ length: NEWEST_MINOR - MIN_MINOR + 1 }, (_, i) => NEWEST_MINOR - i);
  const names = [...minors.map((minor) => `python3.${minor}`), "python3", "python", ...(IS_WINDOWS ? ["py"] : [])];
  for (const name of names) {
    const path = findOnPath(name, environment);
    const executable = path === undefined ? undefined : await probe(path, environment);
    if (executable !== undefined) {
      return executable;
    }
  }
  return undefined;
}

export function hasCompiler(environment: NodeJS.ProcessEnv): boolean {
  return COMPILERS.some((name) => findOnPath(name, environment) !== undefined);
}

async function probe(path: string, environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(path, ["-c", PROBE], { env: cleanEnvironment(environment) });
    const [major, minor, ...executable] = stdout.trim().split(" ");
    return major === "3" && Number(minor) >= MIN_MINOR ? executable.join(" ") : undefined;
  } catch {
    return undefined; // a stub that opens a shop, or a broken installation
  }
}
