// The steps as a strip for paper: a panel for each, with the part of the picture it is about.
// Stands inside the function of walkthrough.js; made before printing, gone after it.

// In CSS pixels on paper: the inside of a panel over half of the page and over all of it, and the
// height of a whole picture and of a part. The least scale of a whole picture, the usual one of a
// part, and its least; text is 11 units high.
const HALF = 315, FULL = 660, HIGH = 300, LOW = 170, WHOLE = 0.58, PART = 0.68, SMALL = 0.52;

// Pieces of a picture, with the room that each takes.
function pieces(svg) {
  return [...svg.children].slice(1).map((piece) => ({ piece, box: piece.getBBox() }));
}

// Whether a whole picture can be read in each panel, and how wide the panels are then.
function panelWidth(svg) {
  const { width, height } = svg.viewBox.baseVal;
  const fits = (room) => width * WHOLE <= room && height * WHOLE <= HIGH;
  return fits(HALF) ? [true, "cw-half"] : fits(FULL) ? [true, "cw-full"] : [false, "cw-half"];
}

// The picture, or the part of it around the boxes of a step: [left, top, right, bottom].
function cut(svg, all, around, whole) {
  const { width, height } = svg.viewBox.baseVal;
  const copy = svg.cloneNode(false);
  copy.removeAttribute("style");
  copy.removeAttribute("role");
  set(copy, "aria-hidden", "true");
  const [left, top, right, bottom] = around;
  // Of a part there is room for the boxes at both ends of an arrow that is not too long.
  const w = whole ? width
    : Math.min(width, Math.max(HALF / PART, Math.min(HALF / SMALL, right - left + 240)));
  const h = whole ? height : Math.min(height, LOW / PART);
  // Of a long arrow the end where something is added.
  const x = right - left > w ? left - 8 : (left + right - w) / 2;
  const y = (top + bottom - h) / 2;
  const at = [Math.min(x, width - w), Math.min(y, height - h)].map((t) => Math.max(0, t));
  set(copy, "viewBox", [...at, w, h].join(" "));
  const scale = whole ? Math.min(1, (w > HALF / WHOLE ? FULL : HALF) / w, HIGH / h) : HALF / w;
  set(copy, "width", w * Math.min(scale, 1));
  set(copy, "height", h * Math.min(scale, 1));
  for (const { piece, box } of all) {
    const apart = box.x > at[0] + w || box.x + box.width < at[0] ||
      box.y > at[1] + h || box.y + box.height < at[1];
    if (!apart) copy.append(piece.cloneNode(true));
  }
  return copy;
}

// The smallest box around some elements of the picture.
function surrounding(elements) {
  const boxes = elements.map((element) => element.getBBox());
  return [
    Math.min(...boxes.map((b) => b.x)), Math.min(...boxes.map((b) => b.y)),
    Math.max(...boxes.map((b) => b.x + b.width)), Math.max(...boxes.map((b) => b.y + b.height)),
  ];
}

// Formulas wider than their panel are left out: the line below them says the same, and goes on.
function fitted(strip) {
  const wide = [...strip.querySelectorAll(".cw-formula")].filter((formula) =>
    formula.scrollWidth > formula.clientWidth);
  wide.forEach((formula) => formula.remove());
}

// At most twelve sums, those last added to: a panel is small.
function sums(k) {
  const latest = [...uses.slice(0, Math.max(0, k - nodes.length)).reverse()
    .map((w) => w[USE.operand]), ...(k < nodes.length ? [] : [last])];
  const line = make("p", "cw-sums", latest.length ? "Running gradients: " : "");
  for (const i of [...new Set(latest)].slice(0, 12)) {
    const sum = make("span", "", apart(`${nodes[i][0]} `));
    sum.append(make("b", "", rows[i].cells[3].textContent));
    line.append(sum, " ");
  }
  return line;
}
let strip = null;
function lay() {
  if (strip || !root.isConnected) return;
  const kept = [at, open], all = pieces(svg), [full, width] = panelWidth(svg);
  strip = make("div", "cw-strip");
  if (note) strip.append(note.cloneNode(true));
  open = false;
  for (at = 0; at < total; at++) {
    show();
    const u = use(at), around = u ? [edges[u[USE.edge]]]
      : [boxes[at < nodes.length ? at : last][0].box];
    const panel = make("div", `cw-panel ${width}`);
    panel.append(make("p", "cw-phase", `${at + 1}. ${phase.textContent}`),
      cut(svg, all, surrounding(around), full), formulas.cloneNode(true),
      make("p", "cw-said", said.textContent), sums(at));
    strip.append(panel, " ");
  }
  [at, open] = kept;
  show();
  live.before(strip);
  fitted(strip);
}
function lift() {
  if (strip) strip.remove();
  strip = null;
  if (root.isConnected) return;
  window.removeEventListener("beforeprint", lay);
  window.removeEventListener("afterprint", lift);
}
