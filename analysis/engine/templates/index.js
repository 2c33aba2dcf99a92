"use strict";
/* Hides the rows and pictures that do not match both filters, and turns light to dark. */
(function () {
  const chosen = { paper: "", holds: "" };
  const items = document.querySelectorAll("[data-paper]");
  function show() {
    let left = 0;
    for (const item of items) {
      item.hidden = Object.entries(chosen).some(([name, value]) => value && item.dataset[name] !== value);
      if (!item.hidden && item.tagName === "TR") left += 1;
    }
    document.querySelector(".none").hidden = left > 0;
  }
  for (const button of document.querySelectorAll("[data-filter]")) {
    button.addEventListener("click", () => {
      chosen[button.dataset.filter] = button.dataset.value;
      for (const other of button.parentNode.children) other.setAttribute("aria-pressed", String(other === button));
      show();
    });
  }
  const root = document.documentElement;
  const button = document.getElementById("mode");
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const dress = (mode) => {
    root.dataset.mode = mode;
    button.textContent = mode === "dark" ? "Light mode" : "Dark mode";
  };
  button.addEventListener("click", () => dress(root.dataset.mode === "dark" ? "light" : "dark"));
  dark.addEventListener("change", () => dress(dark.matches ? "dark" : "light"));
  dress(dark.matches ? "dark" : "light");
  root.dataset.ready = "yes";
})();
