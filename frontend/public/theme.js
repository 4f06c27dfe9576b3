// Sets the chosen theme before the first paint; a classic script, because a module would come too late.
(function () {
  var chosen = null;
  try {
    chosen = localStorage.getItem("nightbell.theme");
  } catch (refused) {
    // Storage is switched off: the system's own preference stands.
  }
  if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
})();
