// The picture of a graph in the page: its boxes and arrows with the numbers of the chain rule, as
// SVG text. Colours and lengths are those of autograd/display, given as MEASURES; SHOWN has how each
// row is written on a box.

// The names of nodes, as `steps` prints them: labels, and v1, v2, ... where there is none.
function namesOf(labels) {
  const texts = labels.map((label) => shortLabel(label));
  const taken = new Set(texts.filter(Boolean));
  if (!texts.at(-1) && !taken.has("z")) {
    texts[texts.length - 1] = "z";
    taken.add("z");
  }
  const [seen, used] = [new Map(), new Set()];
  let n = 0;
  return texts.map((label) => {
    let name = label;
    if (label) {
      let k = (seen.get(label) || 0) + 1;
      seen.set(label, k);
      if (k > 1) name = `${label} (${k})`;
      while (used.has(name)) name = `${label} (${++k})`;
    } else {
      do n += 1; while (taken.has(`v${n}`) || taken.has(`v_${n}`));
      name = `v${n}`;
    }
    used.add(name);
    return name;
  });
}

// The middle of a long label is left out.
function shortLabel(label) {
  return shortened([...label], MEASURES.longestLabel);
}

function shortened(signs, most) {
  if (signs.length <= most) return signs.join("");
  const head = Math.floor(((most - 1) * 2) / 3);
  return [...signs.slice(0, head), "…", ...signs.slice(signs.length - (most - 1 - head))].join("");
}

// What a box says of its operation: a sign or a name, with the plain numbers in it if any.
function operationText(node, labels) {
  if (!node) return "";
  const { sign, texts } = SHOWN[node.row];
  const constants = node.operands.filter(Array.isArray).length;
  if (!constants) return sign;
  if (node.operands.length > 4) {
    return `${node.row}, ${constants} constant${constants === 1 ? "" : "s"}`;
  }
  const operands = node.operands.map((x) => {
    if (Array.isArray(x)) return [brief(x[0]), x[0] >= 0 ? 4 : 1];
    const label = shortLabel(labels[x]);
    const isShort = /^[\p{XIDS}_]\p{XIDC}*$/u.test(label) && [...label].length <= 8;
    return [isShort ? label : "·", 4];
  });
  const text = texts[node.operands.length].replace(/\{(\d+):(\d+)\}/g, (_, k, needed) => {
    const [operand, precedence] = operands[k];
    return precedence >= needed ? operand : `(${operand})`;
  });
  return shortened([...text], 40);
}

// What a box takes beside a number of six signs lets one of ten in: numbers may change. The pad is
// for the measuring, and is taken out of the picture.
const ROOM = 6;
const PAD = "\u2007";

// The boxes and arrows of a graph with its numbers: a box for each node, in order, and again near
// its uses where these lie far apart.
function pictureOf({ nodes, labels }, names, numbers) {
  const [levels, copied] = farUses(nodes);
  const [boxes, arrows, copies] = [[], [], new Map()];
  const last = nodes.length - 1;
  const add = (name, i, kind) => {
    const gradient = numbers.gradients[i];
    boxes.push({
      name, kind, place: i, title: names[i], operation: operationText(nodes[i], labels),
      isResult: i === last && kind !== "copy",
      rows: [["value", brief(numbers.values[i]).padStart(ROOM, PAD), ""],
        ["gradient", brief(gradient).padStart(ROOM, PAD), tone(gradient)]],
    });
  };
  const tailOf = (x, head) => {
    const isFar = levels[head] - levels[x] > MEASURES.span;
    if (!copied.has(x) || (nodes[x] && !isFar)) return `n${x}`;
    const name = `n${x}_${levels[head]}`;
    if (!copies.has(name)) {
      copies.set(name, x);
      add(name, x, nodes[x] ? "copy" : "leaf");
    }
    return name;
  };
  nodes.forEach((node, i) => {
    if (!node && copied.has(i)) return;
    add(`n${i}`, i, node ? "node" : "leaf");
    (node ? node.operands : []).forEach((x, k) => {
      if (!Array.isArray(x)) arrows.push({ tail: tailOf(x, i), head: `n${i}`, node: i, operand: x, k });
    });
  });
  weighed(arrows, nodes, numbers);
  return { boxes, arrows };
}

// Puts on each arrow gradient × local derivative = contribution, and how wide it is for it.
function weighed(arrows, nodes, numbers) {
  const place = new Map();
  usesOf(nodes).forEach(([i, k], n) => place.set(`${i} ${k}`, n));
  const sizes = numbers.contributions.map(Math.abs).filter(Number.isFinite);
  const largest = Math.max(0, ...sizes);
  for (const arrow of arrows) {
    arrow.use = place.get(`${arrow.node} ${arrow.k}`);
    const amount = numbers.contributions[arrow.use];
    const factors = [numbers.gradients[arrow.node], numbers.partials[arrow.use]].map(brief);
    arrow.text = `${factors.join(" × ")} = ${brief(amount)}`;
    const share = largest ? Math.abs(amount) / largest : 0;
    const width = Number.isFinite(share) ? Math.sqrt(Math.min(share, 1)) : 1;
    arrow.width = 0.8 + 2.6 * width;
    arrow.colour = MEASURES.tones[tone(amount)];
  }
}

// The uses of operands in the order of the backward pass, as chain() lists their numbers.
function usesOf(nodes) {
  const found = [];
  for (let i = nodes.length - 1; i >= 0; i--) {
    (nodes[i] ? nodes[i].operands : []).forEach((x, k) => {
      if (!Array.isArray(x)) found.push([i, k, x]);
    });
  }
  return found;
}

// How deep each node lies, and those with uses too far apart, or too far off.
function farUses(nodes) {
  const [levels, uses] = [[], nodes.map(() => [])];
  nodes.forEach((node, i) => {
    const operands = (node ? node.operands : []).filter((x) => !Array.isArray(x));
    levels[i] = 1 + Math.max(-1, ...operands.map((x) => levels[x]));
    operands.forEach((x) => uses[x].push(levels[i]));
  });
  const isFar = (at, i) =>
    at.length && Math.max(...at) - (nodes[i] ? levels[i] : Math.min(...at)) > MEASURES.span;
  return [levels, new Set(levels.flatMap((_, i) => (isFar(uses[i], i) ? [i] : [])))];
}

// As SVG -------------------------------------------------------------------------------------------

function markup(text) {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

// With so many digits behind the point; a tie goes to the even digit.
function fixed(x, digits) {
  if (x === 0) return Object.is(x, -0) ? `-${(0).toFixed(digits)}` : (0).toFixed(digits);
  const text = x.toFixed(digits);
  const exact = x.toFixed(60).replace("-", "");
  const point = exact.indexOf(".");
  if (!/^50*$/.test(exact.slice(point + 1 + digits))) return text;
  const before = exact.slice(0, point + 1 + digits).replace(/\.$/, "");
  return +before.at(-1) % 2 ? text : `${x < 0 ? "-" : ""}${before}`;
}

const one = (x) => fixed(x, 1);

function svgOf(boxes, arrows) {
  const places = placesOf(boxes, arrows);
  const [width, height] = [places.width, places.height].map((x) => fixed(x, 0));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
      `viewBox="0 0 ${width} ${height}" font-family="${MEASURES.font}">`,
    `<rect width="${width}" height="${height}" fill="${MEASURES.paper}"/>`,
    ...places.arrows.map(arrowSvg),
    ...places.boxes.map(boxSvg),
    "</svg>",
  ].join("\n");
}

function boxSvg({ box, x, y, width, height }) {
  const [left, top] = [x - width / 2, y - height / 2];
  const [fill, outline] = MEASURES.fills[box.kind];
  const dash = box.kind === "copy" ? ' stroke-dasharray="4 3"' : "";
  const { ink, faint, pad } = MEASURES;
  const out = [
    `<g class="node"><title>${markup(box.title)}</title>`,
    `<rect x="${one(left)}" y="${one(top)}" width="${one(width)}" height="${one(height)}" rx="7" ` +
      `fill="${fill}" stroke="${outline}" stroke-width="${box.isResult ? 2.2 : 1}"${dash}/>`,
  ];
  let line = top + 1;
  for (const head of headLines(box)) {
    line += MEASURES.line;
    const spans = head.map(({ text, colour, size, weight }, i) =>
      `<tspan fill="${colour}" font-size="${size}" font-weight="${weight}"` +
      `${i ? ' dx="8"' : ""}>${markup(apart(text))}</tspan>`);
    out.push(`<text x="${one(x)}" y="${one(line - 2)}" text-anchor="middle">${spans.join("")}</text>`);
  }
  for (const [name, text, tone] of box.rows) {
    line += MEASURES.line;
    out.push(
      `<text x="${one(left + pad)}" y="${one(line - 2)}" font-size="10" fill="${faint}">${name}</text>` +
      `<text x="${one(left + width - pad)}" y="${one(line - 2)}" font-size="11" text-anchor="end" ` +
      `fill="${MEASURES.tones[tone] || ink}">${markup(text)}</text>`);
  }
  return `${out.join("")}</g>`;
}

function arrowSvg({ arrow, points, spot }) {
  const { colour, width: wide, text } = arrow;
  const size = 5 + wide;
  const [[x, y], [endX, endY]] = [points[0], points.at(-1)];
  let path = `M${one(x)},${one(y)}`;
  for (const piece of piecesOf([...points.slice(0, -1), [endX - size, endY]])) {
    if (piece.length === 1) path += ` H${one(piece[0][0])}`;
    else path += ` C${piece.map(([px, py]) => `${one(px)},${one(py)}`).join(" ")}`;
  }
  const tip = `l${one(-(size + 1))},${one(-size / 2)} v${one(size)} z`;
  const out = [
    '<g class="edge"><title></title>',
    `<path d="${path}" fill="none" stroke="${colour}" stroke-width="${fixed(wide, 2)}"/>`,
    `<path d="M${one(endX)},${one(endY)} ${tip}" fill="${colour}"/>`,
  ];
  if (spot) {
    const [width, height] = numbersSize(text);
    const [left, top] = [spot[0] - width / 2, spot[1] - height / 2];
    out.push(
      `<rect x="${one(left)}" y="${one(top + 0.5)}" width="${one(width)}" ` +
        `height="${fixed(height - 1, 0)}" fill="${MEASURES.paper}" fill-opacity="0.9"/>`,
      `<text x="${one(spot[0])}" y="${one(top + MEASURES.numbers - 2)}" text-anchor="middle" ` +
        `font-size="10" fill="${colour}">${markup(text)}</text>`);
  }
  return `${out.join("")}</g>`;
}
