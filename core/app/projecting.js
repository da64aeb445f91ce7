// The windows of a presentation, the screen and its notes: what one is turned to, the other turns to; `b` blanks the
// screen; the notes open in a window of their own. A page without steps is one of the windows too, but is at no place.

const hall = (window.reglabHall ??= { pending: [], place: undefined, data: null, isBlank: false });
const LATE = 5000; // ms after which a turn that was asked for is no longer expected

const nameOf = ({ lesson, step }) => `${lesson}/${step}`;
const tell = (message) => hall.channel.postMessage(message);
const tellPlace = () => tell({ place: { lesson: hall.data.lesson, step: hall.data.step } });

function onMessage({ data: message }) {
  if (!hall.data) return;
  if (message.asks && !hall.data.isNotes) {
    if (hall.data.step) tellPlace();
    tell({ isBlank: hall.isBlank });
  }
  if ("isBlank" in message) blank(message.isBlank);
  if (message.place) followTo(message.place);
}

function followTo(place) {
  hall.pending = hall.pending.filter(({ at }) => Date.now() - at < LATE);
  const target = hall.pending.at(-1)?.name ?? hall.place;
  if (nameOf(place) === target) return;
  hall.pending.push({ name: nameOf(place), at: Date.now() });
  hall.turn(place);
}

// A turn that another window asked for is not told again: two windows would chase each other.
function arrive(data) {
  const isFirst = hall.place === undefined;
  const place = nameOf(data);
  if (!data.step || hall.place === place) return;
  hall.place = place;
  const asked = hall.pending.findIndex(({ name }) => name === place);
  if (asked >= 0) hall.pending.splice(0, asked + 1);
  else if (isFirst && data.isNotes) tell({ asks: true });
  else tellPlace();
}

function blank(isBlank) {
  hall.isBlank = isBlank;
  document.querySelector(".reglab-blank")?.remove();
  if (!isBlank) return;
  const cover = document.createElement("div");
  cover.className = "reglab-blank";
  if (hall.data.isNotes) cover.textContent = "The screen is blank: b brings it back.";
  else cover.addEventListener("click", () => blankAll(false));
  document.body.append(cover);
}

function blankAll(isBlank) {
  blank(isBlank);
  tell({ isBlank });
}

const TYPED_IN = "input:not([type=range], [type=checkbox], [type=radio]), textarea, select, [contenteditable], " +
  "[role=listbox], [role=combobox], [data-testid=stDataFrame]";

function onKey(event) {
  if (!hall.data || event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.target instanceof Element && event.target.closest(TYPED_IN)) return;
  const isKey = ["b", "B", "."].includes(event.key) || (event.key === "Escape" && hall.isBlank);
  if (!isKey || event.repeat) return;
  event.preventDefault();
  blankAll(!hall.isBlank);
}

// After the mouse has moved a slider or pressed a button, the clicker is to turn the step, not to move the slider.
function onRelease() {
  setTimeout(() => {
    const focused = document.activeElement;
    if (hall.data && focused?.closest("[data-testid=stSlider], [data-testid=stButtonGroup], [data-testid=stButton], "
      + "[data-testid=stCheckbox]")) focused.blur();
  });
}

function onClick(event) {
  if (!hall.data || !(event.target instanceof Element) || !event.target.closest(".st-key-open_notes button")) return;
  const asked = new URLSearchParams({ step: hall.data.step, notes: "true" });
  for (const key of ["hide", "plan"]) {
    const value = new URLSearchParams(location.search).get(key);
    if (value) asked.set(key, value);
  }
  window.open(`${location.pathname}?${asked}`, "reglab-notes", "popup,width=900,height=760");
}

function begin() {
  hall.channel = new BroadcastChannel("reglab-presentation");
  hall.channel.addEventListener("message", onMessage);
  window.addEventListener("keydown", onKey);
  window.addEventListener("pointerup", onRelease);
  document.addEventListener("click", onClick, true);
}

export default function ({ data, setTriggerValue }) {
  if (!hall.channel) begin();
  hall.data = data;
  hall.turn = (place) => setTriggerValue("turn", place);
  arrive(data);
  return () => {
    hall.data = null;
    hall.place = undefined;
    hall.pending = [];
    blank(false);
  };
}
