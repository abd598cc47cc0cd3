/* What the pages do in the browser: sliders, the address, a lost connection, explained words.
   Numbers are only passed on here; the server checks them and computes. */
"use strict";

const wide = window.matchMedia("(min-width: 760px)");
const send = (name, value) => window.Shiny.setInputValue(name, value);

/* --- sliders: a range and a number box show one value; positions may be stretched near zero --- */

const value_at = (range, place) => {
  const { low, high, power } = range.dataset;
  const value = +low + (high - low) * Math.pow(place / 1000, +power);
  return +Number(value).toPrecision(3);
};
const place_of = (range, value) => {
  const { low, high, power } = range.dataset;
  return Math.round(1000 * Math.pow((value - low) / (high - low), 1 / power));
};

let busy = false;
let waiting = false;

/* The number of a control; the stated one where its box shows that, rounded as it was. */
const value_of = (control) => {
  const flag = control.querySelector("input[type=checkbox]");
  if (flag) return flag.checked ? 1 : 0;
  const box = control.querySelector("input[type=number]");
  return box.value === control.dataset.shown ? +control.dataset.stated : box.valueAsNumber;
};
const changes = () => {
  const found = {};
  for (const control of document.querySelectorAll("[data-path]")) {
    const value = value_of(control);
    if (Number.isFinite(value) && value !== +control.dataset.stated) found[control.dataset.path] = value;
  }
  return found;
};
const tell = () => {
  waiting = busy;
  if (!busy) send("changes", changes());
};

document.addEventListener("input", (event) => {
  const control = event.target.closest("[data-path]");
  if (!control) return;
  const [range, box] = control.querySelectorAll("input");
  if (event.target === range && box) {
    const moved = value_at(range, range.value);
    box.value = range.dataset.whole === "1" ? Math.round(moved) : moved;
  } else if (box) {
    if (!Number.isFinite(box.valueAsNumber)) return;
    range.value = place_of(range, Math.min(Math.max(box.value, range.dataset.low), range.dataset.high));
  }
  if (box) range.setAttribute("aria-valuetext", `${box.value} ${range.dataset.unit}`);
  control.classList.toggle("moved", value_of(control) !== +control.dataset.stated);
  tell();
});
document.addEventListener("click", (event) => {
  if (!event.target.matches("[data-restore]")) return;
  const control = event.target.closest("[data-path]");
  const box = control.querySelector("input[type=number], input[type=checkbox]");
  if (box.type === "checkbox") box.checked = control.dataset.stated === "1.0";
  else box.value = control.dataset.shown;
  box.dispatchEvent(new Event("input", { bubbles: true }));
  control.querySelector("input").focus();
});

/* --- a scenario file from this computer is read here and sent as text --- */

document.addEventListener("change", (event) => {
  if (event.target.id !== "file") return;
  const file = event.target.files[0];
  if (!file) return;
  if (file.size > +event.target.dataset.most) return send("file", { text: "x".repeat(+event.target.dataset.most + 1) });
  file.text().then((text) => window.Shiny.setInputValue("file", { text }, { priority: "event" }));
});

/* --- addresses: what is shown is always what the address says --- */

const carry = (query) => {
  for (const link of document.querySelectorAll("[data-carry]")) link.href = `${link.dataset.carry}?${query}`;
  const shown = document.getElementById("link");
  if (shown) shown.value = location.href;
};
const readdress = ({ query, own }) => {
  if (playing) remember(own ? `?${query}${own}` : location.search.includes("room=") ? "" : game());
  history.replaceState(null, "", `?${query}${own || ""}`);
  carry(query);
};
document.addEventListener("click", (event) => {
  if (event.target.id === "print") return window.print();
  if (event.target.id !== "copy") return;
  const link = document.getElementById("link");
  link.select();
  if (navigator.clipboard) navigator.clipboard.writeText(link.value);
  else document.execCommand("copy");
  event.target.textContent = event.target.dataset.done;
});

/* --- the way back to a game that this window plays --- */

const playing = document.body.dataset.page === "play";
const GAME = "alignsim-game";
const game = () => { try { return sessionStorage.getItem(GAME) || ""; } catch { return ""; } };
const remember = (search) => { try { sessionStorage.setItem(GAME, search); } catch { /* not allowed to */ } };
document.addEventListener("click", (event) => {
  if (event.target.matches("[data-forget]")) remember("");
});
const show_way_back = () => {
  if (!game()) return;
  const way = document.getElementById("way-back");
  if (way && !location.search.includes("room=")) {
    way.querySelector("a").href = game();
    way.hidden = false;
  }
  const link = document.querySelector("nav [data-carry$='/play/']");
  if (!link || playing) return;
  link.href = link.dataset.carry + game();
  link.removeAttribute("data-carry");
};

/* --- what is folded away is not computed --- */

document.addEventListener("toggle", (event) => {
  if (event.target.dataset.tells) send(event.target.dataset.tells, event.target.open);
}, true);

/* --- explained words: beside the word and inside the window; Escape puts the explanation away --- */

const EDGE = 8;
const SHOWN = ".glossed:is(:hover, :focus-within)";
const place_beside = (word) => {
  const tip = word.querySelector("[role=tooltip]");
  if (!tip) return;
  const at = word.getBoundingClientRect();
  const above = at.top - EDGE, below = innerHeight - at.bottom - EDGE;
  tip.style.setProperty("--most", `${Math.max(above, below)}px`);
  const { width, height } = tip.getBoundingClientRect();
  const left = Math.min(Math.max(at.left, EDGE), document.documentElement.clientWidth - width - EDGE);
  tip.style.setProperty("--left", `${Math.max(left, EDGE)}px`);
  tip.style.setProperty("--top", `${height <= below || below >= above ? at.bottom : at.top - height}px`);
};
const beside = (event) => {
  const word = event.target.closest && event.target.closest(".glossed");
  if (word) place_beside(word);
};
document.addEventListener("mouseover", beside);
document.addEventListener("focusin", beside);
document.addEventListener("click", beside);
document.addEventListener("scroll", () => {
  for (const word of document.querySelectorAll(SHOWN)) place_beside(word);
}, { capture: true, passive: true });

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") for (const word of document.querySelectorAll(SHOWN)) word.classList.add("hush");
});
const unhush = (event) => event.target.closest && event.target.closest(".glossed")?.classList.remove("hush");
document.addEventListener("mouseout", unhush);
document.addEventListener("focusout", unhush);

/* --- tables and maps that are wider than the window say so --- */

const measure = () => {
  for (const box of document.querySelectorAll(".wide")) {
    const cut = box.scrollWidth > box.clientWidth + 1;
    const hint = box.previousElementSibling?.matches(".hint") ? box.previousElementSibling : null;
    if (hint) hint.hidden = !cut;
    else if (cut) {
      const made = document.createElement("p");
      made.className = "note hint";
      made.textContent = document.body.dataset.sideways;
      box.before(made);
    }
  }
};
addEventListener("resize", measure);
document.addEventListener("toggle", measure, true);
document.addEventListener("DOMContentLoaded", () => {
  measure();
  let due = 0;
  new MutationObserver(() => {
    cancelAnimationFrame(due);
    due = requestAnimationFrame(measure);
  }).observe(document.querySelector("main"), { childList: true, subtree: true });
});

/* --- a form always says what the page shows, also on the way back --- */

addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[method=get]")) form.reset();
});

/* --- the connection --- */

let gone = false;
const UNREACHED = 5000; /* milliseconds after which a page without a connection says so */
const back = async () => {
  try {
    const answer = await fetch(location.href, { cache: "no-store" });
    if (answer.ok) return location.reload();
  } catch { /* still away */ }
  setTimeout(back, 1500);
};
window.addEventListener("pagehide", () => { gone = true; });

/* A page that never gets a connection says so, and tries again until a connection opens. */
const knock = () => {
  const door = new WebSocket(location.href.replace(/^http/, "ws").replace(/[?#].*/, "") + "websocket/");
  let opened = false;
  door.onopen = () => { opened = true; door.close(); };
  door.onclose = () => { if (opened) location.reload(); else setTimeout(knock, UNREACHED); };
};
const await_connection = (on) => {
  if (!document.querySelector(".shiny-html-output")) return;
  const note = document.getElementById("unreached");
  const look = () => {
    note.hidden = false;
    /* While the first try is still under way, there is nothing to knock for. */
    if (window.Shiny.shinyapp?.isConnected()) waiting = setTimeout(look, UNREACHED);
    else knock();
  };
  let waiting = setTimeout(look, UNREACHED);
  on("shiny:connected", () => { clearTimeout(waiting); note.hidden = true; });
};
document.addEventListener("click", (event) => { if (event.target.id === "again") location.reload(); });

document.addEventListener("DOMContentLoaded", () => {
  show_way_back();
  if ("waits" in document.body.dataset) back();
  if (!window.Shiny) return;
  const on = (name, act) => window.jQuery(document).on(name, act);
  await_connection(on);
  on("shiny:busy", () => { busy = true; });
  on("shiny:idle", () => { busy = false; if (waiting) tell(); });
  on("shiny:connected", () => {
    send("narrow", !wide.matches);
    wide.addEventListener("change", () => send("narrow", !wide.matches));
  });
  on("shiny:disconnected", () => {
    setTimeout(() => {
      if (gone) return;
      document.getElementById("lost").hidden = false;
      back();
    }, 300);
  });
  window.Shiny.addCustomMessageHandler("address", readdress);
  window.Shiny.addCustomMessageHandler("pages", ({ links }) => { document.querySelector("nav").outerHTML = links; });
  window.Shiny.addCustomMessageHandler("go", ({ to }) => location.assign(to));
  const shown = document.getElementById("link");
  if (shown) shown.value = location.href;
});
