// The page's end of the worker that runs a program.

/** @typedef {import("./worker.js").Order} Order */
/** @typedef {import("./worker.js").Message} Message */
/** @typedef {{ code: number, files: Map<string, Uint8Array>, milliseconds: number, complaints: string }} Outcome */

/** That a run was stopped is no fault of the program. */
export class Stopped extends Error {}

/**
 * What a run tells while it goes on.
 * @typedef {object} Listener
 * @property {(address: string) => void} [fetching]
 * @property {() => void} [running]
 * @property {(line: string) => void} [output]
 * @property {(done: number, total: number, words: string) => void} [progress]
 */

/** A program that runs in a worker, one run at a time. The worker stays, and with it what it has fetched and compiled. */
export class Program {
  /** @type {Worker | undefined} */
  #worker;
  /** @type {((reason: Error) => void) | undefined} */
  #abandon;

  /**
   * @param {Order} order
   * @param {Listener} listener
   * @returns {Promise<Outcome>}
   */
  run(order, listener) {
    this.stop();
    const worker = (this.#worker ??= new Worker(new URL("./worker.js", import.meta.url), { type: "module" }));
    return new Promise((resolve, reject) => {
      this.#abandon = reject;
      let complaints = "";
      const broken = (/** @type {string} */ message) => {
        this.#discard();
        reject(new Error(`${complaints}${message}`));
      };
      worker.onerror = (event) => broken(event.message);
      worker.onmessage = (/** @type {MessageEvent<Message>} */ { data }) => {
        if (data.kind === "fetching") listener.fetching?.(data.address);
        else if (data.kind === "running") listener.running?.();
        else if (data.kind === "output") listener.output?.(data.line);
        else if (data.kind === "progress") listener.progress?.(data.done, data.total, data.words);
        else if (data.kind === "complaint") complaints += data.text;
        else if (data.kind === "broken") broken(data.message);
        else {
          this.#abandon = undefined;
          resolve({ ...data, complaints });
        }
      };
      worker.postMessage(order);
    });
  }

  /** Ends the run that goes on, if one does. */
  stop() {
    const abandon = this.#abandon;
    if (!abandon) return;
    this.#discard();
    abandon(new Stopped());
  }

  #discard() {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#abandon = undefined;
  }
}
