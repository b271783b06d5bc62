/** A new profile: the extension is installed, a file opened, and nothing is configured but a server on PATH. */

import assert from "node:assert/strict";
import { scenario, useWorkbench } from "./scenario.mjs";

useWorkbench({ settings: {} }, { isServerExpected: false });

scenario("install, open a file, type, and there is ghost text", async (editor) => {
  await editor.untilStatus("idle");
  await editor.open("main.py", "import sys\n\n\ndef main():\n    print(sys.argv)\n\n\n‸");
  await editor.type("if __name__ =");
  await editor.type("= ");
  assert.match(await editor.seeGhostLike(() => true), /__main__/);
  await editor.accept();
});
