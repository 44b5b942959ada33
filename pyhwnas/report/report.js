"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { columns, values, arch, front, infeasible, chosen } = data;
  const element = (id) => document.getElementById(id);
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const narrow = () => window.innerWidth < 700;
  const finite = (value) => typeof value === "number";
  const escape = (text) => String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
  const still = { responsive: true, displayModeBar: false };
  const config = {
    responsive: true,
    displaylogo: false,
    modeBarButtons: [["zoom2d", "pan2d", "resetScale2d", "toImage"]],
    toImageButtonOptions: { format: "svg", filename: "front" },
  };

  /** Four significant digits; counts without a unit with k, M or G. */
  function show(value, unit = "") {
    if (!finite(value)) return value === null || value === undefined ? "\u2013" : value;
    const size = Math.abs(value);
    if (!unit && size >= 1e4 && size < 1e15) {
      const [factor, prefix] = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]].find(([f]) => size >= f);
      return `${Number((value / factor).toPrecision(4))} ${prefix}`;
    }
    const digits = Math.max(4, size < 1e6 ? String(Math.trunc(size)).length : 4);
    return `${Number(value.toPrecision(digits))} ${unit}`.trim();
  }

  function wrapped(text, width = 56) {
    const lines = [];
    for (let i = 0; i < text.length; i += width) lines.push(escape(text.slice(i, i + width)));
    return lines.join("<br>");
  }

  const hovers = new Map();
  function hover(row) {
    if (!hovers.has(row)) {
      const lines = [`<b>${wrapped(arch[row])}</b>`];
      columns.forEach(({ name, label, unit }, c) => {
        const title = unit && label.endsWith(`(${unit})`) ? label.slice(0, -unit.length - 3) : name;
        const value = c ? show(values[c][row], unit) : values[c][row];
        lines.push(`${escape(title)}: ${escape(value)}`);
      });
      hovers.set(row, lines.join("<br>"));
    }
    return hovers.get(row);
  }

  function hoverChosen(choice) {
    const lines = choice.facts.map(([name, value, unit]) => `${name}: ${escape(show(value, unit))}`);
    return [`<b>${escape(choice.name)}</b>`, hover(choice.at), ...lines].join("<br>");
  }

  function layout(x, y, extra = {}) {
    const axis = (title) => ({
      title: { text: title, standoff: 10 }, gridcolor: colour("--line"), zeroline: false,
      linecolor: colour("--line"), showline: true, ticks: "outside", tickcolor: colour("--line"),
      exponentformat: "SI", minexponent: 4, automargin: true,
    });
    return {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: getComputedStyle(document.body).fontFamily, size: 13, color: colour("--ink") },
      margin: { l: 60, r: 20, t: 24, b: 56 },
      xaxis: axis(x), yaxis: axis(y),
      showlegend: false,
      hoverlabel: { align: "left", bgcolor: colour("--panel"), bordercolor: colour("--faint"),
        font: { family: getComputedStyle(document.body).fontFamily, color: colour("--ink"), size: 12 } },
      hovermode: "closest",
      // On a touch screen a drag scrolls the page.
      dragmode: window.matchMedia("(pointer: coarse)").matches ? false : "zoom",
      modebar: { bgcolor: "rgba(0,0,0,0)", color: colour("--faint"), activecolor: colour("--accent") },
      ...extra,
    };
  }

  function legend(plot, items) {
    const list = document.createElement("ul");
    list.className = "legend";
    for (const [glyph, text] of items) {
      const item = list.appendChild(document.createElement("li"));
      item.appendChild(document.createElement("span")).className = `glyph ${glyph}`;
      item.append(text);
    }
    if (plot.previousElementSibling) plot.previousElementSibling.remove();
    plot.before(list);
  }

  const crosses = ([a, b], [c, d]) => {
    const side = (p, q, r) => Math.sign((q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]));
    return side(a, b, c) !== side(a, b, d) && side(c, d, a) !== side(c, d, b);
  };

  /** Names beside points, each where it covers least of other names and of the front. */
  function labels(plot, points, strong) {
    const { xaxis, yaxis } = plot._fullLayout;
    const places = points.map((p) => [xaxis.c2p(p.x), yaxis.c2p(p.y)]);
    const boxes = places.map(([x, y]) => [x - 8, y - 8, x + 8, y + 8]);
    const leaders = [];
    const dots = strong.map((p) => [xaxis.c2p(p.x), yaxis.c2p(p.y)]);
    const overlap = (a, b) => Math.max(0, Math.min(a[2], b[2]) - Math.max(a[0], b[0]))
      * Math.max(0, Math.min(a[3], b[3]) - Math.max(a[1], b[1]));
    return points.map((point, i) => {
      const text = point.name.length > 26 ? `${point.name.slice(0, 25)}\u2026` : point.name;
      const [width, height] = [text.length * 7 + 6, 17];
      let best = null;
      for (const distance of [20, 36, 56, 80]) {
        for (const [dx, dy] of [[0.8, -1], [-0.8, -1], [0.8, 1], [-0.8, 1], [0, -1.2], [0, 1.2]]) {
          const x = places[i][0] + dx * distance + Math.sign(dx) * width / 2;
          const y = places[i][1] + dy * distance;
          const box = [x - width / 2, y - height / 2, x + width / 2, y + height / 2];
          let cost = distance / 4 + boxes.reduce((sum, other) => sum + overlap(box, other), 0);
          cost += 25 * dots.filter(([u, v]) => u > box[0] - 5 && u < box[2] + 5 && v > box[1] - 5 && v < box[3] + 5).length;
          const outside = [-box[0], -box[1], box[2] - xaxis._length, box[3] - yaxis._length];
          cost += 60 * outside.reduce((sum, o) => sum + Math.max(0, o), 0);
          const leader = [places[i], [x, y]];
          cost += 300 * leaders.filter((other) => crosses(leader, other)).length;
          if (best === null || cost < best.cost) best = { cost, box, leader };
        }
      }
      boxes.push(best.box);
      leaders.push(best.leader);
      const [ax, ay] = [0, 1].map((k) => best.leader[1][k] - best.leader[0][k]);
      return {
        x: point.x, y: point.y, text: escape(text), ax, ay, showarrow: true,
        arrowhead: 0, arrowwidth: 1, arrowcolor: colour("--chosen"), standoff: 8,
        font: { color: colour("--chosen"), size: 12 }, bgcolor: colour("--paper"), opacity: 0.9, borderpad: 0,
      };
    });
  }

  /** Viridis without the end that is lost on the paper. */
  function shades() {
    const dark = window.matchMedia("screen and (prefers-color-scheme: dark)").matches;
    const stops = dark ? ["#5b78c7", "#2a9d9a", "#35b779", "#90d743", "#fde725"]
      : ["#440154", "#414487", "#2a788e", "#22a884", "#7ad151"];
    return stops.map((stop, i) => [i / (stops.length - 1), stop]);
  }

  const points = (rows, x, y, style) => ({
    type: "scatter", mode: "markers", x: rows.map((r) => values[x][r]), y: rows.map((r) => values[y][r]),
    text: rows.map(hover), hovertemplate: "%{text}<extra></extra>", ...style,
  });

  /** The best trade-off of two objectives, as a staircase; none where an axis has no sense. */
  function staircase(rows, x, y) {
    const [sx, sy] = [x, y].map((c) => ({ min: 1, max: -1 })[columns[c].sense]);
    if (!sx || !sy || x === y) return null;
    const sorted = [...rows].sort((a, b) =>
      sx * (values[x][a] - values[x][b]) || sy * (values[y][a] - values[y][b]));
    const steps = [];
    for (const row of sorted) {
      if (!steps.length || sy * values[y][row] < sy * values[y][steps.at(-1)]) steps.push(row);
    }
    return {
      type: "scatter", mode: "lines", x: steps.map((r) => values[x][r]), y: steps.map((r) => values[y][r]),
      line: { shape: "hv", color: colour("--accent"), width: 1.2, dash: "dot" }, hoverinfo: "skip",
    };
  }

  function drawFront() {
    const plot = element("plot-front");
    if (!plot) return;
    const index = (id) => columns.findIndex((column) => column.name === element(id).value);
    const [x, y, c] = ["axis-x", "axis-y", "axis-colour"].map(index);
    const drawn = (rows) => rows.filter((r) => finite(values[x][r]) && finite(values[y][r]));
    const [best, bad, picked] = [new Set(front), new Set(infeasible), new Set(chosen.map((p) => p.at))];
    const all = arch.map((_, row) => row);
    const others = drawn(all.filter((r) => !best.has(r) && !bad.has(r)));
    const strong = drawn(front);
    const traces = [points(others, x, y, {
      marker: { size: 6, color: colour("--faint"), opacity: 0.4 },
    })];
    if (bad.size) traces.push(points(drawn(infeasible), x, y, {
      marker: { size: 6, symbol: "x-thin-open", color: colour("--faint"), opacity: 0.7 },
    }));
    const line = staircase(strong.length ? strong : [], x, y);
    if (line) traces.push(line);
    const bar = narrow()
      ? { orientation: "h", y: -0.28, yanchor: "top", thickness: 10, len: 0.9 }
      : { thickness: 12, len: 0.9, outlinewidth: 0 };
    const fill = c < 0 ? { color: colour("--accent") } : {
      color: strong.map((r) => (finite(values[c][r]) ? values[c][r] : null)), colorscale: shades(),
      colorbar: { ...bar, outlinewidth: 0, title: { text: escape(columns[c].label), side: narrow() ? "top" : "right" },
        exponentformat: "SI", minexponent: 4 },
    };
    traces.push(points(strong, x, y, {
      marker: { size: 10, line: { width: 1, color: colour("--paper") }, ...fill },
    }));
    const ringed = chosen.filter((p) => drawn([p.at]).length);
    if (ringed.length) traces.push({
      ...points(ringed.map((p) => p.at), x, y, {}), text: ringed.map(hoverChosen),
      marker: { size: 16, symbol: "circle-open", color: colour("--chosen"), line: { width: 2.2 } },
    });
    legend(plot, [["dot faint", `dominated (${others.length})`],
      ...(bad.size ? [["cross", `violates a constraint (${drawn(infeasible).length})`]] : []),
      ...(line ? [["dotted", "best of these two objectives"]] : []),
      [c < 0 ? "dot" : "dot shades", `front (${strong.length})`],
      ...(ringed.length ? [["ring", `chosen (${ringed.length})`]] : [])]);
    const title = (axis) => {
      const { label, sense } = columns[axis];
      const better = { min: "lower is better", max: "higher is better" }[sense];
      return better ? `${escape(label)}, ${better}` : escape(label);
    };
    Plotly.react(plot, traces, layout(title(x), title(y)), narrow() ? still : config).then(() => {
      const at = (row) => ({ x: values[x][row], y: values[y][row] });
      const named = ringed.map((p) => ({ name: p.name, ...at(p.at) }));
      return Plotly.relayout(plot, { annotations: labels(plot, named, strong.slice(0, 500).map(at)) });
    });
    const missing = all.length - drawn(all).length;
    element("front-left-out").textContent = missing
      ? `Not drawn: ${missing} with a missing or infinite value on these axes.` : "";
  }

  function drawLatency() {
    const plot = element("plot-latency");
    if (!plot) return;
    const { networks, held_out: others } = data.latency;
    const ends = [...networks, ...others].flatMap((n) => [n.predicted, n.measured, n.low, n.high]).filter(finite);
    const [bottom, top] = [0.85 * Math.min(...ends), 1.08 * Math.max(...ends)];
    const text = (n) => `<b>${wrapped(n.name)}</b><br>predicted: ${show(n.predicted, "ms")}`
      + `<br>measured: ${show(n.measured, "ms")}`
      + `<br>error: ${(100 * (n.predicted / n.measured - 1)).toFixed(1)} %`;
    const cloud = (items, style) => ({
      type: "scatter", mode: "markers", x: items.map((n) => n.measured), y: items.map((n) => n.predicted),
      text: items.map(text), hovertemplate: "%{text}<extra></extra>", ...style,
    });
    const arm = (n, end) => (finite(end) ? Math.abs(end - n.predicted) : 0);
    const traces = [
      { type: "scatter", mode: "lines", x: [0, top, top, 0], y: [0, 1.1 * top, 0.9 * top, 0], fill: "toself",
        fillcolor: colour("--line"), opacity: 0.55, line: { width: 0 }, hoverinfo: "skip" },
      { type: "scatter", mode: "lines", x: [0, top], y: [0, top], hoverinfo: "skip",
        line: { color: colour("--faint"), width: 1 } },
    ];
    if (others.length) traces.push(cloud(others, {
      marker: { size: 7, color: colour("--faint"), symbol: "diamond-open" },
    }));
    traces.push(cloud(networks, {
      marker: { size: 10, color: colour("--chosen") },
      error_y: { type: "data", symmetric: false, array: networks.map((n) => arm(n, n.high)),
        arrayminus: networks.map((n) => arm(n, n.low)), color: colour("--chosen"), thickness: 1.3, width: 4 },
    }));
    legend(plot, [["band", "within 10 %"], ["line", "equal"],
      ...(others.length ? [["diamond", "held out when the table was made"]] : []), ["dot chosen", "chosen"]]);
    const shape = layout("measured (ms)", "predicted (ms)");
    Object.assign(shape.xaxis, { range: [bottom, top], constrain: "domain", constraintoward: "left" });
    Object.assign(shape.yaxis, { range: [bottom, top], scaleanchor: "x", constrain: "domain" });
    Plotly.react(plot, traces, shape, still);
  }

  function drawHypervolume() {
    const plot = element("plot-hypervolume");
    if (!plot) return;
    const { evaluations, volume } = data.hypervolume;
    const trace = {
      type: "scatter", mode: evaluations.length > 1 ? "lines" : "markers", x: evaluations, y: volume,
      line: { shape: "hv", color: colour("--accent"), width: 2 },
      text: volume.map((v) => show(v)), hovertemplate: "after %{x}: %{text}<extra></extra>",
    };
    const shape = layout("evaluations", "hypervolume", { margin: { l: 60, r: 20, t: 10, b: 50 } });
    shape.yaxis.rangemode = "tozero";
    shape.xaxis.rangemode = "tozero";
    Plotly.react(plot, [trace], shape, still);
  }

  function fillControls() {
    if (!element("front-controls")) return;
    for (const [id, start] of [["axis-x", data.start.x], ["axis-y", data.start.y], ["axis-colour", data.start.colour]]) {
      const select = element(id);
      if (id === "axis-colour") select.add(new Option("none", ""));
      for (const { name, label } of columns.slice(1)) select.add(new Option(label, name));
      select.add(new Option("evaluation", columns[0].name));
      select.value = start;
      select.addEventListener("change", drawFront);
    }
  }

  function draw() {
    drawFront();
    drawLatency();
    drawHypervolume();
  }

  fillControls();
  draw();
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  // Paper is narrower than most screens, and light.
  const print = window.matchMedia("print");
  const resize = (size) => ["plot-front", "plot-latency", "plot-hypervolume"].map(element).filter(Boolean)
    .forEach((plot) => Plotly.relayout(plot, size));
  print.addEventListener("change", () => {
    draw();
    resize(print.matches ? { width: 660, autosize: false } : { width: undefined, autosize: true });
  });
  let timer = 0;
  window.addEventListener("resize", () => {
    clearTimeout(timer);
    timer = setTimeout(drawFront, 200);
  });
})();
