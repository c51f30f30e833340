// The pictures that follow training, on canvas: the loss, what the model says, the network.
// Stands inside the function of playground.js.

// A canvas that fills its box, with a picture described in words.
function canvasIn(box, words) {
  const canvas = make("canvas", "cp-canvas");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", words);
  box.append(canvas);
  return canvas;
}

function cleared(canvas) {
  const scale = window.devicePixelRatio || 1;
  const [w, h] = [canvas.clientWidth, canvas.clientHeight];
  if (canvas.width !== Math.round(w * scale) || canvas.height !== Math.round(h * scale)) {
    [canvas.width, canvas.height] = [Math.round(w * scale), Math.round(h * scale)];
  }
  const pen = canvas.getContext("2d");
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, w, h);
  const em = parseFloat(getComputedStyle(root).fontSize);
  pen.font = `${0.8 * em}px system-ui, sans-serif`;
  return { pen, w, h, em };
}

// The colours of the page as it is now, light or dark.
function colours() {
  const style = getComputedStyle(root);
  const of = (name) => style.getPropertyValue(`--cp-${name}`).trim();
  const found = {};
  for (const name of ["paper", "ink", "quiet", "line", "accent", "plus", "minus"]) {
    found[name] = of(name);
  }
  return found;
}

const rgb = (colour) => [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16));

// The loss of each epoch, with that on held-out samples dashed.
function drawLoss(canvas, look) {
  const { pen, w, h, em } = cleared(canvas);
  const records = [...trained.history];
  if (trained.last && trained.last !== records[records.length - 1]) records.push(trained.last);
  const [left, bottom, top] = [3.6 * em, h - 1.5 * em, 0.7 * em];
  const values = records.flatMap((r) => (r.held === null ? [r.loss] : [r.loss, r.held]));
  const most = values.reduce((a, x) => Math.max(a, x), 0) || 1;
  const last = Math.max(trained.epoch, 10);
  const x = (epoch) => left + ((w - left - 0.5 * em) * (epoch - 1)) / (last - 1);
  const y = (loss) => bottom - ((bottom - top) * loss) / most;
  pen.strokeStyle = look.line;
  pen.fillStyle = look.quiet;
  pen.textBaseline = "middle";
  for (const part of [0, 0.5, 1]) {
    pen.beginPath();
    pen.moveTo(left, y(part * most));
    pen.lineTo(w, y(part * most));
    pen.stroke();
    pen.textAlign = "right";
    pen.fillText(figure(part * most, 2), left - 0.3 * em, y(part * most));
  }
  pen.textBaseline = "alphabetic";
  pen.textAlign = "left";
  pen.fillText("1", left, h - 0.2 * em);
  pen.textAlign = "right";
  pen.fillText(`epoch ${last}`, w - 0.2 * em, h - 0.2 * em);
  const line = (of, colour, dashes) => {
    pen.strokeStyle = colour;
    pen.lineWidth = 0.13 * em;
    pen.setLineDash(dashes);
    pen.beginPath();
    records.forEach((r) => pen.lineTo(x(r.epoch), y(of(r))));
    if (records.length === 1) pen.lineTo(x(1) + 3, y(of(records[0])));
    pen.stroke();
    pen.setLineDash([]);
    pen.lineWidth = 1;
  };
  line((r) => r.loss, look.plus, []);
  if (data.held) line((r) => r.held, look.minus, [0.4 * em, 0.3 * em]);
}

// What the model says ----------------------------------------------------------------------------

// Points along each side, at most, and the milliseconds that all of them may take: while the model
// trains, and when it stands still.
const COARSE = [60, 6], FINE = [110, 40];
// `each`: the milliseconds that a point took last, at first half of what a gradient takes.
const plane = {
  image: document.createElement("canvas"), thumbs: [], made: "", grid: 0, each: Math.max(each / 2, 1e-4),
};
// Of more neurons no pictures: they would be too small. They have at most so many points along each
// side.
const THUMBS = 40, FEW = 40;

function rangeOf(k) {
  const values = trained.rows.map((row) => row[k]);
  const low = values.reduce((a, x) => Math.min(a, x), Infinity);
  const high = values.reduce((a, x) => Math.max(a, x), -Infinity);
  const margin = 0.12 * (high - low) || 1;
  return [low - margin, high + margin];
}

const ranges = data.inputs <= 2 ? Array.from({ length: data.inputs }, (_, k) => rangeOf(k)) : [];
const targets = data.inputs <= 2 ? rangeOf(data.inputs) : [0, 1];

// How far an output is on either side, from -1 to 1.
function leaning(z) {
  if (data.classes) return data.cut ? Math.max(-1, Math.min(1, 2 * (z - data.cut))) : Math.tanh(z / 2);
  const [low, high] = targets;
  return Math.max(-1, Math.min(1, (2 * (z - low)) / (high - low) - 1));
}

function sayingAt(outputs, look) {
  if (data.outputs === 1 || !data.classes) {
    const t = leaning(outputs[0]);
    return [rgb(t < 0 ? look.minus : look.plus), Math.abs(t)];
  }
  const best = said(outputs);
  const total = outputs.reduce((sum, z) => sum + Math.exp(z - outputs[best]), 0);
  const chance = 1 / outputs.length;
  return [rgb(classColour(best, look)), 0.15 + (0.85 * (1 / total - chance)) / (1 - chance)];
}

function said(outputs) {
  if (outputs.length === 1) return outputs[0] > data.cut ? 1 : 0;
  return outputs.indexOf(Math.max(...outputs));
}

// An image of a colour and its strength at each point of the grid.
function paint(image, grid, colourAt, look) {
  if (image.width !== grid) image.width = image.height = grid;
  const pen = image.getContext("2d"), pixels = pen.createImageData(grid, grid);
  const paper = rgb(look.paper);
  for (let i = 0; i < grid * grid; i++) {
    const [colour, share] = colourAt(i);
    for (let c = 0; c < 3; c++) {
      pixels.data[4 * i + c] = paper[c] + (colour[c] - paper[c]) * 0.75 * share;
    }
    pixels.data[4 * i + 3] = 255;
  }
  pen.putImageData(pixels, 0, 0);
}

// The model at every point of a grid over two inputs, and a small picture for each neuron.
function survey(look) {
  const [most, time] = mode ? COARSE : FINE;
  const grid = Math.max(16, Math.min(most, Math.floor(Math.sqrt(time / plane.each))));
  const made = `${trained.version} ${look.paper}`;
  // Of the same numbers only a much finer picture is worth the time.
  if (plane.made === made && grid < 1.5 * plane.grid) return;
  Object.assign(plane, { made, grid });
  const began = performance.now();
  const [across, up] = ranges;
  const point = new Float64Array(data.width);
  const values = [];
  for (let i = 0; i < grid; i++) {
    point[1] = up[1] - ((up[1] - up[0]) * (i + 0.5)) / grid;
    for (let k = 0; k < grid; k++) {
      point[0] = across[0] + ((across[1] - across[0]) * (k + 0.5)) / grid;
      values.push(lookAt(trained.w, point));
    }
  }
  plane.each = (performance.now() - began) / grid ** 2;
  paint(plane.image, grid, (i) => sayingAt(values[i].slice(0, data.outputs), look), look);
  if (data.neurons.length > THUMBS) return;
  const [plus, minus] = [rgb(look.plus), rgb(look.minus)];
  const stride = Math.ceil(grid / FEW), small = Math.ceil(grid / stride);
  const few = values.filter((_, i) => i % grid % stride === 0 && Math.floor(i / grid) % stride === 0);
  data.neurons.forEach((_, n) => {
    const place = data.outputs + n;
    const largest = few.reduce((a, v) => Math.max(a, Math.abs(v[place])), 0) || 1;
    plane.thumbs[n] = plane.thumbs[n] || document.createElement("canvas");
    paint(plane.thumbs[n], small, (i) => {
      const t = few[i][place] / largest;
      return [t < 0 ? minus : plus, Math.abs(t) || 0];
    }, look);
  });
}

const placed = (x, [low, high], size) => ((x - low) / (high - low)) * size;

function drawPlane(canvas, look) {
  const { pen, w, h, em } = cleared(canvas), plot = plotOf(w, h, em);
  survey(look);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(plane.image, plot.left, 0, plot.wide, plot.high);
  drawEdges(pen, plot, look, em);
  trained.rows.forEach((_, i) => mark(pen, spotOf(i, plot), i, look, em));
  ring(pen, spotOf(shown.sample, plot), look, em);
}

function ring(pen, [x, y], look, em) {
  pen.strokeStyle = look.accent;
  pen.lineWidth = 0.16 * em;
  pen.beginPath();
  pen.arc(x, y, 0.6 * em, 0, 2 * Math.PI);
  pen.stroke();
  pen.lineWidth = 1;
}

// Of one input, the first output over it.
function drawLine(canvas, look) {
  const { pen, w, h, em } = cleared(canvas), plot = plotOf(w, h, em);
  const { left, wide, high } = plot, [low, most] = ranges[0];
  const point = new Float64Array(data.width);
  drawEdges(pen, plot, look, em);
  pen.strokeStyle = look.line;
  pen.strokeRect(left + 0.5, 0.5, wide - 1, high - 1);
  trained.rows.forEach((_, i) => mark(pen, spotOf(i, plot), i, look, em));
  pen.save();
  pen.rect(left, 0, wide, high);
  pen.clip();
  pen.strokeStyle = look.ink;
  pen.lineWidth = 0.15 * em;
  pen.beginPath();
  for (let i = 0; i <= 120; i++) {
    point[0] = low + ((most - low) * i) / 120;
    pen.lineTo(left + (wide * i) / 120, high - placed(lookAt(trained.w, point)[0], targets, high));
  }
  pen.stroke();
  pen.restore();
  ring(pen, spotOf(shown.sample, plot), look, em);
}

// Of more inputs, a sample as an image where they are the pixels of one, and a bar for each output.
const side = Math.sqrt(data.inputs);
const isImage = Number.isInteger(side) && side >= 5 &&
  trained.rows.every((row) => row.subarray(0, data.inputs).every((x) => x >= 0));

function drawOutputs(canvas, look) {
  const { pen, w, h, em } = cleared(canvas);
  const row = trained.rows[shown.sample];
  let top = 0;
  if (isImage) {
    const size = Math.min(w, 0.45 * h) / side, most = Math.max(...row.slice(0, data.inputs)) || 1;
    pen.fillStyle = look.ink;
    for (let i = 0; i < data.inputs; i++) {
      pen.globalAlpha = row[i] / most;
      pen.fillRect((i % side) * size, Math.floor(i / side) * size, size, size);
    }
    pen.globalAlpha = 1;
    pen.strokeStyle = look.line;
    pen.strokeRect(0.5, 0.5, side * size - 1, side * size - 1);
    top = side * size + 0.6 * em;
  }
  const outputs = lookAt(trained.w, row).slice(0, Math.min(data.outputs, 20));
  const high = Math.min((h - top) / outputs.length, 1.8 * em);
  const most = outputs.reduce((a, x) => Math.max(a, Math.abs(x)), 0) || 1;
  const isClass = data.classes && data.outputs > 1;
  const names = outputs.map((_, k) => (isClass ? short(className(k), 12) : String(k)));
  const target = " ← target";
  // Bars begin beside the longest name.
  const left = pen.measureText(names.reduce((a, x) => (x.length > a.length ? x : a)) +
    (isClass ? target : "")).width + 0.5 * em;
  const middle = (left + w) / 2, room = (w - left) / 2;
  pen.textBaseline = "middle";
  pen.textAlign = "left";
  outputs.forEach((z, k) => {
    const y = top + k * high, right = isClass && data.classes[shown.sample] === k;
    pen.fillStyle = right ? look.accent : look.ink;
    pen.fillText(names[k] + (right ? target : ""), 0, y + high / 2);
    pen.fillStyle = z < 0 ? look.minus : look.plus;
    pen.fillRect(middle, y + 0.15 * high, (room * z) / most, 0.7 * high);
  });
}

// The network ------------------------------------------------------------------------------------

const columns = [Array.from({ length: data.inputs }, (_, k) => -1 - k)];
data.neurons.forEach((neuron, n) => {
  (columns[neuron.column + 1] = columns[neuron.column + 1] || []).push(data.outputs + n);
});

// Where each input and neuron stands, in parts of the picture.
const spots = new Map();
columns.forEach((column, c) => column.forEach((slot, i) => {
  spots.set(slot, [(c + 0.5) / columns.length, (i + 0.5) / column.length]);
}));
const crowd = Math.max(...columns.map((column) => column.length));
// How many stand in a column with each.
const beside = new Map(columns.flatMap((column) => column.map((slot) => [slot, column.length])));

// Shades of a line.
const LEVELS = 12;

function drawNetwork(canvas, look) {
  const { pen, w, h, em } = cleared(canvas);
  const at = (slot) => [spots.get(slot)[0] * w, spots.get(slot)[1] * h];
  const largest = columns.map(() => 0);
  for (const { column, weights } of data.neurons) {
    for (const i of weights.filter((k) => k !== null)) {
      largest[column] = Math.max(largest[column], Math.abs(trained.w[i]));
    }
  }
  // Lines that look alike are drawn together, which takes a tenth of the time; faint ones first.
  const lines = Array.from({ length: 2 * (LEVELS + 1) }, () => [new Path2D(), new Path2D()]);
  data.neurons.forEach(({ column, weights, feed }, n) => {
    const [x, y] = at(data.outputs + n);
    weights.forEach((i, k) => {
      if (i === null || !spots.has(feed[k])) return;
      const share = Math.abs(trained.w[i]) / (largest[column] || 1);
      const kind = 2 * Math.round(LEVELS * share) + (trained.w[i] < 0 ? 1 : 0);
      const path = lines[kind][n === shown.neuron ? 1 : 0];
      path.moveTo(...at(feed[k]));
      path.lineTo(x, y);
    });
  });
  for (const lit of [0, 1]) {
    lines.forEach((pair, kind) => {
      const share = Math.floor(kind / 2) / LEVELS;
      pen.strokeStyle = kind % 2 ? look.minus : look.plus;
      pen.globalAlpha = lit ? 0.35 + 0.65 * share : 0.08 + 0.6 * share;
      pen.lineWidth = (0.03 + 0.2 * share * Math.min(1, 12 / crowd)) * em;
      pen.stroke(pair[lit]);
    });
  }
  pen.globalAlpha = 1;
  pen.lineWidth = 1;
  const values = lookAt(trained.w, trained.rows[shown.sample]);
  for (const slot of spots.keys()) {
    const [x, y] = at(slot), n = slot - data.outputs;
    const wide = Math.min(2.3 * em, (0.82 * h) / beside.get(slot));
    if (slot >= 0 && data.inputs === 2 && plane.thumbs[n]) {
      pen.drawImage(plane.thumbs[n], x - wide / 2, y - wide / 2, wide, wide);
      pen.strokeStyle = look.quiet;
      pen.strokeRect(x - wide / 2, y - wide / 2, wide, wide);
    } else {
      const value = slot < 0 ? trained.rows[shown.sample][-1 - slot] : values[slot];
      pen.beginPath();
      pen.arc(x, y, (slot < 0 ? 0.32 : 0.46) * wide, 0, 2 * Math.PI);
      pen.fillStyle = look.paper;
      pen.fill();
      pen.globalAlpha = Math.min(1, Math.abs(value));
      pen.fillStyle = value < 0 ? look.minus : look.plus;
      pen.fill();
      pen.globalAlpha = 1;
      pen.strokeStyle = look.quiet;
      pen.stroke();
    }
    if (slot < 0 && data.inputs <= 12) {
      const isNamed = data.columns.length > 0, room = w / columns.length;
      const name = inputName(-1 - slot), text = isNamed ? fitted(pen, name, room) : name;
      pen.fillStyle = look.ink;
      pen.textAlign = isNamed ? "center" : "right";
      pen.textBaseline = isNamed ? "alphabetic" : "middle";
      pen.fillText(text, isNamed ? x : x - 0.5 * wide, isNamed ? y - 0.4 * wide : y);
    }
    const output = slot < 0 ? "" : outputName(data.neurons[n]), room = w / columns.length;
    if (output && beside.get(slot) <= 12) {
      // Above the neuron, or beside it where those above are near.
      const isAbove = h / beside.get(slot) > wide + 1.3 * em;
      pen.fillStyle = look.ink;
      pen.textAlign = isAbove ? "center" : "left";
      pen.textBaseline = isAbove ? "alphabetic" : "middle";
      const said = data.classes && data.outputs === 1 ? `class ${output}` : output;
      const text = fitted(pen, said, isAbove ? room : (room - wide) / 2 - 0.2 * em);
      pen.fillText(text, isAbove ? x : x + wide / 2 + 0.2 * em, isAbove ? y - wide / 2 - 0.4 * em : y);
    }
  }
}
