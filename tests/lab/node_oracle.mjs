// Loads handlers as Lambda's Node.js runtime client (release 3.3.0) does, many in one process, and says what became of each.
// Reads [{root, handler, nodePath}] from standard input, writes [{outcome, path, name, code, message}] to standard output.
import fs from "node:fs";
import path from "node:path";
import { createRequire, Module } from "node:module";

const require = createRequire(import.meta.url);
process.on("unhandledRejection", () => {});

class Malformed extends Error {}
class NotFound extends Error {}

const exists = (file) => fs.existsSync(file);

function saysModule(folder) {
  if (folder.endsWith("/node_modules")) return false;
  const file = path.join(folder, "package.json");
  if (exists(file)) {
    try {
      const found = JSON.parse(fs.readFileSync(file));
      if (found) return found.type === "module";
    } catch {
      return false;
    }
  }
  return folder === "/" ? false : saysModule(path.resolve(folder, ".."));
}

async function load(root, folder, module, seen) {
  const base = path.resolve(root, folder, module);
  const required = (file) => {
    if (!exists(file)) return undefined;
    seen.path = file;
    seen.path = require.resolve(file);
    return require(file);
  };
  const imported = async (file) => {
    if (!exists(file)) return undefined;
    seen.path = fs.realpathSync(file);
    return await import(file);
  };
  let loaded = required(base);
  if (loaded) return loaded;
  const isModule = exists(base + ".js") && saysModule(path.dirname(base + ".js"));
  if (!isModule && (loaded = required(base + ".js"))) return loaded;
  loaded = (isModule && (await imported(base + ".js"))) || (await imported(base + ".mjs")) || required(base + ".cjs");
  if (loaded) return loaded;
  seen.path = require.resolve(module, { paths: [root, folder] });
  return require(seen.path);
}

async function resolve(root, handler, seen) {
  if (handler.includes("..")) throw new Malformed("'..'");
  const base = path.basename(handler);
  const folder = handler.substring(0, handler.indexOf(base));
  const match = base.match(/^([^.]*)\.(.*)$/);
  if (!match) throw new Malformed("Bad handler");
  const module = await load(root, folder, match[1], seen);
  seen.loaded = true;
  const found = match[2].split(".").reduce((at, key) => at && at[key], module);
  if (!found) throw new NotFound(`${handler} is undefined or not exported`);
  if (typeof found !== "function") throw new NotFound(`${handler} is not a function`);
}

const results = [];
for (const { root, handler, nodePath } of JSON.parse(fs.readFileSync(0, "utf8"))) {
  process.env.NODE_PATH = nodePath ?? "";
  Module._initPaths();
  process.chdir(root);
  const seen = { path: null, loaded: false };
  let result = { outcome: "loads" };
  try {
    await resolve(root, handler, seen);
  } catch (error) {
    const kind = error instanceof Malformed ? "malformed" : error instanceof NotFound ? "not exported" : "fails";
    result = { outcome: kind, name: error?.name, code: error?.code, message: String(error?.message ?? error) };
  }
  results.push({ ...result, path: seen.path, loaded: seen.loaded });
}
fs.writeSync(1, JSON.stringify(results));
process.exit(0);
