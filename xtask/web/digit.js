// A canvas to draw a digit on, which the trained network reads after every stroke.
import { blobAddress, element } from "./dom.js";
import { pictures } from "./figures.js";
import { Program } from "./program.js";

/** @typedef {import("./run.js").TheBench} Bench */

/** Side of the canvas in its own pixels; the program fits what is drawn into 28 × 28. */
const SIDE = 280;
const STROKE = 22;
/** Where the program finds the picture. */
const PICTURE = "/drawn/digit.png";
const N_DIGITS = 10;

/**
 * The probabilities in a transcript, from lines such as "  7  0.99871  ████".
 * @param {string[]} lines
 */
function probabilitiesIn(lines) {
  const found = new Map();
  for (const line of lines) {
    const match = /\s(\d)  ([01]\.\d{5})(?:  █*)?$/.exec(line);
    if (match) found.set(Number(match[1]), Number(match[2]));
  }
  return found;
}

/** Paper to draw on. */
class Paper {
  canvas = element("canvas", { width: String(SIDE), height: String(SIDE) });
  #context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
  #last = { x: 0, y: 0 };

  /** @param {() => void} drawn Called after every stroke. */
  constructor(drawn) {
    this.clear();
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      canvas.setPointerCapture(event.pointerId);
      this.#last = this.#at(event);
      this.#drawTo(event);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (canvas.hasPointerCapture(event.pointerId)) this.#drawTo(event);
    });
    canvas.addEventListener("pointerup", drawn);
  }

  clear() {
    this.#context.fillStyle = "white";
    this.#context.fillRect(0, 0, SIDE, SIDE);
  }

  /** The drawing as a PNG file. */
  async picture() {
    /** @type {Blob | null} */
    const blob = await new Promise((resolve) => this.canvas.toBlob(resolve, "image/png"));
    if (!blob) throw new Error("the browser cannot write PNG");
    return new Uint8Array(await blob.arrayBuffer());
  }

  /** @param {PointerEvent} event */
  #at(event) {
    const box = this.canvas.getBoundingClientRect();
    return { x: ((event.clientX - box.left) / box.width) * SIDE, y: ((event.clientY - box.top) / box.height) * SIDE };
  }

  /** @param {PointerEvent} event */
  #drawTo(event) {
    const { x, y } = this.#at(event);
    const context = this.#context;
    Object.assign(context, { lineWidth: STROKE, lineCap: "round", lineJoin: "round", strokeStyle: "black" });
    context.beginPath();
    context.moveTo(this.#last.x, this.#last.y);
    context.lineTo(x, y);
    context.stroke();
    this.#last = { x, y };
  }
}

/** The ten probabilities as bars. */
class Bars {
  #rows = Array.from({ length: N_DIGITS }, (_, digit) => {
    const [bar, number] = [element("span", { class: "bar" }), element("span", { class: "number" })];
    return { row: element("li", {}, String(digit), element("span", { class: "track" }, bar), number), bar, number };
  });

  /** @param {string} label */
  constructor(label) {
    this.node = element("ul", { class: "bars", "aria-label": label }, ...this.#rows.map(({ row }) => row));
  }

  /** @param {Map<number, number>} probabilities */
  show(probabilities) {
    this.#rows.forEach(({ bar, number }, digit) => {
      const p = probabilities.get(digit);
      bar.style.width = `${(p ?? 0) * 100}%`;
      number.textContent = p === undefined ? "" : p.toFixed(3);
    });
  }
}

/**
 * Puts the canvas above the form of the page's section.
 * @param {Bench} bench
 */
export function mount(bench) {
  const { say } = bench;
  // A program of its own: drawing does not stop what the form has started.
  const program = new Program();
  const bars = new Bars(say("probabilities"));
  const seen = element("div", { class: "seen" });
  const features = element("details", { class: "features", hidden: true, open: true });
  /** @type {HTMLImageElement[]} */
  const seenImages = [];
  const answer = element("p", { class: "answer", role: "status" });
  /** @type {Promise<void> | undefined} */
  let reading;
  let again = false;

  /** Reads the drawing as it is now; what changes meanwhile is read after that. */
  const read = async () => {
    again = true;
    reading ??= (async () => {
      while (again) {
        again = false;
        await classify(await paper.picture());
      }
    })().catch((error) => void (answer.textContent = error.message));
    await reading;
    reading = undefined;
  };

  /** @param {Uint8Array} picture */
  const classify = async (picture) => {
    /** @type {string[]} */
    const lines = [];
    const order = bench.order(bench.id, [`--image=${PICTURE}`], new Map([[PICTURE, picture]]));
    const { files, complaints } = await program.run(order, {
      fetching: (from) => (answer.textContent = say("fetching", { file: from.replace(/^.*\//, "") })),
      output: (line) => lines.push(line),
    });
    const probabilities = probabilitiesIn(lines);
    bars.show(probabilities);
    const [best] = [...probabilities].sort(([, p], [, q]) => q - p);
    const warning = lines.find((line) => line.startsWith("[Warning]")) ?? "";
    answer.textContent = best ? `${say("looksLike", { digit: best[0] })} ${warning}` : complaints;
    showSeen(new Map(pictures(files)));
  };

  /** Shows what the network was given, and what its filters made of it. @param {Map<string, Uint8Array>} files */
  const showSeen = (files) => {
    seenImages.splice(0).forEach((image) => URL.revokeObjectURL(image.src));
    const image = (/** @type {string} */ name, /** @type {string} */ alt) => {
      const bytes = files.get(name);
      return bytes ? [element("img", { alt, src: blobAddress(name, bytes) })] : [];
    };
    const given = image("digits.svg", say("given"));
    const maps = [1, 2].flatMap((layer) => image(`features-${layer}.svg`, say("features", { layer })));
    seenImages.push(...given, ...maps);
    seen.replaceChildren(element("p", {}, say("given")), ...given);
    features.hidden = maps.length === 0;
    features.replaceChildren(element("summary", {}, say("featuresShown")), ...maps);
  };

  const clear = () => {
    paper.clear();
    bars.show(new Map());
    showSeen(new Map());
    answer.textContent = "";
  };

  const paper = new Paper(() => void read());
  paper.canvas.setAttribute("aria-label", `${say("draw")}. ${say("drawHint")}`);
  paper.canvas.setAttribute("role", "img");
  const button = element("button", { type: "button", click: clear }, say("clear"));
  const place = element("div", { class: "paper" }, paper.canvas, element("p", {}, say("drawHint"), " ", button));
  const drawing = element("div", { class: "digit" }, place, bars.node, seen);
  bench.form.before(element("h3", {}, say("draw")), drawing, answer, features);
  showSeen(new Map());
}
