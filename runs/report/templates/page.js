"use strict";
// Tables, candidates and the formula of a page; run again when a live page has changed.
window.lawsmith = {};
window.lawsmith.page = () => {
  const compare = (a, b) => {
    const x = parseFloat(a), y = parseFloat(b);
    const numbers = !Number.isNaN(x) && !Number.isNaN(y);
    if (numbers) return x - y;
    return Number.isNaN(x) === Number.isNaN(y) ? String(a).localeCompare(String(b)) : Number.isNaN(x) ? 1 : -1;
  };
  // Headers become buttons; `sort(column, descending)` does the work.
  const sortable = (table, sort) => {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const descending = head.getAttribute("aria-sort") ? head.getAttribute("aria-sort") === "ascending" : head.classList.contains("n");
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", descending ? "descending" : "ascending");
        sort(column, descending);
      });
    });
  };
  for (const table of document.querySelectorAll("table[data-sortable]")) {
    const body = table.tBodies[0];
    const value = (row, column) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
    sortable(table, (column, descending) => {
      const rows = [...body.rows].sort((a, b) => (descending ? -1 : 1) * compare(value(a, column), value(b, column)));
      body.replaceChildren(...rows);
    });
  }
  for (const input of document.querySelectorAll("input[data-filter]")) {
    input.addEventListener("input", () => {
      const wanted = input.value.toLowerCase();
      for (const row of document.getElementById(input.dataset.filter).tBodies[0].rows)
        row.hidden = !row.textContent.toLowerCase().includes(wanted);
    });
  }

  const PAGE = 50;
  const at = (id) => document.getElementById(id);
  const cell = (text, numeric) => {
    const made = document.createElement("td");
    if (numeric) made.className = "n";
    made.textContent = text;
    return made;
  };
  const figure = (value, digits = 4) => (value === null ? "–" : value.toFixed(digits));
  const candidates = (data) => {
    const table = at("candidate-table"), body = table.tBodies[0], dialog = at("candidate-dialog");
    const plain = document.createElement("template");
    const search = data.rows.map((row, k) => {
      plain.innerHTML = data.code[k];
      return `${row[1]} ${row[2]} ${row[7]} ${row[9]} ${plain.content.textContent}`.toLowerCase();
    });
    const byId = new Map(data.rows.map((row, k) => [row[1], k]));
    let order = data.rows.map((_, k) => k), page = 0, key = 3, down = true;
    const show = (k) => {
      const [number, id, verdict, validation, train, constants, seconds, origin, parents, message, note] = data.rows[k];
      at("candidate-title").textContent = `Candidate ${number}, ${id}`;
      at("candidate-facts").textContent = [
        verdict, `held-out R² ${figure(validation, 6)}`, `train R² ${figure(train, 6)}`, `${constants ?? "–"} constants`,
        `${seconds} s`, origin, parents.length ? `from ${parents.join(", ")}` : "",
      ].filter(Boolean).join(" · ");
      at("candidate-message").textContent = [message, note].filter(Boolean).join(" — ");
      at("candidate-code").innerHTML = data.code[k];
      dialog.showModal();
    };
    const line = (k) => {
      const row = data.rows[k], made = document.createElement("tr"), open = document.createElement("button");
      if (row[1] === data.winner) made.className = "chosen";
      open.type = "button";
      open.className = "open";
      open.textContent = row[1];
      open.setAttribute("aria-haspopup", "dialog");
      open.addEventListener("click", () => show(k));
      const id = cell("");
      id.append(open);
      made.append(cell(row[0], true), id, cell(row[2]), cell(figure(row[3]), true), cell(figure(row[4]), true),
        cell(row[5] ?? "–", true), cell(row[6].toFixed(1), true), cell(row[7]));
      return made;
    };
    const draw = () => {
      const pages = Math.max(1, Math.ceil(order.length / PAGE));
      page = Math.min(Math.max(page, 0), pages - 1);
      body.replaceChildren(...order.slice(page * PAGE, (page + 1) * PAGE).map(line));
      at("candidate-count").textContent = `${order.length} of ${data.rows.length}, page ${page + 1} of ${pages}`;
      at("page-back").disabled = page === 0;
      at("page-on").disabled = page === pages - 1;
    };
    const arrange = () => {
      const wanted = at("candidate-filter").value.toLowerCase();
      order = data.rows.map((_, k) => k).filter((k) => search[k].includes(wanted));
      const missing = (k) => data.rows[k][key] === null;
      order.sort((a, b) => missing(a) - missing(b) || (down ? -1 : 1) * compare(data.rows[a][key] ?? "", data.rows[b][key] ?? ""));
      page = 0;
      draw();
    };
    sortable(table, (column, descending) => { key = column; down = descending; arrange(); });
    table.tHead.rows[0].cells[3].setAttribute("aria-sort", "descending");
    at("candidate-filter").addEventListener("input", arrange);
    at("page-back").addEventListener("click", () => { page -= 1; draw(); });
    at("page-on").addEventListener("click", () => { page += 1; draw(); });
    at("candidate-tools").hidden = false;
    arrange();
    document.documentElement.dataset.candidates = byId.size;
  };
  const packed = at("candidate-data");
  if (packed) {
    const bytes = Uint8Array.from(atob(packed.textContent), (c) => c.charCodeAt(0));
    new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json().then(candidates);
  }

  // A formula wider than its box is set smaller, as far as it stays readable; then the box scrolls.
  const fit = () => {
    for (const math of document.querySelectorAll(".formula math")) {
      math.style.fontSize = "";
      const box = math.closest(".formula"), style = getComputedStyle(box);
      const room = box.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
      const wide = Math.max(math.getBoundingClientRect().width, math.scrollWidth);
      if (wide > room && room > 0) math.style.fontSize = `${Math.max(9, parseFloat(getComputedStyle(math).fontSize) * room / wide)}px`;
    }
  };
  fit();
  if (!window.lawsmith.fits) addEventListener("resize", fit);
  window.lawsmith.fits = true;

  // The formula: with the constants of a group, or as symbols; it follows the group that the picture shows.
  const tools = at("formula-tools");
  if (tools) {
    const all = [...document.querySelectorAll("#formula .shown")], buttons = [...tools.querySelectorAll("[data-formula]")];
    const select = at("formula-group");
    let symbols = buttons.length < 2, group = all[0].dataset.group;
    const show = () => {
      for (const one of all) one.hidden = symbols ? !one.classList.contains("symbols") : one.dataset.group !== group;
      for (const button of buttons) button.setAttribute("aria-pressed", String((button.dataset.formula === "symbols") === symbols));
      if (select) select.value = group;
      fit();
    };
    for (const button of buttons) button.addEventListener("click", () => { symbols = button.dataset.formula === "symbols"; show(); });
    select?.addEventListener("change", () => {
      group = select.value;
      show();
      document.dispatchEvent(new CustomEvent("group-chosen", { detail: group }));
    });
    document.addEventListener("group", (event) => {
      if (event.detail && all.some((one) => one.dataset.group === event.detail)) { group = event.detail; show(); }
    });
    at("formula-copy").addEventListener("click", async () => {
      const text = all.find((one) => one.dataset.group === group)?.querySelector(".copied")?.textContent ?? all.at(-1).textContent;
      try { await navigator.clipboard.writeText(text); at("formula-said").textContent = "Copied."; }
      catch { at("formula-said").textContent = text; }
    });
    tools.hidden = false;
    show();
  }

  // The choice of two runs to compare.
  for (const select of document.querySelectorAll("[data-compare]")) {
    select.addEventListener("change", () => {
      const asked = new URLSearchParams();
      for (const one of document.querySelectorAll("[data-compare]")) asked.set(one.dataset.compare, one.value);
      location.search = asked.toString();
    });
  }
};
window.lawsmith.page();
