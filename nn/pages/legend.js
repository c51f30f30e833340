// What a picture's marks and axes stand for: names and units, shapes of classes, legend and edges.
// Stands inside the function of playground.js, before the pictures.

// Names of classes and inputs, short enough for a picture.
const short = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
const className = (k) => (data.labels && k < data.labels.length ? data.labels[k] : String(k));
const inputName = (k) => data.columns[k] || `x${k + 1}`;
const targetName = data.target || "target";

// The class or the target that a neuron's output is the model's output for; "" for others.
function outputName({ output }) {
  if (output === null) return "";
  if (!data.classes) return data.outputs === 1 ? data.target : "";
  return className(data.outputs === 1 ? 1 : output);
}

function neuronName(neuron) {
  const name = outputName(neuron);
  return name ? `${neuron.name} for ${data.classes ? "class " : ""}${name}` : neuron.name;
}

// The number of a sample's place k before it was scaled, and in words.
const isScaled = (k) => data.scales.length > k;
const original = (k, x) => (isScaled(k) ? data.scales[k][0] + data.scales[k][1] * x : x);
const inUnits = (k, x) => (isScaled(k) ? `${figure(original(k, x), 6, 1e9)} (scaled ${figure(x)})` : figure(x));

// Text as long as there is room for.
function fitted(pen, text, room) {
  while (text.length > 2 && pen.measureText(text).width > room) text = short(text, text.length - 1);
  return text;
}

// Marks -------------------------------------------------------------------------------------------

// Corners at equal angles, from the top, at some distances in turn.
const corners = (count, turned, ...far) => Array.from({ length: count }, (_, i) => {
  const angle = 2 * Math.PI * (i / count) + turned - Math.PI / 2, r = far[i % far.length];
  return [r * Math.cos(angle), r * Math.sin(angle)];
});
// As many as there are colours of classes.
const SHAPES = [
  corners(4, Math.PI / 4, 1.2),
  corners(24, 0, 1),
  corners(3, 0, 1.35),
  corners(4, 0, 1.35),
  corners(3, Math.PI, 1.35),
  corners(10, 0, 1.5, 0.6),
  corners(8, 0, 1.5, 0.5),
  corners(8, Math.PI / 4, 1.5, 0.5),
  [[-1.1, -1.1], [1.1, -1.1], [-1.1, 1.1], [1.1, 1.1]],
  [[-1.1, -1.1], [-1.1, 1.1], [1.1, -1.1], [1.1, 1.1]],
];
const CIRCLE = SHAPES[1];

// Of more classes than colours no two have both, the colour and the shape.
const shapeOf = (k) => SHAPES[(k + Math.floor(k / data.colours.length)) % SHAPES.length];

function classColour(k, look) {
  if (data.outputs === 1) return k ? look.plus : look.minus;
  return data.colours[k % data.colours.length];
}

// A sample in the colour and shape of its class; one that is held out is larger and a rim with a dot.
function mark(pen, [x, y], i, look, em) {
  const isHeld = i >= data.count, r = (isHeld ? 0.4 : 0.24) * em;
  let colour = look.plus;
  if (data.classes) colour = classColour(data.classes[i], look);
  else if (data.inputs === 2) colour = leaning(trained.rows[i][2]) < 0 ? look.minus : look.plus;
  pen.beginPath();
  for (const [a, b] of data.classes ? shapeOf(data.classes[i]) : CIRCLE) pen.lineTo(x + r * a, y + r * b);
  pen.closePath();
  pen.fillStyle = isHeld ? look.paper : colour;
  pen.fill();
  pen.lineWidth = isHeld ? 0.1 * em : 1;
  pen.strokeStyle = isHeld ? colour : look.paper;
  pen.stroke();
  pen.lineWidth = 1;
  if (!isHeld) return;
  pen.beginPath();
  pen.arc(x, y, 0.13 * em, 0, 2 * Math.PI);
  pen.fillStyle = look.ink;
  pen.fill();
}

// What the marks are, for whatever is drawn as a plane or a line; null where nothing is.
function legend() {
  if (data.inputs > 2) return null;
  const made = make("ul", "cp-legend");
  const named = { plus: "var(--cp-plus)", minus: "var(--cp-minus)" };
  const add = (corners, colour, text, isHeld = false) => {
    const item = make("li"), svg = shape("svg", { viewBox: "-2 -2 4 4", "aria-hidden": "true" });
    const sample = shape("polygon", { points: corners.join(" "), "stroke-width": 0.4 });
    sample.style.fill = isHeld ? "var(--cp-paper)" : colour;
    sample.style.stroke = colour;
    svg.append(sample);
    if (isHeld) svg.append(shape("circle", { r: 0.4, fill: "currentColor" }));
    item.append(svg, make("span", "", text));
    made.append(item);
  };
  if (data.classes) {
    const count = data.outputs === 1 ? 2 : data.outputs;
    for (let k = 0; k < count; k++) add(shapeOf(k), classColour(k, named), className(k));
  } else if (data.inputs === 2) {
    const [low, high] = targets.map((x) => figure(original(2, x), 3, 1e7));
    add(CIRCLE, named.minus, `${targetName} towards ${low}`);
    add(CIRCLE, named.plus, `towards ${high}`);
  } else {
    add(CIRCLE, named.plus, "samples");
  }
  if (data.held) add(corners(24, 0, 1.4), "currentColor", "held out", true);
  return made;
}

// Edges -------------------------------------------------------------------------------------------

// Where samples stand in a picture: beside its axes.
function plotOf(w, h, em) {
  const edge = 1.3 * em;
  return { left: edge, wide: w - edge, high: h - edge };
}

// Where a sample stands there.
function spotOf(i, { left, wide, high }) {
  const row = trained.rows[i], up = data.inputs === 2 ? ranges[1] : targets;
  return [left + placed(row[0], ranges[0], wide), high - placed(row[1], up, high)];
}

// The name of an axis, between the least and the greatest number at its ends.
function drawEdge(pen, length, name, numbers, em) {
  const [low, high] = numbers.map((x) => figure(x, 3, 1e7));
  const room = length - 2 * Math.max(...[low, high].map((text) => pen.measureText(text).width)) - em;
  for (const [text, anchor, at] of [
    [low, "left", 0], [fitted(pen, name, room), "center", length / 2], [high, "right", length],
  ]) {
    pen.textAlign = anchor;
    pen.fillText(text, at, 0);
  }
}

function drawEdges(pen, { left, wide, high }, look, em) {
  const of = (k, range) => range.map((x) => original(k, x));
  pen.fillStyle = look.quiet;
  pen.textBaseline = "middle";
  pen.save();
  pen.translate(left, high + 0.65 * em);
  drawEdge(pen, wide, inputName(0), of(0, ranges[0]), em);
  pen.restore();
  pen.save();
  pen.translate(0.6 * em, high);
  pen.rotate(-Math.PI / 2);
  if (data.inputs === 2) drawEdge(pen, high, inputName(1), of(1, ranges[1]), em);
  else drawEdge(pen, high, targetName, of(1, targets), em);
  pen.restore();
}

