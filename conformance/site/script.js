// Filters tables and lists by words, and copies commands. Without it all is there.
"use strict";

function filterItems(target) {
  const table = target.querySelectorAll("tbody tr, li, p.requirement");
  return table.length ? table : target.children;
}

for (const input of document.querySelectorAll("input[data-filter]")) {
  const target = document.getElementById(input.dataset.filter);
  const box = input.closest(".filter");
  box.hidden = false;
  const count = box.querySelector("[data-count]");
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0, all = 0;
    for (const item of filterItems(target)) {
      const text = (item.textContent + " " + item.id).toLowerCase();
      item.hidden = !words.every((word) => text.includes(word));
      all++;
      shown += item.hidden ? 0 : 1;
    }
    for (const section of target.querySelectorAll("section")) {
      section.hidden = words.length > 0 && !section.querySelector("li:not([hidden])");
    }
    count.textContent = words.length ? `${shown} of ${all}` : "";
  });
}

for (const command of document.querySelectorAll("[data-copy]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(command.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(command);
      button.textContent = "Selected: press Ctrl+C";
    }
  });
  command.after(button);
}
