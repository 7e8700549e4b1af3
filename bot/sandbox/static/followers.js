// Shows /feed: columns of threads, the chat, the open faults. Everything that came from a post goes in as text, never as HTML.

const byId = (id) => document.getElementById(id);
const shape = (name) => byId(`${name}-shape`).content.firstElementChild.cloneNode(true);
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const web = (address) => /^https?:\/\//i.test(address);

// --- lists that change without flicker -----------------------------------------------------------------------------

/** Make `list` show `wanted` ({key, value}) in order; what did not change is left untouched, with its open details. */
function sync(list, wanted, make, update = () => {}) {
  const standing = new Map([...list.children].map((child) => [child.dataset.key, child]));
  wanted.forEach(({ key, value }, place) => {
    const told = JSON.stringify(value);
    let child = standing.get(key);
    standing.delete(key);
    if (!child) {
      child = make(value);
      child.dataset.key = key;
    }
    if (child.told !== told) {
      update(child, value);
      child.told = told;
    }
    if (list.children[place] !== child) list.insertBefore(child, list.children[place] ?? null);
  });
  for (const child of standing.values()) child.remove();
}

/** Like `sync`, for children that are made anew when their value changes. */
const syncWhole = (list, wanted, make) =>
  sync(list, wanted.map(({ key, value }) => ({ key: `${key} ${JSON.stringify(value)}`, value })), make);

// --- text with marks -----------------------------------------------------------------------------------------------

const PLAIN = { bold: "strong", italic: "em", underline: "u", strikethrough: "s", code: "code", pre: "code" };

function markFor(kind, target) {
  if (kind === "link" && web(target)) {
    const link = document.createElement("a");
    Object.assign(link, { href: target, rel: "noopener noreferrer nofollow", target: "_blank" });
    return link;
  }
  const mark = document.createElement(PLAIN[kind] ?? "span");
  mark.className = `mark ${kind}`;
  return mark;
}

/** Return a text with its spans [start, end, kind, target]; offsets count code points, which JavaScript's own do not. */
function marked(text, spans) {
  const points = Array.from(text);
  const among = (from, to, waiting) => {
    const out = document.createDocumentFragment();
    let at = from;
    while (waiting.length) {
      const [start, end, kind, target] = waiting.shift();
      const [first, last] = [Math.max(start, at), Math.min(end, to)];
      if (last <= first) continue;
      const mark = markFor(kind, target);
      mark.append(among(first, last, waiting.filter((each) => each[0] < last)));
      out.append(points.slice(at, first).join(""), mark);
      at = last;
    }
    out.append(points.slice(at, to).join(""));
    return out;
  };
  return among(0, points.length, [...spans].sort((a, b) => a[0] - b[0] || b[1] - a[1]));
}

// --- posts -----------------------------------------------------------------------------------------------------------

function clock(iso) {
  const at = new Date(iso);
  const today = at.toDateString() === new Date().toDateString();
  const day = today ? {} : { day: "numeric", month: "short" };
  return at.toLocaleString(undefined, { ...day, hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
}

function tag(text, title) {
  const out = document.createElement("span");
  out.className = "tag";
  out.textContent = text;
  out.title = title;
  return out;
}

function figure({ sha256, alt }) {
  const out = shape("image");
  const [image, button, caption] = out.children;
  image.src = `/pictures/${sha256}`;
  image.alt = alt;
  if (!alt) {
    button.replaceWith(Object.assign(document.createElement("span"), { className: "no-alt", textContent: "no alt text" }));
    return out;
  }
  caption.textContent = alt;
  button.addEventListener("click", () => {
    caption.hidden = !caption.hidden;
    button.setAttribute("aria-expanded", String(!caption.hidden));
  });
  return out;
}

function card({ url, title, description, picture }) {
  const out = shape("card");
  if (web(url)) out.href = url;
  const image = out.querySelector("img");
  if (picture) image.src = `/pictures/${picture}`;
  else image.remove();
  const host = web(url) ? new URL(url).hostname : url;
  out.querySelector(".host").textContent = host;
  out.querySelector(".title").textContent = title === host ? "" : title;
  out.querySelector(".more").textContent = description ?? "";
  return out;
}

/** Put what stands behind a content warning into a closed fold. */
function fold(body, words) {
  const details = document.createElement("details");
  const summary = document.createElement("summary");
  summary.textContent = `Content warning: ${words}`;
  summary.dir = "auto";
  details.append(summary, ...body.childNodes);
  body.append(details);
}

function part(effect) {
  const out = shape("part");
  const find = (selector) => out.querySelector(selector);
  const article = find("article");
  article.dataset.url = effect.url;
  article.dataset.id = effect.id;
  find(".avatar").textContent = effect.account.replace(/^@/, "").charAt(0).toUpperCase();
  find(".account").textContent = effect.account;
  const time = find("time");
  time.dateTime = effect.at;
  time.textContent = clock(effect.at);
  time.title = effect.url;
  const text = find(".text");
  text.append(marked(effect.text, effect.spans));
  const language = effect.language.split(",")[0];
  if (language) text.lang = language;
  if (effect.language) find(".facts").append(tag(effect.language, "language"));
  if (effect.visibility && effect.visibility !== "public") find(".facts").append(tag(effect.visibility, "visibility"));
  find(".images").append(...effect.images.map(figure));
  find(".images").dataset.count = effect.images.length;
  if (effect.card.url) find(".body").append(card(effect.card));
  if (effect.warning) fold(find(".body"), effect.warning);
  measure(out, effect);
  if (effect.removed) {
    article.classList.add("removed");
    find(".gone").hidden = false;
    find(".gone").textContent = `Removed at ${clock(effect.removed)}: followers no longer see it`;
  }
  return out;
}

function measure(out, { length, limit }) {
  const meter = out.querySelector("meter");
  const words = limit ? `${length} / ${limit}` : `${length}`;
  out.querySelector(".length").textContent = words;
  if (!limit) return meter.remove();
  Object.assign(meter, { max: limit, high: limit * 0.95, value: length });
  meter.setAttribute("aria-label", `Length: ${length} of ${limit}`);
  return meter;
}

const keyed = (values, key) => values.map((value) => ({ key: key(value), value }));

function thread(parts) {
  const out = shape("thread");
  if (loaded) out.classList.add("fresh");
  return out;
}

function fillThread(out, parts) {
  const size = out.querySelector(".size");
  size.hidden = parts.length < 2;
  size.textContent = `Thread of ${parts.length}`;
  syncWhole(out.querySelector(".parts"), keyed(parts, (each) => each.id), part);
}

function column(service) {
  const out = shape("column");
  const list = out.querySelector(".threads");
  out.id = `at-${service.name}`;
  out.dataset.service = service.name;
  out.querySelector("h2").textContent = service.title;
  out.querySelector("h2").id = `title-${service.name}`;
  out.querySelector(".badge").textContent = service.title.charAt(0);
  out.setAttribute("aria-labelledby", `title-${service.name}`);
  list.setAttribute("aria-labelledby", `title-${service.name}`);
  return out;
}

function fillColumn(out, service) {
  out.querySelector(".count").textContent = service.posts === 1 ? "1 post" : `${service.posts} posts`;
  out.querySelector(".empty").hidden = service.threads.length > 0;
  const earlier = out.querySelector(".earlier");
  earlier.hidden = !service.earlier;
  earlier.textContent = `and ${service.earlier} earlier`;
  sync(out.querySelector(".threads"), keyed(service.threads, (each) => each[0].thread || each[0].id), thread, fillThread);
  showReactions(out, service.reactions);
}

/** Show what each post got, beside the buttons that let one more follower like or repost it. */
function showReactions(out, reactions) {
  for (const article of out.querySelectorAll("article.part")) showCounts(article, reactions[article.dataset.id]);
}

function showCounts(article, got) {
  article.querySelector(".reacting").hidden = !got;
  for (const button of got ? article.querySelectorAll("[data-react]") : [])
    button.querySelector(".count").textContent = got[button.dataset.react];
}

byId("columns").addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-react]");
  if (!button) return;
  const { service } = button.closest("section.column").dataset;
  const { id } = button.closest("article.part").dataset;
  const got = await send("POST", "/react", { platform: service, id, kind: button.dataset.react });
  if (got) showCounts(button.closest("article.part"), got[id]);
});

function jumps(services, talks) {
  const places = [...services.map(({ name, title }) => [`#at-${name}`, title]), ...(talks ? [["#chat", "Chat"]] : []), ["#door", "Faults"]];
  syncWhole(byId("jump"), keyed(places, ([to]) => to), ([to, title]) =>
    Object.assign(document.createElement("a"), { href: to, textContent: title }));
}

// --- one post by its address: /#https%3A%2F%2F… ---------------------------------------------------------------------

function seek() {
  const wanted = decodeURIComponent(location.hash.slice(1));
  if (!web(wanted)) return;
  for (const each of document.querySelectorAll("article.sought")) each.classList.remove("sought");
  const found = [...document.querySelectorAll("article.part")].find((each) => each.dataset.url === wanted);
  if (!found) return;
  found.classList.add("sought");
  found.scrollIntoView({ block: "center" });
  found.focus({ preventScroll: true });
}

// --- chat ------------------------------------------------------------------------------------------------------------

let asked = 0;

function message(said) {
  const out = document.createElement("li");
  out.className = said.bot ? "bot" : "reader";
  const words = document.createElement("p");
  words.className = "text";
  words.dir = "auto";
  words.append(marked(said.text, said.spans.map((each) => [each.start, each.end, each.kind, each.target])));
  const who = document.createElement("span");
  who.className = "who";
  who.textContent = `${said.bot ? said.from : "You"} · ${clock(said.at * 1000)}`;
  out.append(words, who);
  return out;
}

function showTalk(said) {
  const list = byId("said");
  const low = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  const before = list.children.length;
  syncWhole(list, said.map((value, place) => ({ key: String(place), value })), message);
  byId("nothing-said").hidden = said.length > 0;
  if (low && list.children.length !== before) list.scrollTop = list.scrollHeight;
  if (said.at(-1)?.bot) asked = 0;
}

/** Say that the bot is at it, and after a while that it may not be running. */
function showWaiting() {
  const since = asked && Date.now() - asked;
  const words = !asked ? "" : since < 8000 ? "The bot is writing …" : "No answer yet. Is the bot running?";
  if (byId("waiting").textContent !== words) byId("waiting").textContent = words;
}

async function say(text) {
  asked = Date.now();
  const answer = await send("POST", "/talk", { text });
  if (answer) showTalk(answer);
}

byId("talk").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = byId("words").value.trim();
  byId("words").value = "";
  if (text) say(text);
});
byId("chat").addEventListener("click", ({ target }) => {
  if (target.dataset.say) say(target.dataset.say);
  if (target.dataset.begin) {
    byId("words").value = target.dataset.begin;
    byId("words").focus();
  }
});

// --- the fault door ----------------------------------------------------------------------------------------------------

const kinds = new Map([...byId("kind").options].map((option) => [option.value, option]));

function showKind() {
  const { needs, means } = byId("kind").selectedOptions[0].dataset;
  byId("kind-means").textContent = means;
  for (const field of byId("fault").querySelectorAll("[data-field]")) {
    field.hidden = field.dataset.field !== needs;
    field.querySelector("input").disabled = field.hidden;
  }
}

function showFaults(faults, titles) {
  const list = faults.map((value, place) => ({ key: String(place), value }));
  syncWhole(byId("faults"), list, ({ platform, kind, times, on }) => {
    const one = on === "any" ? "request" : "post";
    const which = times === 0 ? `every ${one} until lifted` : times === 1 ? `the next ${one}` : `the next ${times} ${one}s`;
    const what = kinds.get(kind)?.textContent ?? kind;
    const words = `${titles.get(platform) ?? platform}: ${what.toLowerCase()}, ${which}`;
    return Object.assign(document.createElement("li"), { textContent: words });
  });
  byId("no-faults").hidden = faults.length > 0;
  byId("lift").hidden = faults.length === 0;
}

byId("kind").addEventListener("change", showKind);
byId("fault").addEventListener("submit", async (event) => {
  event.preventDefault();
  const given = Object.fromEntries(new FormData(event.target));
  for (const name of ["times", "seconds", "status"]) if (name in given) given[name] = Number(given[name]);
  await send("POST", "/faults", given);
});
byId("lift").addEventListener("click", () => send("DELETE", "/faults"));
showKind();

// --- the server --------------------------------------------------------------------------------------------------------

function pulse(state, words) {
  const place = byId("pulse");
  place.dataset.state = state;
  if (place.textContent !== words) place.textContent = words;
}

async function send(method, path, body) {
  const said = body && { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  try {
    const response = await fetch(path, { method, ...said });
    if (response.ok) return await response.json();
    pulse("lost", `Refused: ${(await response.json()).error ?? response.status}`);
  } catch {
    pulse("lost", "Not connected. Trying again …");
  }
  return null;
}

let loaded = false;

function show(feed) {
  sync(byId("columns"), keyed(feed.services, (each) => each.name), column, fillColumn);
  jumps(feed.services, feed.talks);
  syncWhole(byId("platform"), keyed(feed.services.map(({ name, title }) => ({ name, title })), (each) => each.name), ({ name, title }) =>
    new Option(title, name));
  byId("chat").hidden = !feed.talks;
  showTalk(feed.talk);
  showFaults(feed.faults, new Map(feed.services.map(({ name, title }) => [name, title])));
  if (!loaded) seek();
  loaded = true;
}

const visible = () =>
  document.hidden ? new Promise((done) => document.addEventListener("visibilitychange", done, { once: true })) : null;

async function follow() {
  let known = "";
  for (;;) {
    await visible();
    try {
      const headers = known ? { "If-None-Match": known } : {};
      const response = await fetch("/feed", { headers, cache: "no-store", signal: AbortSignal.timeout(40000) });
      if (response.ok) {
        show(await response.json());
        known = response.headers.get("ETag");
      } else if (response.status !== 304) throw new Error(String(response.status));
      pulse("live", "Live");
      await pause(150);
    } catch {
      pulse("lost", "Not connected. Trying again …");
      await pause(2000);
    }
  }
}

addEventListener("hashchange", seek);
setInterval(showWaiting, 500);
follow();
