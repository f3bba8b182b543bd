"use strict";
// Sliders over grids of small images, and one choice of order for the whole page. All that this
// script reads are numbers and labels in data attributes; all that it writes is text and positions.
(() => {
  const raw = () => document.querySelector('input[data-order="raw"]:checked') !== null;
  const numbers = (text) => (text === "" ? [] : text.split(" ").map(Number));

  const sliders = (panel) => {
    const inputs = [...panel.querySelectorAll("input[type=range]")];
    const rows = [...panel.querySelectorAll("[data-orders]")];
    const { joint, sizes, columns, width, height } = panel.dataset;
    const counts = numbers(sizes);
    const starts = inputs.map((input) => Number(input.value));
    // Where sliders do not move together, which one was moved; at first none.
    let moved = -1;

    const categories = (row) => {
      const orders = row.dataset.orders.split(";").map(numbers);
      return inputs.map((input, i) => {
        const position = Number(input.value);
        return raw() || orders[i].length === 0 ? position : orders[i][position];
      });
    };
    const sprite = (chosen) => {
      if (joint === "true") {
        return chosen.reduce((number, position, i) => number * counts[i] + position, 0);
      }
      return counts.slice(0, moved).reduce((sum, count) => sum + count, 0) + chosen[moved];
    };
    const label = (input, i) => {
      const labels = JSON.parse(input.dataset.labels);
      const matched = JSON.parse(input.dataset.matched);
      const resting = joint !== "true" && i !== moved;
      const text = resting ? "own value" : (matched && !raw() ? matched : labels)[Number(input.value)];
      panel.querySelector(`output[for="${input.id}"]`).textContent = text;
      input.setAttribute("aria-valuetext", text);
    };
    const show = () => {
      inputs.forEach(label);
      if (joint !== "true" && moved < 0) return;
      for (const row of rows) {
        const chosen = categories(row);
        const number = sprite(chosen);
        const x = (number % Number(columns)) * Number(width);
        const y = Math.floor(number / Number(columns)) * Number(height);
        for (const picture of row.querySelectorAll("img")) {
          picture.style.objectPosition = `${-x}px ${-y}px`;
        }
        const orders = row.dataset.orders.split(";");
        const named = inputs.flatMap((input, i) =>
          orders[i] === "" || (joint !== "true" && i !== moved) ? [] : [`${input.dataset.name}: code ${JSON.parse(input.dataset.labels)[chosen[i]]}`]);
        row.querySelector("[data-shown]").textContent = named.join(", ");
      }
    };
    inputs.forEach((input, i) => input.addEventListener("input", () => {
      if (joint !== "true" && moved !== i) {
        moved = i;
        inputs.forEach((other, j) => { if (j !== i) other.value = starts[j]; });
      }
      show();
    }));
    for (const part of panel.querySelectorAll("[data-scripted]")) part.hidden = false;
    for (const part of panel.querySelectorAll("[data-unscripted]")) part.hidden = true;
    show();
    return show;
  };

  addEventListener("keydown", (event) => {
    const close = document.querySelector(".image-grid:target a.alone");
    if (event.key === "Escape" && close) close.click();
  });

  const shows = [...document.querySelectorAll("[data-sizes]")].map(sliders);
  const choices = [...document.querySelectorAll("input[data-order]")];
  for (const choice of choices) {
    choice.addEventListener("change", () => {
      for (const other of choices) other.checked = other.dataset.order === choice.dataset.order;
      for (const show of shows) show();
    });
  }
})();
