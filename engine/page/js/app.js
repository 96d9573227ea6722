// The start of the page.
const App = (() => {
  function start(data) {
    window.gauge = new Gauge(data, FORMULAS);
  }
  return Object.freeze({ start });
})();
