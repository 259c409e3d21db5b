const held = [];
const hold = (what, content) => held.push(`${what}: ${content}`);

const walk = (node) => {
  if (node.nodeType === Node.TEXT_NODE || node.nodeType === Node.COMMENT_NODE) hold("text", node.data);
  if (node.nodeType === Node.ELEMENT_NODE) {
    const attributes = [...node.attributes].map(({ name, value }) => ` ${name}="${value}"`);
    hold("element", `<${node.localName}${attributes.join("")}>`);
    if (typeof node.value === "string") hold("value", node.value);
    // What a script has put onto the element itself.
    for (const [name, value] of Object.entries(node)) hold("property", `${name} ${String(value)}`);
    if (node.shadowRoot) walk(node.shadowRoot);
    if (node.localName === "template") walk(node.content);
  }
  for (const child of node.childNodes) walk(child);
};
walk(document);

hold("address", location.href);
hold("title", document.title);
hold("name", window.name);
hold("history", JSON.stringify(history.state));
hold("selection", String(getSelection()));
hold("cookies", document.cookie);
for (const { name } of performance.getEntries()) hold("asked for", name);
for (const storage of [localStorage, sessionStorage]) for (const pair of Object.entries(storage)) hold("stored", pair);
return Promise.all([indexedDB.databases(), caches.keys(), navigator.serviceWorker.getRegistrations()]).then((kept) => {
  hold("kept", JSON.stringify(kept));
  return held.join("\n");
});
