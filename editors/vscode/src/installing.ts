/** Makes a virtual environment of Python with the server in it. Asks and shows nothing; knows no editor. */

import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { cleanEnvironment, programIn } from "./launch.ts";
import { findPython, hasCompiler } from "./python.ts";

/**
 * For llama-cpp-python where it is compiled, as in scripts/setup_venv.py: GCC 12 miscompiles the AMX kernels, and
 * llamafile's kernels sum in an order that depends on the batch.
 */
export const BUILD_FLAGS = [
  ...(process.platform === "linux" ? ["-DCMAKE_C_FLAGS=-U__AMX_INT8__", "-DCMAKE_CXX_FLAGS=-U__AMX_INT8__"] : []),
  "-DGGML_LLAMAFILE=OFF",
  "-DLLAVA_BUILD=OFF",
  "-DLLAMA_OPENSSL=OFF",
];
const N_LAST_LINES = 3;

/** The message is for people: what is missing, or what went wrong. */
export class InstallFailed extends Error {}

export interface Wanted {
  /** Path of a wheel or checkout, or name of a package; undefined: nothing is known that could be installed. */
  readonly what: string | undefined;
  /** Address of an index with prebuilt wheels of llama-cpp-python; empty: compile it. */
  readonly prebuiltIndex: string;
}

export interface Watch {
  /** Called with what is being done, and with each line of what pip says. */
  readonly tell: (step: string) => void;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

/** The wheel that came with the extension; undefined when it was packaged without one. */
export function bundledWheel(extensionFolder: string): string | undefined {
  const folder = join(extensionFolder, "dist", "server");
  try {
    const wheel = readdirSync(folder).find((name) => name.endsWith(".whl"));
    return wheel === undefined ? undefined : join(folder, wheel);
  } catch {
    return undefined;
  }
}

/** Into `folder`, which is replaced. Raises InstallFailed; then the folder is gone. */
export async function installServer(folder: string, wanted: Wanted, watch: Watch): Promise<void> {
  const { what } = wanted;
  if (what === undefined) {
    throw new InstallFailed(
      "This build of the extension has no server in it; name a wheel or a checkout in the setting bytefim.server.package.",
    );
  }
  const python = await findPython(process.env);
  if (python === undefined) {
    throw new InstallFailed("Python 3.11 or newer was not found on PATH; install it and try again.");
  }
  await rm(folder, { recursive: true, force: true });
  try {
    watch.tell("making an environment for it");
    await run(python, ["-m", "venv", folder], watch, "Python could not make a virtual environment");
    await fill(programIn(folder, "python"), what, wanted, watch);
  } catch (error) {
    await rm(folder, { recursive: true, force: true }); // half a server would be found and started
    throw error;
  }
}

async function fill(python: string, what: string, wanted: Wanted, watch: Watch): Promise<void> {
  const pip = ["-m", "pip", "install", "--disable-pip-version-check", "--no-input"];
  const hasRuntime = wanted.prebuiltIndex !== "" && (await installPrebuilt(python, pip, wanted, watch));
  if (!hasRuntime && !hasCompiler(process.env)) {
    throw new InstallFailed(
      "A C++ compiler was not found (Debian: apt install g++; macOS: xcode-select --install; Windows: the build " +
        "tools of Visual Studio); install one, or name an index of prebuilt wheels in the setting bytefim.server.preferPrebuilt.",
    );
  }
  watch.tell(hasRuntime ? "installing" : "installing; compiling llama.cpp takes 4 to 10 minutes");
  await run(python, [...pip, what], watch, `pip could not install ${what}`);
}

/** False when the index has none that fits. */
async function installPrebuilt(python: string, pip: string[], wanted: Wanted, watch: Watch): Promise<boolean> {
  watch.tell("looking for a prebuilt llama-cpp-python");
  const only = ["--only-binary", "llama-cpp-python", "--extra-index-url", wanted.prebuiltIndex, "llama-cpp-python"];
  try {
    await run(python, [...pip, ...only], watch, "");
    return true;
  } catch (error) {
    if (watch.signal.aborted || !(error instanceof InstallFailed)) {
      throw error;
    }
    return false;
  }
}

function run(program: string, args: string[], watch: Watch, failure: string): Promise<void> {
  const flags = [...BUILD_FLAGS, process.env["CMAKE_ARGS"] ?? ""].join(" ");
  const env = { ...cleanEnvironment(process.env), CMAKE_ARGS: flags };
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"], signal: watch.signal });
    const lastLines: string[] = [];
    const read = (chunk: Buffer) => {
      const lines = chunk.toString().split(/\r?\n/).filter((line) => line.trim() !== "");
      lines.forEach(watch.log);
      lastLines.push(...lines);
      lastLines.splice(0, lastLines.length - N_LAST_LINES);
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.on("error", (error) => reject(new InstallFailed(`${failure}: ${error.message}`)));
    child.on("close", (code) =>
      code === 0 ? resolve() : reject(new InstallFailed(`${failure}: ${lastLines.join(" ")} (more is in the log)`)),
    );
  });
}
