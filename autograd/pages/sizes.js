// How large the picture and the title are, from the room that they have.
// Stands inside the function of walkthrough.js.

// Text in the picture is 11 units high. In parts of the text of the page: what can still be read,
// so that the whole picture may shrink to it; what reads well where only a part can be seen; and
// the most that a small picture grows to, on a page that has a whole window.
const UNITS = 11, LEAST = 0.6, READ = 0.735, MOST = 1.15;
// Of a window, the most for the picture above the step, what it keeps there, and beside it.
const ABOVE = 0.48, KEPT = 0.36, BESIDE = 0.56;

// How high the numbers to change are where nothing of them is out of sight.
function wanted(lab) {
  if (!lab) return 0;
  lab.style.maxHeight = "none";
  const { height } = frameOf(lab);
  lab.style.maxHeight = "";
  return height;
}

function sized(live, graph, svg, whole) {
  const style = getComputedStyle(live), em = parseFloat(style.fontSize);
  const fills = style.display === "grid";
  const { width: w, height: h } = svg.viewBox.baseVal;
  const scale = (part) => (part * em) / UNITS;
  const across = live.clientWidth - 4;
  let [room, tall] = [across, fills ? ABOVE * live.clientHeight : Infinity];
  live.classList.remove("cw-side");
  if (fills) {
    const high = frameOf(live).bottom - frameOf(graph).top - 2 * em;
    const beside = Math.min((BESIDE * across) / w, high / h);
    if (beside > Math.min(room / w, tall / h, scale(MOST))) {
      live.classList.add("cw-side");
      [room, tall] = [BESIDE * across, high];
    } else {
      // The picture leaves the numbers below their room, as far as it can be read or has its part.
      const left = high - wanted(live.querySelector(".cw-lab"));
      const least = Math.min(h * scale(LEAST), KEPT * live.clientHeight);
      tall = Math.min(tall, Math.max(left, least));
    }
  }
  graph.style.maxHeight = Number.isFinite(tall) ? `${tall}px` : "";
  // Less the border.
  const fit = Math.min(room / w, (tall - 4) / h), most = scale(fills ? MOST : READ);
  let size = Math.min(fit, most);
  whole.hidden = fit >= scale(LEAST) || fit < scale(LEAST) / 2;
  if (fit < scale(LEAST) && (whole.hidden || whole.getAttribute("aria-pressed") !== "true")) {
    // Rather a little smaller than to be scrolled both ways, but no smaller than it is drawn.
    size = Math.min(scale(READ), fills ? Math.max(tall / h - 0.01, scale(LEAST), 1) : Infinity);
  }
  svg.style.width = `${w * size}px`;
  svg.style.height = `${h * size}px`;
}

// The title in mathematics, or as text, which goes on in the next line, where that is too wide.
function titled(title, text, formula) {
  if (!formula) return;
  title.innerHTML = formula;
  if (title.tagName === "H1") set(title, "aria-label", text);
  if (title.scrollWidth > title.clientWidth) title.textContent = apart(text);
}

// What scrolls must be reachable by keyboard.
function reachable(element) {
  const scrolls = element.scrollWidth > element.clientWidth ||
    element.scrollHeight > element.clientHeight;
  if (scrolls) element.tabIndex = 0;
  else element.removeAttribute("tabindex");
}
