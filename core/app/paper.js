// What must be made ready before a page is printed: pictures of the surfaces, whole addresses of the links.

// A scene is drawn by the graphics card, which keeps nothing that a printer could ask for. So it is drawn once more, from
// where the reader has turned it, and copied at once: a printer does not wait for an image to be read.
function keepPicture(scene) {
  const drawn = scene._fullLayout?.scene?._scene;
  if (!drawn) return; // contours are lines and print as they are
  if (!scene.offsetHeight) return; // its picture stands in for it already
  let picture = scene.parentElement.querySelector(":scope > .reglab-printed");
  if (!picture) {
    picture = document.createElement("canvas");
    picture.className = "reglab-printed";
    picture.setAttribute("role", "img");
    picture.setAttribute("aria-label", scene.getAttribute("aria-label") ?? "");
    scene.after(picture);
  }
  drawn.glplot.redraw();
  const seen = drawn.glplot.gl.canvas;
  picture.width = seen.width;
  picture.height = seen.height;
  picture.style.width = `${seen.clientWidth || seen.width}px`;
  const drawing = picture.getContext("2d");
  drawing.fillStyle = getComputedStyle(document.querySelector(".stApp")).backgroundColor; // its numbers may be white
  drawing.fillRect(0, 0, picture.width, picture.height);
  drawing.drawImage(seen, 0, 0);
  scene.classList.add("reglab-has-picture");
}

// Columns of text are set below each other; those that all hold a figure, or a number, belong beside each other.
const FIGURE = "[data-testid=stVegaLiteChart], .reglab-scene, [data-testid=stImage], [data-testid=stMetric]";
const CONTROL = "[data-testid=stSlider], [data-testid=stButtonGroup], [data-testid=stRadio], details[open]";
function keepRow(row) {
  const columns = [...row.children];
  const isFigure = (column) => column.querySelector(FIGURE) && !column.querySelector(CONTROL);
  row.classList.toggle("reglab-row", columns.length > 1 && columns.every(isFigure));
}

// A fold that holds nothing but controls would leave its label on the paper.
function keepFold(fold) {
  const texts = [...fold.querySelectorAll("[data-testid=stMarkdownContainer], [data-testid=stDataFrame], pre")];
  const isSaid = (text) => !text.closest("summary, label, button, [data-testid=stWidgetLabel]");
  const says = texts.some(isSaid) || fold.querySelector(`${FIGURE}, [data-testid=stTable], [data-testid=stRadio]`);
  fold.classList.toggle("reglab-only-controls", !says);
}

function prepare() {
  for (const fold of document.querySelectorAll("[data-testid=stExpander]")) keepFold(fold);
  for (const row of document.querySelectorAll("[data-testid=stHorizontalBlock]")) keepRow(row);
  for (const scene of document.querySelectorAll(".reglab-scene")) keepPicture(scene);
  // A link into the course names only the page; on paper that would lead nowhere.
  for (const link of document.querySelectorAll("[data-testid=stMain] a[href]"))
    if (link.textContent.trim() !== link.href) link.dataset.address = link.href;
}

export default function () {
  if (window.reglabPaper) return;
  window.reglabPaper = true;
  window.addEventListener("beforeprint", prepare);
  matchMedia("print").addEventListener("change", (event) => { if (event.matches) prepare(); });
}
