/** What is started is what the user means, and nothing of the opened folder. */

import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, test } from "node:test";
import { BUILD_FLAGS, bundledWheel, installServer } from "../src/installing.ts";
import { cleanEnvironment, findOnPath, findServer, programIn } from "../src/launch.ts";

const folder = mkdtempSync(join(tmpdir(), "bytefim-launch-"));
after(() => rmSync(folder, { recursive: true }));

function makeProgram(path: string): string {
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, "");
  chmodSync(path, 0o755);
  return path;
}

test("the setting wins over PATH, and PATH over what the extension has installed", () => {
  const own = join(folder, "own");
  const wished = makeProgram(join(folder, "wished"));
  const onPath = makeProgram(join(folder, "bin", "bytefim"));
  const installed = makeProgram(programIn(own, "bytefim"));
  const environment = { PATH: ["relative", join(folder, "bin")].join(delimiter) };

  assert.deepEqual(findServer(wished, own, environment), { path: wished });
  assert.deepEqual(findServer("", own, environment), { path: onPath });
  assert.deepEqual(findServer("", own, { PATH: "" }), { path: installed });
});

test("a wish that cannot be fulfilled is told, not replaced", () => {
  const found = findServer(join(folder, "gone"), join(folder, "own"), { PATH: join(folder, "bin") });

  assert.ok(found.path === undefined && found.reason.includes(join(folder, "gone")));
});

test("relative folders of PATH are passed over: they may be the opened folder's", () => {
  const before = process.cwd();
  process.chdir(folder);
  try {
    assert.equal(findOnPath("bytefim", { PATH: ["bin", "."].join(delimiter) }), undefined);
  } finally {
    process.chdir(before);
  }
});

test("nothing in the environment leads Python to modules of the opened folder", () => {
  const dirty = { PATH: "/bin", PYTHONPATH: ".", PYTHONHOME: ".", VIRTUAL_ENV: ".venv", PYTHONSTARTUP: "x.py" };

  assert.deepEqual(cleanEnvironment(dirty), { PATH: "/bin", PYTHONSAFEPATH: "1" });
});

test("the server is compiled with the flags of the project", () => {
  const setup = readFileSync("../../scripts/setup_venv.py", "utf-8");
  const switches = BUILD_FLAGS.filter((flag) => !flag.includes("FLAGS="));
  for (const flag of switches) assert.ok(setup.includes(`"${flag}"`), flag);
  assert.ok(setup.includes("-U__AMX_INT8__"));
});

test("the wheel that came with the extension is what is installed", async () => {
  const extension = join(folder, "extension");
  assert.equal(bundledWheel(extension), undefined);
  const wheel = makeProgram(join(extension, "dist", "server", "bytefim-0.1.0-py3-none-any.whl"));
  const watch = { tell: () => undefined, log: () => undefined, signal: new AbortController().signal };

  assert.equal(bundledWheel(extension), wheel);
  await assert.rejects(installServer(join(folder, "none"), { what: undefined, prebuiltIndex: "" }, watch), /server.package/);
});
