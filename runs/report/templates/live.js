"use strict";
// A page that follows runs in progress: fragments come by server-sent events; a new best law is fetched and swapped in.
(() => {
  const address = document.body.dataset.live, box = document.querySelector("[data-progress]");
  if (!address || !box) return;
  const source = new EventSource(address);
  // Only what has changed is replaced, so that focus and scrolled formulas stay.
  const parts = (within) => new Map([...within.querySelectorAll("[data-part]")].map((one) => [one.dataset.part, one]));
  const show = (html) => {
    const made = document.createElement("template");
    made.innerHTML = html;
    const old = parts(box), fresh = parts(made.content);
    if (old.size && old.size === fresh.size && [...fresh.keys()].every((name) => old.has(name))) {
      for (const [name, one] of fresh) if (one.innerHTML !== old.get(name).innerHTML) old.get(name).innerHTML = one.innerHTML;
    } else if (html) box.replaceChildren(made.content);
    else box.textContent = box.dataset.empty ?? "";
  };
  source.addEventListener("progress", (event) => {
    show(JSON.parse(event.data));
    document.documentElement.dataset.live = "yes";
  });
  const swap = async () => {
    const answer = await fetch(location.href, { cache: "no-store" });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const open = new Set([...document.querySelectorAll("details[open] summary")].map((one) => one.textContent));
    for (const part of document.querySelectorAll("main > section, main > header")) part.remove();
    const main = document.querySelector("main");
    for (const part of fresh.querySelectorAll("main > section, main > header")) main.append(part);
    for (const summary of document.querySelectorAll("summary")) if (open.has(summary.textContent)) summary.parentElement.open = true;
    main.prepend(document.querySelector("main > header"), box);
    window.lawsmith.page();
    window.lawsmith.picture?.();
  };
  source.addEventListener("law", swap);
  source.addEventListener("done", () => { source.close(); location.reload(); });
})();
