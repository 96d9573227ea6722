// (drawn elsewhere)
const Charts = (() => {
  const phases = () => Dom.h("figure", {});
  return Object.freeze({ phases, svgText: () => "" });
})();
