/** The processes below one that we started: who they are, and that none outlives a run. */

import { execFileSync } from "node:child_process";
import { until } from "./waiting.mjs";

/** All that descend from `root`, itself included: `{pid, parent, command}`. */
export function descendants(root) {
  const all = execFileSync("ps", ["-eo", "pid=,ppid=,args="], { encoding: "utf-8" })
    .trim()
    .split("\n")
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, pid, parent, command]) => ({ pid: Number(pid), parent: Number(parent), command }));
  const found = all.filter(({ pid }) => pid === root);
  for (const one of found) found.push(...all.filter(({ parent }) => parent === one.pid));
  return found;
}

export function isServer({ command }) {
  return /bytefim serve/.test(command);
}

export function findServer(root) {
  return descendants(root).find(isServer);
}

export function findModel(root) {
  return descendants(root).find(({ command }) => /lsp_server\.model\.child/.test(command));
}

export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Ends `root` and all below it, by their ids; the last resort is SIGKILL. */
export async function endAll(root) {
  const pids = descendants(root).map(({ pid }) => pid);
  const signal = (name) => pids.filter(isAlive).forEach((pid) => tryKill(pid, name));
  signal("SIGTERM");
  await until("all processes to end", () => !pids.some(isAlive), 5000).catch(() => signal("SIGKILL"));
  await until("all processes to end when killed", () => !pids.some(isAlive), 5000);
}

/** The same at once, for when nothing can be waited for any more. */
export function killAll(root) {
  descendants(root).forEach(({ pid }) => tryKill(pid, "SIGKILL"));
}

function tryKill(pid, name) {
  try {
    process.kill(pid, name);
  } catch {
    // it ended meanwhile
  }
}
