// Keeps the page up to date: told by the desk that something changed, it fetches the page's changing sections and replaces
// only those that are different. Everything on the desk works without it.

const live = document.getElementById("live");
const pulse = document.getElementById("pulse");
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** What a section says, but for how far away its moments are: that changes by itself. */
function said(section) {
  const copy = section.cloneNode(true);
  for (const each of copy.querySelectorAll(".near")) each.textContent = "";
  for (const each of copy.querySelectorAll("details[open]")) each.removeAttribute("open");
  return copy.outerHTML;
}
const sections = (root) => new Map([...root.children].map((section) => [section.id, section]));
const told = new Map([...sections(live)].map(([id, section]) => [id, said(section)]));

function beat(state) {
  const words = pulse.dataset[state];
  pulse.dataset.state = state;
  if (pulse.textContent !== words) pulse.textContent = words;
}

/** Take over what is typed and unfolded into the section that comes in place of another; return what had the focus. */
function kept(shown, next) {
  let focused;
  for (const each of shown.querySelectorAll("[id]")) {
    const same = next.querySelector(`#${CSS.escape(each.id)}`);
    if (!same) continue;
    if (each.matches("input, textarea, select")) same.value = each.value;
    if (each.matches("details")) same.open = each.open;
    const within = each.matches("summary") ? same : each === document.activeElement && same;
    if (within && each === document.activeElement) focused = same;
  }
  return focused;
}

/** Put the sections of a fetched page in order; one that says the same as before is left alone, with focus and selection. */
function show(fresh) {
  const standing = sections(live);
  for (const [place, section] of [...fresh.children].entries()) {
    const words = said(section);
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
      next.dispatchEvent(new CustomEvent("desk:shown", { bubbles: true }));
    }
    if (live.children[place] !== shown) live.insertBefore(shown, live.children[place] ?? null);
  }
  for (const [id, section] of standing) {
    section.remove();
    told.delete(id);
  }
  near();
}

const STEPS = [["year", 31557600], ["month", 2629800], ["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
const relative = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "auto", style: "long", numberingSystem: "latn" });

/** Say beside each moment how far away it is. */
function near() {
  for (const place of document.querySelectorAll(".near")) {
    const seconds = Math.round((new Date(place.dataset.at) - Date.now()) / 1000);
    const [unit, size] = STEPS.find(([, each]) => Math.abs(seconds) >= each) ?? STEPS.at(-1);
    const words = relative.format(Math.trunc(seconds / size), unit);
    if (place.textContent !== words) place.textContent = words;
  }
}

function here() {
  const url = new URL(location);
  url.searchParams.delete("notice");
  url.searchParams.set("part", "live");
  return url;
}

let known = "";
let fetching = false;
let again = false;

/** Fetch the changing sections; asked once more meanwhile, do it once more. */
async function refresh() {
  again = true;
  if (fetching) return;
  fetching = true;
  try {
    while (again) {
      again = false;
      const headers = known ? { "If-None-Match": known } : {};
      const response = await fetch(here(), { headers, cache: "no-store", redirect: "error", signal: AbortSignal.timeout(15000) });
      if (response.status === 200) {
        show(new DOMParser().parseFromString(await response.text(), "text/html").body);
        known = response.headers.get("ETag") ?? "";
      } else if (response.status !== 304) {
        location.reload();
      }
    }
    beat("live");
  } catch {
    beat("lost");
  } finally {
    fetching = false;
  }
}

let source;

/** Listen while somebody looks: a browser keeps few lines to one server open, and each tab would take one. */
function listen() {
  source?.close();
  if (document.hidden) return;
  source = new EventSource(live.dataset.events);
  source.onmessage = refresh;
  source.onerror = () => {
    beat("lost");
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 5000);
  };
}

/** Send a form that changes something small and show what came of it, without leaving the page. */
async function quietly(form, button) {
  const body = new URLSearchParams(new FormData(form, button));
  let answer;
  try {
    answer = await fetch(form.action, { method: "POST", body });
  } catch {
    beat("lost");
    return;
  }
  if (!answer.redirected) {
    delete form.dataset.quiet; // it was refused, or there is a question: the page itself says so
    form.requestSubmit(button);
    return;
  }
  const url = new URL(answer.url);
  if (url.pathname !== location.pathname) {
    location.assign(url);
    return;
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  show(page.getElementById("live"));
  const notice = document.getElementById("notice");
  notice.replaceChildren(...document.importNode(page.getElementById("notice"), true).childNodes);
  if (document.activeElement === document.body) live.focus({ preventScroll: true });
}

async function copy(button) {
  const words = button.textContent;
  await navigator.clipboard.writeText(button.dataset.copy);
  button.textContent = button.dataset.done;
  await pause(1500);
  button.textContent = words;
}

document.addEventListener("click", ({ target }) => {
  if (target.dataset?.copy) copy(target);
  for (const each of document.querySelectorAll("details.pop[open]")) if (!each.contains(target)) each.open = false;
});
document.addEventListener("keydown", ({ key, target }) => {
  const open = key === "Escape" && target.closest?.("details.pop[open]");
  if (!open) return;
  open.open = false;
  open.querySelector("summary").focus();
});
document.addEventListener("submit", (event) => {
  if (!("quiet" in event.target.dataset)) return;
  event.preventDefault();
  quietly(event.target, event.submitter);
});

if (navigator.clipboard) document.documentElement.classList.add("can-copy");
const clean = new URL(location);
if (clean.searchParams.has("notice")) {
  clean.searchParams.delete("notice");
  history.replaceState(history.state, "", clean);
}
near();
setInterval(near, 1000);
// What answers a form stands at an address that only forms have: it is not brought up to date.
if (live.dataset.events) {
  beat("live");
  listen();
  document.addEventListener("visibilitychange", listen);
  setInterval(() => document.hidden || refresh(), 60000);
}
