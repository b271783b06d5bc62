/** What people read in the status bar and in the list of models. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { sizeAndFit } from "../src/models.ts";
import { describe, label, tooltip } from "../src/status.ts";

const GB = 2 ** 30;

test("the label says how far the loading is, and how long one has waited", () => {
  assert.equal(label({ state: "loading", message: "", percentage: 40 }, 0), "$(loading~spin) bytefim: loading 40 %");
  assert.equal(label({ state: "loading", message: "", percentage: null }, 0), "$(loading~spin) bytefim: loading");
  assert.equal(label({ state: "busy", message: "" }, 420), "$(loading~spin) bytefim: thinking 420 ms");
});

test("the tooltip says why there was no suggestion, but only while the server is at work", () => {
  const reason = "not sure enough";
  const why = { outcome: "empty", reason, rule: 39, confidence: 0.024, timings_ms: { queue: 29.3, complete: 53 } };
  const idle = { state: "idle", message: "ready", model: "tiny" } as const;

  assert.equal(
    tooltip(idle, why),
    "bytefim (tiny): ready\n\nLast suggestion: empty: not sure enough (rule 39, confidence 2 %, 82 ms)",
  );
  assert.equal(tooltip({ state: "error", message: "no model" }, why), "bytefim: no model");
});

test("a decision without figures is a plain sentence", () => {
  assert.equal(describe({ outcome: "empty", reason: "nothing was asked yet" }), "empty: nothing was asked yet");
});

test("models that do not fit into memory are said not to", () => {
  assert.equal(sizeAndFit(19 * 2 ** 20, { verdict: "fits", needed_bytes: GB }), "19 MB, fits");
  assert.equal(
    sizeAndFit(5 * GB, { verdict: "too big", needed_bytes: 6 * GB }),
    "5.0 GB, too big: needs 6.0 GB of memory",
  );
});
