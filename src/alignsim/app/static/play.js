/* The page Play a seat, and the teacher's: focus, questions before what cannot be taken back, and
   orders of the teacher. What was missing is no longer said once something is chosen. */
"use strict";

/* When what is to be done changes, its heading takes the focus; a page that opens keeps its own. */
const stage = document.getElementById("stage");
if (stage) {
  let before = null;
  new MutationObserver(() => {
    const heading = stage.querySelector("[data-moment]");
    if (!heading || heading.dataset.moment === before) return;
    if (before !== null) heading.focus();
    before = heading.dataset.moment;
  }).observe(stage, { childList: true, subtree: true });
  document.addEventListener("change", () => {
    const told = document.querySelector("#fault .alert");
    if (told) told.hidden = true;
  });
}

const order = (text) => window.Shiny.setInputValue("order", text, { priority: "event" });
document.addEventListener("click", (event) => {
  const { ask, order: text } = event.target.dataset ?? {};
  if (!ask) return text && order(text);
  const dialog = document.getElementById(ask);
  dialog.returnValue = "";
  dialog.querySelector("[data-what]").textContent = event.target.getAttribute("aria-label") || event.target.textContent;
  dialog.onclose = () => { if (text && dialog.returnValue === "yes") order(text); };
  dialog.showModal();
});

/* A button that is drawn anew keeps the focus. */
let focused = "";
document.addEventListener("focusin", (event) => { focused = event.target.dataset.order ? event.target.id : ""; });
new MutationObserver(() => {
  if (focused && document.activeElement === document.body) document.getElementById(focused)?.focus();
}).observe(document.getElementById("main"), { childList: true, subtree: true });
