// The line to type an expression in, above a walkthrough of its graph, which is made anew for each.
// `data.text` and `data.values` are what the page begins with, `data.most` is how many nodes it
// shows, `data.examples` what there is to try. What is wrong is said, and the last good stays.

const FIRST = 0.5; // the number of a name that has none yet
const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;

function play(id, data) {
  const script = document.currentScript;
  const root = (script && script.closest(".chalk-play")) ||
    document.querySelector(`#${id}:not([data-play])`);
  if (!root || root.dataset.play) return;
  root.dataset.play = "1";
  const isPage = Boolean(root.closest(".cw-sheet"));

  const top = make("div", "chalk-walk cw cw-top");
  const form = make("form", "cw-form");
  const line = Object.assign(field(), { inputMode: "text", spellcheck: false, autocapitalize: "off" });
  line.classList.add("cw-typed");
  const label = make("label", "cw-expression", "Expression");
  label.append(line);
  const draw = Object.assign(button("Draw", "", () => {}), { type: "submit" });
  const link = button("Link", "Link to this expression and these numbers", keep);
  link.hidden = !isPage;
  form.append(label, draw, link);
  const fault = make("pre", "cw-fault");
  fault.id = `${id}-fault`;
  set(fault, "role", "alert");
  fault.hidden = true;
  set(line, "aria-describedby", fault.id);
  const examples = part("cw-bar cw-examples", "Examples");
  examples.append("Try: ", ...data.examples.map(([text, values]) =>
    button(text, `Example: ${text}`, () => show(text, Object.entries(values)))));
  const word = make("p", "cw-said");
  set(word, "role", "status");
  const help = make("details", "cw-help");
  help.append(make("summary", "", "What can be typed"), make("p", "",
    "Numbers, names, + - * / **, parentheses, and parts with a name: u = x**2 + y; u*u. " +
    `pi and e are numbers. Functions: ${Object.keys(WORDS.functions).join(", ")}.`));
  top.append(root.querySelector(".cw-title"), form, fault, word, examples, help);
  root.querySelector(".chalk-walk").before(top);

  let now = null; // the text, the graph and the names that are shown
  let shown = 0; // how many graphs have been shown

  function say(text) {
    fault.hidden = true;
    put(fault, "");
    line.removeAttribute("aria-invalid");
    put(word, apart(text));
  }
  function refuse(text) {
    fault.hidden = false;
    put(fault, apart(text));
    set(line, "aria-invalid", "true");
    put(word, "");
  }

  // The graph of an expression. Numbers are given to names, and to leaves that the text gives one
  // when the reader has moved them since.
  function read(text, values, isExact) {
    const fresh = [];
    const given = Object.assign(Object.create(null), Object.fromEntries(values));
    const graph = parse(text, given, (name) => {
      fresh.push(name);
      return FIRST;
    });
    const count = graph.nodes.length;
    if (count > data.most) throw new Fault(said(data.large, { count: count.toLocaleString("en-US") }), text);
    const names = namesOf(graph.labels);
    const leaves = leavesOf(graph);
    if (isExact) graph.leaves = leaves.map((i, k) => given[graph.labels[i]] ?? graph.leaves[k]);
    return { text, graph, names, leaves, fresh };
  }
  const leavesOf = ({ nodes }) => nodes.flatMap((node, i) => (node ? [] : [i]));

  function show(text, values, isExact = false) {
    let next = null;
    try {
      next = read(text, values, isExact);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      refuse(String(error));
      return false;
    }
    now = next;
    line.value = text;
    const made = walkOf(now.graph, now.names);
    const name = `${id}-${(shown += 1)}`;
    const { nodes } = now.graph;
    root.querySelector(".chalk-walk:not(.cw-top)").replaceWith(stillOf(name, made));
    walk(name, made.data, [(leaves) => chain(nodes, leaves)]);
    // With all numbers on all edges, as the key End shows them.
    root.querySelector(".cw-live").dispatchEvent(new KeyboardEvent("keydown", { key: "End" }));
    const verb = next.fresh.length > 1 ? "are" : "is";
    const names = next.fresh.join(", ");
    say(next.fresh.length ? `${names} ${verb} new, and ${verb} ${FIRST} for a start.` : "");
    return true;
  }

  // The numbers of the leaves by their names, as they are now.
  function numbers() {
    const fields = [...root.querySelectorAll(".cw-leaf .cw-field")];
    const words = { inf: Infinity, "-inf": -Infinity };
    return now.leaves.flatMap((i, k) => {
      const label = now.graph.labels[i];
      return label ? [[label, words[fields[k].title] ?? Number(fields[k].title)]] : [];
    });
  }

  // Links keep the expression, and each leaf's name and number with all its digits.
  function keep() {
    const told = JSON.stringify([now.text, numbers().map(([name, x]) => [name, exactText(x)])]);
    history.replaceState(null, "", `#${encodeURIComponent(told)}`);
    say("The address of this page now keeps the expression and the numbers.");
  }
  function arrive() {
    if (location.hash.length < 2) return;
    const told = readLink(location.hash);
    if (told) show(told.text, told.values, true);
    else {
      refuse("The numbers of this link cannot be read: it was changed, or cut off. " +
        "What was here before is kept.");
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    for (const [name, x] of numbers()) known.set(name, x);
    show(line.value, known);
  });
  form.addEventListener("keydown", (event) => event.stopPropagation());
  const known = new Map(); // the last number of every name
  show(data.text, data.values);
  if (isPage) {
    arrive();
    window.addEventListener("hashchange", arrive);
  }
}

// What a link keeps; null for one that was tampered with.
function readLink(hash) {
  let told = null;
  try {
    told = JSON.parse(decodeURIComponent(hash.slice(1)));
  } catch {
    return null;
  }
  const [text, pairs] = Array.isArray(told) ? told : [];
  const isPair = (pair) => Array.isArray(pair) && pair.length === 2 &&
    pair.every((one) => typeof one === "string") &&
    NUMBER.test(pair[1]) && Number.isFinite(Number(pair[1]));
  if (typeof text !== "string" || !Array.isArray(pairs) || !pairs.every(isPair)) return null;
  return { text, values: pairs.map(([name, x]) => [name, Number(x)]) };
}
