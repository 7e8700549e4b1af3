// The calendar's sheet: draws the days of a range, and moves what is dragged. The page works without it: a list, and a form to
// move things; what is sent here is that form, and what comes back is that page.

const grid = document.getElementById("grid");
const told = grid.dataset;
const live = document.getElementById("live");
const box = document.getElementById("moving-box");
const place = document.getElementById("moving-page");
const wide = matchMedia("(min-width: 60rem)");
const VIEWS = { week: "timeGridWeek", month: "dayGridMonth" };
/** A sheet is fetched again so often, since others decide too. */
const EVERY = 60_000;

let sheet = null;
let dragging = false;

const made = (name, properties = {}, ...inside) => {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...inside.filter(Boolean));
  return element;
};
const marked = ({ hue, channel }) => {
  const mark = made("span", { className: "mark-of", dir: "auto", textContent: channel });
  mark.dataset.hue = hue;
  return mark;
};
/** A moment of the sheet as forms tell it: a day, and a time where hours are shown. */
const target = (date, whole) => {
  const [day, time] = date.toISOString().split("T");
  return whole ? { day } : { day, time: time.slice(0, 5) };
};
const parsed = async (response) => new DOMParser().parseFromString(await response.text(), "text/html");

/** Show what went wrong: in the box when that is open, else above the page. */
function complain(...words) {
  const alarm = made("div", { className: "complaint", role: "alert" }, ...words.map((each) => made("p", { textContent: each })));
  const where = box?.open ? place : document.getElementById("notice");
  where.querySelector(".complaint")?.remove();
  if (!box?.open) where.replaceChildren();
  where.prepend(alarm);
  alarm.scrollIntoView({ block: "nearest" });
}

/** Send a form's fields; true when it was done and the page tells so, false when it was refused and the page tells why. */
async function send(address, fields) {
  let response;
  try {
    response = await fetch(address, { method: "POST", body: fields });
  } catch {
    complain(told.lost);
    return false;
  }
  const page = await parsed(response);
  const trouble = page.getElementById("trouble");
  if (!response.ok || trouble) {
    const words = [...(trouble ?? page.body).querySelectorAll("h1, p:not(:has(a))")].map((each) => each.textContent.trim()).filter(Boolean);
    complain(...(words.length ? words : [told.lost]));
    return false;
  }
  renew(page);
  return true;
}

/** Take over from an answered page what it says anew. */
function renew(page) {
  for (const id of ["notice", "waiting", "days"]) {
    const next = page.getElementById(id);
    if (next) document.getElementById(id).replaceWith(document.importNode(next, true));
  }
  sheet?.refetchEvents();
}

/** Move deliveries to a day, or to a minute of it. */
function move(what, to) {
  const fields = new URLSearchParams(new FormData(grid.querySelector("form")));
  for (const [name, value] of Object.entries({ what, zone: told.zone, back: told.back, ...to })) fields.set(name, value);
  return send(told.move, fields);
}

// --- the box with the form ---------------------------------------------------------------------------------------------

async function open(address) {
  const response = await fetch(address).catch(() => null);
  const page = response?.ok ? await parsed(response) : null;
  const form = page?.getElementById("moving");
  if (!form) return complain(told.lost);
  form.querySelector(".back")?.parentElement.remove();
  place.replaceChildren(document.importNode(form, true));
  box.showModal();
  place.querySelector("#to-day")?.focus();
}

box?.addEventListener("submit", async (event) => {
  if (event.target.method === "dialog") return;
  event.preventDefault();
  const fields = new URLSearchParams(new FormData(event.target, event.submitter));
  if (await send(event.target.action, fields)) {
    box.close();
    document.querySelector("#notice button")?.focus();
  }
});

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a.move, button.slip");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (!dragging) open(link.href ?? link.dataset.href);
});

// --- things dragged from the lists ---------------------------------------------------------------------------------------

let over = null;
function mark(element) {
  if (over === element) return;
  over?.classList.remove("target");
  over = element;
  over?.classList.add("target");
}

/** Where something would be dropped: on a day of the sheet (at a time, where hours are shown) or of the list. */
function aim(event) {
  const day = event.target.closest?.("[data-date]");
  if (day && live.contains(day)) return { element: day, to: { day: day.dataset.date } };
  const info = sheet && grid.contains(event.target) ? sheet.dateFromPoint(event.clientX, event.clientY) : null;
  return info && { element: info.dayEl, to: target(info.date, info.allDay || told.view === "month") };
}

document.addEventListener("dragstart", (event) => {
  const refs = event.target.closest?.("[data-refs]")?.dataset.refs;
  if (!refs) return;
  event.dataTransfer.setData("text/x-handbill", refs);
  event.dataTransfer.effectAllowed = "move";
});
document.addEventListener("dragover", (event) => {
  if (!event.dataTransfer.types.includes("text/x-handbill")) return;
  const found = aim(event);
  mark(found?.element ?? null);
  if (found) event.preventDefault();
});
document.addEventListener("dragend", () => mark(null));
document.addEventListener("drop", (event) => {
  const refs = event.dataTransfer.getData("text/x-handbill");
  const found = refs && aim(event);
  mark(null);
  if (!found) return;
  event.preventDefault();
  move(refs, found.to);
});

// --- the sheet ----------------------------------------------------------------------------------------------------------

const address = (ref) => `${told.move}?${new URLSearchParams({ what: ref, zone: told.zone, back: told.back })}`;

function drawn({ event }) {
  const { kind, at, state, told: words, ref, movable, date, marks } = event.extendedProps;
  const title = made("span", { className: "of", dir: "auto", textContent: event.title });
  if (kind === "note") return { domNodes: [made("span", { className: "note", dir: "auto", title: event.title, textContent: event.title })] };
  if (kind === "silence") return "";
  if (kind === "more") {
    const list = new URL(told.list, location);
    list.searchParams.set("day", date);
    return { domNodes: [made("a", { href: list, textContent: event.title })] };
  }
  if (kind === "free") {
    const time = at && made("span", { className: "at", textContent: at });
    const whose = (marks ?? []).map(marked);
    return { domNodes: [made("span", { className: "vacant", title: whose.map((each) => each.textContent).join(", ") }, time, title, ...whose)] };
  }
  const about = [made("span", { className: "at", textContent: at }), marked(event.extendedProps)];
  if (state !== "scheduled") {
    const standing = made("span", { className: "state", textContent: words });
    standing.dataset.state = state;
    about.push(standing);
  }
  const moving = movable && told.may;
  const name = moving ? `${at} ${event.extendedProps.channel}, ${event.title}, ${words}. ${told.label}` : "";
  const chip = made(moving ? "button" : "a", { className: "slip", title: event.title }, ...about, title);
  if (moving) {
    Object.assign(chip, { type: "button", ariaLabel: name });
    chip.dataset.href = address(ref);
  } else {
    Object.assign(chip, { href: `${told.delivery}/${event.id}`, draggable: false });
  }
  return { domNodes: [chip] };
}

async function dropped(info) {
  const whole = told.view === "month" || info.event.allDay;
  if (!(await move(info.event.extendedProps.ref, target(info.event.start, whole)))) info.revert();
}

async function events({ startStr, endStr }) {
  const query = { view: told.view, day: startStr.slice(0, 10), until: endStr.slice(0, 10), zone: told.zone, channel: told.channel };
  const response = await fetch(`${told.events}?${new URLSearchParams(query)}`);
  return response.ok ? (await response.json()).events : [];
}

/** EventCalendar calls a week a table whose bodies hold articles, which no table may; the list is there for those who hear it. */
const ROLES = ["table", "rowgroup", "row", "cell", "columnheader", "rowheader"].map((each) => `[role="${each}"]`).join();
const COUNTS = ["aria-colindex", "aria-rowindex", "aria-colcount", "aria-rowcount"];
let opened = false;
function plainly() {
  const today = told.view === "month" && !opened && grid.querySelector(".ec-today");
  if (today) {
    opened = true; // once: who scrolled elsewhere stays there
    const main = today.closest(".ec-main");
    main.scrollTop += today.getBoundingClientRect().top - main.getBoundingClientRect().top - 40;
  }
  for (const each of grid.querySelectorAll(ROLES)) {
    each.setAttribute("role", "presentation");
    for (const count of COUNTS) each.removeAttribute(count);
  }
  for (const each of grid.querySelectorAll(".ec-main")) each.tabIndex = 0; // it scrolls, by the keyboard too
}

function draw() {
  grid.hidden = false;
  live.classList.add("drawn");
  if (sheet) return;
  new MutationObserver(plainly).observe(grid, { childList: true, subtree: true, attributes: true, attributeFilter: ["role"] });
  sheet = EventCalendar.create(grid, {
    view: VIEWS[told.view],
    date: told.day,
    firstDay: Number(told.weekday),
    timeZone: "UTC",
    locale: told.locale,
    headerToolbar: { start: "", center: "", end: "" },
    height: told.view === "week" ? "46rem" : "max(30rem, calc(100vh - 14rem))",
    dayMaxEvents: true,
    moreLinkContent: ({ num }) => `+${num} ${told.more}`,
    allDayContent: told.allDay,
    slotDuration: "01:00",
    slotHeight: 60,
    snapDuration: "00:05",
    scrollTime: told.opening,
    dayHeaderFormat: told.view === "week" ? { weekday: "short", day: "numeric", month: "short" } : { weekday: "short" },
    slotLabelFormat: { hour: "numeric", minute: "2-digit" },
    slotEventOverlap: false,
    nowIndicator: false,
    eventStartEditable: Boolean(told.may),
    eventDurationEditable: false,
    eventDragMinDistance: 6,
    longPressDelay: 400,
    eventSources: [{ events }],
    eventContent: drawn,
    eventClassNames: ({ event }) => [`is-${event.extendedProps.kind}`, `hue-${event.extendedProps.hue ?? "none"}`],
    eventDragStart: () => (dragging = true),
    eventDragStop: () => setTimeout(() => (dragging = false), 50),
    eventDrop: dropped,
  });
}

function fit() {
  if (told.view in VIEWS && wide.matches) return draw();
  grid.hidden = true;
  live.classList.remove("drawn");
}

if (!told.view && wide.matches) location.replace(told.week);
else {
  fit();
  wide.addEventListener("change", fit);
  setInterval(() => {
    if (sheet && !document.hidden && !dragging && !box?.open) sheet.refetchEvents();
  }, EVERY);
}
