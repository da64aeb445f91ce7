// A link to a section, such as #fill-in-the-code. The browser goes there once, and what is drawn later above it pushes
// the section away again. So the section is held in view until the page has come to rest or the reader moves.
export default function () {
  const target = decodeURIComponent(location.hash.slice(1));
  const link = location.pathname + location.hash;
  if (!target || window.reglabAnchored === link) return;
  window.reglabAnchored = link;
  const end = Date.now() + 15000;
  let left = false;
  for (const kind of ["wheel", "touchstart", "keydown", "pointerdown"])
    window.addEventListener(kind, () => { left = true; }, { once: true, passive: true });
  const watch = setInterval(() => {
    if (left || Date.now() > end) return clearInterval(watch);
    const section = document.getElementById(target);
    const top = section?.getBoundingClientRect().top;
    if (section && (top < 0 || top > innerHeight / 2)) section.scrollIntoView();
  }, 250);
}
