// Formulas as MathML.
const MathText = (() => {
  const equation = (gauge, name, tree, sign = "=") => Dom.h("code", {}, name ? `${name.name} ${sign} ` : `${sign} `, Trees.text(tree));
  return Object.freeze({ equation });
})();
