"use strict";
// The picture of a law: rows, curves and bands in one chart, with switches, hover, zoom and a way through it by keys.
window.lawsmith.picture = () => {
  const root = document.getElementById("picture");
  const packed = document.getElementById("picture-data");
  if (!root || !packed) return;
  const at = (id) => document.getElementById(id);
  const hue = (k) => `var(--c${((k % 10) + 10) % 10})`;
  const digits = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };
  const named = (value) => {
    if (value === 0 || (Math.abs(value) >= 1e-3 && Math.abs(value) < 1e4)) return String(+value.toPrecision(6));
    const power = Math.floor(Math.log10(Math.abs(value)) + 1e-9);
    const factor = String(+(value / 10 ** power).toPrecision(4));
    const ten = "10" + [...String(power)].map((c) => digits[c]).join("");
    return factor === "1" ? ten : `${factor}·${ten}`;
  };
  const figures = (value) => (value === null ? "–" : named(+value.toPrecision(5)));

  const start = (data) => {
    const valued = (k, value) => (data.features[k].labels.length ? data.features[k].labels[value] ?? String(value) : figures(value));
    const off = new Set(data.off.map(([row, t]) => `${row} ${t}`));
    const believed = (k) => data.rows.test[k] === 1 || !off.has(`${data.rows.n[k]} ${view.t}`);
    const several = data.groups.length > 1;
    const bends = (k) => data.curves.some((c) => c.f === k && new Set(c.y[0]).size > 1);
    const view = {
      t: 0, f: data.varying.find(bends) ?? data.varying[0], g: data.coloured.length === 1 && several ? data.coloured[0] : -1,
      x: "", y: "", moved: data.moved, rivals: false, zoom: null, key: -1,
    };
    const feature = () => data.features[view.f];
    const target = () => data.targets[view.t];
    const isLog = (end) => (end === "x" ? (view.x || (feature().log ? "log" : "linear")) : view.y || (target().log ? "log" : "linear")) !== "linear";
    const level = (g) => (view.y === "level" && data.levels ? data.levels[view.t][g] : 0);
    const colourOf = (g) => {
      const place = data.coloured.indexOf(g);
      return place >= 0 ? hue(place) : hue(g);
    };
    // A label has a colour of its own; numbers have eight shades, so up to eight values have one each.
    const shades = (second, g) => {
      const values = [...new Set(data.rows.x[second].filter((_, k) => data.rows.g[k] === g))].sort((a, b) => a - b);
      const places = new Map(values.map((v, k) => [v, k])), last = Math.max(1, values.length - 1);
      return (value) => (data.features[second].labels.length ? hue(value) : `var(--s${Math.round((7 * (places.get(value) ?? values.filter((v) => v < value).length)) / last)})`);
    };
    const secondary = () => (view.moved || (several && view.g < 0) ? null : data.second[view.f]);

    // What is drawn: rows with their place, and curves of the groups that are shown.
    const rows = () => {
      const second = secondary(), only = data.groups.length > 1 ? view.g : data.rows.g[0];
      const shaded = data.curves.some((c) => c.f === view.f && c.g === only && c.level !== null);
      const shade = second === undefined || second === null || !shaded ? null : shades(second, only);
      const found = [];
      for (let k = 0; k < data.rows.n.length; k += 1) {
        const g = data.rows.g[k], measured = data.rows.y[view.t][k], predicted = data.rows.p[view.t][k];
        const base = view.moved && data.rows.at[view.f] ? data.rows.at[view.f][view.t][k] : predicted;
        if (base === null || measured === null) continue;
        const x = data.rows.x[view.f][k], y = base + measured - predicted - (level(g) ?? 0);
        if ((isLog("x") && x <= 0) || (isLog("y") && y <= 0)) continue;
        const shown = view.g < 0 || g === view.g;
        let colour = shown ? colourOf(g) : "var(--grey)";
        if (shown && shade) colour = shade(data.rows.x[second][k]);
        found.push({ k, x, y, g, test: data.rows.test[k] === 1, shown, colour, measured, predicted });
      }
      return found;
    };
    const curves = () => data.curves.filter((c) => c.f === view.f && (view.g < 0 ? data.coloured.length > 1 || c.g === data.coloured[0] : c.g === view.g));
    const trace = (c, values) => c.x.map((x, k) => ({ x, y: values[k] === null ? null : values[k] - (level(c.g) ?? 0) }))
      .filter((p) => p.y !== null && !(isLog("x") && p.x <= 0) && !(isLog("y") && p.y <= 0));
    const band = (c, name) => {
      const [low, high] = c.bands[name][view.t], floor = Math.min(...rowsNow.map((p) => p.y)) / 100;
      return c.x.map((x, k) => {
        const low_ = low[k] - (level(c.g) ?? 0);
        return { x, low: isLog("y") ? Math.max(low_, floor) : low_, high: high[k] - (level(c.g) ?? 0) };
      }).filter((p) => !(isLog("x") && p.x <= 0) && p.high > (isLog("y") ? 0 : -Infinity));
    };
    const words = (p) => {
      const lines = [`row ${data.rows.n[p.k]} (${p.test ? "test" : "training"})${believed(p.k) ? "" : ", outlier"}`];
      if (several) lines.push(data.groups[p.g]);
      data.features.forEach((f, k) => lines.push(`${f.name} ${valued(k, data.rows.x[k][p.k])}${f.unit ? " " + f.unit : ""}`));
      const residual = p.measured - p.predicted, share = p.predicted ? ` (${residual >= 0 ? "+" : ""}${((100 * residual) / Math.abs(p.predicted)).toPrecision(2)} %)` : "";
      lines.push(`${target().name} measured ${figures(p.measured)}`, `by the law ${figures(p.predicted)}`, `residual ${residual >= 0 ? "+" : ""}${figures(residual)}${share}`);
      return lines;
    };

    let rowsNow = [], chart = null;
    const extent = (values, log) => {
      let low = Infinity, high = -Infinity;
      for (const v of values) { if (v < low) low = v; if (v > high) high = v; }
      if (low > high) return log ? [1, 10] : [0, 1];
      if (log) { const room = Math.max(0.02 * Math.log(high / low), 0.01); return [low * Math.exp(-room), high * Math.exp(room)]; }
      const room = 0.03 * (high - low) || Math.abs(high) * 0.1 || 1;
      return [low - room, high + room];
    };
    // Named places of an axis: powers of ten, with 2 and 5 between where there is room; round numbers on a short axis.
    const ticks = (log, [low, high], pixels) => {
      const most = Math.max(3, Math.floor(pixels / 90)), found = [];
      if (log && high / low >= 8) {
        const decades = Math.log10(high / low), step = decades < 4 ? 1 : Math.ceil(decades / most);
        const fine = 3 * decades <= most + 1 ? [1, 2, 5] : [1];
        for (let p = Math.floor(Math.log10(low)); p <= Math.log10(high); p += step)
          for (const f of fine) if (f * 10 ** p >= low && f * 10 ** p <= high) found.push(f * 10 ** p);
      }
      if (found.length < 3 && !(log && high / low > 40)) {
        found.length = 0;
        const least = (high - low) / most, power = 10 ** Math.floor(Math.log10(least));
        const step = [1, 2, 2.5, 5, 10].map((f) => f * power).reduce((a, b) => (Math.abs(Math.log(b / least)) < Math.abs(Math.log(a / least)) ? b : a));
        for (let k = Math.ceil(low / step - 1e-9); k * step <= high * (1 + 1e-12); k += 1) if (!log || k > 0) found.push(+(k * step).toPrecision(12));
      }
      return found;
    };
    // Curves may widen the picture by the height of the rows on each side, and bands by a third of the height: what is far off must not flatten the data.
    const widened = ([low, high], ends, log, share) => {
      const t = log ? Math.log : (v) => v, back = log ? Math.exp : (v) => v, room = (t(high) - t(low)) * share;
      const usable = ends.filter((v) => !log || v > 0);
      if (!usable.length) return [low, high];
      const least = Math.min(...usable), most = Math.max(...usable);
      return [back(Math.min(t(low), Math.max(t(least), t(low) - room))), back(Math.max(t(high), Math.min(t(most), t(high) + room)))];
    };
    const draw = () => {
      rowsNow = rows();
      const lines = curves(), typical = lines.filter((c) => c.level === null);
      const second = secondary(), further = second === undefined || second === null ? [] : lines.filter((c) => c.level !== null);
      const width = Math.max(280, Math.floor(at("picture-chart").clientWidth)), height = width < 560 ? 360 : 460;
      const traces = typical.map((c) => trace(c, c.y[view.t])), all = [...traces, ...further.map((c) => trace(c, c.y[view.t]))].flat();
      const banded = (typical.length <= 3 || view.g >= 0 ? typical : []).filter((c) => c.bands["90"]);
      const domain = view.zoom ?? {
        x: extent([...rowsNow.map((p) => p.x), ...all.map((p) => p.x)], isLog("x")),
        y: widened(widened(extent((rowsNow.length ? rowsNow : all).map((p) => p.y), isLog("y")), all.map((p) => p.y), isLog("y"), 1), banded.flatMap((c) => band(c, "90").flatMap((p) => [p.low, p.high])), isLog("y"), 1 / 3),
      };
      const alone = further.length > 0, outermost = typical.some((c) => c.edge[1] < c.edge[0]) ? Math.min : Math.max;
      const tickX = ticks(isLog("x"), domain.x, width - 80), tickY = ticks(isLog("y"), domain.y, (height - 72) * 1.6);
      const grid = { stroke: "var(--line)", clip: true }, unit = (one) => one.name + (one.unit && one.unit !== one.name ? ` (${one.unit})` : "");
      const marks = [
        Plot.ruleX(tickX, grid),
        Plot.ruleY(tickY, grid),
        Plot.axisX(tickX, { text: named, label: unit(feature()), labelArrow: "right" }),
        Plot.axisY(tickY, { text: named, label: unit(target()) + (view.y === "level" ? " less the level it tends to" : ""), labelArrow: "up" }),
        ...banded.flatMap((c) => ["90", "50"].map((name) =>
          Plot.areaY(band(c, name), { x: "x", y1: "low", y2: "high", fill: alone ? "var(--grey)" : colourOf(c.g), fillOpacity: name === "90" ? 0.13 : 0.2, clip: true }))),
        Plot.ruleX(data.frontiers[view.f] ?? [], { stroke: "var(--edge)", strokeDasharray: "1 4", clip: true }),
        Plot.ruleX(typical.length ? [outermost(...typical.map((c) => c.edge[1]))] : [], { stroke: "var(--edge)", strokeDasharray: "5 4", clip: true }),
        ...(view.rivals ? typical.flatMap((c) => c.rivals.map((values) => Plot.line(trace(c, values[view.t]), { x: "x", y: "y", stroke: "var(--soft)", strokeDasharray: "4 3", strokeWidth: 1.1, clip: true }))) : []),
        Plot.dot(rowsNow.filter((p) => !p.shown), { x: "x", y: "y", r: 1.8, fill: "var(--grey)", fillOpacity: 0.35, clip: true }),
        Plot.dot(rowsNow.filter((p) => p.shown && !p.test), { x: "x", y: "y", r: rowsNow.filter((q) => q.shown).length > 800 ? 2 : 3.2, fill: "colour", fillOpacity: 0.75, clip: true }),
        ...further.map((c) => Plot.line(trace(c, c.y[view.t]), { x: "x", y: "y", stroke: shades(second, c.g)(c.level), strokeWidth: 1.8, clip: true })),
        ...(alone ? [] : typical.map((c, k) => Plot.line(traces[k], { x: "x", y: "y", stroke: colourOf(c.g), strokeWidth: 2, clip: true }))),
        Plot.dot(rowsNow.filter((p) => p.shown && p.test), { x: "x", y: "y", r: 4.5, symbol: "diamond", stroke: "colour", fill: "var(--paper)", strokeWidth: 1.8, clip: true }),
        Plot.dot(rowsNow.filter((p) => p.shown && !believed(p.k)), { x: "x", y: "y", r: 6, symbol: "times", stroke: "var(--bad)", strokeWidth: 2, clip: true }),
        Plot.dot(rowsNow.filter((p) => p.k === view.key), { x: "x", y: "y", r: 8, stroke: "var(--ink)", strokeWidth: 2 }),
        Plot.tip(rowsNow.filter((p) => p.shown), Plot.pointer({ x: "x", y: "y", title: (p) => words(p).join("\n"), maxRadius: 30, lineWidth: 24, fontSize: 12 })),
      ];
      chart = Plot.plot({
        width, height, marginLeft: 64, marginRight: 16, marginTop: 28, marginBottom: 44, ariaLabel: at("picture-title").textContent, className: "lawplot",
        x: { type: isLog("x") ? "log" : "linear", domain: domain.x, axis: null },
        y: { type: isLog("y") ? "log" : "linear", domain: domain.y, axis: null },
        marks,
      });
      chart.setAttribute("role", "img");
      for (const part of chart.querySelectorAll("[aria-label]")) part.removeAttribute("aria-label");
      at("picture-chart").replaceChildren(chart);
      legend(banded, typical, further);
      zoomable(chart, domain);
      at("picture-reset").disabled = view.zoom === null;
      root.dataset.shown = String(rowsNow.filter((p) => p.shown).length);
    };
    const legend = (banded, typical, further) => {
      const item = (colour, text, kind) => {
        const li = document.createElement("li"), mark = document.createElement("span");
        mark.className = `key ${kind}`;
        mark.style.setProperty("--key", colour);
        li.append(mark, text);
        return li;
      };
      const list = at("picture-legend"), second = secondary();
      const groups = view.g >= 0 ? [view.g] : data.coloured;
      const items = further.length
        ? further.map((c) => item(shades(second, c.g)(c.level), `${data.features[second].name} ${valued(second, c.level)}`, "line"))
        : several ? groups.map((g) => item(colourOf(g), data.groups[g], "line")) : [item(colourOf(0), "the law", "line")];
      if (rowsNow.some((p) => p.test)) items.push(item("var(--ink)", "test row", "diamond"));
      if (rowsNow.some((p) => p.shown && !believed(p.k))) items.push(item("var(--bad)", "outlier", "cross"));
      if (banded.length) items.push(item("var(--soft)", "50 and 90 % of new measurements", "band"));
      items.push(item("var(--edge)", "training rows end", "dash"));
      if ((data.frontiers[view.f] ?? []).length) items.push(item("var(--edge)", "held-out rows begin", "dots"));
      if (view.rivals) items.push(item("var(--soft)", "laws that do as well", "dash"));
      list.replaceChildren(...items);
      const first = typical[0], held = first ? Object.entries(first.others).filter(([k]) => (data.varying.includes(+k) || data.features[k].labels.length) && !(further.length && +k === second)).map(([k, v]) => `${data.features[k].name} ${valued(k, v)}`) : [];
      const notes = [];
      if (view.moved && held.length) notes.push(`Rows are moved by the law to ${several && view.g < 0 ? "the other features of their group's curve" : held.join(", ")}; their residuals are kept.`);
      else if (held.length) notes.push(`${further.length ? "Curves and bands" : "The curve"} at ${held.join(", ")}.`);
      if (further.length && !data.features[second].labels.length) notes.push(`The colour of a row says its ${data.features[second].name}.`);
      const unseen = isLog("x") ? data.rows.x[view.f].filter((x) => x <= 0).length : 0;
      if (unseen) notes.push(`${unseen} rows at ${feature().name} 0 have no place on a logarithmic axis.`);
      if (data.rows.total > data.rows.n.length) notes.push(`${data.rows.n.length} of ${data.rows.total} rows are shown, the worst predicted among them.`);
      at("picture-note").textContent = notes.join(" ");
    };

    // Zoom: a rectangle drawn with the pointer, buttons, or the keys + - 0; arrows go from row to row.
    const zoomable = (svg, domain) => {
      const xs = svg.scale("x"), ys = svg.scale("y");
      let from = null, box = null;
      const place = (event) => {
        const frame = svg.getBoundingClientRect(), scale = svg.viewBox.baseVal.width / frame.width;
        return [(event.clientX - frame.left) * scale, (event.clientY - frame.top) * scale];
      };
      svg.addEventListener("pointerdown", (event) => {
        if (event.pointerType === "touch" || event.button !== 0) return;
        from = place(event);
        event.preventDefault();
      });
      svg.addEventListener("pointermove", (event) => {
        if (!from) return;
        const to = place(event);
        if (!box) { box = document.createElementNS(svg.namespaceURI, "rect"); box.setAttribute("class", "zoombox"); svg.append(box); }
        box.setAttribute("x", Math.min(from[0], to[0])); box.setAttribute("y", Math.min(from[1], to[1]));
        box.setAttribute("width", Math.abs(to[0] - from[0])); box.setAttribute("height", Math.abs(to[1] - from[1]));
      });
      const end = (event) => {
        if (!from) return;
        const to = place(event), [a, b] = [from, to];
        from = null;
        box?.remove();
        box = null;
        if (Math.abs(a[0] - b[0]) < 8 || Math.abs(a[1] - b[1]) < 8) return;
        view.zoom = { x: [a[0], b[0]].map((v) => xs.invert(v)).sort((p, q) => p - q), y: [a[1], b[1]].map((v) => ys.invert(v)).sort((p, q) => p - q) };
        draw();
      };
      svg.addEventListener("pointerup", end);
      svg.addEventListener("pointerleave", end);
      svg.addEventListener("dblclick", () => { view.zoom = null; draw(); });
      svg.domainNow = domain;
    };
    const scaled = (factor) => {
      const around = (log, [low, high]) => {
        const [a, b] = log ? [Math.log(low), Math.log(high)] : [low, high], mid = (a + b) / 2, half = ((b - a) / 2) * factor;
        return log ? [Math.exp(mid - half), Math.exp(mid + half)] : [mid - half, mid + half];
      };
      view.zoom = { x: around(isLog("x"), chart.domainNow.x), y: around(isLog("y"), chart.domainNow.y) };
      draw();
    };
    at("picture-in").addEventListener("click", () => scaled(0.6));
    at("picture-out").addEventListener("click", () => scaled(1 / 0.6));
    at("picture-reset").addEventListener("click", () => { view.zoom = null; draw(); });
    at("picture-chart").addEventListener("keydown", (event) => {
      if (event.key === "+" || event.key === "=") scaled(0.6);
      else if (event.key === "-") scaled(1 / 0.6);
      else if (event.key === "0") { view.zoom = null; draw(); }
      else if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
        const order = rowsNow.filter((p) => p.shown).sort((a, b) => a.x - b.x || a.y - b.y);
        if (!order.length) return;
        const now = order.findIndex((p) => p.k === view.key), step = event.key === "ArrowRight" ? 1 : -1;
        const next = order[now < 0 ? (step > 0 ? 0 : order.length - 1) : (now + step + order.length) % order.length];
        view.key = next.k;
        draw();
        at("picture-row").textContent = words(next).join(", ");
      } else return;
      event.preventDefault();
    });

    // Switches; one with a single choice is not offered.
    const choose = (id, options, value, change) => {
      const select = at(id);
      if (options.length < 2) { select.closest("label").hidden = true; return; }
      select.replaceChildren(...options.map(([v, text]) => { const o = document.createElement("option"); o.value = v; o.textContent = text; return o; }));
      select.value = value;
      select.addEventListener("change", () => { change(select.value); view.zoom = null; view.key = -1; draw(); });
    };
    choose("picture-target", data.targets.map((t, k) => [k, t.name]), view.t, (v) => { view.t = +v; });
    choose("picture-feature", data.varying.map((k) => [k, data.features[k].name]), view.f, (v) => { view.f = +v; });
    const many = data.groups.map((name, k) => [k, name]).filter(([k]) => data.curves.some((c) => c.g === k));
    const told = (g) => document.dispatchEvent(new CustomEvent("group", { detail: g < 0 ? null : data.groups[g] }));
    choose("picture-group", [[-1, "all"], ...(several ? many : [])], view.g, (v) => { view.g = +v; told(view.g); });
    choose("picture-x", [["", "automatic"], ["linear", "linear"], ...(data.varying.every((k) => data.features[k].log) ? [["log", "logarithmic"]] : [])], "", (v) => { view.x = v; });
    const positive = data.rows.y.every((column) => column.every((v) => v > 0));
    choose("picture-y", [["", "automatic"], ["linear", "linear"], ...(positive ? [["log", "logarithmic"]] : []), ...(data.levels ? [["level", "log, level subtracted"]] : [])], "", (v) => { view.y = v; });
    const toggle = (id, offered, value, change) => {
      const box = at(id);
      box.closest("label").hidden = !offered;
      box.checked = value;
      box.addEventListener("change", () => { change(box.checked); view.zoom = null; draw(); });
    };
    toggle("picture-moved", Object.keys(data.rows.at).length > 0, view.moved, (v) => { view.moved = v; });
    toggle("picture-rivals", data.curves.some((c) => c.rivals.length), false, (v) => { view.rivals = v; });
    at("picture-live").hidden = false;
    at("picture-static").querySelector("details").open = false;
    if (data.varying.length * data.targets.length < 2) at("picture-static").hidden = true;
    document.addEventListener("group-chosen", (event) => {
      const g = data.groups.indexOf(event.detail);
      if (g < 0 || !data.curves.some((c) => c.g === g)) return;
      view.g = g;
      at("picture-group").value = g;
      view.zoom = null;
      draw();
    });
    told(view.g);
    draw();
    let width = 0;
    new ResizeObserver(() => {
      const now = at("picture-chart").clientWidth;
      if (Math.abs(now - width) > 8) { width = now; draw(); }
    }).observe(at("picture-chart"));
    root.dataset.ready = "yes";
  };
  const bytes = Uint8Array.from(atob(packed.textContent), (c) => c.charCodeAt(0));
  new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json().then(start);
};
window.lawsmith.picture();
