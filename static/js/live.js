"use strict";
// The page's one socket. It only brings news: the count of what waits, and on a run's page the run's events.
// Text is added as text; everything else is fetched anew as the fragment that the page itself was made from.
(() => {
  const SIGNED_OUT = 4401, NOT_FOUND = 4404;
  const SILENT_MS = 40_000, GENTLE_MS = 1500, LONGEST_WAIT_MS = 30_000, HOME_MS = 10_000, TREE_MS = 5000, AGAIN_MS = 2000;

  const path = document.body.dataset.socket;
  if (!path) return;
  const run = document.getElementById("run");
  const home = document.getElementById("home");
  const byId = (id) => document.getElementById(id);

  let seq = Number(run?.dataset.seq ?? 0);
  let heard = Date.now();

  // Not reload(): a page that answered a form would send it again.
  const anew = () => location.replace(location.pathname + location.search);

  function announce(words) {
    byId("announce").textContent = words;
  }

  // --- fragments: fetched one at a time each, never put over what a hand is in ---

  const fetching = new Set(), wanted = new Set(), held = new Set();

  function changed(field) {
    if (field.dataset.view !== undefined || field.type === "hidden" || !field.name) return false;
    if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
    if (field.tagName === "SELECT") return [...field.options].some((option) => option.selected !== option.defaultSelected);
    if (field.getAttribute("aria-invalid") === "true" && field.value) return true; // refused, so it is nowhere else
    return "defaultValue" in field && field.value !== field.defaultValue;
  }

  // Is a hand in it? What is inside of `cards` does not count: they stay.
  function inUse(element, cards = []) {
    if (!element) return false;
    const goes = (one) => !cards.some((card) => card.contains(one));
    const active = document.activeElement;
    if (element.contains(active) && goes(active) && active.closest(".gate-open, .confirm[open], input, textarea, select")) return true;
    if (element.querySelector(".confirm[open]")) return true;
    return [...element.querySelectorAll("input, textarea, select")].some((field) => goes(field) && changed(field));
  }

  // A card that asks whether it is still true waits for the hand that writes in it. To have the focus is no writing: a
  // card gets it when it is opened.
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const asks = detail.requestConfig.elt, card = asks.closest(".gate");
    if (!detail.shouldSwap || !asks.matches("[data-watch]") || !isWritten(card)) return;
    detail.shouldSwap = false;
    hold(card.id);
  });

  // A reply that was refused because a run goes on waits in its box for the box that comes when it has ended.
  document.addEventListener("htmx:oobBeforeSwap", ({ detail }) => {
    const old = detail.target.querySelector("#reply"), box = detail.fragment.querySelector("#reply");
    if (old?.value && box) box.value = old.value;
  });

  document.addEventListener("htmx:load", ({ detail }) => {
    if (detail.elt.matches(".gate") && held.delete(detail.elt.id) && !held.size) byId("held").hidden = true;
  });

  function isWritten(card) {
    const fields = [...card.querySelectorAll("input, textarea, select")];
    return fields.some((field) => changed(field) || (field === document.activeElement && field.type !== "hidden"));
  }

  async function refresh(id) {
    const asks = byId(id)?.querySelector("[data-watch]");
    if (asks) return htmx.trigger(asks, "sayso:look");
    if (fetching.has(id)) return void wanted.add(id);
    fetching.add(id);
    try {
      const answer = await fetch(addressOf(id), { headers: { "HX-Request": "true", "HX-Target": id } });
      if (answer.redirected) return anew(); // signed out meanwhile
      if (answer.ok) put(id, await answer.text());
      else if (answer.status >= 500) setTimeout(refresh, AGAIN_MS, id);
    } catch {
      wanted.add(id); // offline: asked for again when the socket is back
    } finally {
      fetching.delete(id);
      if (navigator.onLine && wanted.delete(id)) setTimeout(refresh, 100, id);
    }
  }

  function addressOf(id) {
    if (id === "run-panel") return run.dataset.panel + (chosen ? `?call=${chosen}` : "");
    const turn = /^turn-(\d+)$/.exec(id);
    return turn ? `${run.dataset.turns}${turn[1]}/` : home.dataset.parts;
  }

  function put(id, html) {
    const target = byId(id);
    const fresh = new DOMParser().parseFromString(`<body>${html}`, "text/html").body;
    if (older(fresh)) return void wanted.add(id);
    if (inUse(target, standing(target, fresh.querySelector(`#${id}`)))) return hold(id);
    const open = new Set([...document.querySelectorAll("details[open][id]")].map((one) => one.id));
    for (const details of fresh.querySelectorAll("details[id]")) {
      if (byId(details.id)) details.open = open.has(details.id);
    }
    for (const view of fresh.querySelectorAll("input[data-view]")) {
      if (byId(view.id)) view.checked = byId(view.id).checked;
    }
    for (const part of fresh.querySelectorAll("[hx-swap-oob]")) {
      part.removeAttribute("hx-swap-oob");
      part.remove();
      replace(byId(part.id), part);
    }
    const part = fresh.querySelector(`#${id}`);
    if (part) target ? replace(target, part) : append(part);
    if (part?.dataset.turn) replay(byId(id));
    document.dispatchEvent(new CustomEvent("sayso:swapped"));
  }

  // A decision is final: what still shows a card open that is closed here was made before it.
  function older(fresh) {
    return [...fresh.querySelectorAll(".gate-open[id]")].some((card) => byId(card.id)?.matches(".gate-closed"));
  }

  function replace(old, part) {
    if (!old || old.outerHTML === part.outerHTML) return;
    const cards = standing(old, part);
    if (inUse(old, cards)) return hold("run-panel");
    if (cards.length) return replaceAround(cards, old, part);
    const focus = old.contains(document.activeElement) ? document.activeElement.id : "";
    const following = atEnd(), before = old.getBoundingClientRect();
    old.replaceWith(part);
    wake(part);
    if (focus) byId(focus)?.focus({ preventScroll: true });
    if (old.dataset.turn) stay(part, before, following);
  }

  // Rendered words are not as high as the raw ones: what is being read stays where it is.
  function stay(part, before, following) {
    if (following) toEnd();
    else if (before.top < 0) scrollBy({ top: part.getBoundingClientRect().bottom - before.bottom });
  }

  // A card that still waits for the same decision stays the element that it is: nothing under the hand is taken away.
  // So does a closed one that holds words which came too late: they are nowhere else.
  function standing(old, part) {
    const digest = (card) => card.querySelector("[name=digest]")?.value;
    const again = new Map([...(part?.children ?? [])].map((one) => [one.id, one]));
    return [...(old?.children ?? [])].filter((card) => {
      const same = again.get(card.id);
      if (card.matches(".gate-closed")) return same && card.querySelector("[data-wrote]");
      return same?.matches(".gate-open") && card.matches(".gate-open") && digest(same) === digest(card);
    });
  }

  function replaceAround(cards, old, part) {
    for (const { name, value } of part.attributes) old.setAttribute(name, value);
    for (const child of [...old.childNodes]) if (!cards.includes(child)) child.remove();
    let place = 0; // of the card before which the next child goes
    for (const child of [...part.childNodes]) {
      if (child.id && child.id === cards[place]?.id) place += 1;
      else old.insertBefore(child, cards[place] ?? null);
    }
    wake(old);
  }

  function append(part) {
    const following = atEnd();
    byId("turns").append(part);
    wake(part);
    if (following) toEnd();
  }

  function wake(part) {
    htmx.process(part);
    htmx.trigger(part, "htmx:load");
  }

  // What is in use stays as it is, and says that there is something newer.
  function hold(id) {
    held.add(id);
    byId("held").hidden = false;
  }

  function release() {
    byId("held").hidden = true;
    const ids = [...held];
    held.clear();
    ids.forEach(refresh);
  }

  byId("held").querySelector("button").addEventListener("click", () => {
    document.activeElement?.blur();
    for (const id of held) for (const form of byId(id)?.querySelectorAll("form") ?? []) form.reset();
    release();
  });
  document.addEventListener("focusout", () => {
    setTimeout(() => {
      if (held.size && ![...held].some((id) => inUse(byId(id)))) release();
    }, 200);
  });

  // --- presses whose answer is no fragment that could be put anywhere ---

  const LOST = "That did not get through. Reload the page to see how things stand.";
  const REFUSED = {
    403: "This page is out of date: you signed in or out meanwhile. Reload it; what you typed stays.",
    404: "That is gone, or no longer yours to decide.",
    503: "That did not get through: the server cannot reach its database just now. Try again in a few seconds.",
  };

  // Refused with a whole page: the form is older than the last sign-in. A card that may not be decided comes as a card.
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (detail.xhr.status !== 403 || !/^\s*<!doctype/i.test(detail.serverResponse)) return;
    detail.shouldSwap = false;
    detail.isError = true;
  });

  // What pages ask by themselves is asked again, and is no news to anybody.
  const isPress = ({ elt }) => !elt.matches("[hidden], .steps, .exchange");

  for (const failed of ["htmx:responseError", "htmx:sendError"]) {
    document.addEventListener(failed, ({ detail }) => {
      if (!isPress(detail.requestConfig)) return;
      byId("refused").textContent = REFUSED[detail.xhr.status] ?? LOST;
      byId("refused").hidden = false;
    });
  }
  document.addEventListener("htmx:beforeRequest", ({ detail }) => {
    if (isPress(detail)) byId("refused").hidden = true;
  });

  // --- text, as it is spoken ---

  // What would not be seen, or would turn the order of what is, is named as on the server.
  const MISLEADING = /[\0-\x08\v\f\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e0fff}]/gu;
  const named = (one) => `U+${one.codePointAt().toString(16).toUpperCase().padStart(4, "0")}`;
  const legible = (words) => words.replace(MISLEADING, named);

  const said = new Map(); // turn -> events that its section may not hold yet

  function speak(event) {
    const turn = event.data.turn, section = byId(`turn-${turn}`);
    if (!section) refresh(`turn-${turn}`);
    else if (section.dataset.state !== "open") return;
    if (!said.has(turn)) said.set(turn, []);
    said.get(turn).push(event);
    if (section) write(section, event);
  }

  function write(section, event) {
    if (event.seq <= Number(section.dataset.seq)) return;
    const block = section.querySelector(event.kind === "thinking" ? "[data-thinking]" : "[data-live]");
    if (!block) return;
    const following = atEnd(), words = legible(event.data.delta);
    if (block.lastChild?.nodeType === Node.TEXT_NODE) block.lastChild.appendData(words);
    else block.append(words);
    if (event.kind === "thinking") block.closest("details").hidden = false;
    if (following) toEnd();
  }

  // A section that was just fetched holds the text up to its own seq; the rest has come while it was on its way.
  function replay(section) {
    const turn = Number(section.dataset.turn);
    if (section.dataset.state === "open") for (const event of said.get(turn) ?? []) write(section, event);
    else said.delete(turn);
  }

  function restart(event) {
    const section = byId(`turn-${event.data.turn}`);
    said.delete(event.data.turn);
    if (!section) return;
    section.dataset.seq = event.seq;
    for (const block of section.querySelectorAll("[data-live], [data-thinking]")) block.textContent = "";
  }

  const atEnd = () => innerHeight + scrollY >= document.documentElement.scrollHeight - 120;
  const toEnd = () => scrollTo({ top: document.documentElement.scrollHeight });

  // --- the call that the inspector shows ---

  const WIDE = matchMedia("(min-width: 1280px)"); // there the inspector stands beside the transcript
  let chosen = new URLSearchParams(location.search).get("call") ?? "";

  function choose(call) {
    chosen = call;
    mark();
    refresh("run-panel");
  }

  function mark() {
    for (const row of document.querySelectorAll(".call-row[aria-current]")) row.removeAttribute("aria-current");
    byId(`call-${chosen}-row`)?.setAttribute("aria-current", "true");
  }

  if (run) {
    document.addEventListener("click", (event) => {
      const link = event.target.closest?.("[data-choose]");
      const row = event.target.closest?.(".call-row");
      if (link) choose(link.dataset.choose);
      else if (row && WIDE.matches && !row.parentElement.open) choose(row.parentElement.dataset.call);
    });
    document.addEventListener("sayso:swapped", mark);
    mark();
  }

  // --- events of the run ---

  const lastTurn = () => [...document.querySelectorAll("[data-turn]")].at(-1)?.id;

  function sectionOf(data) {
    if (data.turn) return `turn-${data.turn}`;
    const inside = data.call ? byId(`call-${data.call}`) : data.gate ? byId(data.gate) : null;
    return inside?.closest("[data-turn]")?.id ?? lastTurn();
  }

  const TOLD = {
    "run.paused": "The run waits for a decision.",
    "run.completed": "The run is done.",
    "run.failed": "The run has failed.",
    "run.cancelled": "The run was stopped.",
  };

  function take(event) {
    if (event.seq <= seq) return;
    seq = event.seq;
    heard = Date.now();
    if (event.kind === "text" || event.kind === "thinking") return speak(event);
    if (event.kind === "turn.restarted") restart(event);
    const section = event.data.run ? null : sectionOf(event.data); // a line of a run below is in no section of this page
    const ends = ["run.failed", "run.cancelled", "run.queued"].includes(event.kind);
    const touched = /^(turn|call|gate|file)\./.test(event.kind) || ends || event.kind === "run.resumed";
    if (touched && section) refresh(section);
    refresh("run-panel");
    if (TOLD[event.kind]) announce(TOLD[event.kind]);
    document.dispatchEvent(new CustomEvent("sayso:event", { detail: event }));
  }

  // Silence makes people think that it hangs: say how long it lasts, and what is at work.
  function listen() {
    const line = byId("silence"), panel = byId("run-panel");
    const silent = Date.now() - heard;
    const shown = panel.dataset.status === "running" && silent >= SILENT_MS;
    line.hidden = !shown;
    if (!shown) return;
    const doing = panel.dataset.doing;
    const rest = doing === "Writing" ? "the model has not gone on yet" : `${doing} is still running`;
    line.textContent = `No events for ${Math.floor(silent / 1000)} s, ${rest}.`;
  }
  if (run) setInterval(listen, 1000);

  // What the runs beside this one do is not in its own log: the tree is looked at again, and at once when a gate opens.
  if (run && "tree" in run.dataset) {
    const look = () => !document.hidden && !inUse(byId("run-tail")) && refresh("run-panel");
    setInterval(() => ["queued", "running", "paused"].includes(byId("run-panel").dataset.status) && look(), TREE_MS);
    document.addEventListener("sayso:inbox", look);
  }

  // --- what waits for the person ---

  const fresh = new Set();

  function count({ count: waiting, new: names }) {
    for (const badge of document.querySelectorAll("[data-waiting]")) {
      badge.textContent = waiting;
      badge.dataset.count = waiting;
    }
    const title = document.title.replace(/^\(\d+\) /, "");
    document.title = waiting ? `(${waiting}) ${title}` : title;
    if (home) names.forEach((name) => fresh.add(name));
    if (home && (names.length || waiting !== Number(byId("needs").dataset.count))) offer();
    document.dispatchEvent(new CustomEvent("sayso:inbox", { detail: { count: waiting, new: names } }));
  }

  // New rows wait until they are asked for, so that nothing moves under the pointer.
  function offer() {
    const needs = byId("needs");
    const idle = !needs.matches(":hover") && !needs.contains(document.activeElement);
    if (idle || document.hidden) {
      fresh.clear();
      refresh("needs");
    } else {
      const button = needs.querySelector("[data-show-new]");
      button.textContent = fresh.size ? `${fresh.size} changed, show` : "Changed, show";
      button.hidden = false;
    }
    refreshWork();
  }

  function refreshWork() {
    const work = byId("work");
    if (document.hidden || work.matches(":hover") || work.contains(document.activeElement)) return;
    refresh("work");
  }

  if (home) {
    home.addEventListener("click", (event) => {
      if (!event.target.closest("[data-show-new]")) return;
      fresh.clear();
      refresh("needs");
    });
    setInterval(refreshWork, HOME_MS);
  }

  // --- the socket ---

  let socket, tries = 0, lostAt = null, timer;

  // The server hears of news late: said unless it is over at once, as after its own start.
  let late = false;

  function tellLate(now) {
    late = now;
    if (now) setTimeout(() => (byId("late").hidden = !late), GENTLE_MS);
    else byId("late").hidden = true;
  }

  function connect() {
    clearTimeout(timer);
    const url = new URL(path, location.href);
    url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    if (run) url.searchParams.set("after", seq);
    socket = new WebSocket(url);
    socket.onopen = () => {
      tries = 0;
      lostAt = null;
      byId("offline").hidden = true;
      const missed = [...wanted];
      wanted.clear();
      missed.forEach(refresh);
    };
    socket.onmessage = ({ data }) => {
      const news = JSON.parse(data);
      if (news.inbox) count(news.inbox);
      else if ("late" in news) tellLate(news.late);
      else if (news.kind) take(news);
    };
    socket.onclose = ({ code }) => {
      if (code === SIGNED_OUT || code === NOT_FOUND) return anew();
      lost();
    };
  }

  function lost() {
    lostAt ??= new Date();
    tellLate(false);
    const wait = Math.min(LONGEST_WAIT_MS, 500 * 2 ** tries) * (0.75 + Math.random() / 2);
    tries += 1;
    timer = setTimeout(connect, wait);
    setTimeout(() => {
      if (!lostAt) return;
      byId("offline-since").textContent = `at ${lostAt.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" })}`;
      byId("offline").hidden = false;
    }, GENTLE_MS);
  }

  const again = () => socket.readyState === WebSocket.CLOSED && connect();
  byId("offline-retry").addEventListener("click", again);
  addEventListener("online", again);
  addEventListener("pagehide", () => {
    socket.onclose = null;
    socket.close();
  });
  addEventListener("pageshow", (event) => event.persisted && anew());
  connect();
})();
