// What Streamlit's own buttons leave out: a chart as SVG, a short table as CSV; and what its figures and formulas lack
// for keyboards and screen readers.

function save(text, type, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

// Named after the place in the course: "l1_l2-prices-chart-2.svg".
function nameOf(el, selector, kind) {
  const step = new URL(location.href).searchParams.get("step");
  const at = [...document.querySelectorAll(selector)].indexOf(el) + 1;
  return [location.pathname.split("/").pop() || "overview", step, kind, at].filter(Boolean).join("-");
}

const CHART = "[data-testid=stVegaLiteChart]", TABLE = "[data-testid=stTable]";

// Vega's drawing as a file of its own: with the page's background, as its text is light on dark or dark on light.
function asSvg(svg) {
  const copy = svg.cloneNode(true);
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("xmlns:xlink", "http://www.w3.org/1999/xlink");
  const { width, height } = svg.getBoundingClientRect();
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  const paper = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  paper.setAttribute("width", "100%");
  paper.setAttribute("height", "100%");
  paper.setAttribute("fill", getComputedStyle(document.querySelector(".stApp")).backgroundColor);
  copy.prepend(paper);
  return new XMLSerializer().serializeToString(copy);
}

// A cell's text; of a formula its source, which stands beside its picture.
function textOf(cell) {
  const copy = cell.cloneNode(true);
  for (const formula of copy.querySelectorAll(".katex")) {
    formula.replaceWith(formula.querySelector("annotation")?.textContent ?? "");
  }
  return copy.textContent.trim();
}

function asCsv(table) {
  const quoted = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const rows = [...table.querySelectorAll("tr")];
  return "\ufeff" + rows.map((row) => [...row.cells].map((cell) => quoted(textOf(cell))).join(",")).join("\r\n");
}

function button(label, className, onPress) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = `reglab-take ${className}`;
  made.textContent = label;
  made.title = `Download as ${label}`;
  made.setAttribute("aria-label", made.title);
  made.addEventListener("click", onPress);
  return made;
}

function addButtons() {
  for (const chart of document.querySelectorAll(CHART)) {
    const place = chart.closest(".stElementContainer")?.querySelector("[data-testid=stElementToolbarButtonContainer]");
    if (!place || place.querySelector(".reglab-svg")) continue;
    place.append(button("SVG", "reglab-svg", () => {
      save(asSvg(chart.querySelector("svg.marks")), "image/svg+xml", `${nameOf(chart, CHART, "chart")}.svg`);
    }));
  }
  for (const table of document.querySelectorAll(TABLE)) {
    const place = table.closest(".stElementContainer");
    if (!place || place.querySelector(".reglab-csv")) continue;
    place.append(button("CSV", "reglab-csv", () => {
      save(asCsv(table), "text/csv", `${nameOf(table, TABLE, "table")}.csv`);
    }));
  }
}

const SCROLLED = ".katex-display, pre, [data-testid=stTable] [data-testid=stMarkdownContainer]";

// Formulas, code and cells that are wider than their place are scrolled: by keys too. Vega gives the container of its
// marks no name.
function mend() {
  for (const el of document.querySelectorAll(SCROLLED)) {
    if (el.scrollWidth > el.clientWidth && el.clientWidth) el.tabIndex = 0;
    else el.removeAttribute("tabindex");
  }
  for (const marks of document.querySelectorAll("svg.marks g[role=graphics-symbol]:not([aria-label])")) {
    marks.setAttribute("aria-label", marks.getAttribute("aria-roledescription") ?? "marks");
  }
}

export default function () {
  if (window.reglabFigures) return;
  let soon;
  const look = () => {
    clearTimeout(soon);
    soon = setTimeout(() => { addButtons(); mend(); }, 150);
  };
  window.reglabFigures = new MutationObserver(look);
  window.reglabFigures.observe(document.body, { childList: true, subtree: true });
  window.addEventListener("resize", look);
  look();
}
