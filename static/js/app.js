"use strict";
// Small comforts of every page. Nothing here is needed to use it.
(() => {
  const MINUTE = 60, HOUR = 3600, DAY = 86400;

  function inWords(seconds) {
    if (seconds < MINUTE) return `${seconds} s`;
    if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min`;
    if (seconds >= DAY) return `${Math.floor(seconds / DAY)} d`;
    const rest = Math.floor((seconds % HOUR) / MINUTE);
    return `${Math.floor(seconds / HOUR)} h${rest ? ` ${rest} min` : ""}`;
  }

  function clock(moment, exact = {}) {
    const time = moment.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", ...exact });
    if (moment.toDateString() === new Date().toDateString()) return time;
    return `${moment.toLocaleDateString("en-GB", { day: "numeric", month: "short" })} ${time}`;
  }

  const TOLD = {
    age: (moment) => inWords(Math.max(0, Math.floor((Date.now() - moment) / 1000))),
    clock: (moment) => clock(moment),
    seconds: (moment) => clock(moment, { second: "2-digit" }),
  };

  // Times come in the server's zone; ages go on by themselves. Those in a drawing are no time elements.
  function tell(times) {
    for (const time of times) {
      const moment = new Date(time.dateTime ?? time.dataset.at);
      const words = TOLD[time.dataset.time](moment);
      if (time.textContent !== words) time.textContent = words;
      if (!time.dataset.local) {
        time.title = moment.toLocaleString("en-GB");
        time.dataset.local = "1";
      }
    }
  }

  const all = () => document.querySelectorAll("[data-time]");
  tell(all());
  setInterval(() => tell(document.querySelectorAll('time[data-time="age"]')), 1000);
  document.addEventListener("htmx:afterSettle", () => tell(all()));
  document.addEventListener("sayso:swapped", () => tell(all()));

  // Ctrl+Enter or Cmd+Enter sends.
  const mac = /Mac|iPhone|iPad/.test(navigator.platform);
  const nameKeys = () => {
    if (mac) for (const key of document.querySelectorAll('[data-keys="enter"]')) key.textContent = "⌘↵";
  };
  nameKeys();
  for (const swapped of ["htmx:afterSettle", "sayso:swapped"]) document.addEventListener(swapped, nameKeys);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    const form = event.target.closest?.("form[data-send-with-keys]");
    if (!form) return;
    event.preventDefault();
    form.requestSubmit();
  });

  // A form that the browser itself sends goes once, however often its button is pressed, and where the page has drawn
  // it anew meanwhile. Another button of it is another press.
  const sent = new Set();
  function pressOf(form, button) {
    const action = button?.getAttribute("formaction") ?? form.getAttribute("action");
    return [form.id, action, button?.name, button?.value].join(" ");
  }
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented || event.target.getAttribute("method") !== "post") return;
    const press = pressOf(event.target, event.submitter);
    if (sent.has(press)) return void event.preventDefault();
    sent.add(press);
  });
  addEventListener("pageshow", () => sent.clear());

  // A page that is the answer to a form becomes one of its own, for a reload would send the form again: a second key.
  if (document.querySelector(".key-made")) history.replaceState(history.state, "");

  // The launch box takes over the mode of the teammate that was chosen.
  const launch = document.querySelector("[data-launch]");
  if (launch) {
    const select = launch.elements.teammate;
    const fit = (choose) => {
      const { mode, people, fields } = select.selectedOptions[0].dataset;
      const hint = document.getElementById("launch-fields");
      hint.hidden = !fields;
      hint.querySelector("[data-fields]").textContent = fields;
      for (const radio of launch.elements.permission_mode) {
        radio.disabled = !people && radio.value !== "autonomous";
        radio.closest("label").title = radio.disabled ? "This teammate has human in the loop off: nobody could decide." : "";
        if (choose && radio.value === mode) radio.checked = true;
      }
    };
    select.addEventListener("change", () => fit(true));
    fit(false);
    if (location.hash === "#launch") launch.elements.message.focus();
    addEventListener("hashchange", () => location.hash === "#launch" && launch.elements.message.focus());
  }

  // A click elsewhere, or Escape, closes what floats.
  const floating = ".confirm[open], .tabbar-more[open]";
  document.addEventListener("click", (event) => {
    for (const open of document.querySelectorAll(floating)) if (!open.contains(event.target)) open.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const open of document.querySelectorAll(floating)) {
      open.open = false;
      open.querySelector("summary").focus();
    }
  });

  // A link to a call or a card shows it, also where the details are another tab, and as soon as it has come.
  let awaited = "";

  function jump(id) {
    const target = document.getElementById(id);
    awaited = target ? "" : id;
    if (!target) return;
    const transcript = document.getElementById("view-transcript");
    if (transcript) transcript.checked = true;
    if (target.matches("details") && innerWidth < 1280) target.open = true;
    (target.closest(".gate") ?? target.querySelector("summary"))?.focus({ preventScroll: true });
    target.scrollIntoView({ block: "start" });
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-jump]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    jump(link.hash.slice(1));
  });
  document.addEventListener("sayso:swapped", () => awaited && jump(awaited));

  // What was typed outlives a session that has run out: who signs in again finds it where it was sent from. Any other
  // page shows that it was taken, or belongs to somebody else.
  const UNSENT = "sayso.unsent.";
  const OUTLIVING = "form[data-send-with-keys], form.teammate-form";
  const unsent = (form) => `${UNSENT}${document.body.dataset.user}.${form.getAttribute("action") ?? location.pathname}`;
  const given = (field) => (/^(radio|checkbox)$/.test(field.type) ? "checked" : "value");

  function fieldsOf(form) {
    const isOurs = (one) => one.name === "csrfmiddlewaretoken" || one.type === "file" || one.tagName === "BUTTON";
    return [...form.elements].filter((one) => one.name && !isOurs(one));
  }

  const keep = (form) => sessionStorage.setItem(unsent(form), JSON.stringify(fieldsOf(form).map((field) => field[given(field)])));

  function restore(form) {
    const kept = JSON.parse(sessionStorage.getItem(unsent(form)) ?? "[]");
    const fields = fieldsOf(form);
    if (kept.length !== fields.length) return;
    fields.forEach((field, n) => {
      if (field.disabled || field[given(field)] === kept[n]) return;
      field[given(field)] = kept[n];
      field.dispatchEvent(new Event("change", { bubbles: true }));
    });
  }

  const signedInAgain = document.referrer && new URL(document.referrer).pathname.startsWith("/sign-in/");
  document.addEventListener("DOMContentLoaded", () => {  // htmx hears of changes from then on
    if (signedInAgain) document.querySelectorAll(OUTLIVING).forEach(restore);
    for (const key of Object.keys(sessionStorage)) if (key.startsWith(UNSENT)) sessionStorage.removeItem(key);
    for (const form of document.querySelectorAll(OUTLIVING)) if (form.querySelector("[aria-invalid]")) keep(form);
  });
  for (const moment of ["input", "change", "submit"]) {
    document.addEventListener(moment, ({ target }) => {
      const form = target.closest(OUTLIVING);
      if (form) keep(form);
    });
  }
})();
