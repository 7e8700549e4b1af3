// Keeps the page up to date: fetches its changing sections, replaces only those that are different.

const EVERY = 2000;
const live = document.getElementById("live");
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

const sections = (root) => new Map([...root.children].map((section) => [section.id, section]));
const told = new Map([...sections(live)].map(([id, section]) => [id, section.outerHTML]));

function pulse(state, words) {
  const place = document.getElementById("pulse");
  place.dataset.state = state;
  if (place.textContent !== words) place.textContent = words;
}

/** Take what is being typed over into the section that replaces the one it stands in; return the field that had the focus. */
function kept(shown, next) {
  let focused;
  for (const field of shown.querySelectorAll("input[id]")) {
    const same = next.querySelector(`#${CSS.escape(field.id)}`);
    if (!same) continue;
    same.value = field.value;
    if (field === document.activeElement) focused = same;
  }
  return focused;
}

/** Put the sections of a fetched page in order; one that says the same as before is left alone, with focus and selection. */
function show(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").body;
  const standing = sections(live);
  for (const [place, section] of [...fresh.children].entries()) {
    const words = section.outerHTML;
    let shown = standing.get(section.id);
    standing.delete(section.id);
    if (told.get(section.id) !== words) {
      const next = document.importNode(section, true);
      if (shown) {
        const back = kept(shown, next);
        shown.replaceWith(next);
        back?.focus();
      }
      told.set(section.id, words);
      shown = next;
    }
    if (live.children[place] !== shown) live.insertBefore(shown, live.children[place] ?? null);
  }
  for (const [id, section] of standing) {
    section.remove();
    told.delete(id);
  }
  near();
}

const STEPS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });

/** Say beside each moment how far away it is. */
function near() {
  for (const place of document.querySelectorAll(".near")) {
    const seconds = Math.round((new Date(place.dataset.at) - Date.now()) / 1000);
    const [unit, size] = STEPS.find(([, each]) => Math.abs(seconds) >= each) ?? STEPS.at(-1);
    const words = relative.format(Math.trunc(seconds / size), unit);
    if (place.textContent !== words) place.textContent = words;
  }
}

const visible = () =>
  document.hidden ? new Promise((done) => document.addEventListener("visibilitychange", done, { once: true })) : null;

async function follow() {
  let known = "";
  for (;;) {
    await pause(EVERY);
    await visible();
    try {
      const headers = known ? { "If-None-Match": known } : {};
      const response = await fetch(`${location.pathname}?part=live`, { headers, cache: "no-store", signal: AbortSignal.timeout(15000) });
      if (response.status !== 304) {
        show(await response.text());
        known = response.headers.get("ETag") ?? "";
      }
      pulse("live", "Live");
    } catch {
      pulse("lost", "Not connected. Is the bot running?");
    }
  }
}

async function copy(button) {
  await navigator.clipboard.writeText(button.dataset.copy);
  button.textContent = "Copied";
  await pause(1500);
  button.textContent = "Copy";
}

document.addEventListener("click", ({ target }) => {
  if (target.dataset?.copy) copy(target);
});

if (navigator.clipboard) document.documentElement.classList.add("can-copy");
near();
setInterval(near, 1000);
// What answers a form stands at an address that only forms have.
if (!("still" in live.dataset)) {
  pulse("live", "Live");
  follow();
}
