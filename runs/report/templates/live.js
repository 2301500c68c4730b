"use strict";
// A page that follows runs in progress: fragments come by server-sent events; a new best law is fetched and swapped in.
(() => {
  const address = document.body.dataset.live, box = document.querySelector("[data-progress]");
  if (!address || !box) return;
  const source = new EventSource(address);
  source.addEventListener("progress", (event) => {
    const html = JSON.parse(event.data);
    if (html) box.innerHTML = html;
    else box.textContent = box.dataset.empty ?? "";
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
