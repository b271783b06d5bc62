/** The models that can be chosen, as `bytefim models list --json` tells them, and how they read in a list. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { cleanEnvironment } from "./launch.ts";

const GIB = 2 ** 30;

export interface Model {
  readonly name: string;
  readonly n_bytes: number;
  readonly summary: string;
  readonly licence: string;
  readonly default: boolean;
  readonly fit: Fit;
}

/** How a model suits the machine that the server runs on. */
export interface Fit {
  readonly verdict: "fits" | "tight" | "too big";
  readonly needed_bytes: number;
}

export async function listModels(server: string): Promise<readonly Model[]> {
  const options = { env: cleanEnvironment(process.env), maxBuffer: 1 << 24 };
  const { stdout } = await promisify(execFile)(server, ["models", "list", "--json"], options);
  return JSON.parse(stdout) as Model[];
}

/** Size, and whether this machine can hold it. */
export function sizeAndFit(nBytes: number, fit: Fit): string {
  const verdict = {
    fits: "fits",
    tight: `tight: needs ${inWords(fit.needed_bytes)} of memory`,
    "too big": `too big: needs ${inWords(fit.needed_bytes)} of memory`,
  }[fit.verdict];
  return `${inWords(nBytes)}, ${verdict}`;
}

function inWords(nBytes: number): string {
  return nBytes < GIB ? `${(nBytes / 2 ** 20).toFixed(0)} MB` : `${(nBytes / GIB).toFixed(1)} GB`;
}
