/** Waits are for conditions, with a limit in time; nothing here sleeps and hopes. */

const INTERVAL_MS = 20;
export const LIMIT_MS = 20_000;

/** The first truthy value of `probe`. Throws after `limitMs`, with `what` and what was seen last. */
export async function until(what, probe, limitMs = LIMIT_MS) {
  const end = performance.now() + limitMs;
  let last;
  do {
    last = await probe();
    if (last) return last;
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
  } while (performance.now() < end);
  throw new Error(`waited ${limitMs} ms in vain for ${what}`);
}
