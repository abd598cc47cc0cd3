/* What the pages do in the browser: sliders, the address, a lost connection, explained words.
   Numbers are only passed on here; the server checks them and computes. */
"use strict";

const wide = window.matchMedia("(min-width: 760px)");
const send = (name, value) => window.Shiny.setInputValue(name, value);

/* --- sliders: a range and a number box show one value; positions may be stretched near zero --- */

const value_at = (control, place) => {
  const { low, high, power } = control.dataset;
  const value = +low + (high - low) * Math.pow(place / 1000, +power);
  return +Number(value).toPrecision(3);
};
const place_of = (control, value) => {
  const { low, high, power } = control.dataset;
  return Math.round(1000 * Math.pow((value - low) / (high - low), 1 / power));
};

let busy = false;
let waiting = false;

const changes = () => {
  const found = {};
  for (const control of document.querySelectorAll("[data-path]")) {
    const value = control.querySelector("input[type=number]").valueAsNumber;
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
  if (event.target === range) {
    const whole = control.dataset.whole === "1";
    const moved = value_at(control, range.value);
    box.value = whole ? Math.round(moved) : moved;
  } else {
    if (!Number.isFinite(box.valueAsNumber)) return;
    range.value = place_of(control, Math.min(Math.max(box.value, control.dataset.low), control.dataset.high));
  }
  range.setAttribute("aria-valuetext", `${box.value} ${control.dataset.unit}`);
  control.classList.toggle("moved", +box.value !== +control.dataset.stated);
  tell();
});
document.addEventListener("click", (event) => {
  if (!event.target.matches("[data-restore]")) return;
  const control = event.target.closest("[data-path]");
  const box = control.querySelector("input[type=number]");
  box.value = control.dataset.stated;
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

/* --- what is folded away is not computed --- */

document.addEventListener("toggle", (event) => {
  if (event.target.dataset.tells) send(event.target.dataset.tells, event.target.open);
}, true);

/* --- explained words: Escape puts the explanation away --- */

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") for (const word of document.querySelectorAll(".glossed")) word.classList.add("hush");
});
const unhush = (event) => event.target.closest && event.target.closest(".glossed")?.classList.remove("hush");
document.addEventListener("mouseout", unhush);
document.addEventListener("focusout", unhush);

/* --- the connection --- */

let gone = false;
const back = async () => {
  try {
    const answer = await fetch(location.href, { cache: "no-store" });
    if (answer.ok) return location.reload();
  } catch { /* still away */ }
  setTimeout(back, 1500);
};
window.addEventListener("pagehide", () => { gone = true; });

document.addEventListener("DOMContentLoaded", () => {
  if (!window.Shiny) return;
  const on = (name, act) => window.jQuery(document).on(name, act);
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
  window.Shiny.addCustomMessageHandler("go", ({ to }) => location.assign(to));
  const shown = document.getElementById("link");
  if (shown) shown.value = location.href;
});
