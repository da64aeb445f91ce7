// The address of the step as it is set now: copied, or opened in a tab of its own.

function addressOf({ step, settings }, keepsLook) {
  const said = new URLSearchParams(location.search);
  const link = new URL(location.pathname, location.origin);
  const put = (key, value) => { if (value != null) link.searchParams.set(key, value); };
  put("step", step);
  for (const key of settings) put(key, said.get(key));
  for (const [key, value] of Object.entries(window.reglabKept ?? {})) put(key, value);
  if (keepsLook) put("present", said.get("present"));
  put("hide", said.get("hide"));
  return link.href;
}

const icon = (name) => `<span class="reglab-icon" aria-hidden="true">${name}</span>`;

// Browsers let a page copy only where nobody on the way can have changed it: by https, or on this machine.
async function copy(address) {
  if (!window.isSecureContext || !navigator.clipboard) return false;
  try {
    await navigator.clipboard.writeText(address);
    return true;
  } catch {
    return false;
  }
}

function showSelected(place, button, address) {
  const panel = document.createElement("div");
  panel.className = "reglab-address";
  panel.innerHTML = "<label>Copy this address: <input readonly></label>";
  const field = panel.querySelector("input");
  field.value = address;
  const at = button.getBoundingClientRect();
  panel.style.top = `${at.bottom + 4}px`;
  panel.style.right = `${Math.max(8, innerWidth - at.right)}px`;
  field.addEventListener("blur", () => panel.remove());
  field.addEventListener("keydown", (event) => { if (event.key === "Escape") button.focus(); });
  place.append(panel);
  field.focus();
  field.select();
}

function drawCopy(place) {
  place.innerHTML = `<button type="button">${icon("link")}<span class="reglab-words">Copy link</span></button>` +
    '<span class="reglab-said" role="status"></span>';
  const button = place.querySelector("button");
  button.setAttribute("aria-label", "Copy link");
  button.title = "Copy the address of this step, as it is set now";
  const said = place.querySelector(".reglab-said");
  let until;
  button.addEventListener("click", async () => {
    const address = addressOf(place.data, true);
    place.querySelector(".reglab-address")?.remove();
    if (!(await copy(address))) return showSelected(place, button, address);
    said.textContent = "Copied";
    place.classList.add("reglab-copied");
    clearTimeout(until);
    until = setTimeout(() => { said.textContent = ""; place.classList.remove("reglab-copied"); }, 2500);
  });
}

function drawLink(place) {
  place.innerHTML = `<a target="_blank" rel="noopener">${icon("open_in_new")}<span>The whole lesson</span></a>`;
  const link = place.querySelector("a");
  const renew = () => { link.href = addressOf(place.data, false); };
  for (const kind of ["pointerenter", "pointerdown", "focus", "click"]) link.addEventListener(kind, renew);
  renew();
}

export default function ({ data, parentElement }) {
  const place = parentElement.querySelector(".reglab-share");
  place.data = data;
  place.classList.toggle("reglab-presented", data.presenting);
  if (place.does === data.does) return;
  place.does = data.does;
  (data.does === "copy" ? drawCopy : drawLink)(place);
}
