// Training without a page around it: epochs of mini-batches in the orders of `fit`, a step of the
// optimiser on the mean gradient of each. One sample at a time, so that a page can stop whenever a
// frame is due.

// Numbers of some kind from base64.
function unpacked(text, Kind) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  return new Kind(bytes.buffer);
}

function samplesOf({ samples, width }) {
  const numbers = samples.floats ? unpacked(samples.floats, Float64Array)
    : Float64Array.from(unpacked(samples.places, Uint8Array), (i) => samples.values[i]);
  const rows = [];
  for (let i = 0; i < numbers.length; i += width) rows.push(numbers.subarray(i, i + width));
  return rows;
}

// Numbers from 0 to 1, from a number: mulberry32.
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t ^= t + Math.imul(t ^ (t >>> 7), 61 | t);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

// The order of an epoch, counted from 1: one that the page carries, or drawn by Fisher and Yates.
function ordersOf(data) {
  const carried = unpacked(data.orders, data.count <= 65536 ? Uint16Array : Uint32Array);
  return (epoch) => {
    const n = data.count;
    if (epoch <= data.ordered) return carried.subarray((epoch - 1) * n, epoch * n);
    const order = Uint32Array.from({ length: n }, (_, i) => i);
    const random = generator(data.seed + Math.imul(epoch, 0x9e3779b1));
    for (let i = n - 1; i > 0; i--) {
      const k = Math.floor(random() * (i + 1));
      [order[i], order[k]] = [order[k], order[i]];
    }
    return order;
  };
}

// A loss so many times what it was at the start leads nowhere.
const RECORDS = 2000, KEPT = 5, GROWN = 1000;

// `gradient(w, row, g)` adds a sample's gradient to g and returns its loss; `step` is the
// optimiser's (steps.py).
function trainer(data, gradient, step) {
  const rows = samplesOf(data), orderOf = ordersOf(data), n = data.count;
  const size = data.start.length;
  const { moved, options } = data.optimizer;
  const memory = data.optimizer.memory.map(() => new Float64Array(size));
  const made = {
    rows,
    w: new Float64Array(size),
    // The mean gradient of the last batch.
    slopes: new Float64Array(size),
    lr: data.lr,
    size: data.size,
    // By their names, as momentum.
    options: Object.fromEntries(options),
  };
  const given = new Float64Array(4 + memory.length + options.length);
  const sums = new Float64Array(size), unused = new Float64Array(size);
  // `at`: samples of this epoch that are done; `from`, `end`: those of this batch.
  let at, from, end, order, total, lost;
  // The numbers at the start and after each of the last epochs whose loss had not grown too much.
  let kept;
  // Of many epochs every second one is recorded, then every fourth, and so on.
  let stride;

  made.reset = () => {
    made.w.set(data.start);
    made.slopes.fill(0);
    data.optimizer.memory.forEach((x, k) => (x.length ? memory[k].set(x) : memory[k].fill(x)));
    // `last`: the record of the last epoch; `version`: another one whenever numbers have changed.
    Object.assign(made, { epoch: 0, batch: 0, loss: NaN, history: [], last: null });
    made.steps = data.optimizer.steps;
    made.version = (made.version || 0) + 1;
    stride = 1;
    kept = [];
    keep();
    begin();
  };

  made.hasGrown = () => made.last !== null && made.last.loss > GROWN * Math.max(atStart, 1e-3);

  function keep() {
    if (made.hasGrown()) return;
    const { epoch, last, steps } = made;
    kept.push({ w: made.w.slice(), slopes: made.slopes.slice(), epoch, last, steps,
      memory: memory.map((x) => x.slice()) });
    if (kept.length > KEPT) kept.splice(1, 1);
  }

  function begin() {
    [at, from, end, total, lost] = [0, 0, 0, 0, 0];
    made.batch = 0;
    order = orderOf(made.epoch + 1);
  }

  made.meanLoss = (first, last) => {
    let sum = 0;
    for (let i = first; i < last; i++) sum += gradient(made.w, rows[i], unused);
    return sum / (last - first);
  };

  // Go back to the last epoch that was kept and has a finite loss, and say what happened.
  function failed(what) {
    const said = `${what} in batch ${made.batch + 1} of epoch ${made.epoch + 1}`;
    while (kept.length > 1) {
      made.w.set(kept[kept.length - 1].w);
      if (Number.isFinite(made.meanLoss(0, n))) break;
      kept.pop();
    }
    const good = kept[kept.length - 1];
    made.w.set(good.w);
    made.slopes.set(good.slopes);
    memory.forEach((x, k) => x.set(good.memory[k]));
    made.epoch = good.epoch;
    made.steps = good.steps;
    made.history = made.history.filter(({ epoch }) => epoch <= good.epoch);
    made.last = good.last;
    made.loss = NaN;
    made.version += 1;
    begin();
    return { fault: said, epoch: good.epoch };
  }

  // Let the optimiser move every parameter that has a gradient.
  function move() {
    made.steps += 1;
    [given[0], given[1]] = [made.lr, made.steps];
    options.forEach(([name], k) => (given[4 + memory.length + k] = made.options[name]));
    for (let i = 0; i < size; i++) {
      if (!data.reached[i] || !moved[i]) continue;
      [given[2], given[3]] = [made.w[i], sums[i]];
      for (let k = 0; k < memory.length; k++) given[4 + k] = memory[k][i];
      const found = step(null, given);
      made.w[i] = found[0];
      for (let k = 0; k < memory.length; k++) memory[k][i] = found[1 + k];
    }
  }

  function ended() {
    const count = end - from;
    for (let i = 0; i < size; i++) sums[i] /= count;
    if (!Number.isFinite(lost)) return failed(`the loss became ${lost}`);
    const bad = sums.findIndex((x) => !Number.isFinite(x));
    if (bad >= 0) return failed(`the gradient of ${data.names[bad]} became ${sums[bad]}`);
    made.slopes.set(sums);
    move();
    total += lost;
    made.loss = lost / count;
    made.batch += 1;
    made.version += 1;
    from = end;
    if (end < n) return { ended: "batch" };
    made.epoch += 1;
    const held = rows.length > n ? made.meanLoss(n, rows.length) : null;
    made.last = { epoch: made.epoch, loss: total / n, held };
    if (made.epoch % stride === 0) made.history.push(made.last);
    if (made.history.length > RECORDS) {
      stride *= 2;
      made.history = made.history.filter(({ epoch }) => epoch % stride === 0);
    }
    keep();
    begin();
    return { ended: "epoch" };
  }

  // Go through one sample; say what ended by it, or what went wrong.
  made.sample = () => {
    if (at === from) {
      end = Math.min(from + made.size, n);
      sums.fill(0);
      lost = 0;
    }
    lost += gradient(made.w, rows[order[at]], sums);
    at += 1;
    return at === end ? ended() : null;
  };

  made.epochs = (count) => {
    for (const until = made.epoch + count; made.epoch < until;) {
      const told = made.sample();
      if (told && told.fault) return told;
    }
    return null;
  };

  made.w.set(data.start);
  const atStart = made.meanLoss(0, n);
  made.reset();
  return made;
}
