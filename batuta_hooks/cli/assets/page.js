"use strict";
const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];
const find = document.getElementById("find");
const onlyAction = document.getElementById("action");
const boxes = all(".by-health");
const rows = all("tr.crate");

function filter() {
  const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
  const healths = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
  const matches = (one) => words.every((word) => one.dataset.text.includes(word));
  let shown = 0;
  for (const row of rows) {
    row.hidden = !(healths.has(row.dataset.health) && matches(row) &&
      !(onlyAction.checked && row.dataset.action !== "yes"));
    shown += row.hidden ? 0 : 1;
  }
  for (const body of all("#crates tbody")) {
    body.hidden = !all("tr.crate", body).some((row) => !row.hidden);
  }
  for (const one of all(".findings li")) {
    one.hidden = !matches(one);
  }
  document.getElementById("shown").textContent = `${shown} of ${rows.length} crates shown`;
}

for (const input of [find, onlyAction, ...boxes]) {
  input.addEventListener("input", filter);
}
document.querySelector(".filters").hidden = false;
filter();

addEventListener("keydown", (event) => {
  const typing = document.activeElement === find;
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    find.focus();
  } else if (event.key === "Escape" && typing) {
    find.value = "";
    filter();
  }
});

const theme = document.getElementById("theme");
theme.hidden = false;
theme.addEventListener("click", () => {
  const root = document.documentElement;
  const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = isDark ? "light" : "dark";
});

// A link to a row that a filter hides shows all rows first.
addEventListener("click", (event) => {
  const link = event.target.closest ? event.target.closest('a[href^="#crate-"]') : null;
  const row = link && document.getElementById(link.getAttribute("href").slice(1));
  if (row && row.hidden) {
    find.value = "";
    onlyAction.checked = false;
    boxes.forEach((box) => { box.checked = true; });
    filter();
  }
});

const graph = document.getElementById("graph");
if (graph) {
  const nodes = new Map(all(".node", graph).map((node) => [node.dataset.node, node]));
  const edges = all(".edge", graph);
  const look = (number) => {
    graph.classList.toggle("looking", number !== null);
    for (const node of nodes.values()) {
      node.classList.toggle("near", node.dataset.node === number);
    }
    for (const edge of edges) {
      const isNear = number !== null && (edge.dataset.from === number || edge.dataset.to === number);
      edge.classList.toggle("near", isNear);
      if (isNear) {
        nodes.get(edge.dataset.from).classList.add("near");
        nodes.get(edge.dataset.to).classList.add("near");
      }
    }
  };
  for (const [number, node] of nodes) {
    node.addEventListener("mouseenter", () => look(number));
    node.addEventListener("mouseleave", () => look(null));
    node.addEventListener("focus", () => look(number));
    node.addEventListener("blur", () => look(null));
  }
}
