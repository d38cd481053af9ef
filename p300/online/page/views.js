// What is seen: the matrix, the text, what is known. Nothing here talks to the server.

const $ = (id) => document.getElementById(id);

function made(tag, about = {}, ...inside) {
  const one = document.createElement(tag);
  for (const [key, value] of Object.entries(about)) {
    if (key in one) one[key] = value; else one.setAttribute(key, value);
  }
  one.append(...inside);
  return one;
}

export class Matrix {
  // gaze(symbol or null): where the pointer or the keyboard's focus is, in free spelling
  constructor(rows, gaze) {
    this.cells = new Map();
    this.width = rows[0].length;
    this.gaze = gaze;
    const lines = rows.map((row) => made("div", { role: "row" }, ...row.map((symbol) => {
      const cell = made("div", { className: "cell", role: "gridcell", tabIndex: -1, textContent: symbol });
      cell.dataset.symbol = symbol;
      cell.onfocus = () => this.#look(cell);
      this.cells.set(symbol, cell);
      return cell;
    })));
    const place = $("matrix");
    place.replaceChildren(...lines);
    // A word of several letters has to fit into its cell, too.
    const longest = Math.max(...rows.flat().map((symbol) => [...symbol].length));
    place.style.setProperty("--columns", this.width);
    place.style.setProperty("--letters", Math.max(1, 0.6 * longest));
    place.onpointerover = (event) => this.#look(event.target.closest(".cell"));
    place.onpointerleave = () => this.#look(null);
    place.onkeydown = (event) => this.#move(event);
    this.free = false;
  }

  dress({ look, colour, size, free }) {
    const place = $("matrix");
    place.className = [look, free ? "free" : ""].join(" ").trim();
    document.documentElement.style.setProperty("--flash", colour);
    document.documentElement.style.setProperty("--size", size / 100);
    this.free = free;
    [...this.cells.values()].forEach((cell, k) => { cell.tabIndex = free && k === 0 ? 0 : -1; });
  }

  light(symbols) {
    for (const cell of this.lit ?? []) cell.classList.remove("lit");
    this.lit = symbols.map((symbol) => this.cells.get(symbol));
    for (const cell of this.lit) cell.classList.add("lit");
  }

  // One symbol at most has a mark: "cued", "chosen" or "gazed".
  mark(kind, symbol) {
    for (const cell of this.cells.values()) cell.classList.remove(kind);
    this.cells.get(symbol)?.classList.add(kind);
  }

  #look(cell) {
    if (!this.free) return;
    const symbol = cell?.dataset.symbol ?? null;
    this.mark("gazed", symbol);
    this.gaze(symbol);
  }

  #move(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.width, ArrowDown: this.width }[event.key];
    if (!step || !this.free) return;
    event.preventDefault();
    const all = [...this.cells.values()], next = all[all.indexOf(event.target) + step];
    if (!next) return;
    for (const cell of all) cell.tabIndex = cell === next ? 0 : -1;
    next.focus();
  }
}

export function showText(text, copy) {
  $("copied").replaceChildren(...copy.map((symbol, k) =>
    made("span", { className: k === text.length ? "now" : "", textContent: symbol })));
  $("text").replaceChildren(...text.map((symbol, k) => {
    const judged = copy.length ? (symbol === copy[k] ? "right" : "wrong") : "";
    return made("span", { className: judged, textContent: symbol });
  }), text.length ? "" : "\u00a0");
}

export class Knowledge {
  constructor(symbols, columns) {
    this.bars = new Map();
    const place = $("posterior");
    place.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
    place.replaceChildren(...symbols.map((symbol) => {
      const fill = made("span", { className: "fill" }), percent = made("span", { className: "percent" });
      const one = made("div", { className: "one" }, fill, made("span", { className: "of", textContent: symbol }), percent);
      this.bars.set(symbol, { one, fill, percent });
      return one;
    }));
    $("history").replaceChildren(made("li", { className: "none", textContent: "none yet" }));
    $("log").replaceChildren();
    for (const id of ["repetition", "bits", "right"]) $(id).textContent = "–";
    this.posterior({});
  }

  repetition(k) { $("repetition").textContent = k; }

  posterior(probabilities) {
    for (const [symbol, { one, fill, percent }] of this.bars) {
      const p = probabilities[symbol] ?? 1 / this.bars.size;
      fill.style.height = `${100 * p}%`;
      percent.textContent = p >= 0.045 ? `${Math.round(100 * p)} %` : "";
      one.classList.toggle("likely", p >= 0.2);
    }
    const told = Object.entries(probabilities).sort((a, b) => b[1] - a[1]).slice(0, 3)
      .map(([symbol, p]) => `${symbol || "nobody attends"} ${Math.round(100 * p)} percent`);
    $("posterior").setAttribute("aria-label", `Posterior: ${told.join(", ") || "nothing known yet"}`);
  }

  decided({ symbol, repetitions, posterior }, right) {
    $("history").querySelector(".none")?.remove();
    const bar = made("span", { className: "bar" });
    bar.style.height = `${4 * repetitions}px`;
    const shown = symbol || "∅";
    $("history").append(made("li", {
      className: right === false ? "wrong" : "",
      title: `${symbol || "nothing"} after ${repetitions} repetitions, posterior ${posterior.toFixed(2)}`,
    }, made("span", { textContent: repetitions }), bar, made("span", { className: "letter", textContent: shown })));
    $("history").scrollLeft = $("history").scrollWidth;
  }

  rate({ bits_per_minute: bits, characters, right }) {
    $("bits").textContent = bits.toFixed(1);
    $("right").textContent = right === null ? "–" : `${right}/${characters}`;
  }

  log(text, isFault = false) {
    $("log").prepend(made("li", { className: isFault ? "fault" : "", textContent: text }));
    while ($("log").children.length > 50) $("log").lastChild.remove();
  }
}

export function status(text, bad = false) {
  $("status").textContent = text;
  $("status").classList.toggle("bad", bad);
}

export { $ };
