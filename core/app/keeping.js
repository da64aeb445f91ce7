// Keeps what the student did in this browser's own storage: hands it to the session once, writes the session's changes.
//
// Nothing is thrown from here: storage may be forbidden (a private window, a frame of another site), full, or hold
// anything at all. What was read is judged at the server; here it only has to have the right shape.

const KEY = "reglab.progress";
const LARGEST = 1_000_000; // characters; core/course/progress.py takes no more bytes
const EMPTY = { course: "Regularization, seen", version: 2, answers: {}, visited: {}, forgotten: 0 };

const isTable = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

// What is known in this tab: the session that the store was handed to, the text that was handed, what went wrong.
const known = (window.reglabKeeping ??= { session: "", handed: null, trouble: "", tell: null, stale: false });

function read() {
  try {
    return { text: window.localStorage.getItem(KEY), trouble: "" };
  } catch {
    return { text: null, trouble: "forbidden" };
  }
}

function parsed(text) {
  try {
    const store = JSON.parse(text);
    return isTable(store) && store.version === EMPTY.version && isTable(store.answers) && isTable(store.visited)
      ? store : null;
  } catch {
    return null;
  }
}

// As `merge` in core/course/progress.py; here what stands in the store stays where the times are equal.
function merged(store, changes) {
  const forgotten = Math.max(Number(store.forgotten) || 0, changes.forgotten);
  const lasts = (at) => !forgotten || at > forgotten;
  const answers = { ...store.answers };
  for (const [name, entry] of Object.entries(changes.answers)) {
    if (!Object.hasOwn(answers, name) || !(answers[name]?.at >= entry.at)) answers[name] = entry;
  }
  const visited = { ...store.visited };
  for (const [name, at] of Object.entries(changes.visited)) {
    if (!Object.hasOwn(visited, name) || !(visited[name] >= at)) visited[name] = at;
  }
  return {
    ...EMPTY,
    answers: Object.fromEntries(Object.entries(answers).filter(([, entry]) => lasts(entry?.at))),
    visited: Object.fromEntries(Object.entries(visited).filter(([, at]) => lasts(at))),
    forgotten,
  };
}

// Writes what the session changed; another tab may have written since, so all that stands there is read again first.
function write(changes, refused) {
  const { text, trouble } = read();
  if (trouble) return trouble;
  const isRefused = refused && text === known.handed;
  const store = !text || isRefused ? EMPTY : parsed(text);
  if (!store) return ""; // not judged yet
  const next = JSON.stringify(merged(store, changes));
  if (next === (text || JSON.stringify(EMPTY))) return "";
  try {
    window.localStorage.setItem(KEY, next);
    return "";
  } catch (error) {
    return error?.name === "QuotaExceededError" ? "full" : "forbidden";
  }
}

function hand(session) {
  const { text, trouble } = read();
  known.session = session;
  known.handed = text;
  known.trouble = trouble || known.trouble;
  known.stale = false;
  const store = text && text.length > LARGEST ? text.slice(0, LARGEST + 1) : text;
  known.tell("store", { store, now: Date.now(), trouble: known.trouble });
}

// Another tab has changed an answer: this session learns it when its tab is looked at.
function watch() {
  if (known.watching) return;
  known.watching = true;
  const learn = () => {
    if (!known.stale || document.hidden || !known.session) return;
    hand(known.session);
  };
  window.addEventListener("storage", (event) => {
    if (event.key !== KEY && event.key !== null) return;
    const [before, after] = [parsed(event.oldValue), parsed(event.newValue)];
    const answered = (store) => JSON.stringify([store?.answers, store?.forgotten]);
    if (!after || answered(before) === answered(after)) return; // steps that were turned there are no news here
    known.stale = true;
    learn();
  });
  document.addEventListener("visibilitychange", learn);
}

export default function ({ data, setTriggerValue }) {
  if (data.hands) known.tell = setTriggerValue;
  const trouble = write(data.changes, data.refused);
  const news = trouble !== known.trouble;
  known.trouble = trouble;
  if (!data.hands) {
    if (news) known.tell?.("store", { store: null, now: Date.now(), trouble });
    return;
  }
  watch();
  if (known.session !== data.session) hand(data.session);
  else if (news) setTriggerValue("store", { store: null, now: Date.now(), trouble });
}
