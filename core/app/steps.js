// What a step needs of the browser: keys that turn it, a history with one entry a step, the top of the page, the focus.

// Streamlit pushes an entry for every parameter that comes or goes with a step. Going back would then meet addresses
// that never were on screen. Only a change of page or step is an entry; the rest corrects the newest one.
function keepOneEntryAStep() {
  if (window.reglabHistory) return;
  window.reglabHistory = true;
  const push = history.pushState.bind(history);
  history.pushState = (state, title, url) => {
    const here = new URL(location.href);
    const there = new URL(url ?? "", here);
    const same = ["step", "whole"].every((key) => here.searchParams.get(key) === there.searchParams.get(key));
    if (same && here.pathname === there.pathname) history.replaceState(state, title, url);
    else push(state, title, url);
  };
}

// A key turns the step only when nothing else has a use for it: no widget, table, tab or scene has the focus.
function isFree(target) {
  if (!(target instanceof Element)) return true;
  return !target.closest(
    "input, textarea, select, button, summary, [contenteditable], [role=slider], [role=tab], [role=listbox], " +
      "[role=radiogroup], [role=dialog], [data-testid=stDataFrame], .reglab-scene",
  );
}

const TURNS = { ArrowLeft: "step_back", ArrowRight: "step_next", PageUp: "step_back", PageDown: "step_next" };

function onKey(event) {
  const turn = TURNS[event.key];
  if (!turn || event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (event.key.startsWith("Page") && !window.reglabPresenting) return; // there they scroll
  if (!isFree(event.target)) return;
  const button = document.querySelector(`.st-key-${turn} button, .st-key-${turn} a`);
  if (!button || button.disabled) return;
  event.preventDefault();
  button.click();
}

export default function ({ data }) {
  keepOneEntryAStep();
  window.reglabPresenting = data.presenting;
  if (!window.reglabKeys) {
    window.reglabKeys = onKey;
    window.addEventListener("keydown", (event) => window.reglabKeys(event));
  }
  const shown = `${data.lesson}/${data.step}`;
  if (window.reglabStep !== undefined && window.reglabStep !== shown) {
    document.querySelector(".st-key-step_list button[aria-expanded=true]")?.click(); // it would cover the new step
    document.querySelector("[data-testid=stMain]")?.scrollTo({ top: 0 });
    const heading = document.querySelector("h1");
    if (heading) {
      heading.tabIndex = -1;
      heading.style.outline = "none";
      heading.focus({ preventScroll: true });
    }
  }
  window.reglabStep = shown;
}
