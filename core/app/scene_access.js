// A scene without WebGL, which not every browser has, and without a mouse.

const NO_WEBGL = "This browser has no WebGL, which a 3-D picture needs, so the surface is drawn as contours.";

function hasWebGL() {
  if (window.reglabWebGL === undefined) {
    const drawn = document.createElement("canvas").getContext("webgl");
    window.reglabWebGL = Boolean(drawn);
    drawn?.getExtension("WEBGL_lose_context")?.loseContext(); // a browser lends few of them
  }
  return window.reglabWebGL;
}

// Three to seven round numbers between two, at which a colour bar can have ticks.
function roundTicks(low, high) {
  const raw = (high - low) / 5;
  const unit = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((m) => m * unit).find((size) => size >= raw);
  const first = Math.ceil(low / step), last = Math.floor(high / step);
  return Array.from({ length: last - first + 1 }, (_, n) => Number(((first + n) * step).toPrecision(6)));
}

// A surface in space as contours: the same numbers, colours and names, seen from above.
function asContours({ data, layout: { scene, ...layout } }) {
  const [low, high] = scene.zaxis.range;
  const { tickvals = roundTicks(low, high), ticktext } = scene.zaxis;
  const flat = {
    surface: ({ contours, cmin, cmax, showscale, ...trace }) => ({
      ...trace, type: "contour", zmin: low, zmax: high, autocontour: false,
      contours: { start: low, end: high, size: (high - low) / 24 },
      line: { width: 0.5, color: "rgba(255,255,255,0.5)" },
      colorbar: { title: { text: scene.zaxis.title.text || "loss" }, thickness: 12, outlinewidth: 0, xpad: 4,
                  tickmode: "array", tickvals, ticktext },
    }),
    scatter3d: ({ z, ...trace }) => ({ ...trace, type: "scatter", marker: { ...trace.marker, size: 9 } }),
  };
  return {
    data: data.map((trace) => flat[trace.type](trace)),
    layout: {
      ...layout, margin: { l: 50, r: 10, b: 45, t: 10 },
      xaxis: { title: scene.xaxis.title, constrain: "domain", constraintoward: "right" },
      yaxis: { title: scene.yaxis.title, scaleanchor: "x", constrain: "domain" },
    },
  };
}

// What is to be drawn here, and the sentence beside it where that is not what was asked for.
function drawable(spec, el) {
  const isFlat = Boolean(spec.layout.scene) && !hasWebGL();
  let says = el.parentElement.querySelector(".reglab-flat");
  if (isFlat && !says) {
    says = document.createElement("p");
    says.className = "reglab-flat";
    says.textContent = NO_WEBGL;
    el.before(says);
  } else if (!isFlat) says?.remove();
  return isFlat ? asContours(spec) : spec;
}

const STEP = Math.PI / 24, NEARER = 0.9, STEEPEST = 0.48 * Math.PI;
const KEYS = {
  ArrowLeft: [-STEP, 0, 1], ArrowRight: [STEP, 0, 1], ArrowUp: [0, STEP, 1], ArrowDown: [0, -STEP, 1],
  "+": [0, 0, NEARER], "=": [0, 0, NEARER], "-": [0, 0, 1 / NEARER], "−": [0, 0, 1 / NEARER],
};

// The camera after a key: turned about the upright axis, raised or lowered, nearer or further.
function turned(camera, [around, up, by]) {
  const { eye, center } = camera;
  const [x, y, z] = ["x", "y", "z"].map((axis) => eye[axis] - center[axis]);
  const far = Math.min(6, Math.max(0.3, Math.hypot(x, y, z) * by));
  const angle = Math.atan2(y, x) + around;
  const height = Math.max(-STEEPEST, Math.min(STEEPEST, Math.atan2(z, Math.hypot(x, y)) + up));
  const level = far * Math.cos(height);
  return { ...camera, eye: { x: center.x + level * Math.cos(angle), y: center.y + level * Math.sin(angle),
                             z: center.z + far * Math.sin(height) } };
}

// A scene in space takes the keys while it has the focus, and says so; a map has nothing to be turned.
function takeKeys(el, P, alt, isSpace) {
  el.setAttribute("role", isSpace ? "application" : "group");
  el.setAttribute("aria-roledescription", isSpace ? "3-D figure" : "figure");
  el.setAttribute("aria-label", isSpace ? `${alt} Arrow keys turn it; plus and minus bring it nearer or further.` : alt);
  if (isSpace) el.tabIndex = 0;
  else el.removeAttribute("tabindex");
  el.onkeydown = (event) => {
    const move = KEYS[event.key];
    const shown = el._fullLayout?.scene?._scene;
    if (!move || !shown || event.target !== el || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    P.relayout(el, { "scene.camera": turned(structuredClone(shown.getCamera()), move) });
  };
}
