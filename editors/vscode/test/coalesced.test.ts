/** Restarts: many clicks are one, none is lost, and a server that keeps ending is left alone. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Coalesced } from "../src/coalesced.ts";
import { Crashes, MAX_CRASHES } from "../src/crashes.ts";

/** An action that ends when it is told to. */
function makeAction() {
  const running: Array<() => void> = [];
  const state = { nBegun: 0, end: () => running.shift()?.() };
  const act = () => new Promise<void>((resolve) => (state.nBegun++, running.push(resolve)));
  return { state, act };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

test("wishes that come while it is done are one more deed", async () => {
  const { state, act } = makeAction();
  const coalesced = new Coalesced(act);
  const first = coalesced.request();
  await turn();
  const later = [coalesced.request(), coalesced.request(), coalesced.request()];
  await turn();
  assert.equal(state.nBegun, 1);
  state.end();
  await first;
  await turn();
  state.end();
  await Promise.all(later);

  assert.equal(state.nBegun, 2);
});

test("a deed that fails does not keep the next from being done", async () => {
  let n = 0;
  const coalesced = new Coalesced(async () => {
    n += 1;
    if (n === 1) throw new Error("no");
  });
  await assert.rejects(coalesced.request(), /no/);
  await coalesced.request();

  assert.equal(n, 2);
});

test("each end in a row makes the next start wait longer, until there are too many", () => {
  const crashes = new Crashes();
  const waits = Array.from({ length: MAX_CRASHES + 1 }, (_, i) => crashes.count(1000 * i));

  assert.deepEqual(waits, [500, 1000, 2000, 4000, undefined]);
});

test("ends that are far apart are forgotten, and so are all when somebody asks for a start", () => {
  const crashes = new Crashes();
  const hourly = [0, 1, 2, 3, 4, 5].map((hour) => crashes.count(hour * 3_600_000));
  crashes.forget();

  assert.deepEqual([...hourly, crashes.count(5 * 3_600_000)], Array(7).fill(500));
});
