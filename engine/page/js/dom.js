// Elements made from code: text is always text, handlers are listeners.
const Dom = (() => {
  const SVG = "http://www.w3.org/2000/svg";

  function fill(element, props, children) {
    for (const [key, value] of Object.entries(props ?? {})) {
      if (value === undefined || value === null || value === false) continue;
      if (typeof value === "function") element.addEventListener(key.slice(2), value);
      else if (key in { value: 0, checked: 0, open: 0, hidden: 0, disabled: 0, indeterminate: 0 }) element[key] = value;
      else element.setAttribute(key, value === true ? "" : value);
    }
    element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
    return element;
  }

  // h("button", { type: "button", onclick: f }, "Text", otherElement)
  const h = (tag, props, ...children) => fill(document.createElement(tag), props, children);
  const svg = (tag, props, ...children) => fill(document.createElementNS(SVG, tag), props, children);

  // Puts a text where another may stand; the same one is left alone, which costs the browser nothing.
  function tell(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  // Other children for an element; where one of its buttons had the focus, the one in its place gets it.
  function swap(element, ...children) {
    const places = () => [...element.querySelectorAll("button")];
    const at = places().indexOf(document.activeElement);
    element.replaceChildren(...children);
    if (at >= 0) (places()[at] ?? places().at(-1))?.focus({ preventScroll: true });
  }

  // Offers a text as a file.
  function download(name, text, type) {
    const link = h("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
    link.click();
    URL.revokeObjectURL(link.href);
  }

  return Object.freeze({ h, svg, tell, swap, download });
})();
