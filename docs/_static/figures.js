/* Figures fit their column and open large: on a click or Enter, until Escape or a click beside.
   Without a script a figure is whole all the same. In the large view an SVG is a document of its
   own and not an image, so that the tooltips of its nodes show. */
"use strict";

function opened(link, figure) {
  const dialog = document.createElement("dialog");
  dialog.className = "enlarged";
  dialog.setAttribute("aria-label", figure.alt || "Figure");
  const bar = dialog.appendChild(document.createElement("form"));
  bar.method = "dialog";
  const close = bar.appendChild(document.createElement("button"));
  close.textContent = "Close";
  const scroller = dialog.appendChild(document.createElement("div"));
  const sheet = scroller.appendChild(document.createElement("div"));
  sheet.className = "sheet";
  // A document follows the system's colours, and an image those that the reader chose here.
  const chosen = getComputedStyle(document.body).colorScheme === "dark";
  const followed = chosen === matchMedia("(prefers-color-scheme: dark)").matches;
  const drawing = /\.svg$|^data:image\/svg/.test(figure.src.split(/[,?#]/)[0])
    && (followed || !figure.classList.contains("adapts"));
  const copy = sheet.appendChild(document.createElement(drawing ? "object" : "img"));
  if (drawing) Object.assign(copy, { type: "image/svg+xml", data: figure.src, tabIndex: -1 });
  else copy.src = figure.src;
  copy.setAttribute("aria-label", figure.alt || "Figure");
  copy.className = figure.className;

  // At its own size at least, and as large as the window has room for.
  function fit() {
    const [width, height] = [figure.naturalWidth, figure.naturalHeight];
    const room = Math.min(scroller.clientWidth / width, scroller.clientHeight / height);
    const scale = Math.max(1, room * 0.98);
    Object.assign(copy.style, {
      width: `${width}px`, height: `${height}px`, transform: `scale(${scale})`,
    });
    Object.assign(sheet.style, { width: `${width * scale}px`, height: `${height * scale}px` });
  }

  // Keys pressed in a document within this one, Escape too, would not reach the dialog.
  const kept = () => setTimeout(() => document.activeElement === copy && close.focus());
  addEventListener("resize", fit);
  addEventListener("blur", kept);
  scroller.addEventListener("click", (event) => event.target === scroller && dialog.close());
  dialog.addEventListener("close", () => {
    removeEventListener("resize", fit);
    removeEventListener("blur", kept);
    dialog.remove();
    link.focus();
  });
  document.body.append(dialog);
  dialog.showModal();
  fit();
}

document.addEventListener("DOMContentLoaded", () => {
  // A walkthrough has a still picture that its own script replaces.
  const figures = document.querySelectorAll("article .cell_output img, article img.paper");
  for (const figure of figures) {
    if (figure.closest("a, .chalk-walk")) continue;
    // Of image files the build knows whether they have colours for dark pages.
    const [head, ...body] = figure.src.split(",");
    const read = { "data:image/svg+xml;base64": atob,
      "data:image/svg+xml;charset=utf-8": decodeURIComponent }[head];
    if (read && read(body.join(",")).includes("prefers-color-scheme"))
      figure.classList.add("adapts");
    const link = document.createElement("a");
    link.className = "enlarge";
    link.href = figure.src;
    link.setAttribute("aria-label", `${figure.alt || "Figure"}, open large`);
    figure.replaceWith(link);
    link.append(figure);
    link.addEventListener("click", (event) => {
      // As with any link, these keys ask for the file itself, in a tab or window.
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      opened(link, figure);
    });
  }
});
