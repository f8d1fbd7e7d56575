// Curves of several runs over one another.
import { element } from "./dom.js";

/**
 * @typedef {import("./dom.js").Say} Say
 * @typedef {{ step: number[], value: unknown[] }} Curve Values that are not finite are words.
 * @typedef {{ label: string, curves: Record<string, Curve> }} Labelled
 * @typedef {{ label: string, points: [number, number][] }} Line
 */

const HEIGHT = 280;
const MARGIN = { left: 56, right: 8, top: 8, bottom: 36 };
/** As many colours as `run.css` has. */
const COLOURS = 6;

/**
 * Round numbers from `low` to `high`, about `count` of them.
 * @param {number} low
 * @param {number} high
 * @param {number} count
 */
export function ticks(low, high, count) {
  const rough = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/**
 * @param {string} name
 * @param {Record<string, string | number>} attributes
 * @param {...(Node | string)} children
 */
function svg(name, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.append(...children);
  return made;
}

/** @param {number[]} numbers */
function extent(numbers) {
  let [low, high] = [Infinity, -Infinity];
  for (const x of numbers) {
    low = Math.min(low, x);
    high = Math.max(high, x);
  }
  return low < high ? [low, high] : [low - 0.5, high + 0.5];
}

/**
 * @param {Curve} curve
 * @param {boolean} logarithmic
 * @returns {[number, number][]}
 */
function pointsOf(curve, logarithmic) {
  /** @type {[number, number][]} */
  const points = [];
  curve.value.forEach((value, i) => {
    if (typeof value !== "number" || (logarithmic && value <= 0)) return;
    points.push([curve.step[i] ?? i, logarithmic ? Math.log10(value) : value]);
  });
  return points;
}

/** @param {number} power */
function decade(power) {
  const value = 10 ** power;
  return value >= 1e-3 && value < 1e5 ? String(Number(value.toPrecision(3))) : value.toExponential(Number.isInteger(power) ? 0 : 1);
}

/**
 * @param {Line[]} lines
 * @param {{ width: number, logarithmic: boolean, title: string, step: string }} options
 */
function chart(lines, { width, logarithmic, title, step }) {
  const [x0, x1] = extent(lines.flatMap(({ points }) => points.map(([x]) => x)));
  const [y0, y1] = extent(lines.flatMap(({ points }) => points.map(([, y]) => y)));
  const right = width - MARGIN.right;
  const bottom = HEIGHT - MARGIN.bottom;
  const atX = (/** @type {number} */ x) => MARGIN.left + ((x - x0) / (x1 - x0)) * (right - MARGIN.left);
  const atY = (/** @type {number} */ y) => bottom - ((y - y0) / (y1 - y0)) * (bottom - MARGIN.top);
  const columns = ticks(x0, x1, width / 110).map((x) => [
    svg("line", { class: "grid", x1: atX(x), x2: atX(x), y1: MARGIN.top, y2: bottom }),
    svg("text", { x: atX(x), y: bottom + 16, "text-anchor": "middle" }, String(x)),
  ]);
  const rows = ticks(y0, y1, 5).map((y) => [
    svg("line", { class: "grid", x1: MARGIN.left, x2: right, y1: atY(y), y2: atY(y) }),
    svg("text", { x: MARGIN.left - 6, y: atY(y) + 4, "text-anchor": "end" }, logarithmic ? decade(y) : String(y)),
  ]);
  const paths = lines.map(({ points }, i) => {
    const path = points.map(([x, y], j) => `${j ? "L" : "M"}${atX(x).toFixed(1)} ${atY(y).toFixed(1)}`).join("");
    return svg("path", { class: `run-line colour-${i % COLOURS}`, d: path });
  });
  const name = svg("text", { x: (MARGIN.left + right) / 2, y: HEIGHT - 4, "text-anchor": "middle" }, step);
  const attributes = { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: "img", "aria-label": title };
  return svg("svg", attributes, ...columns.flat(), ...rows.flat(), name, ...paths);
}

/** The curves of some runs, one name at a time. */
export class Curves {
  #say;
  #name = element("select", { change: () => this.#draw() });
  #logarithmic = element("input", { type: "checkbox", change: () => this.#draw() });
  #picture = element("div", { class: "picture" });
  #legend = element("ul", { class: "legend" });
  /** @type {Labelled[]} */
  #runs = [];

  /** @param {Say} say */
  constructor(say) {
    this.#say = say;
    this.node = element(
      "div",
      { class: "curves", hidden: true },
      element("h3", {}, say("curves")),
      element("label", {}, `${say("curve")} `, this.#name),
      element("label", {}, this.#logarithmic, ` ${say("logarithmic")}`),
      this.#picture,
      this.#legend,
    );
    let width = 0;
    new ResizeObserver(() => {
      if (width === this.#picture.clientWidth) return;
      width = this.#picture.clientWidth;
      this.#draw();
    }).observe(this.#picture);
  }

  /** @param {Labelled[]} runs */
  show(runs) {
    this.#runs = runs;
    const names = [...new Set(runs.flatMap(({ curves }) => Object.keys(curves)))];
    const before = this.#name.value;
    this.#name.replaceChildren(...names.map((name) => element("option", {}, name)));
    this.#name.value = names.includes(before) ? before : (names.find((name) => name.includes("loss")) ?? names[0] ?? "");
    this.node.hidden = names.length === 0;
    this.#draw();
  }

  #draw() {
    const name = this.#name.value;
    const logarithmic = this.#logarithmic.checked;
    const lines = this.#runs.map(({ label, curves }) => ({
      label,
      points: curves[name] ? pointsOf(curves[name], logarithmic) : [],
    }));
    const width = this.#picture.clientWidth;
    const visible = width > 0 && lines.some(({ points }) => points.length > 0);
    const title = `${name}: ${lines.map(({ label }) => label).join("; ")}`;
    const drawn = visible ? [chart(lines, { width, logarithmic, title, step: this.#say("step") })] : [];
    this.#picture.replaceChildren(...drawn);
    this.#legend.replaceChildren(...lines.map(({ label }, i) => legendOf(label, i)));
  }
}

/**
 * @param {string} label
 * @param {number} i
 */
function legendOf(label, i) {
  const line = svg("line", { class: `run-line colour-${i % COLOURS}`, x1: 0, x2: 28, y1: 6, y2: 6 });
  return element("li", {}, svg("svg", { width: 28, height: 12, "aria-hidden": "true" }, line), ` ${label}`);
}
