/**
 * Runs functions that a test sends, in the extension host: `(vscode, bytefim, argument) => result`. One JSON object per
 * connection to a Unix socket, one back. `bytefim` is what the extension's `activate` returns.
 */

const { rmSync } = require("node:fs");
const { createServer } = require("node:net");
const vscode = require("vscode");

exports.activate = (context) => {
  const server = createServer({ allowHalfOpen: true }, async (socket) => {
    const chunks = [];
    for await (const chunk of socket) chunks.push(chunk);
    socket.end(JSON.stringify(await answer(JSON.parse(Buffer.concat(chunks).toString()))));
  });
  rmSync(process.env.BYTEFIM_E2E_SOCKET, { force: true }); // of the extension host before a reload
  server.listen(process.env.BYTEFIM_E2E_SOCKET);
  context.subscriptions.push(server);
};

async function answer({ code, argument }) {
  try {
    const bytefim = await vscode.extensions.getExtension("bytefim.bytefim")?.activate();
    return { value: await eval(`(${code})`)(vscode, bytefim, argument) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
