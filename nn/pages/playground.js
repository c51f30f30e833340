// A model that trains in the page, made in place of the sentence beside it.
// `data` says what there is (recording.py); `programs` are the recorded functions: the gradient of a
// sample's loss, the outputs with those of all neurons, the gradient by these, the optimiser's step,
// and graphs of neurons.
// Text goes in as text.
(function (id, data, programs) {
  "use strict";
  const script = document.currentScript;
  const root = (script && script.closest(".chalk-train")) ||
    document.querySelector("#" + id + ":not([data-live])");
  if (!root || root.dataset.live) return;
  root.dataset.live = "1";
  const [gradient, lookAt, pull, step, ...chains] = programs;
  data.held = 0;

  function make(tag, className, text) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  }

  // A number in few digits, with a power of ten from `large` on.
  function figure(x, digits = 4, large = 1e5) {
    if (x === null || Number.isNaN(x)) return x === null ? "" : "nan";
    if (!Number.isFinite(x)) return x > 0 ? "inf" : "−inf";
    const size = Math.abs(x);
    const text = size && (size >= large || size < 1e-3) ? x.toExponential(2)
      : String(Number(x.toPrecision(digits)));
    return text.replace(/-/g, "−").replace("e+", "e");
  }

// PARTS

  const began = performance.now();
  const trained = trainer(data, gradient, step);
  // The milliseconds that a sample took with its gradient.
  const each = (performance.now() - began) / data.count;
  data.held = trained.rows.length - data.count;
  const shown = { sample: 0, neuron: data.neurons.length ? 0 : -1 };
  // "play", "epoch" or "batch" while it trains, and null.
  let mode = null;
  const pullVector = new Float64Array(data.probes + data.start.length);
  const pulled = new Float64Array(data.probes);

// PICTURES

  // The controls ----------------------------------------------------------------------------
  const live = make("div", "cp-live");
  const bar = make("div", "cp-bar");
  bar.setAttribute("role", "group");
  bar.setAttribute("aria-label", "training");
  const button = (text, act) => {
    const made = make("button", "cp-button", text);
    made.type = "button";
    made.addEventListener("click", act);
    bar.append(made);
    return made;
  };
  const play = button("Play", () => (mode === "play" ? pause() : go("play")));
  play.classList.add("cp-play");
  button("Step", () => go("batch")).title = "one batch";
  button("Epoch", () => go("epoch")).title = "to the end of the epoch";
  button("Reset", () => {
    mode = null;
    trained.reset();
    say("Back at the start.");
    redraw();
  });

  let fields = 0;
  function field(text, value, read, wrong, parent = bar) {
    const box = make("div", "cp-field"), label = make("label", "", text);
    const input = make("input"), error = make("span", "cp-error");
    input.id = `${id}-f${fields += 1}`;
    error.id = `${input.id}-e`;
    label.htmlFor = input.id;
    input.value = value;
    input.autocomplete = "off";
    input.inputMode = "decimal";
    const judge = () => {
      const fine = read(input.value.trim());
      input.setAttribute("aria-invalid", String(!fine));
      error.textContent = fine ? "" : wrong();
      if (fine) input.removeAttribute("aria-describedby");
      else input.setAttribute("aria-describedby", error.id);
    };
    input.addEventListener("change", judge);
    error.setAttribute("role", "status");
    box.append(label, input, error);
    parent.append(box);
    return { input, judge };
  }
  field("learning rate", String(data.lr), (text) => {
    const rate = Number(text.replace(",", "."));
    const fine = text !== "" && Number.isFinite(rate) && rate >= 0;
    if (fine) trained.lr = rate;
    return fine;
  }, () => `A learning rate is a number from 0 on, such as 0.1; it stays ${trained.lr}.`);
  field("batch size", String(data.size), (text) => {
    const fine = /^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= 1e9;
    if (fine) trained.size = Number(text);
    return fine;
  }, () => `A batch size is a whole number from 1 on, such as 16; it stays ${trained.size}.`);
  for (const [name] of data.optimizer.options) {
    const words = name.replace("_", " "), isMomentum = name === "momentum";
    field(words, String(trained.options[name]), (text) => {
      const x = Number(text.replace(",", "."));
      const fine = text !== "" && Number.isFinite(x) && x >= 0 && (x < 1 || !isMomentum);
      if (fine) trained.options[name] = x;
      return fine;
    }, () => `${isMomentum ? "Momentum is a number from 0 up to below 1, such as 0.9"
      : "Weight decay is a number from 0 on, such as 0.001"}; it stays ${trained.options[name]}.`);
  }
  const speed = make("select");
  speed.id = `${id}-speed`;
  // What at most ends in a frame.
  const SPEEDS = [["batch", "by the batch"], ["epoch", "by the epoch"], ["", "full speed"]];
  for (const [, text] of SPEEDS) speed.append(make("option", "", text));
  speed.selectedIndex = 1;
  const speedBox = make("div", "cp-field"), speedLabel = make("label", "", "speed");
  speedLabel.htmlFor = speed.id;
  speedBox.append(speedLabel, speed);
  bar.append(speedBox);

  const numbers = make("p", "cp-numbers"), status = make("p", "cp-status");
  status.setAttribute("role", "status");
  function say(text, wrong = false) {
    status.textContent = text;
    status.classList.toggle("cp-wrong", wrong);
  }

  // The panels ------------------------------------------------------------------------------
  const panels = make("div", "cp-panels");
  function panel(className, caption) {
    const box = make("div", `cp-panel ${className}`);
    const head = make("p", "cp-caption", caption);
    box.append(head);
    panels.append(box);
    return { box, head };
  }
  const loss = panel("cp-loss", `Loss (${data.loss}) of each epoch` +
    (data.held ? `; dashed, on ${data.held} held-out samples` : ""));
  const lossCanvas = canvasIn(loss.box, "the loss of each epoch as a curve");

  const hidden = data.hidden && ` Not shown: ${data.hidden} called several times for a sample, or never.`;
  const network = panel("cp-network",
    `The network: click a neuron for its graph. Weights and outputs of neurons, whatever the class: blue is ` +
    `positive, orange negative.${hidden || ""}`);
  const stage = make("div", "cp-stage");
  stage.setAttribute("role", "group");
  stage.setAttribute("aria-label", "neurons; arrow keys go to the next layer or neuron, Home and End to the first and last");
  const netCanvas = canvasIn(stage, "the network: a line for each weight, broad where it is large");
  // The neuron that a key goes to: up and down in the layer, left and right in the next one, to where
  // it is as high. Undefined for other keys.
  function neighbour(n, key) {
    const column = data.neurons[n].column + 1, layer = columns[column];
    const i = layer.indexOf(data.outputs + n);
    const inLayer = (to) => layer[Math.max(0, Math.min(to, layer.length - 1))] - data.outputs;
    const across = (to) => {
      const other = to > 0 && columns[to];
      return other ? other[Math.floor(((i + 0.5) / layer.length) * other.length)] - data.outputs : n;
    };
    const keys = {
      ArrowDown: () => inLayer(i + 1),
      ArrowUp: () => inLayer(i - 1),
      ArrowRight: () => across(column + 1),
      ArrowLeft: () => across(column - 1),
      Home: () => 0,
      End: () => data.neurons.length - 1,
    };
    return keys[key] && keys[key]();
  }
  const buttons = data.neurons.map((neuron, n) => {
    const made = make("button", "cp-neuron");
    const [x, y] = spots.get(data.outputs + n);
    made.type = "button";
    made.setAttribute("aria-label", `neuron ${neuronName(neuron)}`);
    made.style.left = `${100 * x}%`;
    made.style.top = `${100 * y}%`;
    made.style.setProperty("--cp-crowd", columns[neuron.column + 1].length);
    made.addEventListener("click", () => choose(n));
    made.addEventListener("keydown", (event) => {
      const next = buttons[neighbour(n, event.key)];
      if (!next) return;
      event.preventDefault();
      event.stopPropagation();
      next.focus();
      next.click();
    });
    stage.append(made);
    return made;
  });
  network.box.append(stage);
  if (!data.neurons.length) network.box.remove();

  const model = panel("cp-model", data.inputs === 2 ? "What the model says everywhere, and the samples"
    : data.inputs === 1 ? "The model's output over its input"
      : "What the model says of one sample: a bar for each output");
  const marks = legend();
  if (marks) model.box.append(marks);
  const drawModel = data.inputs === 2 ? drawPlane : data.inputs === 1 ? drawLine : drawOutputs;
  const modelCanvas = canvasIn(model.box, data.inputs <= 2
    ? "the samples and what the model says of them" : "the outputs, which stand below in numbers");
  const sampleText = make("p", "cp-sample");
  const isSample = (text) => /^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= trained.rows.length;
  const { input: sampleField, judge: judgeSample } = field("sample", "1", (text) => {
    if (isSample(text)) point(Number(text) - 1, false);
    return isSample(text);
  }, () => `A sample is a whole number from 1 to ${trained.rows.length}; it stays ${shown.sample + 1}.`,
  model.box);
  model.box.append(sampleText);
  sampleField.type = "number";
  sampleField.min = 1;
  sampleField.max = trained.rows.length;
  // At once where it is one; what is not yet is judged when it is entered.
  sampleField.addEventListener("input", () => isSample(sampleField.value) && judgeSample());
  if (data.inputs <= 2) {
    const follow = (event) => {
      const box = modelCanvas.getBoundingClientRect();
      const [x, y] = [event.clientX - box.left, event.clientY - box.top];
      let best = Infinity, nearest = 0;
      const plot = plotOf(box.width, box.height, parseFloat(getComputedStyle(root).fontSize));
      trained.rows.forEach((_, i) => {
        const [across, down] = spotOf(i, plot), far = Math.hypot(across - x, down - y);
        if (far < best) [best, nearest] = [far, i];
      });
      if (nearest !== shown.sample) point(nearest, true);
    };
    modelCanvas.addEventListener("pointermove", follow);
    // A finger touches without moving.
    modelCanvas.addEventListener("pointerdown", follow);
  }

  const graph = make("div", "cp-panel cp-one");
  const graphHead = make("p", "cp-caption"), graphBox = make("div", "cp-scroll");
  const graphTold = make("p", "cp-quiet");
  graphBox.tabIndex = 0;
  graphBox.setAttribute("role", "group");
  graphBox.setAttribute("aria-label", "graph of the neuron");
  function table(heads) {
    const made = make("table"), head = make("thead"), row = make("tr"), body = make("tbody");
    heads.forEach((text) => {
      const cell = make("th", "", text);
      cell.scope = "col";
      row.append(cell);
    });
    head.append(row);
    made.append(head, body);
    return { made, body };
  }
  function folded(summary, content) {
    const made = make("details", "cp-folded");
    const box = make("div", "cp-scroll cp-low");
    box.tabIndex = 0;
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", summary);
    box.append(content);
    made.append(make("summary", "", summary), box);
    made.addEventListener("toggle", redraw);
    return { made, box };
  }
  const edges = table(["use", "gradient above", "local derivative", "contribution"]);
  const edgesFold = folded("Every edge of the graph as a table", edges.made);
  graph.append(graphHead, graphBox, graphTold, edgesFold.made);

  const all = table(["parameter", "value", "gradient of the last batch"]);
  const cells = data.names.map((name) => {
    const row = make("tr"), head = make("th", "", name), made = [make("td"), make("td")];
    head.scope = "row";
    row.append(head, ...made);
    all.body.append(row);
    return made;
  });
  const allFold = folded(`All ${data.names.length} parameters and their gradients`, all.made);
  // A model without neurons has nothing else to look into.
  allFold.made.open = !data.neurons.length;
  allFold.box.addEventListener("scroll", () => fillParameters());
  // While it trains only the rows that can be seen: there may be thousands.
  function fillParameters() {
    if (!allFold.made.open) return;
    const high = all.body.offsetHeight / cells.length || 1;
    const first = Math.max(0, Math.floor(allFold.box.scrollTop / high) - 2);
    const last = Math.min(cells.length, first + Math.ceil(allFold.box.clientHeight / high) + 4);
    for (let i = mode ? first : 0; i < (mode ? last : cells.length); i++) {
      cells[i][0].textContent = figure(trained.w[i]);
      const slope = trained.epoch || trained.batch ? figure(trained.slopes[i]) : "—";
      cells[i][1].textContent = data.reached[i] ? slope : "none";
    }
  }

  const orders = `The first ${data.ordered} epochs go through the samples in the orders that nn.fit ` +
    "draws with the same arguments, and give its numbers; later orders are drawn in this page.";
  const note = make("p", "cp-quiet", `Steps of ${data.optimizer.said}. ${orders}` +
    ` Everything here is computed in the page, from the recorded operations of the model. ${data.note}`);
  live.append(bar, numbers, status, panels, graph, allFold.made, note);
  root.querySelector(".cp-still").replaceWith(live);

  // Showing ---------------------------------------------------------------------------------
  function choose(n) {
    shown.neuron = n;
    redraw();
  }
  function point(i, write) {
    shown.sample = i;
    if (write) {
      sampleField.value = i + 1;
      judgeSample();
    } else redraw();
  }
  function right(first, last) {
    let count = 0;
    for (let i = first; i < last; i++) {
      const outputs = lookAt(trained.w, trained.rows[i]).slice(0, data.outputs);
      if (said(outputs) === data.classes[i]) count += 1;
    }
    return `${((100 * count) / (last - first)).toFixed(1)} %`;
  }
  // While it trains, not so often that it takes more than a twentieth of the time.
  const counted = { version: -1, due: 0, parts: [] };
  function accuracies() {
    const began = performance.now();
    if (counted.version === trained.version || (mode && began < counted.due)) return counted.parts;
    const n = data.count;
    counted.parts = [`right ${right(0, n)}`];
    if (data.held) counted.parts.push(`held out right ${right(n, n + data.held)}`);
    counted.version = trained.version;
    counted.due = performance.now() + 20 * (performance.now() - began);
    return counted.parts;
  }
  function describe() {
    const { last } = trained;
    const parts = [`epoch ${trained.epoch}`, `batch ${trained.batch}`];
    if (last) parts.push(`loss ${figure(last.loss)}`);
    if (last && last.held !== null) parts.push(`held out ${figure(last.held)}`);
    if (!Number.isNaN(trained.loss)) parts.push(`last batch ${figure(trained.loss)}`);
    if (data.classes) parts.push(...accuracies());
    numbers.replaceChildren(...parts.map((part) => make("span", "", part)));
  }
  function describeSample() {
    const row = trained.rows[shown.sample];
    const outputs = lookAt(trained.w, row).slice(0, data.outputs);
    const list = (xs, word) => xs.slice(0, 12).map(word).join(", ") + (xs.length > 12 ? ", …" : "");
    const inputs = list([...row.slice(0, data.inputs)],
      (x, k) => (data.columns[k] ? `${data.columns[k]} ` : "") + inUnits(k, x));
    // In the units of the targets; classes have none.
    const ofTarget = (x, k) => (data.classes ? figure(x) : inUnits(data.inputs + k, x));
    const target = data.classes ? `${className(data.classes[shown.sample])} · the model says ${className(said(outputs))}`
      : (data.target ? `${data.target} ` : "") + list([...row.slice(data.inputs)], ofTarget);
    const mean = trained.meanLoss(shown.sample, shown.sample + 1);
    sampleText.textContent = `${shown.sample < data.count ? "trained on" : "held out"} · inputs ` +
      `${inputs} · target ${target} · outputs ${list(outputs, ofTarget)} · loss ${figure(mean)}`;
  }
  function showNeuron() {
    const neuron = data.neurons[shown.neuron];
    buttons.forEach((made, n) => {
      made.setAttribute("aria-pressed", String(n === shown.neuron));
      made.tabIndex = n === shown.neuron ? 0 : -1;
    });
    graph.hidden = !neuron;
    if (!neuron) return;
    graphHead.textContent = `${neuronName(neuron)}, sample ${shown.sample + 1}: on each edge, the ` +
      "gradient above × the local derivative = the contribution";
    if (neuron.kind === null) {
      graphBox.replaceChildren();
      graphTold.textContent = "This neuron computes what a page cannot show.";
      return;
    }
    const drawn = drawNeuron(graphBox, neuron, shown.sample);
    graphTold.textContent = drawn.told;
    if (edgesFold.made.open) fillUses(edges.body, drawn.numbers);
  }
  const pictures = [
    () => {
      describe();
      describeSample();
      fillParameters();
    },
    () => drawLoss(lossCanvas, colours()),
    () => drawModel(modelCanvas, colours()),
    () => data.neurons.length && drawNetwork(netCanvas, colours()),
    showNeuron,
  ].map((draw) => ({ draw, due: 0 }));
  function redraw() {
    pictures.forEach(({ draw }) => draw());
  }
  // Those that are due, in turn, as long as there is time in this frame.
  let turn = 0;
  function refresh(time) {
    const began = performance.now();
    for (let k = 0; k < pictures.length && performance.now() - began < time; k++) {
      const picture = pictures[turn], now = performance.now();
      turn = (turn + 1) % pictures.length;
      if (now < picture.due) continue;
      picture.draw();
      const done = performance.now();
      picture.due = done + (still.matches ? 500 : 3 * (done - now));
    }
  }

  // Training --------------------------------------------------------------------------------
  // Milliseconds of each frame for training, and as many for the pictures.
  const SLICE = 8;
  const still = window.matchMedia("(prefers-reduced-motion: reduce)");
  function go(next) {
    const before = mode;
    mode = next;
    say(next === "play" ? "Training." : "");
    play.textContent = next === "play" ? "Pause" : "Play";
    if (!before) frame();
  }
  function pause(text) {
    mode = null;
    play.textContent = "Play";
    const { last } = trained;
    say(text || `Paused after epoch ${trained.epoch}` +
      (trained.batch ? `, batch ${trained.batch}` : "") + (last ? `: loss ${figure(last.loss)}.` : "."));
    redraw();
  }
  function failed({ fault, epoch }) {
    pause();
    say(`Training stopped: ${fault}. The numbers are those ` +
      (epoch ? `after epoch ${epoch}` : "of the start") +
      ". Most often the learning rate is too large: take a smaller one, and play on or reset.", true);
  }
  // Not an end yet, but nothing good comes of it.
  let isWarned = false;
  function warn() {
    const grown = trained.hasGrown();
    if (grown && !isWarned) {
      say("The loss is more than a thousand times what it was at the start: most often the " +
        "learning rate is too large. Take a smaller one, and reset.", true);
    }
    isWarned = grown;
  }
  function frame() {
    if (!mode) return;
    if (!root.isConnected) {
      mode = null;
      return;
    }
    const began = performance.now(), most = mode === "play" ? SPEEDS[speed.selectedIndex][0] : "";
    for (let k = 1; mode && (k % 16 || performance.now() - began < SLICE); k++) {
      const told = trained.sample();
      if (!told) continue;
      if (told.fault) return failed(told);
      warn();
      if (mode === told.ended || (mode === "batch" && told.ended)) return pause();
      if (most === "batch" || most === told.ended) break;
    }
    refresh(SLICE);
    requestAnimationFrame(frame);
  }

  // Another theme, or another width; nothing here outlives the page.
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const themes = new MutationObserver(changed);
  let wide = 0;
  function changed() {
    if (root.isConnected) {
      redraw();
      return;
    }
    dark.removeEventListener("change", changed);
    themes.disconnect();
    widths.disconnect();
  }
  const widths = new ResizeObserver(() => {
    if (wide !== live.clientWidth) changed();
    wide = live.clientWidth;
  });
  dark.addEventListener("change", changed);
  themes.observe(document.body, {
    attributes: true, attributeFilter: ["data-jp-theme-light", "data-theme", "class"],
  });
  widths.observe(live);
  redraw();
  // Once more, finer, now that browsers have made the functions quick.
  requestAnimationFrame(redraw);
})($NAME$, $DATA$, $PROGRAMS$);
