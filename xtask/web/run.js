// Runs the section of a page in the reader's browser: the same program, the same bits.
import { element, find, isChinese, words } from "./dom.js";
import { Figures } from "./figures.js";
import { Program, Stopped } from "./program.js";
import { Runs, recordedIn, seconds } from "./runs.js";
import { address, asked, chosen, fill, flags } from "./settings.js";

/**
 * @typedef {import("./program.js").Outcome} Outcome
 * @typedef {import("./runs.js").Run} Run
 */

/** Where a program finds the model that its page serves. */
const MODEL = "/model.safetensors";

/** The entries of a list in an attribute. @param {string | undefined} text */
function list(text) {
  return (text ?? "").split(/\s+/).filter((word) => word !== "");
}

/** The flag for a transcript in the language of the page. */
function spoken() {
  return `--lang=${isChinese() ? "zh" : "en"}`;
}

/** The last part of an address. @param {string} path */
function fileName(path) {
  return path.replace(/^.*\//, "");
}

/**
 * What a golden file locks of a file: of the metrics all but the version, their last member.
 * @param {string} name
 * @param {Uint8Array} bytes
 */
function locked(name, bytes) {
  if (name !== "metrics.json") return bytes;
  const metrics = new TextDecoder().decode(bytes);
  return new TextEncoder().encode(metrics.replace(/,\n {2}"version":[^,]*$/, "\n}"));
}

/** The first 64 bits of the SHA-256, as golden files have it. @param {Uint8Array} bytes */
async function shortHash(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", /** @type {BufferSource} */ (bytes)));
  return Array.from(digest.slice(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A page's section that can be run. */
class Bench {
  /** @param {HTMLElement} section */
  constructor(section) {
    this.section = section;
    this.say = words(section);
    this.form = /** @type {HTMLFormElement} */ (find(section, "form"));
    this.runButton = /** @type {HTMLButtonElement} */ (find(section, "button[type=submit]"));
    this.stopButton = /** @type {HTMLButtonElement} */ (find(section, "button.stop"));
    // What a browser has kept of an earlier visit is not what the page is about.
    this.form.reset();
    /** The settings of the golden file: those that the form begins with. */
    this.golden = chosen(this.form).toString();
    this.state = find(section, ".state");
    this.transcript = find(section, ".transcript");
    this.bar = element("progress", { "aria-label": this.say("progress") });
    this.progress = element("span");
    this.busy = element("p", { class: "busy", hidden: true }, this.bar, " ", this.progress);
    this.state.after(this.busy);
    const added = element("div", { class: "added", hidden: true });
    this.figures = new Figures(this.say, added);
    const place = find(section, ".runs");
    place.before(added);
    this.id = section.dataset.section ?? "";
    this.address = new URL(section.dataset.program ?? "", document.baseURI).href;
    this.chapter = fileName(this.address).replace(/\.wasm$/, "");
    this.runs = new Runs(place, `${this.chapter}-${this.id}`, this.say, (run) => this.choose(run));
    this.program = new Program();
    /** The run that goes on. @type {object | undefined} */
    this.turn = undefined;
    /** What sections before this one have left. @type {Map<string, Uint8Array>} */
    this.kept = new Map();
  }

  start() {
    const copy = element("button", { type: "button", class: "copy", click: () => this.copyLink() }, this.say("copyLink"));
    find(this.form, ".buttons").append(" ", copy);
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      const settings = chosen(this.form);
      this.visit(settings);
      void this.run(settings);
    });
    this.stopButton.addEventListener("click", () => this.program.stop());
    window.addEventListener("hashchange", () => this.follow());
    this.section.hidden = false;
    this.follow();
  }

  /** Makes the address that of a run. @param {URLSearchParams} settings */
  visit(settings) {
    if (location.hash !== address(settings)) history.pushState(null, "", address(settings));
  }

  /** Does what the address asks for: shows a run, made now if it has not been made, or the page as it was. */
  follow() {
    const settings = asked(location.hash);
    if (!settings) {
      if (location.hash === "" || location.hash === "#run") this.leave();
      return;
    }
    fill(this.form, settings);
    // What the form does not know, or what is the book's anyway, is left out.
    const known = chosen(this.form);
    const run = this.runs.find(known);
    if (run) this.show(run);
    else void this.run(known);
    this.section.scrollIntoView();
  }

  /** Shows the page as it was before any run. */
  leave() {
    this.rest();
    this.form.reset();
    this.figures.restore();
    this.runs.mark(undefined);
    this.transcript.hidden = true;
    this.state.textContent = "";
  }

  async copyLink() {
    const link = new URL(address(chosen(this.form)), location.href).href;
    // Without leave to write to the clipboard the link can still be copied from the message.
    await navigator.clipboard?.writeText(link).catch(() => {});
    this.state.textContent = this.say("copied", { link });
  }

  /** @param {URLSearchParams} settings */
  async run(settings) {
    this.rest();
    const turn = this.begin();
    try {
      await this.runNeeded();
      this.transcript.textContent = "";
      const outcome = await this.execute(this.id, flags(this.form, settings), this.say("running"));
      await this.end(settings, outcome, turn);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const said = error instanceof Stopped ? this.say("stopped") : this.say("broken", { message });
      if (this.turn === turn) this.state.textContent = said;
    }
    // A run that another has taken the place of leaves the page to that one.
    if (this.turn === turn) this.rest();
  }

  /** Makes the page busy; gives what tells this run from those that take its place. */
  begin() {
    const started = performance.now();
    this.how = "";
    this.bar.removeAttribute("value");
    this.ticking = setInterval(() => this.tick(started), 200);
    this.runButton.disabled = true;
    this.stopButton.disabled = false;
    this.transcript.hidden = true;
    this.figures.restore();
    return (this.turn = {});
  }

  /** Ends the run that goes on, if one does, and is ready for the next. */
  rest() {
    this.turn = undefined;
    this.program.stop();
    clearInterval(this.ticking);
    this.busy.hidden = true;
    this.runButton.disabled = false;
    this.stopButton.disabled = true;
  }

  /** @param {number} started */
  tick(started) {
    this.busy.hidden = false;
    const time = this.say("seconds", { time: ((performance.now() - started) / 1000).toFixed(0) });
    this.progress.textContent = [time, this.how].filter(Boolean).join(" · ");
  }

  /** Runs the section that this one needs, once for a page. */
  async runNeeded() {
    const needed = this.section.dataset.needs;
    if (!needed || this.section.dataset.model || this.kept.size > 0) return;
    const needs = this.say("needs", { section: needed });
    const outcome = await this.execute(needed, list(this.section.dataset.needsFlags), needs);
    if (outcome.code !== 0) throw new Error(outcome.complaints || this.say("ended", { code: outcome.code }));
    for (const [name, bytes] of outcome.files) this.kept.set(`${this.folder(needed)}/${name}`, bytes);
  }

  /** @param {string} section */
  folder(section) {
    return `/results/${this.chapter}/${section}`;
  }

  /** Files of the server, by the paths at which the program looks for them. */
  served() {
    const { data, model } = this.section.dataset;
    const absolute = (/** @type {string} */ address) => new URL(address, document.baseURI).href;
    const served = new Map(list(data).map((address) => [address.replace(/^.*?\bdata\//, "/data/"), absolute(address)]));
    if (model) served.set(MODEL, absolute(model));
    return served;
  }

  /**
   * What the worker is to do.
   * @param {string} section
   * @param {string[]} given
   * @param {Map<string, Uint8Array>} files Files for this run.
   */
  order(section, given, files = new Map()) {
    return {
      program: this.address,
      args: [section, ...given, ...(this.section.dataset.model ? [`--checkpoint=${MODEL}`] : []), "--out=/results", "--data-dir=/data", spoken()],
      files: new Map([...this.kept, ...files]),
      served: this.served(),
      collect: this.folder(section),
    };
  }

  /**
   * @param {string} section
   * @param {string[]} given
   * @param {string} running What is said while it runs.
   */
  execute(section, given, running) {
    return this.program.run(this.order(section, given), {
      fetching: (from) => (this.state.textContent = this.say("fetching", { file: fileName(from) })),
      running: () => (this.state.textContent = running),
      output: (line) => this.print(line),
      progress: (done, total, how) => {
        this.bar.max = total;
        this.bar.value = done;
        this.how = `${done}/${total} ${how}`;
      },
    });
  }

  /** @param {string} line */
  print(line) {
    this.transcript.hidden = false;
    this.transcript.append(`${line}\n`);
  }

  /**
   * @param {URLSearchParams} settings
   * @param {Outcome} outcome
   * @param {object} turn
   */
  async end(settings, { code, files, milliseconds, complaints }, turn) {
    const transcript = this.transcript.textContent ?? "";
    const fingerprint = /^\[(?:Fingerprint|指纹)\] (\w+)$/m.exec(transcript)?.[1] ?? "";
    const done = this.say("done", { time: seconds(milliseconds) });
    const failed = code === 0 ? "" : complaints || this.say("ended", { code });
    const verdict = failed || `${done} ${await this.compare(settings, fingerprint, files)}`;
    if (this.turn !== turn) return;
    this.state.textContent = verdict;
    if (files.size === 0) return;
    const run = { settings, transcript, verdict, fingerprint, files, milliseconds, recorded: recordedIn(files) };
    this.runs.add(run);
    this.figures.show(files);
  }

  /**
   * Compares a run with the golden file, in words.
   * @param {URLSearchParams} settings
   * @param {string} ours
   * @param {Map<string, Uint8Array>} files
   */
  async compare(settings, ours, files) {
    const theirs = this.section.dataset.fingerprint;
    if (settings.toString() !== this.golden) return this.say("otherSettings");
    const differing = await this.differingFiles(files);
    if (differing.length > 0) return this.say("differentFiles", { files: differing.join(", ") });
    if (theirs) return this.say(ours === theirs ? "same" : "different", { ours: ours || "–", theirs });
    const count = list(this.section.dataset.hashes).length;
    return count > 0 && crypto.subtle ? this.say("sameFiles", { count }) : "";
  }

  /**
   * The files whose hashes the golden file does not have.
   * @param {Map<string, Uint8Array>} files
   */
  async differingFiles(files) {
    // Hashes can be had on pages from a secure origin alone.
    const golden = crypto.subtle ? list(this.section.dataset.hashes) : [];
    const differing = [];
    for (const [name, hash] of golden.map((entry) => entry.split(":"))) {
      const bytes = files.get(name);
      if (!bytes || (await shortHash(locked(name, bytes))) !== hash) differing.push(name);
    }
    return differing;
  }

  /** Shows a run of the table as if it had just been made. @param {Run} run */
  choose(run) {
    this.visit(run.settings);
    fill(this.form, run.settings);
    this.show(run);
  }

  /** @param {Run} run */
  show(run) {
    this.rest();
    this.transcript.textContent = run.transcript;
    this.transcript.hidden = false;
    this.state.textContent = run.verdict;
    this.figures.show(run.files);
    this.runs.mark(run);
  }
}

/** @typedef {Bench} TheBench */

const section = document.querySelector("section#run");
if (section instanceof HTMLElement) {
  const bench = new Bench(section);
  if (section.dataset.model) (await import("./digit.js")).mount(bench);
  if (section.dataset.steps) (await import("./steps.js")).mount(bench, section.dataset.steps);
  bench.start();
}

