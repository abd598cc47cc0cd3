/* When what is to be done changes, its heading takes the focus; a page that opens keeps its own.
   What was missing is no longer said once something is chosen. */
"use strict";

{
  const stage = document.getElementById("stage");
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
