// Single-key shortcuts. Deciding keys work only inside the card that the person has put the focus on, never while
// typing, not before the answer to a press has come, and not for a moment after a card has come or moved: no key may
// hit what was not there when it was aimed.
"use strict";

(() => {
  const QUIET = 600; // ms for which a card is deaf after it came or moved
  const SEQUENCE = 1500; // ms that "g" waits for its second key
  const GOES = { i: "/inbox/", r: "/runs/", p: "/inbox/" };
  const HELP = [
    ["j / k", "next, previous"],
    ["Enter", "open the card"],
    ["a", "allow; from medium risk on, press it twice. Goes to the card first"],
    ["d", "deny, with a reason"],
    ["e", "edit the arguments, then allow"],
    ["1 – 9", "choose an option of the question"],
    ["Ctrl or ⌘ Enter", "send what you wrote"],
    ["g i", "inbox"],
    ["g r", "runs"],
    ["g p", "next that waits for you"],
    ["Esc", "leave the field, then the card"],
    ["?", "this list"],
  ];

  const seen = new WeakMap(); // card -> where it stood, and until when it is deaf
  let armed = null;
  let prefix = 0;
  let typedAt = -QUIET; // the field may have gone since, in the middle of a word

  const isOff = () => localStorage.getItem("sayso.shortcuts") === "off";
  const ownCard = () => document.activeElement?.closest?.(".gate") ?? null;
  const isOpen = (card) => card?.classList.contains("gate-open");
  const isAsking = (card) => card.querySelector(".htmx-request:not([hidden], .steps)");
  const isQuiet = (card) => isAsking(card) || performance.now() < (seen.get(card)?.until ?? Infinity);
  const topOf = (card) => Math.round(card.getBoundingClientRect().top + window.scrollY);

  function isTyping(target) {
    if (target.closest?.("dialog") || target.isContentEditable) return true;
    const kind = target.type ?? "";
    return /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && !/^(radio|checkbox|button|submit)$/.test(kind);
  }

  // --- cards that come or move ---

  function look() {
    for (const card of document.querySelectorAll(".gate")) {
      const top = topOf(card);
      if (seen.get(card)?.top !== top) seen.set(card, { top, until: performance.now() + QUIET });
    }
  }

  let looking = false;
  function lookSoon() {
    if (looking) return;
    looking = true;
    requestAnimationFrame(() => {
      looking = false;
      look();
    });
  }

  // --- arming ---

  function disarm() {
    if (!armed) return;
    armed.classList.remove("is-armed");
    const note = armed.closest(".gate")?.querySelector("[data-armed]");
    if (note) note.textContent = "";
    armed = null;
  }

  function allow(card) {
    const button = card.querySelector("[data-allow]");
    if (!button || button.disabled) return;
    if (armed === button || card.dataset.level === "low") {
      disarm();
      button.click();
      return;
    }
    disarm();
    armed = button;
    button.classList.add("is-armed");
    card.querySelector("[data-armed]").textContent = "Press A or Enter again to allow. Any other key takes it back.";
  }

  // --- moving ---

  function step(by) {
    const rows = [...document.querySelectorAll(".inbox-link")];
    const things = rows.length ? rows : [...document.querySelectorAll(".gate-open")];
    if (!things.length) return;
    const here = things.findIndex((one) => one.contains(document.activeElement));
    const current = here >= 0 ? here : things.findIndex((one) => one.hasAttribute("aria-current"));
    const next = here < 0 && current < 0 ? (by > 0 ? 0 : things.length - 1) : current + by;
    things[Math.min(Math.max(next, 0), things.length - 1)].focus();
  }

  function go(key) {
    const banner = key === "p" && document.querySelector("#pause-banner [data-jump]");
    if (banner) banner.click();
    else if (GOES[key]) location.assign(GOES[key]);
  }

  // The first deciding key only brings the card before the eyes; what is not seen is not decided.
  function bring(card) {
    disarm();
    card.focus({ preventScroll: true });
    card.scrollIntoView({ block: "start" });
  }

  function isBeforeTheEyes(card) {
    const { top, bottom, height } = card.getBoundingClientRect();
    return Math.min(bottom, innerHeight) - Math.max(top, 0) >= Math.min(height, innerHeight / 3);
  }

  function choose(card, digit) {
    const items = [...card.querySelectorAll("[data-item]")];
    const item = document.activeElement.closest("[data-item]") ?? items.find((one) => !one.querySelector(":checked")) ?? items[0];
    const inputs = item?.querySelectorAll(".options input:is([type=radio], [type=checkbox])") ?? [];
    inputs[digit - 1]?.focus();
    inputs[digit - 1]?.click();
  }

  function escape(event) {
    const card = ownCard();
    typedAt = -QUIET;
    if (armed) return disarm();
    if (!card) return;
    if (isTyping(event.target)) return card.focus({ preventScroll: true });
    const back = card.querySelector("[data-back]");
    if (back) return back.click();
    (document.querySelector(".inbox-link[aria-current]") ?? card).focus({ preventScroll: true });
    if (!document.querySelector(".inbox-link")) card.blur();
  }

  function send(event) {
    const card = ownCard();
    const inReply = event.target.closest(".own-reply");
    const button = card?.querySelector(inReply ? "[data-send-words]" : "[data-send]");
    if (!button || button.disabled || isQuiet(card)) return;
    event.preventDefault();
    button.click();
  }

  // --- the list of keys ---

  function help() {
    let dialog = document.getElementById("keys-help");
    if (!dialog) {
      dialog = document.createElement("dialog");
      dialog.id = dialog.className = "keys-help";
      dialog.setAttribute("aria-labelledby", "keys-help-title");
      const title = Object.assign(document.createElement("h2"), { id: "keys-help-title", textContent: "Keys" });
      const list = document.createElement("dl");
      for (const [key, words] of HELP) {
        const row = document.createElement("div");
        const name = document.createElement("dt");
        name.append(Object.assign(document.createElement("kbd"), { textContent: key }));
        row.append(name, Object.assign(document.createElement("dd"), { textContent: words }));
        list.append(row);
      }
      const note = document.createElement("p");
      note.className = "hint";
      note.textContent = isOff()
        ? "Single keys are switched off in the settings."
        : "a, d, e and the digits work in the card that you have clicked or moved to. Settings switch single keys off.";
      const close = Object.assign(document.createElement("button"), { className: "btn btn-plain", textContent: "Close" });
      const form = Object.assign(document.createElement("form"), { method: "dialog" });
      form.append(close);
      dialog.append(title, list, note, form);
      document.body.append(dialog);
    }
    dialog.showModal();
  }

  // --- the one listener ---

  function onCard(card, key) {
    if (key === "a") return allow(card);
    disarm();
    if (key === "d") card.querySelector("[data-deny]")?.click();
    else if (key === "e") card.querySelector("[data-edit]")?.click();
    else if (/^[1-9]$/.test(key)) choose(card, Number(key));
    else return false;
    return true;
  }

  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.defaultPrevented) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) return send(event);
    if (event.key === "Escape" && !document.querySelector("dialog[open]")) return escape(event);
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (isOff()) return;
    if (isTyping(event.target) || performance.now() - typedAt < QUIET) return void (typedAt = performance.now());

    const card = ownCard();
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (armed && key === "Enter" && card?.contains(armed) && !isQuiet(card)) {
      event.preventDefault();
      return allow(card);
    }
    if (key === "Shift") return;
    if (performance.now() < prefix) {
      prefix = 0;
      if (GOES[key]) event.preventDefault();
      return go(key);
    }
    if (key === "g") {
      prefix = performance.now() + SEQUENCE;
      return disarm();
    }
    if (key === "?") {
      event.preventDefault();
      return help();
    }
    if (key === "j" || key === "k") {
      event.preventDefault();
      disarm();
      return step(key === "j" ? 1 : -1);
    }
    const deciding = /^[ade]$/.test(key);
    const wanted = card ?? (deciding && document.querySelector(".gate-open:not(.plan-page .gate)"));
    if (deciding && isOpen(wanted) && (wanted !== card || !isBeforeTheEyes(card))) return bring(wanted);
    if (!isOpen(card) || isQuiet(card)) return disarm();
    if (onCard(card, key) !== false && /^[ade1-9]$/.test(key)) event.preventDefault();
  });

  document.addEventListener("focusout", disarm);
  document.addEventListener("pointerdown", () => {
    typedAt = -QUIET;
    disarm();
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-shortcuts-help]")) return;
    event.preventDefault();
    help();
  });

  look();
  new MutationObserver(lookSoon).observe(document.body, { childList: true, subtree: true });
  window.addEventListener("resize", lookSoon);
})();
