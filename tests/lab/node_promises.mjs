// Runs handlers, many at once, and says how much of the work that each started was done when its promise settled.
// Reads [path] from standard input; each module exports `handler` and `work` = {started, done}.
import fs from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
process.on("unhandledRejection", () => {});
globalThis.fetch = undefined;

async function run(path) {
  const { handler, work } = require(path);
  try {
    await handler({ items: [1, 2, 3], yes: true }, {});
  } catch (error) {
    return { error: String(error) };
  }
  return { started: work.started, done: work.done };
}

const results = await Promise.all(JSON.parse(fs.readFileSync(0, "utf8")).map(run));
fs.writeSync(1, JSON.stringify(results));
process.exit(0);
