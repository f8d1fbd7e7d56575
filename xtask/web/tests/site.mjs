// Checks a site in a browser: node site.mjs SITE_FOLDER [WORDS_OF_CHECKS …]. Prints what it checks, a line each; exit code 1 if anything fails.
// With the word `every` it runs every section that can be run, which takes minutes.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { extname, join, normalize, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

/**
 * @typedef {import("playwright-core").Page} Page
 * @typedef {import("playwright-core").Browser} Browser
 * @typedef {{ browser: Browser, origin: string }} Site
 */

const TYPES = /** @type {Record<string, string>} */ ({
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".gif": "image/gif",
  ".png": "image/png",
  ".wasm": "application/wasm",
  ".gz": "application/gzip",
  ".txt": "text/plain; charset=utf-8",
});
const WIDTHS = [390, 1280];
const SCHEMES = /** @type {const} */ (["light", "dark"]);
/** Sections that are run to their ends; each takes a few seconds at most. */
const RUN_TO_THE_END = ["manual-mlp", "adam", "xor"];
/** Time that a run may take, in milliseconds: test machines are slow and shared. */
const PATIENCE = 240_000;

const [given, ...only] = process.argv.slice(2);
if (!given || !existsSync(given)) {
  console.error("usage: node site.mjs SITE_FOLDER [WORDS_OF_CHECKS …]");
  process.exit(2);
}
const folder = resolve(given);
let failures = 0;

/**
 * @param {string} name
 * @param {() => Promise<string[]>} faults What is wrong, in words.
 */
async function check(name, faults) {
  if (only.length > 0 && !only.some((word) => name.includes(word))) return;
  const start = performance.now();
  // The first line of a fault says what it is; what follows is the browser's diary.
  const found = await faults().catch((error) => [String(error).split("\n")[0]]);
  const time = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${found.length === 0 ? "ok    " : "FAILED"} ${name} (${time} s)`);
  for (const fault of found.slice(0, 20)) console.log(`       ${fault}`);
  if (found.length > 20) console.log(`       … ${found.length - 20} more`);
  failures += Number(found.length > 0);
}

/** The files below a folder, as paths in it. @param {string} top @returns {string[]} */
function filesBelow(top) {
  const paths = readdirSync(top, { recursive: true, encoding: "utf8" });
  return paths.filter((path) => statSync(join(top, path)).isFile()).map((path) => path.replaceAll("\\", "/"));
}

/** Serves the site as a host of static files does. @returns {Promise<import("node:http").Server>} */
function serve() {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname);
    let file = join(folder, normalize(path));
    if (existsSync(file) && statSync(file).isDirectory()) file = join(file, "index.html");
    if (relative(folder, file).startsWith("..") || !existsSync(file)) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { "Content-Type": TYPES[extname(file)] ?? "application/octet-stream" }).end(readFileSync(file));
  });
  return new Promise((ready) => server.listen(0, "127.0.0.1", () => ready(server)));
}

/**
 * A page whose errors are noted.
 * @template T
 * @param {Browser} browser
 * @param {import("playwright-core").BrowserContextOptions} options
 * @param {(page: Page, errors: string[]) => Promise<T>} use
 */
async function withPage(browser, options, use) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  /** @type {string[]} */
  const errors = [];
  page.on("console", (message) => {
    // That something could not be fetched is noted below, with its address.
    const known = message.text().startsWith("Failed to load resource");
    if (message.type() === "error" && !known) errors.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => errors.push(`error: ${error.message}`));
  page.on("requestfailed", (request) => {
    // What is still on its way when the next page is opened is aborted.
    const reason = request.failure()?.errorText;
    if (reason !== "net::ERR_ABORTED") errors.push(`failed: ${request.url()} ${reason}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400) errors.push(`${response.status()}: ${response.url()}`);
  });
  try {
    return await use(page, errors);
  } finally {
    await context.close();
  }
}

/** @param {string[]} pages */
function sectionPages(pages) {
  return pages.flatMap((path) => {
    const text = readFileSync(join(folder, path), "utf8");
    const tag = /<section[^>]*\bid="run"[^>]*>/.exec(text)?.[0];
    const attribute = (/** @type {string} */ name) => new RegExp(`\\bdata-${name}="([^"]*)"`).exec(tag ?? "")?.[1] ?? "";
    return tag ? [{ path, section: attribute("section"), model: attribute("model"), needs: attribute("needs") }] : [];
  });
}

/** One page of each kind: the first of each folder, with the first that can be run and the first in each language. @param {string[]} pages */
function ofEachKind(pages) {
  const kind = (/** @type {string} */ path) => {
    const text = readFileSync(join(folder, path), "utf8");
    const language = /<html[^>]*\blang="([^"]*)"/.exec(text)?.[1];
    const runs = sectionPages([path])[0];
    return [language, path.endsWith("index.html"), path.split("/").length, Boolean(runs), Boolean(runs?.model)].join(" ");
  };
  return [...new Map([...pages].reverse().map((path) => [kind(path), path])).values()].reverse();
}

/**
 * Links and pictures that lead nowhere, on this site; where in the page they lead, too.
 * @param {string[]} pages
 */
function deadLinks(pages) {
  const faults = [];
  const anchors = new Map();
  const anchorsOf = (/** @type {string} */ file) => {
    if (!anchors.has(file)) {
      const text = readFileSync(file, "utf8");
      anchors.set(file, new Set(Array.from(text.matchAll(/\sid="([^"]*)"/g), ([, id]) => id)));
    }
    return anchors.get(file);
  };
  for (const path of pages) {
    const text = readFileSync(join(folder, path), "utf8").replace(/<script[\s\S]*?<\/script>/g, "");
    const base = pathToFileURL(join(folder, path));
    for (const [, raw] of text.matchAll(/\s(?:href|src|data-(?:program|model)(?==".*\/))="([^"]*)"/g)) {
      const link = raw.replaceAll("&amp;", "&");
      if (/^(?!file:)[a-z]+:/i.test(link) || link === "") continue;
      const target = new URL(link, base);
      let file = decodeURIComponent(target.pathname);
      if (existsSync(file) && statSync(file).isDirectory()) file = join(file, "index.html");
      const anchor = decodeURIComponent(target.hash.slice(1)).replace(/^run\?.*/, "run");
      if (!existsSync(file)) faults.push(`${path}: ${link}`);
      else if (anchor && file.endsWith(".html") && !anchorsOf(file).has(anchor)) faults.push(`${path}: nothing has the id of ${link}`);
    }
  }
  return faults;
}

/**
 * @param {Site} site
 * @param {string[]} pages
 */
async function checkLoading({ browser, origin }, pages) {
  for (const width of WIDTHS) {
    await check(`each of ${pages.length} pages loads without an error and does not scroll sideways at ${width} px`, () =>
      withPage(browser, { viewport: { width, height: 800 } }, async (page, errors) => {
        const faults = [];
        for (const path of pages) {
          errors.length = 0;
          await page.goto(`${origin}/${path}`, { waitUntil: "load" });
          await page.waitForFunction(() => document.querySelector("#run[hidden]") === null, undefined, { timeout: 5000 }).catch(() => {
            faults.push(`${path}: what can be run is not shown`);
          });
          const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
          const broken = await page.evaluate(() =>
            Array.from(document.images).filter((image) => image.complete && image.naturalWidth === 0 && image.src).map((image) => image.src),
          );
          if (wide > 0) faults.push(`${path}: ${wide} px too wide`);
          faults.push(...errors.map((error) => `${path}: ${error}`), ...broken.map((src) => `${path}: no picture ${src}`));
        }
        return faults;
      }),
    );
  }
}

/**
 * @param {Site} site
 * @param {string[]} pages
 */
async function checkFiles({ browser }, pages) {
  await check(`from file://, each of ${pages.length} pages loads without an error`, () =>
    withPage(browser, {}, async (page, errors) => {
      for (const path of pages) await page.goto(pathToFileURL(join(folder, path)).href, { waitUntil: "load" });
      return errors;
    }),
  );
}

/** Serious faults that axe finds on a page. @param {Page} page */
async function inaccessible(page) {
  await page.evaluate(readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8"));
  const { violations } = await page.evaluate(() => /** @type {any} */ (window).axe.run());
  const serious = violations.filter((/** @type {any} */ { impact }) => impact === "serious" || impact === "critical");
  return serious.map((/** @type {any} */ { id, nodes }) => `${id}: ${nodes.map((/** @type {any} */ node) => node.html.slice(0, 200)).join(" | ")}`);
}

/**
 * @param {Site} site
 * @param {string[]} pages
 */
async function checkAccess({ browser, origin }, pages) {
  for (const path of ofEachKind(pages)) {
    for (const colorScheme of SCHEMES) {
      await check(`axe finds nothing serious: ${path}, ${colorScheme}`, () =>
        withPage(browser, { colorScheme }, async (page) => {
          await page.goto(`${origin}/${path}`, { waitUntil: "load" });
          await page.waitForLoadState("networkidle");
          return inaccessible(page);
        }),
      );
    }
  }
}

/** Waits until the run of a page is over; gives what is said of it. @param {Page} page */
async function over(page) {
  await page.waitForFunction(
    () => document.querySelector("#run button.stop")?.matches(":disabled") && document.querySelector("#run .state")?.textContent,
    undefined,
    { timeout: PATIENCE },
  );
  return await page.locator("#run .state").innerText();
}

/** @param {Page} page */
async function submit(page) {
  await page.locator("#run button[type=submit]").click();
  return over(page);
}

/** The fingerprint that a transcript ends with. @param {Page} page */
async function fingerprint(page) {
  const transcript = await page.locator("#run .transcript").textContent();
  return /\[(?:Fingerprint|指纹)\] (\w+)/.exec(transcript ?? "")?.[1];
}

/** @param {unknown} ours @param {unknown} expected @param {string} what */
function equal(ours, expected, what) {
  return ours === expected ? [] : [`${what}: ${ours} in place of ${expected}`];
}

/**
 * @param {Site} site
 * @param {string} path
 * @param {string} section
 */
async function checkGoldenRun({ browser, origin }, path, section) {
  const scope = RUN_TO_THE_END.includes(section) ? "" : "every section: ";
  await check(`${scope}${path}: ${section} runs, with the fingerprint of the golden file and its own figures`, () =>
    withPage(browser, {}, async (page, errors) => {
      await page.goto(`${origin}/${path}`);
      const verdict = await submit(page);
      const expected = await page.locator("#run").getAttribute("data-fingerprint");
      const still = await page.locator("figure[data-file] img:not([src^=blob])").count();
      console.log(`       ${verdict}`);
      const same = /The same bits|逐比特相同/.test(verdict) ? [] : ["the bits differ"];
      return [...same, ...equal((await fingerprint(page)) ?? "", expected, "fingerprint"), ...equal(still, 0, "figures of before"), ...errors];
    }),
  );
}

/** A field of a page that takes a number. @param {Page} page */
async function numberField(page) {
  const field = page.locator('#run form input[name="lr"], #run form input[name="epochs"]').first();
  return { field, name: await field.getAttribute("name"), book: await field.inputValue() };
}

/**
 * @param {Site} site
 * @param {string} path
 */
async function checkSettings({ browser, origin }, path) {
  await check(`${path}: another setting, its address, back, forward, the table, a refused value`, () =>
    withPage(browser, { viewport: { width: 390, height: 800 } }, async (page, errors) => {
      await page.goto(`${origin}/${path}`);
      await submit(page);
      const golden = await fingerprint(page);
      const { field, name, book } = await numberField(page);
      await field.fill("3");
      await submit(page);
      const other = await fingerprint(page);
      const faults = [
        ...(other === golden ? ["another setting gives the same fingerprint"] : []),
        ...equal(new URL(page.url()).hash, `#run?${name}=3`, "address"),
        ...equal(await page.locator("#run .runs tbody tr").count(), 2, "runs in the table"),
        ...equal(await page.locator("#run .curves .picture path").count(), 2, "curves"),
        ...(await inaccessible(page)),
        ...equal(await page.evaluate(() => document.documentElement.scrollWidth), 390, "width after two runs"),
      ];
      await page.goBack();
      faults.push(...equal(await fingerprint(page), golden, "back"), ...equal(await field.inputValue(), book, "back, form"));
      await page.goForward();
      faults.push(...equal(await fingerprint(page), other, "forward"), ...equal(await field.inputValue(), "3", "forward, form"));
      await page.locator("#run .runs tbody button").first().click();
      faults.push(...equal(await fingerprint(page), golden, "chosen in the table"));
      const [archive] = await Promise.all([page.waitForEvent("download"), page.locator("#run .runs tbody td button").first().click()]);
      faults.push(...equal(readFileSync(await archive.path()).readUInt32LE(0).toString(16), "4034b50", "beginning of the archive"));
      await field.fill("many");
      const refusal = await submit(page);
      if (!refusal.includes("invalid value 'many'")) faults.push(`a refused value is answered by ${refusal}`);
      return [...faults, ...errors];
    }),
  );
}

/**
 * @param {Site} site
 * @param {string} path
 */
async function checkSharedLink({ browser, origin }, path) {
  await check(`${path}: a shared link fills the form and runs`, () =>
    withPage(browser, {}, async (page, errors) => {
      await page.goto(`${origin}/${path}`);
      const { name } = await numberField(page);
      await page.goto("about:blank");
      await page.goto(`${origin}/${path}#run?${name}=2`);
      await over(page);
      const { field } = await numberField(page);
      const settings = (await page.locator("#run .transcript").textContent()) ?? "";
      return [
        ...equal(await field.inputValue(), "2", "form"),
        ...(settings.includes(`--${name} 2 `) ? [] : [`ran with ${settings.slice(0, 100)}`]),
        ...errors,
      ];
    }),
  );
}

/**
 * @param {Site} site
 * @param {string} path
 */
async function checkStop({ browser, origin }, path) {
  await check(`${path}: a run is stopped, and another started`, () =>
    withPage(browser, {}, async (page, errors) => {
      await page.goto(`${origin}/${path}`);
      await page.locator("#run form input[name=epochs]").fill("200000");
      await page.locator("#run button[type=submit]").click();
      await page.waitForFunction(() => document.querySelector("#run .transcript")?.textContent?.includes("[Settings]"), undefined, { timeout: PATIENCE });
      await page.locator("#run button.stop").click();
      const stopped = await over(page);
      await page.locator("#run form input[name=epochs]").fill("3");
      const again = await submit(page);
      return [...(stopped === again ? [`after the stop: ${again}`] : []), ...errors];
    }),
  );
}

/** Moves the slider of a page; gives the first figure once it is that of as many steps. @param {Page} page @param {number} position */
async function figureAt(page, position) {
  const figure = page.locator("figure[data-file] img").first();
  const before = await figure.getAttribute("src");
  await page.locator("#run .steps input[type=range]").fill(String(position));
  await page.waitForFunction(
    (src) => {
      const image = document.querySelector("figure[data-file] img");
      return image?.getAttribute("src")?.startsWith("blob:") && image.getAttribute("src") !== src;
    },
    before,
    { timeout: PATIENCE },
  );
  return figure.evaluate(async (image) => (await fetch(/** @type {HTMLImageElement} */ (image).src)).text());
}

/** Waits until other numbers are shown beside the slider. @param {Page} page @param {string} numbers */
async function otherNumbers(page, numbers) {
  await page.waitForFunction((before) => document.querySelector("#run .numbers")?.textContent !== before, numbers, { timeout: 10_000 });
}

/**
 * @param {Site} site
 * @param {string} path
 */
async function checkSteps({ browser, origin }, path) {
  await check(`${path}: a training is followed step by step, and back`, () =>
    withPage(browser, {}, async (page, errors) => {
      await page.goto(`${origin}/${path}`);
      const first = await figureAt(page, 0);
      const later = await figureAt(page, 9);
      await otherNumbers(page, "");
      const numbers = (await page.locator("#run .numbers").textContent()) ?? "";
      console.log(`       ${await page.locator("#run .steps output").innerText()}: ${numbers}`);
      const again = await figureAt(page, 0);
      const change = await otherNumbers(page, numbers).then(() => true, () => false);
      return [
        ...(first === later ? ["another step has the same figure"] : []),
        ...(first === again ? [] : ["going back gives another figure"]),
        ...(change ? [] : ["another step has the same numbers"]),
        ...(await inaccessible(page)),
        ...errors,
      ];
    }),
  );
}

/**
 * @param {Site} site
 * @param {string} path
 */
async function checkNeeds({ browser, origin }, path) {
  await check(`${path}: what the section needs is run first`, () =>
    withPage(browser, {}, async (page, errors) => {
      await page.goto(`${origin}/${path}`);
      const verdict = await submit(page);
      console.log(`       ${verdict}`);
      const files = await page.locator("#run .files li").count();
      return [...(files > 0 ? [] : [`it left no files: ${verdict}`]), ...errors];
    }),
  );
}

/**
 * @param {Site} site
 * @param {string} path
 */
async function checkDrawing({ browser, origin }, path) {
  await check(`${path}: a drawn stroke is read as a one`, () =>
    withPage(browser, {}, async (page, errors) => {
      await page.goto(`${origin}/${path}`);
      const canvas = page.locator("#run canvas");
      await canvas.scrollIntoViewIfNeeded();
      const box = await canvas.boundingBox();
      if (!box) return ["there is no canvas"];
      await page.mouse.move(box.x + box.width * 0.55, box.y + box.height * 0.2);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width * 0.48, box.y + box.height * 0.8, { steps: 20 });
      await page.mouse.up();
      await page.waitForFunction(() => document.querySelector("#run .seen img")?.getAttribute("src"), undefined, { timeout: PATIENCE });
      const numbers = await page.locator("#run .bars .number").allInnerTexts();
      console.log(`       ${await page.locator("#run .answer").innerText()} ${numbers.join(" ")}`);
      const best = numbers.map(Number).reduce((most, p, digit, all) => (p > all[most] ? digit : most), 0);
      const maps = await page.locator("#run .features img").count();
      return [...equal(best, 1, "digit"), ...equal(maps, 2, "figures of feature maps"), ...(await inaccessible(page)), ...errors];
    }),
  );
}

/**
 * @param {Site} site
 * @param {string[]} pages
 */
async function checkRuns(site, pages) {
  const sections = sectionPages(pages);
  const english = sections.filter(({ path }) => !path.startsWith("zh/"));
  const toTheEnd = english.filter(({ section }) => RUN_TO_THE_END.includes(section) || only.includes("every"));
  const chinese = sections.filter(({ path, section }) => path.startsWith("zh/") && section === "adam");
  for (const { path, section } of [...toTheEnd, ...chinese]) await checkGoldenRun(site, path, section);
  const path = english.find(({ section }) => section === "manual-mlp")?.path;
  if (path) {
    await checkSettings(site, path);
    await checkSharedLink(site, path);
    await checkStop(site, path);
  }
  const stepped = english.find(({ section }) => section === "adam")?.path;
  if (stepped) await checkSteps(site, stepped);
  const needing = sections.find(({ needs, model }) => needs && !model);
  if (needing) await checkNeeds(site, needing.path);
  for (const drawing of sections.filter(({ model }) => model)) await checkDrawing(site, drawing.path);
}

/** A site without programs would pass without a run. @param {string[]} pages */
function withoutRuns(pages) {
  return sectionPages(pages).length > 0 ? [] : ["no page has a program: build the site without --no-programs, with the target wasm32-wasip1"];
}

const pages = filesBelow(folder).filter((path) => path.endsWith(".html")).sort();
const server = await serve();
const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
const site = { browser, origin: `http://127.0.0.1:${port}` };
await check(`every link and picture of ${pages.length} pages leads somewhere`, async () => deadLinks(pages));
await checkLoading(site, pages);
await checkFiles(site, pages);
await checkAccess(site, pages);
await check("sections can be run", async () => withoutRuns(pages));
await checkRuns(site, pages);
await browser.close();
server.close();
console.log(failures === 0 ? "all checks pass" : `${failures} checks failed`);
process.exitCode = failures === 0 ? 0 : 1;
