// The chain rule in the page, over a graph that is not known before: what is typed there. The rows
// of the table stand in ROWS, each with its value and partials for a number of operands; a graph
// that is known is printed as a program, which gives the same lists.

// The numbers of a graph, from those of its leaves. A node is null for a leaf, else the name of a
// row and its operands: the place of a node before it, or an array of a number.
function chain(nodes, leaves) {
  const values = [];
  const slopes = [];
  const rest = [...leaves];
  for (const node of nodes) {
    const operands = node && node.operands.map((x) => (Array.isArray(x) ? x[0] : values[x]));
    const [z, ...own] = node ? ROWS[node.row].at[operands.length](operands) : [rest.shift()];
    values.push(z);
    slopes.push(own);
  }
  const gradients = nodes.map((_, i) => (i === nodes.length - 1 ? 1 : 0));
  const isReached = nodes.map((_, i) => i === nodes.length - 1);
  const [partials, contributions, flows] = [[], [], []];
  for (let i = nodes.length - 1; i >= 0; i--) {
    const operands = nodes[i] ? nodes[i].operands : [];
    const row = nodes[i] && ROWS[nodes[i].row];
    operands.forEach((x, k) => {
      if (Array.isArray(x)) return;
      const slope = slopes[i][k];
      // Nothing flows where a partial is 0 by its rule, or the operand was not chosen.
      const isOpen = isReached[i] && !row.closed.includes(k) && !(row.chooses && slope === 0);
      let part = isOpen ? gradients[i] * slope : 0;
      if (isOpen && k in row.over && !Number.isFinite(slope)) {
        // Of a small number g / y may be finite where 1 / y is not.
        const y = operands[row.over[k]];
        part = gradients[i] / (Array.isArray(y) ? y[0] : values[y]);
      }
      partials.push(slope);
      contributions.push(part);
      flows.push(isOpen ? 1 : 0);
      if (isOpen) [gradients[x], isReached[x]] = [gradients[x] + part, true];
    });
  }
  return { values, gradients, partials, contributions, flows };
}
