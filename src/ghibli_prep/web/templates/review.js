// The filter's decisions: cards are made as the reader comes near them, from texts that are never taken for HTML.
"use strict";
const DATA = JSON.parse(document.getElementById("data").textContent);
const CHUNK = 60;
const LONGEST = 6000; // letters of a command: Windows takes 8,191
const KEY = `ghibli-prep review ${JSON.stringify(DATA.options)}`;
const windows = /win/i.test(navigator.platform);
const sheet = document.getElementById("sheet");
const controls = Object.fromEntries(
  ["search", "state", "reason", "by", "film"].map((name) => [name, document.getElementById(name)]));
const bySource = new Map(DATA.pictures.map((picture) => [picture.source, picture]));
let marks = remembered(); // source: "keep" or "drop"
let fitting = [];
let made = 0;

function remembered() {
  try {
    const known = JSON.parse(localStorage.getItem(KEY) || "{}");
    return new Map(Object.entries(known).filter(([source]) => bySource.has(source)));
  } catch { return new Map(); } // a browser that keeps nothing for files
}

function remember() {
  try { localStorage.setItem(KEY, JSON.stringify(Object.fromEntries(marks))); } catch { /* see above */ }
}

function element(kind, className, text) {
  const one = document.createElement(kind);
  if (className) one.className = className;
  if (text !== undefined) one.textContent = text;
  return one;
}

function bar(value) {
  const row = element("div", "value");
  const end = Math.max(1, value.review * 1.25, Math.min(value.value, 2));
  const scale = element("div", "scale");
  const place = (part, at) => { part.style.left = `${100 * Math.min(1, Math.max(0, at / end))}%`; return part; };
  scale.append(place(element("i", "drop"), value.drop), place(element("i", "review"), value.review),
    place(element("b", value.value < value.drop ? "low" : value.value < value.review ? "between" : ""), value.value));
  scale.setAttribute("role", "img");
  scale.setAttribute("aria-label", `${value.by}: ${value.value}; drops below ${value.drop}, flags below ${value.review}`);
  scale.title = scale.getAttribute("aria-label");
  row.append(element("span", "", value.by), scale, element("span", "number", value.value.toFixed(2)));
  return row;
}

function picture(of, className) {
  const image = element("img", className);
  image.alt = of.source;
  image.decoding = "async";
  if (of.image) image.src = `data:image/webp;base64,${of.image}`;
  return image;
}

function card(one) {
  const figure = element("figure");
  figure.tabIndex = 0;
  figure.setAttribute("role", "button");
  figure.dataset.source = one.source;
  const caption = element("figcaption");
  const badges = element("div", "badges");
  badges.append(element("span", `badge ${one.state}`, one.reason ? `${one.state}: ${one.reason}` : one.state));
  if (one.by === "user") badges.append(element("span", "badge edited", "by you"));
  badges.append(element("span", "badge mark"));
  caption.append(badges, element("p", "", one.source));
  for (const detail of one.details) {
    caption.append(element("p", "soft", detail));
    const other = bySource.get(detail.replace(/^a copy of /, ""));
    if (other) caption.append(picture(other, "other"));
  }
  caption.append(...one.values.map(bar));
  figure.append(picture(one), caption);
  figure.addEventListener("click", () => { figure.focus(); mark(figure, marks.has(one.source) ? "" : opposite(one)); });
  paint(figure);
  return figure;
}

const opposite = (one) => (one.state === "dropped" ? "keep" : "drop");

function mark(figure, what) {
  const one = bySource.get(figure.dataset.source);
  const same = what === "keep" ? one.state === "kept" : what === "drop" && one.state === "dropped";
  if (what && !same) marks.set(one.source, what); else marks.delete(one.source);
  remember();
  paint(figure);
  tell();
}

function paint(figure) {
  const what = marks.get(figure.dataset.source) || "";
  figure.dataset.mark = what;
  figure.setAttribute("aria-pressed", String(Boolean(what)));
  figure.querySelector(".mark").textContent = what ? `to ${what}` : "";
}

function quoted(text) {
  if (/^[\w@%+=:,./-]+$/.test(text) || (windows && /^[\w@+=:,.\/\\-]+$/.test(text))) return text;
  return windows ? `"${text}"` : `'${text.replaceAll("'", "'\\''")}'`;
}

function commandsTo(what) {
  const start = ["ghibli-prep", what, ...DATA.options.flatMap(([name, value]) => [name, quoted(value)])].join(" ");
  const lines = [];
  for (const [source, chosen] of marks) {
    if (chosen !== what) continue;
    const file = quoted(bySource.get(source).file);
    if (!lines.length || lines[lines.length - 1].length + file.length > LONGEST) lines.push(start);
    lines[lines.length - 1] += ` ${file}`;
  }
  return lines;
}

function tell() {
  const lines = [...commandsTo("keep"), ...commandsTo("drop")];
  document.getElementById("overruled").hidden = !lines.length;
  document.getElementById("commands").textContent = lines.join("\n");
  document.getElementById("count").textContent =
    `${marks.size.toLocaleString()} overruled. Run this in the folder where you ran the filter:`;
}

function makeMore(count = CHUNK) {
  const next = fitting.slice(made, made + count);
  made += next.length;
  sheet.append(...next.map(card));
}

function show() {
  const words = controls.search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const is = (name, values) => controls[name].value === "" || values.includes(controls[name].value);
  fitting = DATA.pictures.filter((one) => {
    const said = `${one.source} ${one.reason} ${one.state} ${one.details.join(" ")}`.toLowerCase();
    return words.every((word) => said.includes(word)) && is("state", [one.state]) && is("reason", [one.reason])
      && is("by", one.values.filter((value) => value.value < value.review).map((value) => value.by)) && is("film", [one.film]);
  });
  made = 0;
  sheet.replaceChildren();
  makeMore();
  document.getElementById("shown").textContent =
    `${fitting.length.toLocaleString()} of ${DATA.pictures.length.toLocaleString()} frames`;
}

function offer(name, values) {
  const known = [...new Set(values)].filter(Boolean).sort();
  controls[name].append(new Option("all", ""), ...known.map((value) => new Option(value, value)));
  controls[name].parentElement.style.display = known.length < 2 ? "none" : "";
}

offer("state", DATA.pictures.map((one) => one.state));
offer("reason", DATA.pictures.map((one) => one.reason));
offer("by", DATA.pictures.flatMap((one) => one.values.filter((value) => value.value < value.review).map((value) => value.by)));
offer("film", DATA.pictures.map((one) => one.film));
for (const control of Object.values(controls)) control.addEventListener("input", show);
document.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
document.getElementById("copy").addEventListener("click", async () => {
  const commands = document.getElementById("commands");
  getSelection().selectAllChildren(commands); // where the browser lets no page copy, it is marked to be copied by hand
  try { await navigator.clipboard.writeText(commands.textContent); } catch { document.execCommand("copy"); }
});
document.getElementById("forget").addEventListener("click", () => {
  marks = new Map();
  remember();
  for (const figure of sheet.children) paint(figure);
  tell();
});
sheet.addEventListener("keydown", (event) => {
  const figure = event.target.closest("figure");
  if (!figure || event.ctrlKey || event.metaKey || event.altKey) return;
  const cards = [...sheet.children];
  const at = cards.indexOf(figure);
  const columns = getComputedStyle(sheet).gridTemplateColumns.split(" ").length;
  const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns };
  const next = cards[at + (steps[event.key] ?? NaN)];
  if (event.key in steps) next?.focus();
  else if (event.key === "k") mark(figure, "keep");
  else if (event.key === "d") mark(figure, "drop");
  else if (event.key === "u") mark(figure, "");
  else if (event.key === "Enter" || event.key === " ") figure.click();
  else return;
  event.preventDefault();
});
new IntersectionObserver((seen) => { if (seen.some((one) => one.isIntersecting)) makeMore(); }, { rootMargin: "1200px" })
  .observe(document.getElementById("more"));
window.addEventListener("beforeprint", () => makeMore(Infinity));
show();
tell();
document.documentElement.dataset.ready = "all";
