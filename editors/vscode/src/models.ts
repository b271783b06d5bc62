/** The models that can be chosen, as `bytefim models list --json` tells them, and how they read in a list. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { cleanEnvironment } from "./launch.ts";

const GIB = 2 ** 30;
const MEMORY_FACTOR = 1.3; // the weights, and what the model remembers of the text
const SHARE_OF_MEMORY = 0.75; // the rest is for the editor and what else runs

export interface Model {
  readonly name: string;
  readonly n_bytes: number;
  readonly summary: string;
  readonly licence: string;
  readonly default: boolean;
}

export async function listModels(server: string): Promise<readonly Model[]> {
  const options = { env: cleanEnvironment(process.env), maxBuffer: 1 << 24 };
  const { stdout } = await promisify(execFile)(server, ["models", "list", "--json"], options);
  return JSON.parse(stdout) as Model[];
}

/** Size, and whether this machine can hold it. */
export function sizeAndFit(nBytes: number, memoryBytes: number): string {
  const size = nBytes < GIB ? `${(nBytes / 2 ** 20).toFixed(0)} MB` : `${(nBytes / GIB).toFixed(1)} GB`;
  const fits = MEMORY_FACTOR * nBytes <= SHARE_OF_MEMORY * memoryBytes;
  return `${size}, ${fits ? "fits" : `too large for ${(memoryBytes / GIB).toFixed(0)} GB of memory`}`;
}
