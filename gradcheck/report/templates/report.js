"use strict";
(function () {
  var root = document.documentElement;
  var said = document.getElementById("said");
  var all = function (selector, within) {
    return Array.prototype.slice.call((within || document).querySelectorAll(selector));
  };

  // Theme: what the system prefers, until a click says otherwise. Storage may be refused on file://.
  var themes = ["auto", "dark", "light"];
  var button = document.getElementById("theme");
  function setTheme(name) {
    if (name === "auto") { root.removeAttribute("data-theme"); } else { root.dataset.theme = name; }
    button.textContent = "Theme: " + name;
    try { localStorage.setItem("gradcheck-theme", name); } catch (e) { /* not kept */ }
  }
  var kept = "auto";
  try { kept = localStorage.getItem("gradcheck-theme") || "auto"; } catch (e) { /* not kept */ }
  setTheme(themes.indexOf(kept) < 0 ? "auto" : kept);
  button.addEventListener("click", function () {
    var now = root.dataset.theme || "auto";
    setTheme(themes[(themes.indexOf(now) + 1) % themes.length]);
  });

  var filters = all("[data-filter]");
  function filter(status) {
    filters.forEach(function (b) { b.setAttribute("aria-pressed", String(b.dataset.filter === status)); });
    all("[data-status]").forEach(function (e) {
      e.hidden = status !== "all" && e.dataset.status !== status;
    });
    all(".group, .overview tbody").forEach(function (g) { g.hidden = !g.querySelector("[data-status]:not([hidden])"); });
    var shown = all(".overview tr[data-status]:not([hidden])").length;
    said.textContent = status === "all" ? "" : shown + (shown === 1 ? " subject is " : " subjects are ") + status + ".";
  }
  filters.forEach(function (b) {
    b.addEventListener("click", function () { filter(b.dataset.filter); });
  });

  function copyOldWay(text) {
    var area = document.createElement("textarea");
    area.value = text;
    area.style.position = "fixed";
    area.style.opacity = "0";
    document.body.appendChild(area);
    area.select();
    var done = false;
    try { done = document.execCommand("copy"); } catch (e) { done = false; }
    area.remove();
    return done;
  }
  function copy(text) {
    if (navigator.clipboard && navigator.clipboard.writeText) {
      return navigator.clipboard.writeText(text).then(
        function () { return true; }, function () { return copyOldWay(text); });
    }
    return Promise.resolve(copyOldWay(text));
  }
  all(".copy").forEach(function (b) {
    b.addEventListener("click", function () {
      copy(b.previousElementSibling.textContent).then(function (done) {
        b.focus();
        b.textContent = done ? "Copied" : "Select and copy by hand";
        said.textContent = b.textContent;
        setTimeout(function () { b.textContent = "Copy"; }, 2000);
      });
    });
  });

  // A link to something that is filtered away or folded shows it.
  function reveal() {
    var target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) { return; }
    if (target.closest("[hidden]")) { filter("all"); }
    var folded = target.closest("details");
    if (folded) { folded.open = true; }
    target.scrollIntoView();
  }
  addEventListener("hashchange", reveal);

  all(".filter, .copy, #theme").forEach(function (e) { e.hidden = false; });
  reveal();
})();
