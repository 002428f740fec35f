// Comfort for an open page: what changes is brought up to date in place. Without this every page
// still says and does everything.

const body = document.body;
const liveUrl = body.dataset.liveUrl ?? "";
const LEAST = 1000; // ms between two requests
const POLL = 10000; // ms, where no stream can be had

// --- what was said once is not said again ---------------------------------------------------

const address = new URL(location.href);
if (address.searchParams.has("note")) {
  address.searchParams.delete("note");
  address.searchParams.delete("n");
  history.replaceState(null, "", address);
}

// --- buttons that need a script --------------------------------------------------------------

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (button) {
    const source = document.getElementById(button.dataset.copy);
    await copy(source);
    button.textContent = "Copied";
    return;
  }
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
for (const button of document.querySelectorAll("button[data-copy]")) button.hidden = false;

async function copy(source) {
  const text = source.value ?? source.textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    if (source.select) source.select();
    else getSelection().selectAllChildren(source);
    document.execCommand("copy");
  }
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = event.target.closest?.("details.menu[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

for (const form of document.querySelectorAll("form[data-upload]")) form.addEventListener("submit", upload);

function upload(event) {
  event.preventDefault();
  const form = event.currentTarget;
  const state = form.querySelector("[data-upload-state]");
  const bar = state.querySelector("progress");
  const words = state.querySelector("p");
  const button = form.querySelector("button");
  const asked = new XMLHttpRequest();
  state.hidden = bar.hidden = false;
  words.className = "dim small";
  button.disabled = true;
  asked.upload.addEventListener("progress", (step) => {
    if (!step.lengthComputable) return;
    const percent = Math.floor((step.loaded / step.total) * 100);
    if (percent === bar.value) return;
    bar.value = percent;
    words.textContent = percent < 100 ? `${percent} % handed over` : "Being checked";
  });
  asked.addEventListener("load", () => {
    if (asked.status < 400) return location.assign(asked.responseURL);
    const answer = new DOMParser().parseFromString(asked.responseText, "text/html");
    refuse([...answer.querySelectorAll("#refusal h1, #refusal p.prose")].map((one) => one.textContent).join(": "));
  });
  asked.addEventListener("error", () => refuse("The file did not arrive. Try again."));
  function refuse(why) {
    bar.hidden = true;
    words.className = "error";
    words.textContent = why;
    button.disabled = false;
  }
  asked.open("POST", form.action);
  asked.send(new FormData(form));
}

// --- the page is brought up to date ------------------------------------------------------------

let last = 0;
let timer = 0;
let isAsking = false;
let isDue = false;

function look() {
  if (isAsking || timer) {
    isDue = isDue || isAsking;
    return;
  }
  timer = setTimeout(ask, Math.max(0, last + LEAST - Date.now()));
}

async function ask() {
  timer = 0;
  if (document.hidden) return;
  isAsking = true;
  last = Date.now();
  try {
    const answer = await fetch(liveUrl, { headers: { "X-Fragment": "live" }, cache: "no-store" });
    if (answer.status === 401) return location.reload();
    if (answer.ok) show(await answer.text());
    away(!answer.ok);
  } catch {
    away(true);
  } finally {
    isAsking = false;
  }
  if (isDue) {
    isDue = false;
    look();
  }
}

function away(isAway) {
  document.body.classList.toggle("is-away", isAway);
  const note = document.getElementById("away");
  if (note && note.hidden === isAway) note.hidden = !isAway;
}

function show(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html");
  if (fresh.title) document.title = fresh.title;
  for (const now of document.querySelectorAll("[data-live]")) {
    const next = fresh.getElementById(now.id);
    if (next && !next.isEqualNode(now)) become(now, next);
  }
}

// Changes `now` into `next` and keeps every element that stays the same: with it focus, scroll
// position, and what somebody has opened or is typing.
function become(now, next) {
  if (now.nodeType !== Node.ELEMENT_NODE) {
    if (now.nodeValue !== next.nodeValue) now.nodeValue = next.nodeValue;
    return;
  }
  for (const { name } of [...now.attributes]) {
    if (!next.hasAttribute(name) && !isOfTheUser(now, name)) now.removeAttribute(name);
  }
  for (const { name, value } of next.attributes) {
    if (now.getAttribute(name) !== value && !isOfTheUser(now, name)) now.setAttribute(name, value);
  }
  children(now, next);
}

function isOfTheUser(element, name) {
  return (name === "open" && element.localName === "details") || (name === "hidden" && element.dataset.copy);
}

function children(now, next) {
  const named = new Map([...now.children].filter((one) => one.id).map((one) => [one.id, one]));
  const wanted = new Set([...next.children].map((one) => one.id).filter(Boolean));
  let here = now.firstChild;
  for (const there of [...next.childNodes]) {
    while (here?.id && here.id !== there.id && !wanted.has(here.id)) here = removed(here);
    const known = there.id ? named.get(there.id) : null;
    if (known) {
      // An element that is moved loses the focus, so rather what is before it goes.
      while (here && here !== known && !wanted.has(here.id) && isBefore(here, known)) here = removed(here);
      if (known === here) here = here.nextSibling;
      else now.insertBefore(known, here);
      become(known, there);
    } else if (here && !here.id && !there.id && here.nodeName === there.nodeName) {
      become(here, there);
      here = here.nextSibling;
    } else {
      now.insertBefore(document.importNode(there, true), here);
    }
  }
  while (here) here = removed(here);
}

function isBefore(node, other) {
  return Boolean(node.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING);
}

function removed(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}

// --- news -----------------------------------------------------------------------------------------

let stream = null;
let poll = 0;

function open() {
  close();
  if (!liveUrl || document.hidden) return;
  stream = new EventSource("/ui/events");
  stream.addEventListener("snapshot", look);
  stream.addEventListener("full", () => {
    // Too many pages are open, and this one has been longest: it looks now and then instead.
    stream?.close();
    if (!poll) poll = setInterval(look, POLL);
  });
  stream.addEventListener("open", () => {
    clearInterval(poll);
    poll = 0;
  });
  stream.addEventListener("error", () => {
    if (!poll) poll = setInterval(quietly, POLL);
    look();
  });
}

function quietly() {
  look();
  // A browser gives up a stream that was refused; it is asked for again with every look.
  if (stream?.readyState === EventSource.CLOSED) open();
}

function close() {
  stream?.close();
  stream = null;
  clearInterval(poll);
  poll = 0;
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    close();
  } else {
    look();
    open();
  }
});
addEventListener("pagehide", close);
addEventListener("pageshow", (event) => {
  if (event.persisted) open();
});
// A page is fresh when it comes; whoever only passes through it takes up no stream.
setTimeout(open, LEAST);
