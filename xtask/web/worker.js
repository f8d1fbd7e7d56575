// Runs a chapter's program, compiled for WASI, in a worker: files in memory, the standard streams as messages to the page.
import WASI from "./wasi-shim/wasi.js";
import { ConsoleStdout, Directory, File, OpenFile, PreopenDirectory } from "./wasi-shim/fs_mem.js";
import { ERRNO_IO } from "./wasi-shim/wasi_defs.js";

/**
 * @typedef {object} Order What is to run.
 * @property {string} program Address of the program.
 * @property {string[]} args Its arguments, without its own name.
 * @property {Map<string, Uint8Array>} files Files that it finds, by their paths.
 * @property {Map<string, string>} served Addresses of files that are fetched when it opens them, by their paths.
 * @property {string} collect Folder whose files are wanted after the run.
 */

/**
 * @typedef {{ kind: "fetching", address: string }
 *   | { kind: "running" }
 *   | { kind: "output", line: string }
 *   | { kind: "progress", done: number, total: number, words: string }
 *   | { kind: "complaint", text: string }
 *   | { kind: "done", code: number, files: Map<string, Uint8Array>, milliseconds: number }
 *   | { kind: "broken", message: string }} Message
 */

/** Programs and served files are the same for all runs of a page. @type {Map<string, WebAssembly.Module>} */
const programs = new Map();
/** @type {Map<string, Uint8Array>} */
const fetched = new Map();

/** @param {Message} message */
function say(message) {
  self.postMessage(message);
}

/**
 * @param {string} address
 * @returns {Promise<WebAssembly.Module>}
 */
async function compile(address) {
  const known = programs.get(address);
  if (known) return known;
  say({ kind: "fetching", address });
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: ${response.status} ${response.statusText}`);
  // A server that does not know the type of WebAssembly rules out compiling while fetching.
  const streamed = response.headers.get("Content-Type")?.startsWith("application/wasm");
  const module = streamed
    ? await WebAssembly.compileStreaming(response)
    : await WebAssembly.compile(await response.arrayBuffer());
  programs.set(address, module);
  return module;
}

/**
 * Fetches while the program waits: WASI's calls are synchronous.
 * @param {string} address
 */
function fetchNow(address) {
  const known = fetched.get(address);
  if (known) return known;
  say({ kind: "fetching", address });
  const request = new XMLHttpRequest();
  request.open("GET", address, false);
  request.responseType = "arraybuffer";
  request.send();
  if (request.status !== 200) throw new Error(`${address}: ${request.status} ${request.statusText}`);
  const bytes = new Uint8Array(request.response);
  fetched.set(address, bytes);
  say({ kind: "running" });
  return bytes;
}

/** A file of the server; one that is never opened is never fetched. */
class ServedFile extends File {
  #address;

  /** @param {string} address */
  constructor(address) {
    super(new ArrayBuffer(0), { readonly: true });
    this.#address = address;
  }

  /**
   * @param {number} flags
   * @param {bigint} rights
   * @param {number} fdFlags
   */
  path_open(flags, rights, fdFlags) {
    try {
      this.data = fetchNow(this.#address);
    } catch (error) {
      say({ kind: "complaint", text: `${error instanceof Error ? error.message : error}\n` });
      // The types of the shim leave out that there may be none.
      return { ret: ERRNO_IO, fd_obj: /** @type {any} */ (null) };
    }
    return super.path_open(flags, rights, fdFlags);
  }
}

/**
 * The folder that a path names, made where it is missing.
 * @param {Directory} root
 * @param {string[]} names
 */
function folderAt(root, names) {
  let folder = root;
  for (const name of names) {
    let next = folder.contents.get(name);
    if (!(next instanceof Directory)) {
      next = new Directory(new Map());
      folder.contents.set(name, next);
    }
    folder = /** @type {Directory} */ (next);
  }
  return folder;
}

/** @param {string} path */
function parts(path) {
  return path.split("/").filter((part) => part !== "");
}

/**
 * @param {Directory} root
 * @param {string} path
 * @param {File} file
 */
function place(root, path, file) {
  const names = parts(path);
  const name = names.pop();
  if (name !== undefined) folderAt(root, names).contents.set(name, file);
}

/**
 * @param {Directory} root
 * @param {string} path
 */
function filesIn(root, path) {
  /** @type {Map<string, Uint8Array>} */
  const files = new Map();
  for (const [name, entry] of folderAt(root, parts(path)).contents) {
    if (entry instanceof File) files.set(name, entry.data);
  }
  return files;
}

/**
 * A stream that is handed on line by line, its last line too where that has no end.
 * @param {(line: string) => void} hand
 */
function byLine(hand) {
  const decoder = new TextDecoder();
  let open = "";
  /** @param {Uint8Array} bytes */
  const write = (bytes) => {
    const lines = (open + decoder.decode(bytes, { stream: true })).split("\n");
    open = lines.pop() ?? "";
    lines.forEach(hand);
  };
  const end = () => {
    if (open !== "") hand(open);
  };
  return { stream: new ConsoleStdout(write), end };
}

/**
 * The standard error: how far the program is, in lines that take the place of one another, and what it complains about.
 * The program writes each of these lines at once.
 */
function standardError() {
  const decoder = new TextDecoder();
  return new ConsoleStdout((bytes) => {
    const text = decoder.decode(bytes, { stream: true });
    const [, done, total, words] = /^\r\x1b\[2K(\d+)\/(\d+) (.*)$/.exec(text) ?? [];
    if (words !== undefined) say({ kind: "progress", done: Number(done), total: Number(total), words });
    else if (text !== "\r\x1b[2K") say({ kind: "complaint", text });
  });
}

/** @param {Order} order */
async function run({ program, args, files, served, collect }) {
  const module = await compile(program);
  const root = new PreopenDirectory("/", new Map());
  for (const [path, bytes] of files) place(root.dir, path, new File(bytes));
  for (const [path, address] of served) place(root.dir, path, new ServedFile(address));
  const output = byLine((line) => say({ kind: "output", line }));
  const name = program.replace(/^.*\/|\.wasm$/g, "");
  const streams = [new OpenFile(new File([])), output.stream, standardError(), root];
  const wasi = new WASI([name, ...args], ["NO_COLOR=1"], streams);
  const instance = await WebAssembly.instantiate(module, { wasi_snapshot_preview1: wasi.wasiImport });
  say({ kind: "running" });
  const start = performance.now();
  const code = wasi.start(/** @type {any} */ (instance));
  const milliseconds = performance.now() - start;
  output.end();
  say({ kind: "done", code, files: filesIn(root.dir, collect), milliseconds });
}

self.onmessage = async (/** @type {MessageEvent<Order>} */ event) => {
  try {
    await run(event.data);
  } catch (error) {
    say({ kind: "broken", message: error instanceof Error ? error.message : String(error) });
  }
};
