// A slider over the steps of a training. Each position is a run of its own, of as many steps: every step can be repeated, so going back is
// exact, and what is shown is what the program computed.
import { element } from "./dom.js";
import { Program, Stopped } from "./program.js";
import { recordedIn, rounded } from "./runs.js";
import { chosen, flags } from "./settings.js";

/** @typedef {import("./run.js").TheBench} Bench */

/** Positions of the slider; more steps than that are spaced in proportion to their number. */
const POSITIONS = 60;
/** Numbers of a run that are shown beside its figures. */
const SHOWN_NUMBERS = 4;

/** The numbers of steps at the positions, from one to all. @param {number} all */
function positions(all) {
  const last = Math.min(all, POSITIONS) - 1;
  const at = (/** @type {number} */ i) => (all <= POSITIONS ? i + 1 : Math.round(all ** (i / last)));
  return [...new Set(Array.from({ length: last + 1 }, (_, i) => at(i)))];
}

/**
 * Puts the slider below the form of the page's section.
 * @param {Bench} bench
 * @param {string} flag The flag that says how many steps are made.
 */
export function mount(bench, flag) {
  const { say, form } = bench;
  const field = /** @type {HTMLInputElement} */ (form.elements.namedItem(flag));
  // A program of its own: the slider does not stop what the form has started.
  const program = new Program();
  const slider = element("input", { type: "range", min: "0", step: "1", "aria-label": say("steps") });
  const play = element("button", { type: "button" }, say("play"));
  const count = element("output");
  const numbers = element("p", { class: "numbers", role: "status" });
  /** The runs by their flags. @type {Map<string, Map<string, Uint8Array>>} */
  const made = new Map();
  /** @type {number[]} */
  let at = [];

  const isOf = (/** @type {string} */ given, /** @type {string} */ name) => given.startsWith(`--${name}=`);
  // The figures are those of the first seed; others take time and change nothing of them.
  const single = form.elements.namedItem("seeds") ? ["--seeds=1"] : [];
  /** The settings of the form, but for the number of steps. */
  const others = () => [...flags(form, chosen(form)).filter((given) => !isOf(given, flag) && !isOf(given, "seeds")), ...single];

  /** Takes the number of steps in the form for the last position. */
  const measure = () => {
    at = positions(Math.max(1, Math.floor(Number(field.value)) || 1));
    slider.max = String(at.length - 1);
    slider.value = slider.max;
    count.textContent = "";
    numbers.textContent = "";
  };

  /** Shows the training after as many steps as the slider says. */
  const show = async () => {
    const steps = at[Number(slider.value)];
    count.textContent = `${steps} / ${at.at(-1)}`;
    const given = [...others(), `--${flag}=${steps}`];
    const key = given.join(" ");
    try {
      const files = made.get(key) ?? (await program.run(bench.order(bench.id, given), {})).files;
      made.set(key, files);
      bench.figures.show(files);
      const { metrics } = recordedIn(files);
      numbers.textContent = Object.entries(metrics).slice(-SHOWN_NUMBERS).map(([name, value]) => `${name}: ${rounded(value)}`).join(" · ");
    } catch (error) {
      // Another position has taken the place of this one.
      if (!(error instanceof Stopped)) numbers.textContent = say("broken", { message: String(error) });
      return false;
    }
    return true;
  };

  /** Goes from the first position to the last, each as soon as it has been computed. */
  const run = async () => {
    for (let position = 0; position < at.length; position += 1) {
      slider.value = String(position);
      if (!(await show())) return;
    }
  };

  slider.addEventListener("input", () => void show());
  play.addEventListener("click", () => void run());
  form.addEventListener("change", measure);
  form.addEventListener("reset", () => setTimeout(measure));
  measure();
  const controls = element("p", { class: "controls" }, play, " ", slider, " ", count);
  form.after(element("div", { class: "steps" }, element("h3", {}, say("steps")), element("p", {}, say("stepsHint")), controls, numbers));
}
