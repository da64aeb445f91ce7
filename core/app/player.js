// Play, pause and single step for a slider of the page. The server moves the slider and draws; the browser only says
// when. So there is never more than one epoch on its way, however slow the server is, and a step that is left, or a
// window that is put away, plays no further.

const PAUSE = 650; // milliseconds from the arrival of one epoch to the request for the next

const SHAPES = {
  back: "M15 5v14L6 12zM4 5h2v14H4z",
  play: "M7 4v16l13-8z",
  pause: "M6 4h4v16H6zM14 4h4v16h-4z",
  on: "M9 5v14l9-7zM18 5h2v14h-2z",
};

function dress(button, shape, label) {
  button.querySelector("path").setAttribute("d", SHAPES[shape]);
  button.setAttribute("aria-label", label);
  button.title = label;
}

export default function ({ data, parentElement, setTriggerValue }) {
  const el = parentElement.querySelector(".reglab-player");
  const [back, play, on] = el.querySelectorAll("button");
  const { at, last, what } = data;
  const go = (to) => setTriggerValue("stop", Math.min(last, Math.max(0, to)));
  const show = () => {
    dress(back, "back", `One ${what} back`);
    dress(on, "on", `One ${what} on`);
    dress(play, el.playing ? "pause" : "play", el.playing ? "Pause" : "Play");
    play.querySelector("span").textContent = el.playing ? "Pause" : "Play";
    back.disabled = at <= 0;
    on.disabled = at >= last;
  };
  const pause = () => {
    el.playing = false;
    clearTimeout(el.timer);
    show();
  };
  back.onclick = () => { pause(); go(at - 1); };
  on.onclick = () => { pause(); go(at + 1); };
  play.onclick = () => {
    if (el.playing) { pause(); return; }
    el.playing = true;
    show();
    go(at >= last ? 0 : at + 1);
  };
  clearTimeout(el.timer);
  if (el.playing && at >= last) el.playing = false;
  if (el.playing) {
    el.timer = setTimeout(() => {
      if (!el.isConnected || document.hidden) pause();
      else go(at + 1);
    }, PAUSE);
  }
  show();
  return () => clearTimeout(el.timer);
}
