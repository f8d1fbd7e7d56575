// Puts the figures of a run in the place of those of the golden files, and back.
import { blobAddress, element, isChinese, isPicture } from "./dom.js";

/** @typedef {import("./dom.js").Say} Say */

/**
 * A figure of the page, and the way between its two pictures.
 * @typedef {{ image: HTMLImageElement, book: string, run?: string, choice?: HTMLElement }} Place
 */

/**
 * The pictures with words in the language of the page, by their English names.
 * @param {Map<string, Uint8Array>} files
 * @returns {[string, Uint8Array][]}
 */
export function pictures(files) {
  const translated = (/** @type {string} */ name) => name.replace(/(\.\w+)$/, ".zh$1");
  const names = [...files.keys()].filter((name) => isPicture(name) && !name.includes(".zh."));
  return names.map((name) => {
    const chinese = isChinese() ? files.get(translated(name)) : undefined;
    return [name, chinese ?? files.get(name) ?? new Uint8Array()];
  });
}

export class Figures {
  #say;
  #added;
  /** @type {Map<string, Place>} */
  #places = new Map();
  /** @type {string[]} */
  #addresses = [];

  /**
   * @param {Say} say
   * @param {HTMLElement} added Takes the figures that the page does not show.
   */
  constructor(say, added) {
    this.#say = say;
    this.#added = added;
    for (const figure of document.querySelectorAll("figure[data-file]")) {
      const image = figure.querySelector("img");
      const name = figure.getAttribute("data-file");
      if (image && name) this.#places.set(name, { image, book: image.src });
    }
  }

  /** @param {Map<string, Uint8Array>} files */
  show(files) {
    this.restore();
    const further = [];
    for (const [name, bytes] of pictures(files)) {
      const address = blobAddress(name, bytes);
      this.#addresses.push(address);
      const place = this.#places.get(name);
      if (place) this.#replace(place, address);
      else further.push(figure(name, address));
    }
    this.#added.hidden = further.length === 0;
    this.#added.replaceChildren(element("h3", {}, this.#say("addedFigures")), ...further);
  }

  /** Shows the figures of the golden files again, and those alone. */
  restore() {
    for (const place of this.#places.values()) {
      place.image.src = place.book;
      place.choice?.remove();
    }
    this.#added.hidden = true;
    this.#added.replaceChildren();
    this.#addresses.splice(0).forEach((address) => URL.revokeObjectURL(address));
  }

  /**
   * @param {Place} place
   * @param {string} run
   */
  #replace(place, run) {
    const buttons = /** @type {const} */ ([["runFigure", run], ["bookFigure", place.book]]).map(([label, address]) => {
      const button = element("button", { type: "button", click: () => select(address) }, this.#say(label));
      return { button, address };
    });
    const select = (/** @type {string} */ address) => {
      place.image.src = address;
      for (const choice of buttons) choice.button.setAttribute("aria-pressed", String(choice.address === address));
    };
    place.choice = element("span", { class: "choice" }, ...buttons.map(({ button }) => button));
    (place.image.closest("figure")?.querySelector("figcaption") ?? place.image.parentElement)?.append(place.choice);
    select(run);
  }
}

/**
 * @param {string} name
 * @param {string} address
 */
function figure(name, address) {
  return element("figure", {}, element("img", { src: address, alt: name }), element("figcaption", {}, name));
}
