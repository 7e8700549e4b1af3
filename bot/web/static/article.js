// Lets a person select a passage in the article itself, and has the previews follow. The form does all of it without script.

const form = document.getElementById("writing");
const text = document.getElementById("text");
const field = document.getElementById("passage");
const choice = document.getElementById("choice-passage");
document.documentElement.classList.add("scripting");

const letters = (words) => [...words].length;

/** The block of the text that a place stands in. */
const block = (node) => (node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement)?.closest("[data-start]");

/** Which character of the article a place in the page is, counted as the server counts them. */
function offset(node, at) {
  let within = block(node);
  if (!within) {
    // Between two blocks: the end of the one before, or the beginning of the text.
    const before = [...text.children].filter((each) => each.compareDocumentPosition(node) & Node.DOCUMENT_POSITION_FOLLOWING).at(-1);
    within = node === text ? text.children[Math.min(at, text.children.length - 1)] : before;
    if (!within) return 0;
    const whole = node === text && at < text.children.length ? 0 : letters(within.textContent);
    return Number(within.dataset.start) + whole;
  }
  const range = document.createRange();
  range.setStart(within, 0);
  range.setEnd(node, at);
  return Number(within.dataset.start) + letters(range.toString());
}

/** The place in the page of a character of the article. */
function place(at) {
  const within = [...text.children].filter((each) => Number(each.dataset.start) <= at).at(-1);
  if (!within) return null;
  let left = at - Number(within.dataset.start);
  const walker = document.createTreeWalker(within, NodeFilter.SHOW_TEXT);
  let last = null;
  while (walker.nextNode()) {
    last = walker.currentNode;
    const signs = [...last.data];
    if (left <= signs.length) return [last, signs.slice(0, left).join("").length];
    left -= signs.length;
  }
  return last && [last, last.data.length];
}

/** Bring a choice into sight within its box, and leave the page where it is: somebody is selecting in it. */
function reveal(option) {
  const box = option.parentElement;
  const [within, seen] = [option.getBoundingClientRect(), box.getBoundingClientRect()];
  if (within.top < seen.top) box.scrollTop += within.top - seen.top;
  else if (within.bottom > seen.bottom) box.scrollTop += Math.min(within.bottom - seen.bottom, within.top - seen.top);
}

/** Tell the form what is selected in the article; the previews follow by themselves. */
function take() {
  const selection = getSelection();
  if (!choice || selection.isCollapsed || !selection.rangeCount) return;
  const range = selection.getRangeAt(0);
  if (!text.contains(range.startContainer) || !text.contains(range.endContainer)) return;
  const passage = `${offset(range.startContainer, range.startOffset)}-${offset(range.endContainer, range.endOffset)}`;
  if (field.value === passage && choice.checked) return;
  field.value = passage;
  choice.checked = true;
  document.getElementById("selected").textContent = range.toString().trim();
  reveal(choice.closest(".option"));
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

/** Show in the article what the server made of the selection: whole words. */
function mark() {
  const { start, end } = document.getElementById("marked").dataset;
  const from = start && place(Number(start));
  const to = end && place(Number(end));
  if (!globalThis.CSS?.highlights) return;
  CSS.highlights.delete("passage");
  if (!from || !to) return;
  const range = new Range();
  range.setStart(...from);
  range.setEnd(...to);
  CSS.highlights.set("passage", new Highlight(range));
  if (choice?.checked) document.getElementById("selected").textContent = range.toString();
}

const STEPS = { ArrowLeft: ["left", "word"], ArrowRight: ["right", "word"], ArrowUp: ["backward", "line"], ArrowDown: ["forward", "line"] };

/** Select with the keyboard: the text is no field to type in, so that the browser itself moves no mark in it. */
function press(event) {
  const step = STEPS[event.key];
  if (!step || !event.shiftKey || event.altKey || event.metaKey) return;
  const selection = getSelection();
  event.preventDefault();
  if (!text.contains(selection.anchorNode)) selection.collapse(text.querySelector("[data-start]"), 0);
  selection.modify("extend", step[0], event.ctrlKey && step[1] === "line" ? "paragraph" : step[1]);
}

if (choice) {
  text.addEventListener("pointerdown", () => addEventListener("pointerup", () => setTimeout(take), { once: true }));
  let settled; // fingers move the ends of a selection without any event of their own
  document.addEventListener("selectionchange", () => {
    clearTimeout(settled);
    settled = setTimeout(take, 400);
  });
  text.addEventListener("keydown", press);
  text.addEventListener("keyup", (event) => event.key === "Shift" || event.shiftKey ? take() : undefined);
  document.body.addEventListener("htmx:afterSwap", mark);
  form.addEventListener("input", ({ target }) => {
    const chosen = target.dataset.chooses && document.getElementById(target.dataset.chooses);
    if (chosen) chosen.checked = true;
    if (target.name === "choice" || chosen) {
      for (const each of text.querySelectorAll("mark.lit")) each.classList.remove("lit");
      const offer = form.querySelector("[name=choice]:checked")?.dataset.offer;
      for (const each of offer ? text.querySelectorAll(`mark[data-offers~="${offer}"]`) : []) each.classList.add("lit");
    }
  });
}

// Pressed is pressed: no preview is asked for any more, and a second click sends nothing.
let leaving = false;
const previews = document.getElementById("previews");
form.addEventListener("submit", (event) => {
  if (leaving) {
    event.preventDefault();
    return;
  }
  leaving = true;
  htmx.trigger(previews, "htmx:abort");
  keep();
});
previews.addEventListener("htmx:confirm", (event) => leaving && event.preventDefault());
addEventListener("pageshow", () => (leaving = false));

// What is typed outlives a session that ended meanwhile: signed in again, one finds it in the form.
const DRAFT = `draft ${form.dataset.draft}`;

/** Keep what stands in the form until the desk has answered that it is kept there. */
function keep() {
  const typed = [...new FormData(form)].filter(([name]) => !SEALED.has(name));
  sessionStorage.setItem(DRAFT, JSON.stringify({ edition: form.elements.edition.value, typed }));
}
const SEALED = new Set(["token", "edition", "seen", "channels"]);

/** Put back what was typed when it was lost on the way; what the desk took, or shows by itself, needs none of that. */
function restore() {
  const kept = JSON.parse(sessionStorage.getItem(DRAFT) ?? "null");
  sessionStorage.removeItem(DRAFT);
  const answered = document.querySelector("#notice .notice, #problem");
  if (!kept || answered || kept.edition !== form.elements.edition.value) return;
  const typed = new Map(kept.typed);
  for (const each of form.elements) {
    if (!each.name || SEALED.has(each.name) || each.matches("button")) continue;
    if (each.type === "checkbox") each.checked = typed.has(each.name);
    else if (each.type === "radio") each.checked = typed.get(each.name) === each.value;
    else if (typed.has(each.name)) each.value = typed.get(each.name);
  }
  document.getElementById("again").hidden = false;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}
if (form.dataset.draft) restore();
