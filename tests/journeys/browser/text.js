// The rendered text of the document and of its shadow roots, a line a piece.
const text = () => {
  const pieces = [];
  const read = (node) => {
    if (node.nodeType === Node.TEXT_NODE) pieces.push(node.data.replace(/\s+/g, " ").trim());
    if (node.nodeType === Node.ELEMENT_NODE && !node.checkVisibility()) return;
    for (const child of (node.shadowRoot ?? node).childNodes) read(child);
  };
  read(document.body);
  return pieces.filter((piece) => piece !== "").join("\n");
};
