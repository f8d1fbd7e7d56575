// The settings of a run: in the form, in the address, and as flags of the program. A setting that is the page's own is not in the address;
// one that is the program's own is no flag. (A section that takes long begins with fewer steps than its program.)

/** @typedef {HTMLInputElement | HTMLSelectElement} Field */

/** What the address of a run begins with, behind that of its page. */
const MARK = "#run?";

/** @param {HTMLFormElement} form */
function fields(form) {
  const named = Array.from(form.elements).filter((field) => field instanceof HTMLInputElement || field instanceof HTMLSelectElement);
  return /** @type {Field[]} */ (named.filter((field) => field.name !== ""));
}

/** @param {Field} field */
function isFlag(field) {
  return field.type === "checkbox";
}

/**
 * The settings of a form that differ from the book's, in its order.
 * @param {HTMLFormElement} form
 */
export function chosen(form) {
  const settings = new URLSearchParams();
  for (const field of fields(form)) {
    if (isFlag(field)) {
      if (/** @type {HTMLInputElement} */ (field).checked) settings.set(field.name, "");
    } else if (field.value.trim() !== (field.dataset.default ?? "")) {
      settings.set(field.name, field.value.trim());
    }
  }
  return settings;
}

/**
 * Puts settings into a form, and the book's into its other fields.
 * @param {HTMLFormElement} form
 * @param {URLSearchParams} settings
 */
export function fill(form, settings) {
  for (const field of fields(form)) {
    if (isFlag(field)) /** @type {HTMLInputElement} */ (field).checked = settings.has(field.name);
    else field.value = settings.get(field.name) ?? field.dataset.default ?? "";
  }
}

/**
 * The settings as the program takes them.
 * @param {HTMLFormElement} form
 * @param {URLSearchParams} settings
 */
export function flags(form, settings) {
  const value = (/** @type {Field} */ field) => settings.get(field.name) ?? field.dataset.default ?? "";
  const isGiven = (/** @type {Field} */ field) =>
    isFlag(field) ? settings.has(field.name) : value(field) !== (field.dataset.program ?? field.dataset.default ?? "");
  return fields(form).filter(isGiven).map((field) => (isFlag(field) ? `--${field.name}` : `--${field.name}=${value(field)}`));
}

/** The settings for the eye. @param {URLSearchParams} settings */
export function shown(settings) {
  return Array.from(settings, ([name, value]) => (value === "" ? `--${name}` : `--${name} ${value}`)).join(" ");
}

/** Where a run with these settings is found. @param {URLSearchParams} settings */
export function address(settings) {
  // Only a flag has no value, and needs no sign for it.
  return MARK + settings.toString().replace(/=(?=&|$)/g, "");
}

/** The settings that an address asks for; none where it asks for no run. @param {string} hash */
export function asked(hash) {
  return hash.startsWith(MARK) ? new URLSearchParams(hash.slice(MARK.length)) : undefined;
}
