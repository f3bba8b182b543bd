"use strict";
// Sorts and filters the rows of one table. It reads the texts and data attributes of the page, and
// writes the order of rows, what is hidden, a count, and the state of its own controls.
(() => {
  const table = document.getElementById("table");
  const form = document.querySelector(".filters");
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const words = document.getElementById("words");
  const code = document.getElementById("code");
  const reader = document.getElementById("reader");
  const filters = [...form.querySelectorAll("[data-filter]")];
  const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
  const names = new Intl.Collator("en", { numeric: true });
  let sorted = null;

  // The key of a cell: its own, or that of the first line which is not hidden.
  const key = (row, column) => {
    const cell = row.querySelector(`[data-column="${column}"]`);
    if ("key" in cell.dataset) return cell.dataset.key;
    const line = [...cell.querySelectorAll("[data-key]")].find((one) => !one.closest("[hidden]"));
    return line ? line.dataset.key : "";
  };
  const compare = (first, second, numbers) =>
    numbers ? Number(first) - Number(second) : names.compare(first, second);

  const order = () => {
    if (!sorted) return;
    const { column, numbers, down } = sorted;
    const keyed = rows.map((row, at) => ({ row, at, key: key(row, column) }));
    // What is not known comes last, whatever the direction.
    keyed.sort((one, other) =>
      (one.key === "") - (other.key === "")
      || (down ? -1 : 1) * compare(one.key, other.key, numbers)
      || one.at - other.at);
    body.append(...keyed.map(({ row }) => row));
  };

  const show = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const row of rows) {
      const fits = wanted.every((word) => texts.get(row).includes(word))
        && filters.every(({ value, dataset }) => value === "" || row.dataset[dataset.filter] === value);
      row.hidden = !fits;
      count += fits;
    }
    for (const line of body.querySelectorAll("[data-code]")) {
      line.hidden = Boolean(code?.value) && line.dataset.code !== code.value;
    }
    for (const line of body.querySelectorAll("[data-reader]")) {
      line.hidden = Boolean(reader?.value) && line.dataset.reader !== reader.value;
    }
    for (const fold of body.querySelectorAll("details")) {
      const shown = fold.querySelector("[data-code]:not([hidden])");
      fold.hidden = !shown;
      fold.open = Boolean(code?.value) && Boolean(shown);
    }
    document.getElementById("count").textContent = `${count} of ${rows.length}`;
    order();
  };

  for (const head of table.querySelectorAll("thead th[data-column]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    head.setAttribute("aria-sort", "none");
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") === "ascending";
      const fresh = head.getAttribute("aria-sort") === "none";
      for (const other of table.querySelectorAll("[aria-sort]")) other.setAttribute("aria-sort", "none");
      // More information comes first, and fewer errors.
      const high = head.dataset.column === "information";
      const down = fresh ? high : up;
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      sorted = { column: head.dataset.column, numbers: head.dataset.column === "name" || head.dataset.order === "number", down };
      order();
    });
  }
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(show));
  form.hidden = false;
  table.classList.add("scripted");
  show();
})();
