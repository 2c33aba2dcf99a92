"use strict";
/* The disk that a reader can move and colour: by population, community or degree, any node in its centre.
   Positions are native polar coordinates; nothing here makes a request. */
const netsciDisk = (function () {
  const MOST_POINTS = 80000; // of all arcs together
  const INSIDE = 0.97; // the largest share of the rim's radius that is moved
  const FAR = 0.7; // the largest radius moved to the centre: from nearer the rim, all others would be a sliver

  /* The Moebius map of the unit disk that takes (ax, ay) to the centre: it keeps angles and circles. */
  function moebius(x, y, ax, ay) {
    const dx = x - ax, dy = y - ay, re = 1 - ax * x - ay * y, im = ay * x - ax * y;
    const size = re * re + im * im;
    return [(dx * re + dy * im) / size, (dy * re - dx * im) / size];
  }

  function distance(r1, t1, r2, t2) {
    const radial = Math.sinh((r1 - r2) / 2);
    const angular = Math.sqrt(Math.sinh(r1)) * Math.sqrt(Math.sinh(r2)) * Math.abs(Math.sin((t1 - t2) / 2));
    return 2 * Math.asinh(Math.hypot(radial, angular));
  }

  /* Points of the geodesic between two points: [p sinh(d - s) + q sinh(s)] / sinh(d) on the hyperboloid, with
     exponents added before they are taken, as in the library. */
  function arc(r1, t1, r2, t2, points, put) {
    const d = distance(r1, t1, r2, t2);
    const whole = Math.expm1(-2 * d);
    for (let i = 0; i < points; i++) {
      const u = i / (points - 1);
      let x = 0, y = 0;
      for (const [r, t, way] of [[r1, t1, u], [r2, t2, 1 - u]]) {
        const rest = d > 0 ? Math.expm1(-2 * d * (1 - way)) / whole : 1 - way;
        const share = Math.exp(r - d * way) * rest * -Math.expm1(-2 * r) / 2;
        x += share * Math.cos(t);
        y += share * Math.sin(t);
      }
      put(Math.asinh(Math.hypot(x, y)), Math.atan2(y, x));
    }
  }

  /* Where everything is drawn: native radii as shares of the largest, seen through the Moebius map that has
     the focus in the centre. The embedding's own isometry would do the same to its distances, but from a leaf
     all other nodes would lie in one direction; the map of the drawing is a lens, for the eye. */
  function seen(stage, focus) {
    const rim = Math.max(1e-12, stage.radius.reduce((a, b) => Math.max(a, b), 0));
    const flat = (r, t) => [(r / rim) * Math.cos(t), (r / rim) * Math.sin(t)];
    if (focus === null) return flat;
    const [fx, fy] = flat(stage.radius[focus], stage.theta[focus]);
    const share = Math.min(INSIDE, FAR / Math.max(1e-12, Math.hypot(fx, fy)));
    return (r, t) => {
      const [x, y] = flat(r, t);
      return moebius(share * x, share * y, share * fx, share * fy);
    };
  }

  function arcs(stage, view) {
    const { source, target } = stage.links;
    const points = Math.max(8, Math.min(64, Math.floor(MOST_POINTS / Math.max(1, source.length))));
    const x = [], y = [];
    for (let k = 0; k < source.length; k++) {
      const p = source[k], q = target[k];
      arc(stage.radius[p], stage.theta[p], stage.radius[q], stage.theta[q], points, (r, t) => {
        const at = view(r, t);
        x.push(at[0]);
        y.push(at[1]);
      });
      x.push(null);
      y.push(null);
    }
    return { x, y };
  }

  const place = (stage, view, i) => view(stage.radius[i], stage.theta[i]);

  function nodes(stage, view, look, template) {
    const made = (members, extra) => {
      const at = members.map((i) => place(stage, view, i));
      const marker = Object.assign({}, template.marker, { size: members.map((i) => stage.size[i]) }, extra.marker);
      return Object.assign({}, template, extra, {
        x: at.map((p) => p[0]), y: at.map((p) => p[1]), customdata: members, marker,
        hovertext: members.map((i) => stage.hover[i] + (look.of ? "<br>" + look.of[i] : "")),
      });
    };
    if (look.values) {
      const all = stage.radius.map((_, i) => i);
      return [made(all, { showlegend: false, marker: { color: look.values, coloraxis: "coloraxis" } })];
    }
    return look.groups.map((group, k) => made(group.members, {
      name: group.name, legendgroup: look.name + k, showlegend: look.groups.length > 1, marker: { color: group.colour },
    }));
  }

  /* The scale stands beside the disk, or above it where beside would take the disk's room. */
  function scale(look, narrow) {
    const last = look.ticks.length - 1;
    const few = narrow && look.texts.join("").length > 30 ? [0, last] : look.ticks.map((_, k) => k);
    const place = narrow
      ? { orientation: "h", title: { text: look.name, side: "top" }, y: 1.02, yanchor: "bottom", len: 0.8 }
      : { title: { text: look.name, side: "right" }, len: 0.7 };
    return {
      cmin: look.low, cmax: look.high, ...(look.colours ? { colorscale: look.colours } : {}),
      colorbar: { ...place, tickvals: few.map((k) => look.ticks[k]), ticktext: few.map((k) => look.texts[k]) },
    };
  }

  /* The mark around the chosen node: a shape, which moves without the figure being drawn anew. */
  function ring(stage, state) {
    if (state.chosen === null) return [];
    const [x, y] = place(stage, seen(stage, state.focus), state.chosen);
    const r = (stage.size[state.chosen] + 9) / 2;
    return [{
      type: "circle", name: "chosen", xref: "x", yref: "y", xsizemode: "pixel", ysizemode: "pixel",
      xanchor: x, yanchor: y, x0: -r, x1: r, y0: -r, y1: r, line: { width: 2.5, color: stage.ink },
    }];
  }

  const states = new Map();
  const fresh = () => ({ look: 0, focus: null, chosen: null, arcs: null });

  /* The figure as the reader has set it: called before each drawing. */
  function staged(box, figure, stage, narrow) {
    const state = states.get(box.id) || fresh();
    const look = stage.looks[state.look], view = seen(stage, state.focus);
    const role = (trace) => (trace.meta || {}).role;
    const template = figure.data.find((trace) => role(trace) === "nodes");
    const lines = figure.data.find((trace) => role(trace) === "links");
    const data = figure.data.filter((trace) => role(trace) !== "nodes");
    if (lines) {
      if (!state.arcs || state.arcs.focus !== state.focus) state.arcs = { focus: state.focus, ...arcs(stage, view) };
      Object.assign(lines, { x: state.arcs.x, y: state.arcs.y });
    }
    data.push(...nodes(stage, view, look, template));
    figure.data = data;
    figure.layout.shapes = ring(stage, state);
    // Two names of a legend stand side by side on a narrow screen.
    figure.layout.meta.netsci.head = look.values ? 44 : look.groups.length > 1 ? 19 * Math.ceil(look.groups.length / 2) : 0;
    figure.layout.showlegend = !look.values && look.groups.length > 1;
    figure.layout.coloraxis = look.values ? scale(look, narrow) : undefined;
    figure.layout.uirevision = "focus " + state.focus; // a moved disk is shown whole again
    return figure;
  }

  /* Buttons, the field that finds a node, clicks and keys. `redraw` draws the box anew,
     `mark` moves its shapes only. */
  function attach(box, stage, redraw, mark) {
    const state = fresh();
    states.set(box.id, state);
    const panel = document.getElementById(box.dataset.controls);
    const said = panel.querySelector("output"), field = panel.querySelector("input");
    panel.querySelector("datalist").append(...stage.labels.map((label) => {
      const option = document.createElement("option");
      option.value = label;
      return option;
    }));
    const find = new Map(stage.labels.map((label, i) => [label.toLowerCase(), i]));
    const byAngle = stage.theta.map((_, i) => i).sort((a, b) => stage.theta[a] - stage.theta[b] || a - b);
    const byDegree = stage.degree.map((_, i) => i).sort((a, b) => stage.degree[b] - stage.degree[a] || a - b);
    const tell = (text) => { said.textContent = text; };
    const describe = (i) => `${stage.labels[i]}, degree ${stage.degree[i]}`;
    function home() {
      Object.assign(state, { focus: null, chosen: null });
      field.value = "";
      tell("The centre is the embedding's own.");
      redraw();
    }
    function focus(i) {
      Object.assign(state, { focus: i, chosen: i });
      tell(`The centre is ${describe(i)}.`);
      redraw();
    }
    function step(order, by) {
      const at = state.chosen === null ? -1 : order.indexOf(state.chosen);
      state.chosen = at < 0 ? byDegree[0] : order[(at + by + order.length) % order.length];
      tell(`${describe(state.chosen)}: Enter moves it to the centre.`);
      mark(ring(stage, state));
    }
    panel.querySelectorAll("button[data-look]").forEach((button) => {
      button.addEventListener("click", () => {
        state.look = Number(button.dataset.look);
        panel.querySelectorAll("button[data-look]").forEach((other) => {
          other.setAttribute("aria-pressed", String(other === button));
        });
        redraw();
      });
    });
    panel.querySelector("button[data-home]").addEventListener("click", home);
    panel.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      const i = find.get(field.value.trim().toLowerCase());
      if (i === undefined) tell(field.value.trim() ? `No node is called ${field.value.trim()}.` : "Type a node's name.");
      else focus(i);
    });
    box.addEventListener("keydown", (event) => {
      const act = {
        ArrowRight: () => step(byAngle, 1), ArrowLeft: () => step(byAngle, -1),
        ArrowDown: () => step(byDegree, 1), ArrowUp: () => step(byDegree, -1),
        Enter: () => state.chosen !== null && focus(state.chosen), Escape: home,
      }[event.key];
      if (!act || event.target !== box || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      act();
    });
    return () => box.on("plotly_click", (event) => {
      const point = event.points.find((p) => Number.isInteger(p.customdata));
      if (point) focus(point.customdata);
    });
  }

  return { staged, attach, moebius, arc };
})();
