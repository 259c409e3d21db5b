const parts = (root) => [...root.querySelectorAll("*")].flatMap((part) => [part, ...(part.shadowRoot ? parts(part.shadowRoot) : [])]);
if (document.scrollingElement.scrollWidth <= innerWidth) return [];
return parts(document)
  .map((part) => [part, part.getBoundingClientRect().right])
  .filter(([, right]) => right > innerWidth)
  .map(([{ localName, className }, right]) => `${localName}.${className} to ${right}`);
