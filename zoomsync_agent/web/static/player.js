// The transcript follows the player, and the player follows the transcript.

const media = document.querySelector("#player video, #player audio");
const list = document.getElementById("cues");
const find = document.getElementById("find");
const hits = document.getElementById("hits");
const lines = list ? [...list.querySelectorAll("li")] : [];
const timed = lines.filter((line) => line.dataset.at).map((line) => ({ line, at: Number(line.dataset.at) }));
const isCalm = matchMedia("(prefers-reduced-motion: reduce)");
let current = null;
let touched = 0;

if (media) {
  media.addEventListener("timeupdate", follow);
  media.addEventListener("seeked", follow);
}

function seek(at) {
  const go = () => {
    media.currentTime = at;
  };
  if (media.readyState >= HTMLMediaElement.HAVE_METADATA) go();
  else media.addEventListener("loadedmetadata", go, { once: true });
}

function follow() {
  let found = null;
  for (const one of timed) {
    if (one.at > media.currentTime + 0.05) break;
    found = one.line;
  }
  if (found === current) return;
  current?.removeAttribute("aria-current");
  current = found;
  if (!current) return;
  current.setAttribute("aria-current", "true");
  // Whoever scrolls by hand is left alone for a while.
  if (Date.now() - touched > 5000) bring(current);
}

// Only the list is scrolled, never the page.
function bring(line) {
  const box = list.getBoundingClientRect();
  const place = line.getBoundingClientRect();
  if (place.top >= box.top + 24 && place.bottom <= box.bottom - 48) return;
  list.scrollBy({ top: place.top - box.top - box.height / 3, behavior: isCalm.matches ? "auto" : "smooth" });
}

for (const kind of ["wheel", "touchmove", "keydown"]) {
  list?.addEventListener(kind, () => {
    touched = Date.now();
  }, { passive: true });
}

list?.addEventListener("click", (event) => {
  const link = event.target.closest("a.time");
  if (!link || !media || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  touched = 0;
  seek(Number(link.closest("li").dataset.at));
  media.play().catch(() => {}); // a browser may not let a page begin by itself
});

// --- find ------------------------------------------------------------------------------------------

find?.addEventListener("input", filter);
find?.form.addEventListener("submit", (event) => {
  event.preventDefault();
  filter();
});

function filter() {
  const words = find.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const line of lines) {
    const said = line.querySelector("p");
    unmark(said);
    const text = said.textContent.toLocaleLowerCase();
    const fits = words.every((word) => text.includes(word));
    line.hidden = !fits;
    if (fits) count += 1;
    if (fits && words.length) mark(said, words);
  }
  hits.textContent = words.length ? `${count} of ${lines.length} lines` : "";
}

function unmark(element) {
  for (const one of element.querySelectorAll("mark")) one.replaceWith(one.textContent);
  element.normalize();
}

function mark(element, words) {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) texts.push(walker.currentNode);
  for (let text of texts) {
    for (;;) {
      const lower = text.nodeValue.toLocaleLowerCase();
      const places = words.map((word) => ({ at: lower.indexOf(word), size: word.length })).filter((one) => one.at >= 0);
      if (!places.length) break;
      const first = places.reduce((a, b) => (b.at < a.at ? b : a));
      const hit = text.splitText(first.at);
      text = hit.splitText(first.size);
      const wrapped = document.createElement("mark");
      hit.replaceWith(wrapped);
      wrapped.append(hit);
    }
  }
}

// The first line that was searched for is brought into view, so is the second that was asked for.
const wanted = list?.querySelector("li.is-hit");
if (wanted && !media?.dataset.at) bring(wanted);
