"use strict";
/* Draws the figures from the JSON in the page, keeps them in step with the mode and the width, and hands out
   the data as CSV. Nothing here makes a request. */
(function () {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const theme = read("theme");
  const stages = new Map(); // parsed once: they are the largest data of the page
  function stageOf(box) {
    const id = box.dataset.stage;
    if (id && !stages.has(id)) stages.set(id, read(id));
    return id ? stages.get(id) : null;
  }
  const root = document.documentElement;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const NARROW = 640;
  const PAPER = 680; // pixels that A4 and letter have room for
  let chosen = null;
  let printing = false;

  const mode = () => (printing ? "light" : chosen || (dark.matches ? "dark" : "light"));

  /* Every colour of a figure has its counterpart in the other mode. Only what is called a colour is one: a
     layer may be named "#ffffff", or "constructor" as every object of JavaScript has one. */
  function recoloured(value, isColour) {
    if (typeof value === "string") {
      const name = value.toLowerCase();
      return isColour && Object.hasOwn(theme.swaps, name) ? theme.swaps[name] : value;
    }
    if (Array.isArray(value)) return value.map((one) => recoloured(one, isColour));
    if (value && typeof value === "object") {
      const entries = Object.entries(value);
      return Object.fromEntries(entries.map(([k, v]) => [k, k === "bdata" ? v : recoloured(v, /colou?r/i.test(k))]));
    }
    return value;
  }

  /* On a narrow screen the panels of a figure stand below each other. */
  function stacked(layout, width) {
    const grid = layout.meta && layout.meta.netsci;
    if (!grid || (grid.columns === 1 && !grid.square)) return layout;
    if (grid.square) grid.row = Math.min(grid.row, width - 40);
    const plot = grid.panels * grid.row + (grid.panels - 1) * grid.gap;
    const before = layout.height - layout.margin.t - layout.margin.b;
    for (let i = 0; i < grid.panels; i++) {
      const end = i ? String(i + 1) : "";
      const top = 1 - (i * (grid.row + grid.gap)) / plot;
      const x = layout["xaxis" + end], y = layout["yaxis" + end];
      x.domain = [0, 1];
      y.domain = [Math.max(0, top - grid.row / plot), top];
      y.title = layout.yaxis.title;
      if (y.showticklabels === false) y.showticklabels = true;
    }
    layout.height = plot + layout.margin.t + layout.margin.b + (grid.head || 0);
    if (layout.legend) layout.legend.y = 1 + ((layout.legend.y - 1) * before) / plot;
    return layout;
  }

  function draw(box) {
    const stage = stageOf(box);
    const width = printing ? PAPER : box.clientWidth;
    const narrow = width < NARROW;
    const held = read(box.dataset.figure);
    const figure = stage ? netsciDisk.staged(box, held, stage, narrow) : held;
    const now = mode();
    const shown = now === "dark" ? recoloured(figure) : figure;
    let layout = shown.layout;
    layout.template = theme.templates[now];
    layout.uirevision = layout.uirevision || "kept"; // zoom and hidden entries outlive a redrawing
    const form = narrow ? "stacked" : "wide";
    if (form === "stacked") {
      layout = stacked(layout, width);
      layout.margin.l = Math.min(layout.margin.l, 48);
      layout.margin.r = 8;
    }
    layout.width = width;
    box.dataset.width = box.clientWidth;
    box.dataset.drawn = now;
    box.style.minHeight = layout.height + "px";
    // Between the two forms react would keep the room and the place of the other's legend.
    const how = box.dataset.form === form ? Plotly.react : Plotly.newPlot;
    box.dataset.form = form;
    return how(box, shown.data, layout, {
      displaylogo: false, showTips: false, scrollZoom: false,
      plotlyServerURL: "", showSendToCloud: false, showEditInChartStudio: false, showLink: false,
      modeBarButtonsToRemove: [
        "select2d", "lasso2d", "autoScale2d", "sendChartToCloud", "sendDataToCloud", "editInChartStudio",
      ],
      toImageButtonOptions: { format: "svg", filename: box.id },
    });
  }

  const boxes = () => Array.from(document.querySelectorAll(".plot"));
  // What lies in a folded section has no width: it is drawn when the section unfolds.
  const shown = (box) => printing || box.clientWidth > 0;
  const refresh = () => Promise.all(boxes().filter(shown).map(draw));

  const button = document.getElementById("mode");
  function dress() {
    root.dataset.mode = mode();
    button.textContent = mode() === "dark" ? "Light mode" : "Dark mode";
  }
  function change() {
    dress();
    refresh();
  }
  button.addEventListener("click", () => {
    chosen = mode() === "dark" ? "light" : "dark";
    change();
  });
  dark.addEventListener("change", change);
  const folds = () => Array.from(document.querySelectorAll("details"));
  let folded = [];
  window.addEventListener("beforeprint", () => {
    folded = folds().filter((one) => !one.open);
    folded.forEach((one) => { one.open = true; });
    printing = true;
    change();
  });
  window.addEventListener("afterprint", () => {
    folded.forEach((one) => { one.open = false; });
    printing = false;
    change();
  });

  const listening = new Set();
  let listeners = new Map();
  function drawNow(box) {
    return Promise.resolve(draw(box)).then(() => {
      if (listeners.has(box) && !listening.has(box)) {
        listening.add(box);
        listeners.get(box)();
      }
    });
  }
  folds().forEach((one) => one.addEventListener("toggle", () => {
    if (!one.open) return;
    Array.from(one.querySelectorAll(".plot")).filter((box) => String(box.clientWidth) !== box.dataset.width || box.dataset.drawn !== mode())
      .forEach(drawNow);
  }));
  document.querySelectorAll("[data-folds]").forEach((one) => one.addEventListener("click", () => {
    document.querySelectorAll("details.fold").forEach((fold) => { fold.open = one.dataset.folds === "open"; });
  }));
  function unfoldTarget() {
    const target = window.location.hash ? document.getElementById(decodeURIComponent(window.location.hash.slice(1))) : null;
    const fold = target && target.querySelector("details.fold");
    if (fold) fold.open = true;
  }
  window.addEventListener("hashchange", unfoldTarget);
  document.addEventListener("click", (event) => {
    if (event.target.closest && event.target.closest('a[href^="#"]')) setTimeout(unfoldTarget);
  });

  /* Search, where a page has one: only sections (and entries of the contents) that hold all words stay. */
  const search = document.getElementById("find");
  const sections = Array.from(document.querySelectorAll("main section"));
  const words = new Map(sections.map((one) => [one, one.textContent.toLowerCase()]));
  if (search) search.addEventListener("input", () => {
    const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    sections.forEach((one) => {
      const holds = wanted.every((word) => words.get(one).includes(word));
      one.hidden = !holds;
      found += holds ? 1 : 0;
      const entry = document.querySelector(`nav a[href="#${one.id}"]`);
      if (entry) entry.parentElement.hidden = !holds;
      if (holds && wanted.length) {
        one.querySelector("details.fold").open = true;
        one.querySelectorAll("details.long").forEach((long) => {
          long.open = wanted.every((word) => long.textContent.toLowerCase().includes(word));
        });
      }
    });
    document.getElementById("none").hidden = found > 0;
    boxes().filter((box) => shown(box) && String(box.clientWidth) !== box.dataset.width).forEach(drawNow);
  });

  let waiting = 0;
  window.addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      boxes().filter((box) => shown(box) && String(box.clientWidth) !== box.dataset.width).forEach(drawNow);
    }, 120);
  });

  document.querySelectorAll("[data-csv]").forEach((link) => {
    link.addEventListener("click", () => {
      const url = URL.createObjectURL(new Blob([read(link.dataset.csv)], { type: "text/csv;charset=utf-8" }));
      const anchor = document.createElement("a");
      anchor.href = url;
      anchor.download = link.dataset.file;
      anchor.click();
      setTimeout(() => URL.revokeObjectURL(url), 1000);
    });
  });

  listeners = new Map(boxes().filter((box) => box.dataset.stage).map((box) => {
    const mark = (shapes) => Plotly.relayout(box, { shapes: mode() === "dark" ? recoloured(shapes) : shapes });
    return [box, netsciDisk.attach(box, stageOf(box), () => draw(box), mark)];
  }));
  dress();
  unfoldTarget();
  Promise.all(boxes().filter(shown).map(drawNow)).then(() => {
    root.dataset.ready = "yes";
  });
})();
