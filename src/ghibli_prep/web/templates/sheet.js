// The contact sheet: cards are made as the reader comes near them, from texts that are never taken for HTML.
"use strict";
const DATA = JSON.parse(document.getElementById("data").textContent);
const CHUNK = 60;
const sheet = document.getElementById("sheet");
const controls = Object.fromEntries(
  ["search", "film", "model", "state", "rule", "sort"].map((name) => [name, document.getElementById(name)]));
let fitting = [];
let made = 0;

function element(kind, className, text) {
  const one = document.createElement(kind);
  if (className) one.className = className;
  if (text !== undefined) one.textContent = text;
  return one;
}

function card(picture) {
  const figure = element("figure");
  const image = element("img");
  image.alt = picture.text || `picture ${picture.n}, without a caption`;
  image.decoding = "async";
  if (picture.image) image.src = `data:image/webp;base64,${picture.image}`;
  const caption = element("figcaption");
  const badges = element("div", "badges");
  badges.append(element("span", "badge", `${picture.n}.jpg`));
  if (picture.film) badges.append(element("span", "badge", picture.film));
  if (picture.state !== "captioned") badges.append(element("span", `badge ${picture.state}`, picture.state));
  if (picture.edited) badges.append(element("span", "badge edited", "edited by hand"));
  for (const rule of picture.rules) badges.append(element("span", "badge rule", rule));
  caption.append(badges, element("p", "", picture.text));
  if (picture.model) caption.append(element("div", "soft", `${picture.model} · ${picture.words} words`));
  figure.append(image, caption);
  return figure;
}

function makeMore(count = CHUNK) {
  const next = fitting.slice(made, made + count);
  made += next.length;
  sheet.append(...next.map(card));
}

const ORDERS = {
  n: (a, b) => a.n - b.n,
  shortest: (a, b) => a.words - b.words,
  longest: (a, b) => b.words - a.words,
  darkest: (a, b) => a.light - b.light,
  brightest: (a, b) => b.light - a.light,
};

function show() {
  const words = controls.search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const is = (name, value) => controls[name].value === "" || controls[name].value === value;
  fitting = DATA.pictures.filter((picture) => {
    const said = `${picture.text} ${picture.n}.jpg ${picture.film}`.toLowerCase();
    const states = picture.edited ? ["edited by hand", picture.state] : [picture.state];
    return words.every((word) => said.includes(word)) && is("film", picture.film) && is("model", picture.model)
      && states.some((state) => is("state", state))
      && (controls.rule.value === "" || picture.rules.includes(controls.rule.value));
  }).sort(ORDERS[controls.sort.value]);
  made = 0;
  sheet.replaceChildren();
  makeMore();
  document.getElementById("shown").textContent =
    `${fitting.length.toLocaleString()} of ${DATA.pictures.length.toLocaleString()} pictures`;
}

function offer(name, values) {
  const known = [...new Set(values)].filter(Boolean).sort();
  controls[name].append(new Option("all", ""), ...known.map((value) => new Option(value, value)));
  controls[name].parentElement.hidden = known.length < 2 && name !== "rule";
  controls[name].parentElement.style.display = known.length < (name === "rule" ? 1 : 2) ? "none" : "";
}

offer("film", DATA.pictures.map((picture) => picture.film));
offer("model", DATA.pictures.map((picture) => picture.model));
offer("state", DATA.pictures.flatMap((picture) => picture.edited ? [picture.state, "edited by hand"] : [picture.state]));
offer("rule", DATA.pictures.flatMap((picture) => picture.rules));
for (const control of Object.values(controls)) control.addEventListener("input", show);
document.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
new IntersectionObserver((seen) => { if (seen.some((one) => one.isIntersecting)) makeMore(); }, { rootMargin: "1200px" })
  .observe(document.getElementById("more"));
window.addEventListener("beforeprint", () => makeMore(Infinity));
show();
document.documentElement.dataset.ready = "sheet";
