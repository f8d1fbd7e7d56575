// What every page can do with a script: search, sort a table, and run an experiment where the page is served.
"use strict";

const script = /** @type {HTMLScriptElement} */ (document.currentScript);
const root = script.dataset.root ?? "";

/** A page, as the search finds it. @typedef {{ title: string, path: string, text: string }} Page */

/** The pages of this language; a script, so that it can also be read from a file. @returns {Promise<Page[]>} */
function pages() {
  const known = /** @type {any} */ (window).searchIndex;
  if (known) return Promise.resolve(known);
  return new Promise((resolve, reject) => {
    const index = document.createElement("script");
    index.src = root + script.dataset.index;
    index.onload = () => resolve(/** @type {any} */ (window).searchIndex);
    index.onerror = reject;
    document.head.append(index);
  });
}

/** The pages that hold every word, those with a word in the title first. @param {Page[]} all @param {string} query */
function matching(all, query) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const has = (/** @type {string} */ text) => words.every((word) => text.toLowerCase().includes(word));
  const inTitle = all.filter((page) => has(page.title));
  return [...inTitle, ...all.filter((page) => !inTitle.includes(page) && has(`${page.title} ${page.text}`))].slice(0, 20);
}

/** The words around the first one that was looked for. @param {string} text @param {string} query */
function excerpt(text, query) {
  const word = query.toLowerCase().split(/\s+/).filter(Boolean)[0] ?? "";
  const start = Math.max(0, text.toLowerCase().indexOf(word) - 40);
  return `${start > 0 ? "…" : ""}${text.slice(start, start + 120)}…`;
}

function searchable() {
  const form = /** @type {HTMLFormElement} */ (document.querySelector(".search"));
  const found = /** @type {HTMLElement} */ (document.getElementById("found"));
  const field = /** @type {HTMLInputElement} */ (form.elements.namedItem("q"));
  const search = async () => {
    const query = field.value.trim();
    const results = query ? matching(await pages(), query) : [];
    found.replaceChildren(...results.map((page) => {
      const item = document.createElement("li");
      const link = document.createElement("a");
      link.href = root + page.path;
      link.textContent = page.title;
      const context = document.createElement("small");
      context.textContent = excerpt(page.text, query);
      item.append(link, context);
      return item;
    }));
    found.hidden = results.length === 0;
  };
  field.addEventListener("input", search);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const first = found.querySelector("a");
    if (first) location.href = first.href;
  });
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target instanceof HTMLElement && event.target.matches("input, select, textarea");
    if (event.key === "/" && !isTyping) {
      event.preventDefault();
      field.focus();
    }
    if (event.key === "Escape") found.hidden = true;
  });
}

/** Makes the headings of a table sort it. @param {HTMLTableElement} table */
function sortable(table) {
  const body = table.tBodies[0];
  for (const head of table.querySelectorAll("th:not([data-still])")) {
    const button = document.createElement("button");
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const column = /** @type {HTMLTableCellElement} */ (head).cellIndex;
      const isUp = head.getAttribute("aria-sort") !== "ascending";
      const text = (/** @type {HTMLTableRowElement} */ row) => row.cells[column].textContent ?? "";
      const rows = [...body.rows].sort((a, b) => text(a).localeCompare(text(b), undefined, { numeric: true }));
      body.append(...(isUp ? rows : rows.reverse()));
      table.querySelectorAll("th").forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", isUp ? "ascending" : "descending");
    });
  }
}

searchable();
document.querySelectorAll("table.sortable").forEach((table) => sortable(/** @type {HTMLTableElement} */ (table)));
// A page read from a file has no workers; there the still figures stay.
if (document.getElementById("run") && location.protocol !== "file:") import(new URL(`${root}assets/run.js`, location.href).href);
