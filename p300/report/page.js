"use strict";
// The page says all it has to say without this: here tables are sorted, what is wider than its place
// is marked, and what is folded is opened for printing.
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  const groups = [...table.tBodies].map((body) => ({ body, rows: [...body.rows] }));
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const next = { ascending: "descending", descending: null }[head.ariaSort];
      const order = next === undefined ? "ascending" : next;
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      if (order) head.setAttribute("aria-sort", order);
      groups.forEach(({ body, rows }) => body.append(...(order ? sorted(rows, column, order) : rows)));
    });
  });
}

// Heads, means and what follows them keep their places; a row takes the lines under it along.
function sorted(rows, column, order) {
  const parts = [];
  for (const row of rows) {
    const last = parts[parts.length - 1];
    if (row.className === "range" && last && last.moves) last.rows.push(row);
    else parts.push({ rows: [row], moves: row.className === "" });
  }
  const moving = parts.filter((part) => part.moves);
  const texts = moving.map((part) => part.rows[0].cells[column].textContent.trim());
  const numbers = texts.map(number);
  const counts = texts.every((text, k) => missing(text) || !Number.isNaN(numbers[k]));
  const sign = order === "ascending" ? 1 : -1;
  const ranked = moving.map((part, k) => ({ part, text: texts[k], number: numbers[k] }));
  ranked.sort((a, b) => {
    if (missing(a.text) || missing(b.text)) return missing(a.text) - missing(b.text);
    return sign * (counts ? a.number - b.number : a.text.localeCompare(b.text, "en", { numeric: true }));
  });
  let k = 0;
  return parts.flatMap((part) => (part.moves ? ranked[k++].part : part).rows);
}

function missing(text) {
  return text === "" || text === "–";
}

function number(text) {
  const found = /^(< ?)?([+−-]?[\d,]*\.?\d+)/.exec(text);
  if (!found) return NaN;
  const value = Number(found[2].replace("−", "-").replaceAll(",", ""));
  return found[1] ? value - 1e-9 : value;
}

const places = document.querySelectorAll(".scroll");
function mark() {
  for (const place of places) {
    const more = place.scrollWidth > place.clientWidth + 1;
    place.classList.toggle("more", more);
    if (more) place.tabIndex = 0;
    else place.removeAttribute("tabindex");
  }
}
mark();
addEventListener("resize", mark);
addEventListener("load", mark);
document.addEventListener("toggle", mark, true);

let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details:not([open])")];
  opened.forEach((details) => (details.open = true));
});
addEventListener("afterprint", () => opened.forEach((details) => (details.open = false)));
