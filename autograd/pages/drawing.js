// The numbers in the picture, when they have changed: texts, colours and widths.
// Stands inside the function of walkthrough.js.

// The height of a line on an arrow, its text, and how far numbers may go beyond the room they had.
// A line may have smaller text, and two lines text that is smaller yet; so may numbers in a box.
// Two lines stand closer, with text that fits, where other numbers are near above or below.
const ROW = 13, TEXT = 10, BEYOND = 44, SMALLER = 8.4, SMALLEST = 7, CLOSE = 0.87;
const NEAR = 60;

const wide = (text) =>
  TEXT * [...text].reduce((sum, c) => sum + (" .".includes(c) ? 0.42 : 0.66), 0);
const middle = (rect) => {
  const [x, y, width, height] = ["x", "y", "width", "height"].map((k) => +rect.getAttribute(k));
  return [x + width / 2, y + height / 2, width];
};
// Tells whether a point of the picture can be seen, or nearly, and a row of the table.
function inView() {
  const frame = frameOf(graph), all = frameOf(svg), unit = svg.viewBox.baseVal.width / all.width;
  const [left, right, top, bottom] = [frame.left - all.left, frame.right - all.left,
    frame.top - all.top, frame.bottom - all.top].map((x) => x * unit);
  const part = frameOf(values), low = Math.max(0, part.top), high = Math.min(innerHeight, part.bottom);
  const shown = rows.map((row) => {
    const own = frameOf(row);
    return own.bottom > low && own.top < high;
  });
  return {
    point: ({ x, y }) =>
      x > left - NEAR && x < right + NEAR && y > top - NEAR && y < bottom + NEAR,
    row: (i) => shown[i],
  };
}

// Where each arrow's numbers stand, how wide they may be, and how far off the nearest others are.
let spots = null;
function measured() {
  spots = new Map(edges.flatMap((edge) => {
    const ground = edge.querySelector("rect"), texts = [...edge.querySelectorAll("text")];
    if (!ground) return [];
    const [x, y, width] = middle(ground), lines = texts.length;
    return [[edge, { x, y, room: width + BEYOND, ground, texts, lines, tall: 4 * ROW }]];
  }));
  const all = [...spots.values()];
  all.forEach((one, i) => {
    for (const other of all.slice(i + 1)) {
      const apart = Math.abs(one.y - other.y);
      if (2 * Math.abs(one.x - other.x) >= one.room + other.room) continue;
      one.tall = Math.min(one.tall, apart);
      other.tall = Math.min(other.tall, apart);
    }
  });
}

// The numbers on an arrow in one line, or in two where they would be too wide.
function numbersOn(edge, factorsOf, part, hue, seen) {
  if (!spots) measured();
  const place = spots.get(edge);
  if (!place || (seen && !seen.point(place))) return;
  const factors = factorsOf(), product = brief(part);
  const { ground, texts: elements } = place, whole = `${factors} = ${product}`;
  const texts = place.lines > 1 || SMALLER * wide(whole) > TEXT * place.room
    ? [factors, `= ${product}`] : [whole];
  const row = texts.length > 1 ? Math.min(ROW, (place.tall - 2) / 2) : ROW;
  const width = Math.max(...texts.map(wide)), height = 2 + row * texts.length;
  const shrunk = Math.max(SMALLEST, Math.min(TEXT, row * CLOSE, TEXT * place.room / width));
  const size = { x: place.x - width / 2, y: place.y - height / 2 + 0.5, width, height: height - 1 };
  for (const [name, number] of Object.entries(size)) set(ground, name, number.toFixed(1));
  while (elements.length < texts.length) {
    elements.push(elements[0].cloneNode());
    edge.append(elements.at(-1));
  }
  elements.splice(texts.length).forEach((element) => element.remove());
  elements.forEach((element, i) => {
    put(element, texts[i]);
    set(element, "fill", hue);
    set(element, "font-size", shrunk.toFixed(1));
    set(element, "y", (place.y - height / 2 + row * (i + 1) - 2 * row / ROW).toFixed(1));
  });
}

// A number in a box, in smaller text where it would meet the word before it.
function inBox(element, text, room) {
  put(element, text);
  set(element, "font-size", Math.min(11, 10 * room / wide(text)).toFixed(1));
}

// The line and the tip of each arrow.
let ways = null;
function redrawn(found, seen) {
  if (!ways) ways = edges.map((edge) => edge.querySelectorAll("path"));
  nodes.forEach((_, i) => {
    for (const b of boxes[i]) {
      if (!seen || seen.point(b)) inBox(b.value, brief(found.values[i]), b.width - 48);
    }
  });
  const sizes = found.contributions.map(Math.abs), largest = Math.max(0, ...sizes.filter(isFinite));
  uses.forEach((u, k) => {
    const edge = edges[u[USE.edge]], part = found.contributions[k], hue = data.tones[tone(part)];
    const [line, tip] = ways[u[USE.edge]];
    const share = Number.isFinite(part) ? (largest ? sizes[k] / largest : 0) : 1;
    set(line, "stroke", hue);
    set(line, "stroke-width", (0.8 + 2.6 * Math.sqrt(share)).toFixed(2));
    set(tip, "fill", hue);
    numbersOn(edge, () => `${brief(found.gradients[u[USE.node]])} × ${brief(found.partials[k])}`,
      part, hue, seen);
  });
}
