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
const SHOWN_NUMBERS = 6;

/** The numbers of steps at the positions, from one to all. @param {number} all */
function positions(all) {
  const last = Math.min(all, POSITIONS) - 1;
  const at = (/** @type {number} */ i) => (all <= POSITIONS ? i + 1 : Math.round(all ** (i / last)));
  return [...new Set(Array.from({ length: last + 1 }, (_, i) => at(i)))];
}

/** @typedef {{ files: Map<string, Uint8Array>, metrics: [string, unknown][], ends: [string, unknown][] }} Run Its numbers, and where its curves end. */

/** A run, its numbers read once. @param {Map<string, Uint8Array>} files @returns {Run} */
function runOf(files) {
  const { metrics, curves } = recordedIn(files);
  return { files, metrics: Object.entries(metrics), ends: Object.entries(curves).map(([name, { value }]) => [name, value.at(-1)]) };
}

/**
 * What depends on the number of steps: the ends of curves and the numbers that are not the same in all runs; all if none does.
 * @param {Run} run
 * @param {Run[]} runs
 * @returns {[string, unknown][]}
 */
function varying(run, runs) {
  const all = runs.map(({ metrics, ends }) => new Map([...ends, ...metrics]));
  const varies = (/** @type {[string, unknown]} */ [name, value]) => all.some((of) => of.has(name) && of.get(name) !== value);
  const { metrics, ends } = run;
  const numbers = metrics.some(varies) ? metrics.filter(varies) : metrics;
  const isNumber = (/** @type {unknown} */ end) => numbers.some(([, value]) => value === end);
  const shown = ends.filter(varies).filter(([, end]) => !isNumber(end)).slice(0, SHOWN_NUMBERS);
  const room = SHOWN_NUMBERS - shown.length;
  return [...shown, ...(room > 0 ? numbers.slice(-room) : [])];
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
  /** The runs by the numbers of their steps, by their other flags. @type {Map<string, Map<number, Run>>} */
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

  /** The runs that were made with the settings of the form. */
  const madeSo = () => {
    const key = others().join(" ");
    const runs = made.get(key) ?? new Map();
    made.set(key, runs);
    return runs;
  };

  /** The training of so many steps. @param {number} steps @returns {Promise<Run>} */
  const after = async (steps) => {
    const runs = madeSo();
    const made = runs.get(steps);
    if (made) return made;
    const run = runOf((await program.run(bench.order(bench.id, [...others(), `--${flag}=${steps}`]), {})).files);
    runs.set(steps, run);
    return run;
  };

  /** Shows the training after as many steps as the slider says. */
  const show = async () => {
    const steps = at[Number(slider.value)];
    count.textContent = `${steps} / ${at.at(-1)}`;
    try {
      const run = await after(steps);
      bench.figures.show(run.files);
      // The numbers that depend on the steps are told by another run; a short one takes no time.
      await after(steps === at[0] ? at.at(1) ?? steps : at[0]);
      numbers.textContent = varying(run, [...madeSo().values()]).map(([name, value]) => `${name}: ${rounded(value)}`).join(" · ");
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
