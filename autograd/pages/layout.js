// The small layout of autograd/display/writers, in the page: layers, their order, and the places of
// boxes and arrows in pixels, for a picture that runs to the right. MEASURES has its lengths, from
// Python. A box has name, title, operation and rows; an arrow tail, head, text, colour and width.

// How large texts and boxes are -------------------------------------------------------------------

// A width that a text of common sans-serif fonts will not exceed.
function textWidth(text, size) {
  let ems = 0;
  for (const c of text) {
    const code = c.codePointAt(0);
    if (code > 0x2fff || (code >= 0x1100 && code < 0x1160)) ems += 1.3;
    else ems += MEASURES.narrow.includes(c) ? 0.42 : MEASURES.wide.includes(c) ? 1 : 0.66;
  }
  return ems * size;
}

// A title in one line or two, broken behind a dot near its middle.
function titleLines(title) {
  const signs = [...title];
  if (signs.length <= MEASURES.longTitle) return signs.length ? [title] : [];
  const places = signs.slice(0, -1).flatMap((c, i) => (" .…_".includes(c) ? [i + 1] : []));
  if (!places.length) return [title];
  const off = (place) => Math.abs(2 * place - signs.length);
  const at = places.reduce((best, place) => (off(place) < off(best) ? place : best));
  return [signs.slice(0, at).join("").replace(/ +$/, ""), signs.slice(at).join("")];
}

// The lines above the numbers of a box: its title, and its operation beside it.
function headLines(box) {
  const { ink, faint } = MEASURES;
  const lines = titleLines(box.title).map((text) => [{ text, colour: ink, size: 11.5, weight: "bold" }]);
  if (box.operation) {
    const size = [...box.operation].length === 1 ? 14 : 11;
    if (!lines.length) lines.push([]);
    lines.at(-1).push({ text: box.operation, colour: faint, size, weight: "normal" });
  }
  return lines;
}

function boxSize(box) {
  const lines = headLines(box);
  const heads = lines.map((line) => total(line.map((p) => 1.1 * textWidth(p.text, p.size))));
  const rows = box.rows.map(([name, text]) => textWidth(name, 10) + textWidth(text, 11) + 8);
  const width = Math.max(24, ...heads.map((head) => 10 + head), ...rows);
  const { line, pad } = MEASURES;
  return [width + 2 * pad, (lines.length + rows.length) * line + pad];
}

function numbersSize(text) {
  return [textWidth(text, 10), 2 + MEASURES.numbers];
}

const total = (xs) => xs.reduce((sum, x) => sum + x, 0);
const mean = (xs) => (xs.length ? total(xs) / xs.length : null);

// Layers, and their order --------------------------------------------------------------------------

function arrange(boxes, arrows) {
  const layer = layersOf(boxes, arrows);
  const items = new Map();
  for (const box of boxes) {
    const [width, height] = boxSize(box);
    items.set(box.name, item(2 * layer.get(box.name), width, height, MEASURES.gap, box));
  }
  const everything = [...items.values()];
  const routes = arrows.map((arrow) => routeOf(arrow, items, everything));
  const rows = [];
  for (const one of everything) {
    while (rows.length <= one.layer) rows.push([]);
    rows[one.layer].push(one);
  }
  order(rows);
  place(rows);
  return [rows, routes];
}

function item(layer, width = 0, height = 4, gap = MEASURES.labelGap, box = null) {
  return { layer, width, height, gap, box, y: 0, left: [], right: [] };
}

// After its operands, and leaves just before their first use.
function layersOf(boxes, arrows) {
  const layer = new Map(boxes.map((box) => [box.name, 0]));
  const [into, first] = [new Map(), new Map()];
  for (const { tail, head } of arrows) into.set(head, [...(into.get(head) || []), tail]);
  for (const { name } of boxes) {
    const before = (into.get(name) || []).map((tail) => layer.get(tail));
    layer.set(name, 1 + Math.max(-1, ...before));
  }
  for (const { tail, head } of arrows) {
    first.set(tail, Math.min(first.get(tail) ?? Infinity, layer.get(head)));
  }
  for (const [name, at] of first) if (!into.has(name)) layer.set(name, at - 1);
  return layer;
}

// The items an arrow runs through; those between its ends are entered.
function routeOf(arrow, items, everything) {
  const [tail, head] = [items.get(arrow.tail), items.get(arrow.head)];
  let between = [];
  for (let at = tail.layer + 1; at < head.layer; at++) between.push(at);
  if (between.length + everything.length > MEASURES.mostDummies) between = between.slice(-1);
  const bends = between.map((at) => {
    const bend = item(at);
    if (at === between.at(-1) && arrow.text) [bend.width, bend.height] = numbersSize(arrow.text);
    everything.push(bend);
    return bend;
  });
  const route = [tail, ...bends, head];
  route.slice(1).forEach((b, i) => {
    route[i].right.push(b);
    b.left.push(route[i]);
  });
  return route;
}

// Each layer by the mean position of the neighbours, sweeping forth and back.
function order(rows) {
  const position = new Map();
  const number = (row) => row.forEach((one, i) => position.set(one, i));
  rows.forEach(number);
  for (let sweep = 0; sweep < MEASURES.sweeps; sweep++) {
    const forth = sweep % 2 === 0;
    for (const row of forth ? rows : [...rows].reverse()) {
      const keys = new Map(row.map((one) => {
        const near = (forth ? one.left : one.right).map((n) => position.get(n));
        return [one, mean(near) ?? position.get(one)];
      }));
      row.sort((a, b) => keys.get(a) - keys.get(b));
      number(row);
    }
  }
}

// As near to the neighbours as the order allows; the last sweep looks at the left ones alone.
function place(rows) {
  for (const row of rows) settle(row, row.map(() => 0));
  for (let sweep = 0; sweep <= 2 * MEASURES.sweeps; sweep++) {
    const isLast = sweep === 2 * MEASURES.sweeps;
    for (const row of sweep % 2 === 0 ? rows : [...rows].reverse()) {
      settle(row, row.map((one) => {
        const near = isLast ? one.left : [...one.left, ...one.right];
        return mean(near.map((n) => n.y)) ?? one.y;
      }));
    }
  }
}

// Nearest to what is wanted in least squares, in order and without overlap.
function settle(row, wanted) {
  let offset = 0;
  const offsets = row.map((b, i) => {
    if (!i) return 0;
    const a = row[i - 1];
    offset += (a.height + b.height) / 2 + Math.max(a.gap, b.gap);
    return offset;
  });
  const blocks = [];
  row.forEach((_, i) => {
    let [sum, n] = [wanted[i] - offsets[i], 1];
    while (blocks.length && blocks.at(-1)[0] * n >= sum * blocks.at(-1)[1]) {
      const [before, m] = blocks.pop();
      [sum, n] = [sum + before, n + m];
    }
    blocks.push([sum, n]);
  });
  let i = 0;
  for (const [sum, n] of blocks) {
    for (let k = 0; k < n; k++, i++) row[i].y = sum / n + offsets[i];
  }
}

// Places -------------------------------------------------------------------------------------------

function placesOf(boxes, arrows) {
  const [rows, routes] = arrange(boxes, arrows);
  const halves = rows.map((row) => Math.max(0, ...row.map((one) => one.width)) / 2);
  const isLabelled = arrows.length <= MEASURES.mostLabelled;
  const gap = MEASURES.layerGap * (isLabelled ? 1 : 2);
  const { margin } = MEASURES;
  let x = margin;
  const xs = halves.map((half) => {
    const middle = x + half;
    x += 2 * half + gap;
    return middle;
  });
  x -= gap;
  const everything = rows.flat();
  const top = Math.min(...everything.map((one) => one.y - one.height / 2)) - margin;
  for (const one of everything) one.y -= top;
  const height = Math.max(...everything.map((one) => one.y + one.height / 2));
  const [starts, ends] = [ports(routes, 0, 1), ports(routes, -1, -2)];
  const placedArrows = arrows.map((arrow, i) => {
    const route = routes[i];
    const [tail, head] = [route[0], route.at(-1)];
    const ys = [starts[i], ...route.slice(1, -1).map((one) => one.y), ends[i]];
    // Level from the box to the edge of its column, so that no curve runs under a wider box.
    const points = route.flatMap((one, k) =>
      [-1, 1].map((s) => [xs[one.layer] + s * halves[one.layer], ys[k]]));
    points[0] = [xs[tail.layer] + tail.width / 2, ys[0]];
    points[points.length - 1] = [xs[head.layer] - head.width / 2, ys.at(-1)];
    const spot = isLabelled && route.length > 2 ? [xs[route.at(-2).layer], route.at(-2).y] : null;
    return { arrow, points, spot };
  });
  const placedBoxes = everything.filter((one) => one.box).map((one) =>
    ({ box: one.box, x: xs[one.layer], y: one.y, width: one.width, height: one.height }));
  return { boxes: placedBoxes, arrows: placedArrows, width: x + margin, height: height + margin };
}

// Where each route meets the box at one of its ends: spread, in the order they come.
function ports(routes, end, towards) {
  const meeting = new Map();
  routes.forEach((route, i) => {
    const box = route.at(end);
    meeting.set(box, [...(meeting.get(box) || []), i]);
  });
  const found = [];
  for (const [box, arriving] of meeting) {
    arriving.sort((i, j) => routes[i].at(towards).y - routes[j].at(towards).y);
    const step = Math.min(9, (0.7 * box.height) / arriving.length);
    arriving.forEach((i, k) => {
      found[i] = box.y + step * (k - (arriving.length - 1) / 2);
    });
  }
  return found;
}

// The pieces of a way through points: a line is its end, a curve two control points and its end.
function piecesOf([[startX, startY], ...rest]) {
  const found = [];
  let [x, y] = [startX, startY];
  for (const [px, py] of rest) {
    if (Math.abs(py - y) < 0.05) {
      if (Math.abs(px - x) < 0.05) continue;
      if (found.length && found.at(-1).length === 1) found.pop();
      found.push([[px, y]]);
      x = px;
    } else {
      const middle = (x + px) / 2;
      found.push([[middle, y], [middle, py], [px, py]]);
      [x, y] = [px, py];
    }
  }
  return found;
}
