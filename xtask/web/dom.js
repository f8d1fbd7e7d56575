// Elements, and the words of the page.

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name
 * @param {Record<string, string | boolean | ((event: Event) => void)>} properties Attributes; functions listen to the event of their name.
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (typeof value === "function") made.addEventListener(key, value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

/**
 * @param {ParentNode} parent
 * @param {string} selector
 */
export function find(parent, selector) {
  const found = parent.querySelector(selector);
  if (!(found instanceof HTMLElement)) throw new Error(`the page has no ${selector}`);
  return found;
}

/**
 * @param {string} name
 * @param {Uint8Array} bytes
 */
export function blobAddress(name, bytes) {
  const types = /** @type {Record<string, string>} */ ({
    svg: "image/svg+xml", gif: "image/gif", png: "image/png", json: "application/json", txt: "text/plain;charset=utf-8",
  });
  const type = types[name.split(".").at(-1) ?? ""] ?? "application/octet-stream";
  return URL.createObjectURL(new Blob([/** @type {BlobPart} */ (bytes)], { type }));
}

/** Whether a file is a picture that a page can show. @param {string} name */
export function isPicture(name) {
  return /\.(svg|gif|png)$/.test(name);
}

/** Whether the page is in Chinese. */
export function isChinese() {
  return document.documentElement.lang.startsWith("zh");
}

/** What is said where the page has no words of its own. */
const ENGLISH = {
  same: "The same bits as in the golden file: fingerprint {ours}.",
  different: "Other bits than in the golden file: fingerprint {ours} here, {theirs} there.",
  sameFiles: "The same bits as in the golden file, in all files: {count}.",
  differentFiles: "Other bits than in the golden file, in {files}.",
  otherSettings: "Other settings than those of the golden file: there is nothing to compare with.",
  fetching: "Fetching {file} …",
  needs: "First “{section}”, whose results this section needs …",
  running: "Running …",
  progress: "Progress",
  stopped: "Stopped.",
  done: "Done in {time} s.",
  ended: "The program ended with code {code}.",
  broken: "The program broke off: {message}",
  copyLink: "Copy a link to this run",
  copied: "Copied: {link}",
  book: "the first settings",
  bookFigure: "As in the golden files",
  runFigure: "Of this run",
  addedFigures: "Further figures of this run",
  runs: "Runs on this page",
  settings: "Settings",
  fingerprint: "Fingerprint",
  time: "Time",
  seconds: "{time} s",
  results: "Results",
  download: "Download",
  files: "Files of the run shown",
  curves: "Curves of the runs",
  curve: "Curve",
  logarithmic: "Logarithmic",
  step: "step",
  steps: "Step by step",
  stepsHint: "Move the slider: the figures show the training after as many steps, forwards and back.",
  play: "Play",
  draw: "Draw a digit",
  drawHint: "Draw with the mouse, a pen or a finger.",
  clear: "Clear",
  features: "Feature maps of convolution {layer}",
  featuresShown: "What its filters respond to: the darker, the more",
  given: "What the network is given",
  probabilities: "Probability of each digit",
  looksLike: "It reads a {digit}.",
};

/** @typedef {keyof typeof ENGLISH} Key */
/** @typedef {(key: Key, values?: Record<string, string | number>) => string} Say */

/**
 * The words of a page, from the JSON in it.
 * @param {ParentNode} section
 * @returns {Say}
 */
export function words(section) {
  /** @type {Record<string, string>} */
  const own = JSON.parse(section.querySelector("script.strings")?.textContent || "{}");
  return (key, values = {}) => (own[key] ?? ENGLISH[key]).replace(/\{(\w+)\}/g, (gap, name) => String(values[name] ?? gap));
}
