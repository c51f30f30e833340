// A page to type an expression in: its graph, every number of the chain rule, fields and sliders
// for the leaves, steps, descent. `data.text` and `data.values` are what the page begins with,
// `data.most` is how many nodes it shows, `data.rules` has the local derivatives of each row as
// text, `data.examples` what to try. Numbers come from chain(), the picture from svgOf().
function play(id, data) {
  const script = document.currentScript;
  const root = (script && script.closest(".chalk-walk")) ||
    document.querySelector(`#${id}:not([data-play])`);
  if (!root || root.dataset.play) return;
  root.dataset.play = "1";
  const isPage = Boolean(root.closest(".cw-page"));

  // The parts of the page

  const ui = panels(root, data);
  const { field, fault, said, graph, leaves, table, slider } = ui;

  // State: the expression as it is drawn, and what was before

  let now = null; // text, graph, names, values of the leaves, numbers
  let begun = null; // the text and the values that Reset goes back to
  let past = []; // texts and values, for Undo
  let at = 0; // the step that is shown, of as many as there are
  let timer = 0;
  const known = new Map(); // the last number of every name

  const leafPlaces = () => now.graph.nodes.flatMap((node, i) => (node ? [] : [i]));
  const stepCount = () => now.graph.nodes.length + 2 + now.uses.length;
  const last = () => now.graph.nodes.length - 1;
  const snapshot = () => ({ text: now.text, values: [...now.values] });

  // What an expression makes, or a Fault.
  function read(text, values) {
    const fresh = [];
    const given = Object.create(null);
    for (const [name, x] of values) given[name] = x;
    const made = parse(text, given, (name) => {
      fresh.push(name);
      return FIRST;
    });
    const count = made.nodes.length;
    if (count > data.most) {
      throw new Fault(`this graph has ${count.toLocaleString("en-US")} nodes, and a page shows at ` +
        `most ${data.most}: make the expression shorter`, text);
    }
    return { text, graph: made, names: namesOf(made.labels), values: made.leaves,
      uses: usesOf(made.nodes), fresh };
  }

  // Shows an expression; what is wrong with it is said, and the last good one stays.
  function draw(text, values, isKept = true) {
    let next = null;
    try {
      next = read(text, values);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      fail(String(error));
      field.setAttribute("aria-invalid", "true");
      return false;
    }
    if (now && isKept) past.push(snapshot());
    now = next;
    begun = begun && isKept && begun.text === text ? begun : snapshot();
    field.value = text;
    compute();
    at = stepCount() - 1;
    fields();
    redraw();
    const verb = next.fresh.length > 1 ? "are" : "is";
    ok();
    said.textContent = next.fresh.length
      ? `${next.fresh.join(", ")} ${verb} new: set to ${FIRST} for a start.` : warning();
    return true;
  }

  function compute() {
    now.numbers = chain(now.graph.nodes, now.values);
    leafPlaces().forEach((i, k) => {
      if (now.graph.labels[i]) known.set(now.graph.labels[i], now.values[k]);
    });
  }

  function warning() {
    const z = now.numbers.values[last()];
    if (Number.isFinite(z)) return "";
    return `${now.names[last()]} is ${figure(z)}: there is no finite number to go down from.`;
  }

  function tell(text) {
    ok();
    said.textContent = text;
  }

  function ok() {
    fault.textContent = "";
    fault.hidden = true;
    field.removeAttribute("aria-invalid");
  }

  function fail(text) {
    fault.hidden = false;
    fault.textContent = text;
    said.textContent = "";
  }

  // Changing leaves

  // Gives the leaves new numbers, and says how z moved beside what the gradient said.
  function change(values, moved, isDone = true) {
    const before = now.numbers;
    const old = now.values;
    now.values = values;
    compute();
    if (isDone) {
      fields();
      redraw();
    } else renumber();
    const z = now.names[last()];
    const to = now.numbers.values[last()];
    const by = to - before.values[last()];
    const places = leafPlaces();
    const predicted = total(places.map((i, k) =>
      (values[k] === old[k] ? 0 : before.gradients[i] * (values[k] - old[k]))));
    ok();
    said.textContent = warning() || `${moved}: ${z} is ${figure(to)}. It moved by ${figure(by)}; ` +
      `the gradient said ${figure(predicted)}.`;
  }

  // A number as it is typed: one, or an expression of numbers, as in 1/2 or 2*pi.
  function numberIn(text, name) {
    try {
      const made = parse(text, {});
      const x = made.leaves[0];
      if (made.nodes.length !== 1 || made.labels[0]) throw new Fault("it has a name in it", text);
      if (!Number.isFinite(x)) throw new Fault("it is not finite", text);
      return x;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      fail(`the value of ${name} is no number: ${cutTo(quoted(text), 60)} (${error.reason})`);
      return null;
    }
  }

  function set(k, x, isDone) {
    const name = now.names[leafPlaces()[k]];
    if (now.values[k] === x && !isDone) return;
    change(now.values.map((old, i) => (i === k ? x : old)), `${name} = ${figure(x)}`, isDone);
  }

  // A row for each leaf; what has the focus keeps it.
  function fields() {
    const kept = document.activeElement && document.activeElement.dataset.leaf;
    const rows = leafPlaces().map((i, k) => {
      let isMoving = false;
      return leafRow(now.names[i], k, i, now.values[k], now.numbers.gradients[i], {
        typed(input) {
          const x = numberIn(input.value, now.names[i]);
          input.toggleAttribute("aria-invalid", x === null);
          if (x === null) return;
          if (x !== now.values[k]) past.push(snapshot());
          set(k, x, true);
        },
        slid(x) {
          if (!isMoving) past.push(snapshot());
          isMoving = true;
          set(k, x, false);
        },
        released() {
          if (isMoving) redraw();
          isMoving = false;
        },
      });
    });
    leaves.replaceChildren(...rows);
    const again = kept && leaves.querySelector(`[data-leaf="${kept}"]`);
    if (again) again.focus();
  }

  // Down the gradient, all leaves at once.
  function descend() {
    const rate = numberIn(ui.rate.value, "the step size");
    if (rate === null) return;
    const gradients = leafPlaces().map((i) => now.numbers.gradients[i]);
    const values = now.values.map((x, k) => x - rate * gradients[k]);
    if (!values.every(Number.isFinite)) {
      const k = values.findIndex((x) => !Number.isFinite(x));
      fail(`the step would make ${now.names[leafPlaces()[k]]} ${figure(values[k])}: ` +
        "nothing was changed");
      return;
    }
    past.push(snapshot());
    change(values, `A step of ${figure(rate)} down the gradient`);
  }

  function back(state, words) {
    if (!state || !draw(state.text, namedValues(state), false)) return;
    now.values = [...state.values];
    compute();
    fields();
    redraw();
    tell(words);
  }

  function namedValues({ text, values }) {
    const made = read(text, []);
    const places = made.graph.nodes.flatMap((node, i) => (node ? [] : [i]));
    return places.map((i, k) => [made.graph.labels[i], values[k]]).filter(([name]) => name);
  }

  // The picture and the table

  function redraw() {
    const { boxes, arrows } = pictureOf(now.graph, now.names, now.numbers);
    now.arrows = arrows;
    const text = svgOf(boxes, arrows);
    const drawn = new DOMParser().parseFromString(text, "image/svg+xml");
    const svg = document.importNode(drawn.documentElement, true);
    const z = now.names[last()];
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", `The graph of ${z}: ${boxes.length} boxes and ` +
      `${arrows.length} arrows, with the values and gradients listed below`);
    graph.replaceChildren(svg);
    now.svg = svg;
    // Arrows and boxes stand in the picture in the order in which they are placed.
    const places = new Map();
    for (const box of svg.querySelectorAll("g.node")) {
      const i = now.names.indexOf(box.querySelector("title").textContent);
      places.set(i, [...(places.get(i) || []), box]);
      box.classList.add("cw-node");
      box.addEventListener("click", () => jump(i));
    }
    now.boxes = places;
    now.edges = [...svg.querySelectorAll("g.edge")];
    listed();
    fit();
    show();
  }

  function fit() {
    if (!now || !now.svg) return;
    const em = parseFloat(getComputedStyle(root).fontSize);
    const { width: w } = now.svg.viewBox.baseVal;
    const room = graph.clientWidth - 4;
    // Text in the picture is 11 units high: it shrinks to what can be read, and then scrolls.
    const size = Math.max(Math.min(room / w, (0.8 * em) / 11), (0.6 * em) / 11);
    now.svg.style.width = `${w * size}px`;
    now.svg.style.height = "auto";
    graph.tabIndex = graph.scrollWidth > graph.clientWidth ? 0 : -1;
  }

  // New numbers in the picture as it stands, while a slider moves.
  function renumber() {
    numbered(now.arrows, now.graph.nodes, now.numbers);
    for (const [i, boxes] of now.boxes) {
      for (const box of boxes) numbersOf(box, i);
    }
    now.arrows.forEach((arrow, k) => {
      const [line, tip] = now.edges[k].querySelectorAll("path");
      line.setAttribute("stroke", arrow.colour);
      line.setAttribute("stroke-width", fixed(arrow.width, 2));
      tip.setAttribute("fill", arrow.colour);
      const text = now.edges[k].querySelector("text");
      if (!text) return;
      text.textContent = arrow.text;
      text.setAttribute("fill", arrow.colour);
    });
    for (const slope of leaves.querySelectorAll("output")) {
      slope.textContent = figure(now.numbers.gradients[slope.dataset.place]);
    }
    listed();
    show();
  }

  function numbersOf(box, i) {
    const [value, gradient] = box.querySelectorAll('text[text-anchor="end"]');
    value.textContent = numberText(now.numbers.values[i]);
    gradient.textContent = numberText(now.numbers.gradients[i]);
    gradient.setAttribute("fill", MEASURES.tones[toneOf(now.numbers.gradients[i])]);
  }

  function listed() {
    const { names, numbers } = now;
    table.replaceChildren(...names.map((name, i) => {
      const row = make("tr");
      const go = button(name, `Go to ${name}`, () => jump(i));
      go.classList.add("cw-name");
      const head = make("th");
      head.scope = "row";
      head.append(go);
      row.append(head, cell(forwardText(now, i)), cell(figure(numbers.values[i])), cell(""));
      return row;
    }));
  }

  // Steps

  function go(k) {
    at = Math.max(0, Math.min(stepCount() - 1, k));
    show();
  }

  function jump(i) {
    stop();
    const count = now.graph.nodes.length;
    const complete = now.uses.reduce((found, [, , x], k) => (x === i ? count + 1 + k : found), count);
    go(at === i || at >= count ? (at === complete ? i : complete) : i);
  }

  function start() {
    if (at === stepCount() - 1) at = 0;
    timer = setInterval(() => {
      if (root.isConnected && at < stepCount() - 1) go(at + 1);
      else stop();
    }, 1300);
    show();
  }

  function stop() {
    clearInterval(timer);
    timer = 0;
    ui.play.textContent = "▶ Play";
  }

  function show() {
    const shown = stepOf(now, data.rules, at);
    const count = now.graph.nodes.length;
    ui.phase.textContent = shown.phase;
    ui.step.textContent = shown.text;
    for (const [i, boxes] of now.boxes) {
      for (const box of boxes) {
        box.classList.toggle("cw-active", i === shown.active);
        const [value, gradient] = box.querySelectorAll('text[text-anchor="end"]');
        value.classList.toggle("cw-later", i > at);
        gradient.classList.toggle("cw-later", shown.gradients[i] === null);
        if (shown.gradients[i] !== null) {
          gradient.textContent = numberText(shown.gradients[i]);
          gradient.setAttribute("fill", MEASURES.tones[toneOf(shown.gradients[i])]);
        }
      }
    }
    now.arrows.forEach((arrow, k) => {
      const step = count + 1 + arrow.use;
      now.edges[k].classList.toggle("cw-done", step <= at);
      now.edges[k].classList.toggle("cw-active", step === at || (at < count && arrow.node === at));
    });
    [...table.rows].forEach((row, i) => {
      const { gradients } = shown;
      row.cells[2].textContent = i <= at ? figure(now.numbers.values[i]) : "";
      row.cells[3].textContent = gradients[i] === null ? "" : figure(gradients[i]);
      row.classList.toggle("cw-active", i === shown.active);
    });
    Object.assign(slider, { max: stepCount(), value: at + 1 });
    ui.count.textContent = `Step ${at + 1} of ${stepCount()}`;
    slider.setAttribute("aria-valuetext", ui.count.textContent);
    ui.first.disabled = ui.previous.disabled = at === 0;
    ui.next.disabled = at === stepCount() - 1;
    ui.undo.disabled = !past.length;
    ui.play.textContent = timer ? "⏸ Pause" : "▶ Play";
  }

  // Links

  function fromLink() {
    if (location.hash.length < 2) return;
    const told = readLink(location.hash);
    if (!told) {
      fail("The numbers of this link cannot be read: it was changed, or cut off. " +
        "What was here before is kept.");
      return;
    }
    if (!draw(told.text, told.values)) return;
    const given = new Map(told.values);
    now.values = leafPlaces().map((i, k) => given.get(now.graph.labels[i]) ?? now.values[k]);
    compute();
    begun = snapshot();
    fields();
    redraw();
  }

  ui.form.addEventListener("submit", (event) => {
    event.preventDefault();
    draw(field.value, known);
  });
  ui.examples.forEach((one, k) => one.addEventListener("click", () => {
    const [text, values] = data.examples[k];
    draw(text, Object.entries(values));
    begun = snapshot();
  }));
  ui.descend.addEventListener("click", descend);
  ui.undo.addEventListener("click", () => {
    back(past.pop(), "The last change was taken back.");
    if (!past.length) field.focus();
  });
  ui.reset.addEventListener("click", () => {
    if (!begun) return;
    past.push(snapshot());
    back(begun, "The numbers are those of the beginning.");
  });
  ui.link.addEventListener("click", () => {
    ui.address.hidden = false;
    const pairs = leafPlaces().map((i, k) => [now.graph.labels[i], now.values[k]]);
    ui.address.value = linkTo(now.text, pairs);
    history.replaceState(null, "", ui.address.value);
    ui.address.select();
    tell("The link below, and the one in the address bar, keep the expression and the numbers.");
  });
  ui.link.hidden = !isPage;
  ui.first.addEventListener("click", () => go(0));
  ui.previous.addEventListener("click", () => go(at - 1));
  ui.next.addEventListener("click", () => go(at + 1));
  ui.play.addEventListener("click", () => (timer ? stop() : start()));
  slider.addEventListener("input", () => go(slider.value - 1));
  const keys = { ArrowRight: () => go(at + 1), ArrowLeft: () => go(at - 1), Home: () => go(0),
    End: () => go(stepCount() - 1) };
  ui.steps.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target === slider) return;
    if (!keys[event.key]) return;
    stop();
    keys[event.key]();
    event.preventDefault();
    event.stopPropagation();
  });

  draw(data.text, Object.entries(data.values));
  if (isPage) {
    fromLink();
    window.addEventListener("hashchange", fromLink);
  }
  past = [];
  show();
  new ResizeObserver(fit).observe(isPage ? document.documentElement : root);
}
