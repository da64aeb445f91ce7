// The clock of the notes: minutes of this step and since the start. It survives a reload of its window.

const KEY = "reglab-clock";

function kept() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY)) ?? window.reglabClock ?? {};
  } catch {
    return window.reglabClock ?? {}; // no storage: until the next reload
  }
}

function keep(clock) {
  window.reglabClock = clock;
  try {
    sessionStorage.setItem(KEY, JSON.stringify(clock));
  } catch {
    // the window has it
  }
}

function asTime(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

let restarts; // of this window, as far as it has seen them

export default function ({ data, parentElement }) {
  const now = Date.now();
  const clock = kept();
  if (clock.start === undefined || (restarts !== undefined && restarts !== data.restarts)) {
    Object.assign(clock, { start: now, place: data.place, placed: now });
  }
  restarts = data.restarts;
  if (clock.place !== data.place) Object.assign(clock, { place: data.place, placed: now });
  keep(clock);
  const face = parentElement.querySelector(".reglab-clock");
  const show = () => {
    const spent = Date.now() - clock.placed;
    const step = `This step: ${asTime(spent)} of ${asTime(data.minutes * 60000)}`;
    face.textContent = `${step} · Since the start: ${asTime(Date.now() - clock.start)}`;
    face.classList.toggle("reglab-late", spent > data.minutes * 60000);
  };
  show();
  clearInterval(window.reglabTicking);
  window.reglabTicking = setInterval(show, 500);
  return () => clearInterval(window.reglabTicking);
}
