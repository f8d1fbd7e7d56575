// The runs made so far on a page: a table of them, the files of one, the curves of all.
import { blobAddress, element, isChinese } from "./dom.js";
import { Curves } from "./curves.js";
import { shown } from "./settings.js";
import { zip } from "./zip.js";

/**
 * @typedef {import("./dom.js").Say} Say
 * @typedef {{ metrics: Record<string, unknown>, curves: Record<string, import("./curves.js").Curve> }} Recorded
 * @typedef {object} Run
 * @property {URLSearchParams} settings
 * @property {string} transcript
 * @property {string} verdict What is said of it.
 * @property {string} fingerprint
 * @property {Map<string, Uint8Array>} files
 * @property {number} milliseconds
 * @property {Recorded} recorded
 */

/** Numbers of a run that the table shows. */
const SHOWN_NUMBERS = 4;
/** Curves over one another that can be told apart. */
const SHOWN_CURVES = 6;

/** What a run recorded. @param {Map<string, Uint8Array>} files @returns {Recorded} */
export function recordedIn(files) {
  const bytes = files.get(isChinese() ? "metrics.zh.json" : "metrics.json");
  const { metrics = {}, curves = {} } = bytes ? JSON.parse(new TextDecoder().decode(bytes)) : {};
  return { metrics, curves };
}

/** @param {number} milliseconds */
export function seconds(milliseconds) {
  return (milliseconds / 1000).toFixed(2);
}

/** @param {unknown} value */
export function rounded(value) {
  return typeof value === "number" ? String(Number(value.toPrecision(6))) : String(value ?? "–");
}

/**
 * The names of the numbers that tell the runs apart; of a single run, those it recorded last. What a run ends with is recorded last.
 * @param {Run[]} runs
 */
function telling(runs) {
  const values = (/** @type {string} */ name) => runs.map(({ recorded }) => recorded.metrics[name]);
  const common = Object.keys(runs[0]?.recorded.metrics ?? {}).filter((name) => !values(name).includes(undefined));
  const different = common.filter((name) => new Set(values(name)).size > 1);
  return (runs.length > 1 ? different : common).slice(-SHOWN_NUMBERS);
}

/**
 * @param {string} name
 * @param {Blob} blob
 */
function download(name, blob) {
  const href = URL.createObjectURL(blob);
  element("a", { href, download: name }).click();
  // The download has begun once the click is handled; a minute is ample.
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}

export class Runs {
  #say;
  #name;
  #select;
  #table = element("div", { class: "table", tabindex: "0", role: "region" });
  #files = element("details", { class: "files" });
  #curves;
  /** @type {string[]} */
  #addresses = [];
  /** @type {Map<string, Run>} By their settings: equal ones give equal runs. */
  #runs = new Map();
  /** @type {Run | undefined} */
  #current;

  /**
   * @param {HTMLElement} place
   * @param {string} name What a download is called.
   * @param {Say} say
   * @param {(run: Run) => void} select Called with the run that is chosen in the table.
   */
  constructor(place, name, say, select) {
    this.#say = say;
    this.#name = name;
    this.#select = select;
    this.#curves = new Curves(say);
    this.#table.setAttribute("aria-label", say("runs"));
    this.#heading = element("h3", { hidden: true }, say("runs"));
    place.append(this.#heading, this.#table, this.#files, this.#curves.node);
    this.#files.hidden = true;
  }

  #heading;

  /** @param {URLSearchParams} settings */
  find(settings) {
    return this.#runs.get(settings.toString());
  }

  /** @param {Run} run */
  add(run) {
    this.#runs.set(run.settings.toString(), run);
    this.mark(run);
  }

  /** Marks the run whose results the page shows. @param {Run | undefined} run */
  mark(run) {
    this.#current = run;
    this.#showTable();
    this.#showFiles();
    const newest = [...this.#runs.values()].slice(-SHOWN_CURVES);
    this.#curves.show(newest.map((each) => ({ label: this.#label(each), curves: each.recorded.curves })));
  }

  /** @param {Run} run */
  #label(run) {
    return shown(run.settings) || this.#say("book");
  }

  #showTable() {
    const runs = [...this.#runs.values()];
    this.#heading.hidden = runs.length === 0;
    if (runs.length === 0) return;
    const numbers = telling(runs);
    const titles = [this.#say("settings"), ...numbers, this.#say("fingerprint"), this.#say("time"), this.#say("results")];
    const head = element("tr", {}, ...titles.map((title) => element("th", { scope: "col" }, title)));
    const rows = runs.map((run) => this.#row(run, numbers));
    this.#table.replaceChildren(element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows)));
  }

  /**
   * @param {Run} run
   * @param {string[]} numbers
   */
  #row(run, numbers) {
    const pressed = String(run === this.#current);
    const show = element("button", { type: "button", "aria-pressed": pressed, click: () => this.#select(run) }, this.#label(run));
    const save = element("button", { type: "button", click: () => download(`${this.#name}.zip`, zip(run.files)) }, this.#say("download"));
    save.setAttribute("aria-label", `${this.#say("download")}: ${this.#label(run)}`);
    const values = numbers.map((name) => element("td", {}, rounded(run.recorded.metrics[name])));
    return element(
      "tr",
      {},
      element("th", { scope: "row" }, show),
      ...values,
      element("td", {}, element("code", {}, run.fingerprint || "–")),
      element("td", {}, this.#say("seconds", { time: seconds(run.milliseconds) })),
      element("td", {}, save),
    );
  }

  #showFiles() {
    this.#addresses.splice(0).forEach((address) => URL.revokeObjectURL(address));
    const files = [...(this.#current?.files ?? [])];
    this.#files.hidden = files.length === 0;
    const links = files.map(([name, bytes]) => {
      const href = blobAddress(name, bytes);
      this.#addresses.push(href);
      return element("li", {}, element("a", { href, download: name }, name), ` (${(bytes.length / 1024).toFixed(1)} KiB)`);
    });
    this.#files.replaceChildren(element("summary", {}, this.#say("files")), element("ul", {}, ...links));
  }
}
