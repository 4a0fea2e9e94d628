// The inbox: its list never moves by itself. What is new waits behind a line that says so.
"use strict";

(() => {
  const PAUSE = 400; // ms in which a burst of news becomes one look
  const rowsOf = (root) => [...root.querySelectorAll(".inbox-row")];
  const pane = document.getElementById("pane");
  const bar = document.getElementById("inbox-new");

  function markCurrent() {
    for (const link of document.querySelectorAll(".inbox-link")) {
      if (link.pathname === location.pathname) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }

  async function compare() {
    const answer = await fetch(`/inbox/${location.search}`, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const now = new Set(rowsOf(page).map((row) => row.id));
    const known = new Set();
    for (const row of rowsOf(document)) {
      known.add(row.id);
      if (now.has(row.id) || row.classList.contains("is-closed")) continue;
      row.classList.add("is-closed");
      row.querySelector(".inbox-age").textContent = "closed";
    }
    const fresh = [...now].filter((id) => !known.has(id)).length;
    bar.hidden = fresh === 0;
    bar.href = location.pathname + location.search;
    bar.textContent = fresh ? `${fresh} new, show` : "";
  }

  let looking = 0;
  document.addEventListener("sayso:inbox", () => {
    clearTimeout(looking);
    looking = setTimeout(() => compare().catch(() => {}), PAUSE);
  });

  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target !== pane) return;
    markCurrent();
    pane.querySelector(".gate")?.focus({ preventScroll: true }); // the person opened it
  });

  for (const button of document.querySelectorAll("[data-without-script]")) button.hidden = true;
  document.addEventListener("change", (event) => event.target.matches("[data-submit]") && event.target.form.requestSubmit());

  const hint = document.querySelector("[data-keys-hint]");
  if (hint) hint.hidden = localStorage.getItem("sayso.shortcuts") === "off";
})();
