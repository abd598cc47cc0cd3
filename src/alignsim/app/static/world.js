/* The map of the world: one stop of the Tab key, arrow keys from square to square, and the chosen
   state in sight where the map is wider than the window. */
"use strict";

const squares = [...document.querySelectorAll("a.tile")];
const middle = (square) => {
  const { x, y, width, height } = square.querySelector("path").getBBox();
  return [x + width / 2, y + height / 2];
};
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/* The nearest in a direction; aside counts three times. */
const nearest = (from, [right, down]) => {
  const [x, y] = middle(from);
  let best = null, least = Infinity;
  for (const square of squares) {
    const [to_x, to_y] = middle(square);
    const along = (to_x - x) * right + (to_y - y) * down;
    const aside = Math.abs((to_x - x) * down) + Math.abs((to_y - y) * right);
    if (along > 1 && along + 3 * aside < least) [best, least] = [square, along + 3 * aside];
  }
  return best;
};
const stop_at = (square) => {
  for (const one of squares) one.setAttribute("tabindex", one === square ? "0" : "-1");
};

if (squares.length) {
  const chosen = squares.find((one) => one.classList.contains("chosen")) || squares[0];
  stop_at(chosen);
  const box = chosen.closest(".wide");
  const at = chosen.getBoundingClientRect();
  box.scrollLeft += at.left + at.width / 2 - box.getBoundingClientRect().left - box.clientWidth / 2;
  document.querySelector(".map").addEventListener("keydown", (event) => {
    const to = ARROWS[event.key] && nearest(event.target.closest("a.tile"), ARROWS[event.key]);
    if (!to) return;
    event.preventDefault();
    stop_at(to);
    to.focus();
  });
}
