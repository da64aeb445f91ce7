// A Plotly figure that keeps its camera when its data change: a component over Plotly.react.

let loading;
function plotly(url) {
  if (window.Plotly) return Promise.resolve(window.Plotly);
  loading ??= load(url).catch((error) => { loading = undefined; throw error; });
  return loading;
}

// The server names neither an age nor a version of the file, so that a <script src> would fetch its 4.8 MB with each
// reload of a page. "force-cache" takes what the browser has kept, however old: the address changes with the version.
async function load(url) {
  const answer = await fetch(url, { cache: "force-cache" });
  if (!answer.ok) throw new Error("plotly.js could not be loaded");
  const script = document.createElement("script");
  script.src = URL.createObjectURL(await answer.blob());
  await new Promise((ready, failed) => {
    script.onload = ready;
    script.onerror = () => failed(new Error("plotly.js could not be read"));
    document.head.appendChild(script);
  });
  URL.revokeObjectURL(script.src);
  return window.Plotly;
}

// Figures of one group show the same view: turning one turns the others.
const groups = (window.reglabGroups ??= new Map());
function turnOthers(P, group, from, update) {
  const camera = update["scene.camera"];
  if (!camera) return;
  for (const el of groups.get(group) ?? []) {
    if (el === from || !el.isConnected || el.turning || !el._fullLayout?.scene) continue;
    el.turning = true;
    P.relayout(el, { "scene.camera": structuredClone(camera) }).finally(() => { el.turning = false; });
  }
}

// Plotly fits a scene to the height of its pane: in a narrow pane the axes would be cut off, in a wide one the surface
// would be small. At Plotly's distance 1 of ours, surface and numbers are 0.98 times as wide as the pane is high, and
// wider with larger numbers.
const NEAREST = 0.93, AS_WIDE = 0.98, WIDER = 0.016, NUMBERS = 12;
const asWide = (layout) => AS_WIDE + WIDER * Math.max(0, (layout.scene.zaxis.tickfont?.size ?? NUMBERS) - NUMBERS);
function fitted(layout, el, height) {
  const camera = layout.scene.camera;
  const back = Math.max(NEAREST, asWide(layout) * height / (el.clientWidth || height));
  const eye = Object.fromEntries(Object.entries(camera.eye).map(([axis, at]) => [axis, at * back]));
  return { ...camera, eye };
}

// Where there is no room beside the loss axis, its name stands in the corner above it.
function nameAbove(layout) {
  const name = layout.scene.zaxis.title?.text;
  if (!name) return;
  layout.scene.zaxis.title.text = "";
  layout.annotations = [{ text: `↑ ${name}`, x: 0, y: 1, xref: "paper", yref: "paper", xanchor: "left", yanchor: "top",
                          showarrow: false }];
}

export default function ({ data, parentElement }) {
  const el = parentElement.querySelector(".reglab-scene");
  const spec = drawable(data.spec, el); // scene_access.js
  el.style.height = data.height - (el.parentElement.querySelector(".reglab-flat")?.offsetHeight ?? 0) + "px";
  const style = getComputedStyle(parentElement);
  const text = style.getPropertyValue("--st-text-color") || style.color;
  const grid = "#9aa1ab"; // to be seen on light and dark
  const layout = structuredClone(spec.layout);
  layout.font = { ...layout.font, color: text, family: style.getPropertyValue("--st-font") || "sans-serif" };
  if (layout.scene && el.clientWidth && el.clientWidth < asWide(layout) * data.height) nameAbove(layout);
  const axes = [layout.xaxis, layout.yaxis, layout.scene?.xaxis, layout.scene?.yaxis, layout.scene?.zaxis];
  for (const axis of axes) if (axis) Object.assign(axis, { gridcolor: grid, zerolinecolor: grid, linecolor: grid });
  // The wheel scrolls the page; zooming a scene is done with the right button or two fingers.
  // Nothing is sent to a server: the button that would upload a chart is left out.
  const config = { displaylogo: false, responsive: true, scrollZoom: false,
                   modeBarButtonsToRemove: ["sendChartToCloud"],
                   toImageButtonOptions: { format: "png", scale: 2, filename: "surface" } };
  // A rerun that changed something else comes here too; drawing the same scene again would cost a phone its battery.
  const told = JSON.stringify([data.spec, text]);
  const isNew = el.told !== told;
  el.told = told;
  let left = false;
  plotly(data.plotly).then(async (P) => {
    if (left) return;
    takeKeys(el, P, data.alt, Boolean(layout.scene));
    // Plotly's uirevision keeps only what the mouse did; a view taken over from another scene is kept here.
    el.view = el._fullLayout?.scene?._scene?.getCamera() ?? el.view;
    if (layout.scene) layout.scene.camera = el.view ?? fitted(layout, el, data.height);
    if (isNew) await P.react(el, structuredClone(spec.data), layout, config);
    if (!data.group) return;
    if (!groups.has(data.group)) groups.set(data.group, new Set());
    groups.get(data.group).add(el);
    el.removeAllListeners?.("plotly_relayout");
    el.on("plotly_relayout", (update) => { if (!el.turning) turnOthers(P, data.group, el, update); });
  }).catch((error) => {
    el.textContent = `This figure cannot be drawn: ${error.message}. The table below has its numbers.`;
  });
  return () => { left = true; groups.get(data.group)?.delete(el); };
}
