// What the cards do beyond their forms. Everything here is a help: the server checks again, and works without it.
"use strict";

(() => {
  const DRAFTS = "sayso.draft.", DRAFT = `${DRAFTS}${document.body.dataset.user}.`;
  const HEAD = 220; // px of a card that are seen before its buttons follow the window's edge
  const NOT_DRAFTED = new Set(["csrfmiddlewaretoken", "digest", "inline", "step", "mode"]);
  const all = (root, selector) => [...root.querySelectorAll(selector)];
  const clock = () => new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });

  // --- exact values ---

  async function copy(button) {
    const text = button.parentElement.querySelector(".copy-source").value;
    try {
      await navigator.clipboard.writeText(text);
      button.title = "Copied";
    } catch {
      button.title = "Copying is not possible here; select the Raw view";
    }
    button.setAttribute("aria-label", button.title);
    const said = document.getElementById("announce");
    if (said) said.textContent = button.title;
    button.classList.toggle("is-done", button.title === "Copied");
  }

  // What has not been on the screen cannot have been read: high risk waits for it, the rest is told.
  function look(card) {
    const foot = card.querySelector(".gate-foot");
    if (!foot || !card.offsetHeight) return;
    const body = card.querySelector(".gate-body").getBoundingClientRect();
    card.classList.toggle("is-low", body.top + Math.min(body.height, HEAD) > innerHeight - foot.offsetHeight);
    const exact = card.querySelector(".exact");
    const button = card.querySelector("[data-allow]");
    if (!button || !exact) return;
    const { bottom } = exact.getBoundingClientRect();
    const edge = Math.min(foot.getBoundingClientRect().top, button.parentElement.getBoundingClientRect().top, innerHeight);
    const below = bottom > edge + 1;
    if (!below) card.dataset.read = "1";
    const unread = card.dataset.read !== "1" || all(card, "[data-long]").some((box) => box.dataset.read !== "1");
    const locks = /^(high|critical)$/.test(card.dataset.level);
    const lock = card.querySelector("[data-lock]");
    button.disabled = locks && unread;
    lock.hidden = locks ? !unread : !below;
    lock.textContent = locks ? "Read to the end first" : "More values below";
  }

  function measure(box) {
    const inner = box.querySelector(".long-box");
    const share = (inner.scrollTop + inner.clientHeight) / inner.scrollHeight;
    if (inner.clientHeight && share > 0.995) box.dataset.read = "1";
    const words = box.querySelector("[data-seen]");
    words.dataset.all ??= words.textContent;
    const lines = Number.parseInt(words.dataset.all, 10);
    const seen = Math.min(lines, Math.max(1, Math.floor(lines * share)));
    const partly = box.dataset.read !== "1" && inner.clientHeight && lines > 1;
    words.textContent = partly ? `${seen} of ${lines} lines seen` : words.dataset.all;
  }

  function setUpLong(card) {
    for (const box of all(card, "[data-long]")) {
      const inner = box.querySelector(".long-box");
      const button = box.querySelector("[data-expand]");
      const check = () => {
        measure(box);
        look(card);
      };
      button.hidden = false;
      button.addEventListener("click", () => {
        box.classList.add("is-whole");
        box.dataset.read = "1";
        card.dataset.read = ""; // what came out of the box is still to be scrolled through
        button.hidden = true;
        check();
      });
      inner.addEventListener("scroll", check, { passive: true });
      check();
    }
  }

  let looking = false;
  function lookSoon() {
    if (looking) return;
    looking = true;
    requestAnimationFrame(() => {
      looking = false;
      all(document, ".gate-open").forEach(look);
    });
  }
  for (const moved of ["scroll", "resize"]) addEventListener(moved, lookSoon, { passive: true });
  document.addEventListener("change", lookSoon); // another view of the values, another tab

  // --- editing ---

  function markRow(input) {
    const row = input.closest("[data-row]");
    if (!row || input.dataset.was === undefined) return;
    const changed = input.value !== input.dataset.was.replaceAll("\r\n", "\n");
    row.classList.toggle("is-changed", changed);
    row.querySelector(".was").hidden = !changed;
  }

  function putBack(button) {
    const input = button.closest("[data-row]").querySelector("[data-was]");
    input.value = input.dataset.was;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.focus();
  }

  // --- questions ---

  function stateOf(item) {
    const chosen = all(item, "input:checked");
    if (chosen.some((one) => one.value === "skip")) return "skipped";
    const own = item.querySelector("[data-own]");
    const answers = chosen.filter((one) => one !== own);
    const words = own.checked && item.querySelector(".own-words").value.trim();
    if (own.checked && !words) return "";
    const count = answers.length + (words ? 1 : 0);
    if (!count) return "";
    return own.type === "checkbox" ? `${count} chosen` : "answered";
  }

  function progress(card) {
    const items = all(card, "[data-item]");
    const dashes = all(card, ".dashes i");
    const states = items.map(stateOf);
    const done = states.filter(Boolean).length;
    items.forEach((item, n) => {
      const words = item.querySelector("[data-item-state]");
      words.textContent = states[n] || "still open";
      words.classList.toggle("is-done", Boolean(states[n]));
      dashes[n].classList.toggle("is-done", Boolean(states[n]));
    });
    card.querySelector("[data-progress-words]").textContent = `${done} of ${items.length} answered`;
    card.querySelector("[data-complete]").disabled = done < items.length;
  }

  function exclude(input) {
    const item = input.closest("[data-item]");
    if (!item || input.type !== "checkbox" || !input.checked) return;
    for (const other of all(item, "input[type=checkbox]")) {
      if (other !== input && (input.value === "skip" || other.value === "skip")) other.checked = false;
    }
  }

  function preview(input) {
    const shown = input?.dataset.preview && document.getElementById(input.dataset.preview);
    if (!shown) return;
    for (const one of shown.parentElement.children) one.classList.toggle("is-shown", one === shown);
  }

  function setUpQuestions(card) {
    for (const previews of all(card, ".previews")) {
      previews.classList.add("is-picking");
      const item = previews.closest("[data-item]");
      preview(item.querySelector("[data-preview]:checked") ?? item.querySelector("[data-preview]"));
      item.addEventListener("focusin", (event) => preview(event.target));
      item.addEventListener("pointerover", (event) => preview(event.target.closest(".option")?.querySelector("input")));
    }
    progress(card);
  }

  // --- plans ---

  function plan(card) {
    const words = card.querySelector("[data-plan-words]");
    const typed = Boolean(words?.value.trim());
    const changes = card.querySelector("[data-needs-words]");
    const approve = card.querySelector("[data-approve] [data-words]");
    if (!words || !changes) return;
    changes.disabled = !typed;
    changes.title = typed ? "" : "Write what should change first";
    approve.textContent = approve.textContent.replace(/ with this note$/, "") + (typed ? " with this note" : "");
  }

  // --- drafts ---

  const DRAFTING = '[data-item], [data-plan-words], [name=reason], [name=words], [name^="arg."], [name=arguments]';
  const isEdit = (one) => one.name === "arguments" || one.name.startsWith("arg.");
  const given = (one) => (/^(radio|checkbox)$/.test(one.type) ? "checked" : "value");
  const draftKey = (card) => DRAFT + card.id + "." + (card.querySelector("[name=digest]")?.value ?? "");

  function drafted(form) {
    return [...form.elements].filter((one) => one.name && one.type !== "hidden" && !NOT_DRAFTED.has(one.name) && one.tagName !== "BUTTON");
  }

  function saveDraft(card) {
    const form = card.querySelector("form");
    if (!card.querySelector(DRAFTING)) return;
    const values = drafted(form).map((one) => [one.name, one[given(one)]]);
    sessionStorage.setItem(draftKey(card), JSON.stringify(values));
    const note = card.querySelector("[data-draft]");
    if (note) note.textContent = `Draft kept ${clock()}. Nothing is sent until you do.`;
  }

  function restoreDraft(card) {
    const kept = sessionStorage.getItem(draftKey(card));
    const form = card.querySelector("form");
    if (!kept || !card.querySelector(DRAFTING)) return;
    const fields = drafted(form);
    const values = JSON.parse(kept);
    const touched = fields.some((one) => !isEdit(one) && one[given(one)]);
    if (touched || values.length !== fields.length || fields.some((one, n) => one.name !== values[n][0])) return;
    fields.forEach((one, n) => {
      if (one[given(one)] === values[n][1]) return;
      one[given(one)] = values[n][1];
      if (isEdit(one)) one.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }

  function forgetDrafts(card) {
    for (const key of Object.keys(sessionStorage)) {
      if (key.startsWith(`${DRAFT}${card.id}.`)) sessionStorage.removeItem(key);
    }
  }

  // --- cards ---

  function setUp(card) {
    if (card.dataset.ready) return;
    card.dataset.ready = "1";
    for (const one of all(card, "[data-copy], [data-phrases]")) one.hidden = false;
    setUpLong(card);
    if (!card.classList.contains("gate-open")) return forgetDrafts(card);
    look(card);
    restoreDraft(card);
    if (card.querySelector("[data-item]")) setUpQuestions(card);
    plan(card);
  }

  function setUpAll(root) {
    if (root.matches?.(".gate")) setUp(root);
    all(root, ".gate").forEach(setUp);
  }

  document.addEventListener("input", (event) => {
    const card = event.target.closest(".gate-open");
    if (!card || event.target.form === null) return;
    markRow(event.target);
    exclude(event.target);
    if (card.querySelector("[data-item]")) progress(card);
    plan(card);
    saveDraft(card);
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches?.("[data-own]") && event.target.checked) {
      event.target.closest(".option").querySelector(".own-words").focus();
    }
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-back=discard]")) forgetDrafts(event.target.closest(".gate"));
    const button = event.target.closest?.("button");
    if (!button) return;
    if (button.matches("[data-copy]")) copy(button);
    if (button.matches("[data-put-back]")) {
      event.preventDefault();
      event.stopPropagation();
      putBack(button);
    }
    if (button.closest("[data-phrases]")) {
      const field = button.closest(".reason").querySelector("textarea");
      field.value = `${field.value.trim()} ${button.textContent}`.trim();
      field.dispatchEvent(new Event("input", { bubbles: true }));
      field.focus();
    }
  }, true);

  // --- htmx ---

  document.addEventListener("htmx:beforeSwap", (event) => {
    // Signed out meanwhile: the sign-in page is no card. What was typed stays, as a draft too.
    if (!event.detail.xhr.responseURL || !new URL(event.detail.xhr.responseURL).pathname.startsWith("/sign-in/")) return;
    event.detail.shouldSwap = false;
    const byHand = !event.detail.requestConfig.elt.matches("[hidden], .steps");
    if (byHand) location.assign(`/sign-in/?next=${encodeURIComponent(location.pathname + location.search)}`);
  });

  document.addEventListener("htmx:afterSettle", (event) => {
    const from = event.detail.requestConfig?.elt;
    if (!from) return;
    // A button that was pressed is gone now: the card keeps the focus, unless it changed by itself.
    const card = event.detail.elt?.closest?.(".gate") ?? document.getElementById(from.closest?.(".gate")?.id);
    const byHand = !from.matches("[hidden], .steps");
    if (byHand && card && document.activeElement === document.body) card.focus({ preventScroll: true });
  });

  document.addEventListener("htmx:load", (event) => setUpAll(event.detail.elt));
  // Whoever signs in next in this tab finds nothing of the one before.
  for (const key of Object.keys(sessionStorage)) {
    if (key.startsWith(DRAFTS) && !key.startsWith(DRAFT)) sessionStorage.removeItem(key);
  }
  document.addEventListener("DOMContentLoaded", () => setUpAll(document)); // htmx hears of restored changes from then on
})();
