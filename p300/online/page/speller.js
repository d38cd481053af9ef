// The page: what the server tells is shown, what the person does is told. docs/online_page.md has
// the messages.

import { Flashes } from "./flashes.js";
import { Link } from "./link.js";
import { $, Knowledge, Matrix, showText, status } from "./views.js";

const LEAD_MS = 1000;  // before flashes go on after a pause

let welcome, matrix, knowledge, groups = {}, paused = false, shown = null, look = {};

const link = new Link(hear, closed);
const flashes = new Flashes(
  (code) => matrix.light(code === null ? [] : groups[code]),
  (code, repetition, now) => {
    const marker = { flash: code, character: shown.character, repetition };
    if (shown.target !== null) marker.target = groups[code].includes(shown.target);
    link.say({ do: "mark", at: link.at(now), marker });
    matrix.mark("chosen", null);
    knowledge.repetition(repetition);
  },
  () => endCharacter(),
);

const HEARD = {
  welcome(told) {
    welcome = told;
    link.speed = told.speed;
    $("person").textContent = told.person;
    status("Ready");
    if (told.running) {
      begin(told.running);
      pauseWith("Go on");
      status("A session is running; the page was reloaded");
    } else $("start").hidden = false;
    hint();
  },
  preparing() { status("Preparing the detector …"); },
  started(told) {
    begin(told);
    status("Spelling");
  },
  character(told) {
    shown = told;
    knowledge.posterior({});
    matrix.mark("cued", told.target);
    $("cue").textContent = told.target ? `Attend to ${told.target}` : "Attend to a symbol";
    knowledge.repetition("–");
    flashes.begin(told.order, 1000 * told.pause / link.speed, 1000 * look.interval / link.speed);
    if (paused) flashes.halt();
  },
  posterior(told) { if (told.character === shown?.character) knowledge.posterior(told.probabilities); },
  decision(told) {
    const target = shown?.target ?? null;
    endCharacter();
    matrix.mark("chosen", told.symbol);
    knowledge.decided(told, target === null ? undefined : told.symbol === target);
    const found = told.symbol || "nothing";
    const way = told.forced ? "the last repetition" : `posterior ${Math.round(100 * told.posterior)} %`;
    knowledge.log(`${found} after ${told.repetitions} repetitions (${way})`);
  },
  learned(told) { knowledge.log(`learned from character ${told.character}${told.trusted ? "" : ", not trusted"}`); },
  text(told) { showText(told.text, told.copy); },
  rate(told) { knowledge.rate(told); },
  over(told) {
    flashes.halt();
    shown = null;
    matrix.mark("cued", null);
    status("Over");
    $("cue").textContent = `Stored in ${told.file}`;
    buttons(false);
    $("again").hidden = false;
  },
  refused(told) { status(`Turned away: ${told.text}`, true); },
  error(told) {
    if ($("session").hidden || !shown) status(told.text, true);
    else knowledge.log(told.text, true);
  },
};
const QUIET = new Set(["paused", "gone on", "corrected"]);

function hear(told) {
  if (HEARD[told.event]) HEARD[told.event](told);
  else if (!QUIET.has(told.event)) knowledge?.log(`${told.event}: ${told.text}`, true);
}

function closed(event) {
  flashes.halt();
  $("start").hidden = $("again").hidden = true;
  buttons(false);
  if (event.code !== 4409) status("The server has stopped. Start p300 speller again.", true);
}

// The flashes of a character are over, because it is decided or all were shown.
function endCharacter() {
  if (!shown) return;
  flashes.halt();
  link.say({ do: "mark", at: link.at(performance.now()), marker: { end: shown.character } });
  shown = null;
}

function begin(told) {
  groups = told.groups;
  look = {
    look: $("look").value, colour: $("colour").value, size: Number($("size").value),
    interval: Number($("interval").value), free: !told.copy.length,
  };
  matrix = new Matrix(welcome.rows, (symbol) => link.say({ do: "attend", symbol }));
  matrix.dress(look);
  knowledge = new Knowledge(told.symbols, welcome.rows[0].length);
  showText(told.text, told.copy);
  for (const one of told.decided) knowledge.decided(one);
  paused = false;
  $("pause").textContent = "Pause";
  buttons(true);
  for (const id of ["session", "live"]) $(id).hidden = false;
  document.querySelector("main").classList.add("running");
  $("start").hidden = $("again").hidden = true;
}

function buttons(on) {
  for (const id of ["pause", "correct", "end"]) $(id).disabled = !on;
}

function pauseWith(name) {
  paused = true;
  flashes.halt();
  $("pause").textContent = name;
}

function pause() {
  if ($("pause").disabled) return;  // no session is running
  if (!paused) {
    link.say({ do: "pause" });
    pauseWith("Go on");
    status("Paused");
    return;
  }
  paused = false;
  $("pause").textContent = "Pause";
  status("Spelling");
  if (shown) {
    link.say({ do: "go_on" });
    flashes.goOn(LEAD_MS / link.speed);
  } else link.say({ do: "resume" });
}

function hint() {
  const copy = $("start").elements.mode.value === "copy";
  $("copy").disabled = !copy;
  $("mode-hint").textContent = !welcome?.simulated ? "" : copy
    ? "The simulated person attends to each letter of the text in turn."
    : "The simulated person attends to the symbol under the mouse, or the one that has the keyboard's focus (arrow keys).";
}

$("start").addEventListener("change", hint);
$("start").addEventListener("submit", (event) => {
  event.preventDefault();
  const copy = $("start").elements.mode.value === "copy" ? $("copy").value.trim() : "";
  if ($("start").elements.mode.value === "copy" && !copy) return status("Write the text to copy", true);
  if (!link.synchronised) return status("Waiting for the server's clock", true);
  status("Starting …");
  link.say({ do: "start", paradigm: $("paradigm").value, copy });
});
$("pause").addEventListener("click", pause);
$("correct").addEventListener("click", () => link.say({ do: "correct" }));
$("end").addEventListener("click", () => { flashes.halt(); link.say({ do: "end" }); });
$("again").addEventListener("click", () => {
  for (const id of ["session", "live"]) $(id).hidden = true;
  document.querySelector("main").classList.remove("running");
  $("start").hidden = false;
  status("Ready");
});
document.addEventListener("keydown", (event) => {
  if ($("session").hidden || event.target.closest("button, input, select")) return;
  if (event.key === " ") { event.preventDefault(); pause(); }
  if (event.key === "Backspace") { event.preventDefault(); link.say({ do: "correct" }); }
});
// A hidden page gets no frames: without a pause its flashes would stand still.
document.addEventListener("visibilitychange", () => {
  if (document.hidden && shown && !paused) pause();
});
