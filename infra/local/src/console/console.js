// The console's behaviour. Whatever comes from a server enters the page as text, never as markup. A key's text is
// kept in `texts` until the page is left and goes to the clipboard only.

const PAGE = 20;
const texts = new Map();
let token = null;
let account = null;

const $ = (id) => document.getElementById(id);

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function say(text, trouble = false) {
  $("message").textContent = text;
  $("message").classList.toggle("trouble", trouble);
}

// A JSON call: the answer's body, or an Error that says what the problem details say.
async function call(method, path, body, headers = {}) {
  const answer = await fetch(path, {
    method,
    headers: { ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
    cache: "no-store",
  });
  const text = await answer.text();
  let content = null;
  try {
    content = text === "" ? null : JSON.parse(text);
  } catch {
    // Not JSON: the status has to do.
  }
  if (answer.ok) return content;
  const fields = (content?.errors ?? []).map(({ field, message }) => `${field}: ${message}`);
  throw new Error([content?.detail ?? content?.title ?? content?.message ?? `${answer.status} ${answer.statusText}`, ...fields].join(" — "));
}

const manage = (method, path, body, headers = {}) =>
  call(method, path, body, { Authorization: `Bearer ${token}`, ...headers });

// Runs what a button does: one at a time, with its outcome said.
async function act(button, work) {
  if (button.disabled) return;
  button.disabled = true;
  try {
    say((await work()) ?? "");
  } catch (error) {
    say(error.message, true);
  } finally {
    button.disabled = false;
  }
}

const onSubmit = (form, work) =>
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    act(event.submitter ?? form.querySelector("button"), () => work(new FormData(form)));
  });

const onClick = (button, work) => button.addEventListener("click", () => act(button, work));

const when = (time) =>
  time ? new Date(time).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" }) + " UTC" : "never";

async function copy(text) {
  await navigator.clipboard.writeText(text);
  return "Copied.";
}

// Sign-in

async function signIn(person) {
  const answer = await call("POST", "/local/sign-in", person);
  token = answer.token;
  account = person.account;
  texts.clear();
  $("who").textContent = `Signed in as ${person.name} (${person.account}).`;
  $("keys-section").hidden = false;
  await showKeys();
  return "";
}

for (const button of document.querySelectorAll("button[data-account]")) {
  onClick(button, async () => {
    const { people } = await call("POST", "/local/sample-accounts");
    return signIn(people.find((person) => person.account === button.dataset.account));
  });
}

onSubmit($("sign-in-form"), (form) => signIn(Object.fromEntries(form)));

// Keys

async function showKeys() {
  $("keys").replaceChildren();
  await showOlder();
}

async function showOlder(after) {
  const query = new URLSearchParams({ limit: PAGE, ...(after ? { after } : {}) });
  const { keys, notices, next } = await manage("GET", `/keys?${query}`);
  if (!after) $("notices").replaceChildren(...(notices ?? []).map(({ text }) => element("li", { textContent: text })));
  $("keys").append(...keys.map(keyCard));
  $("more").hidden = !next;
  $("more").dataset.after = next ?? "";
}

onClick($("more"), () => showOlder($("more").dataset.after));

onSubmit($("create-form"), async (form) => {
  const owner = form.get("owner").trim();
  const created = await manage(
    "POST",
    "/keys",
    {
      name: form.get("name"),
      actions: form.getAll("actions"),
      packages: form.get("packages").split(/[\s,;]+/).filter((part) => part !== ""),
      expires_in_days: Number(form.get("days")),
      ...(owner === "" ? {} : { owner }),
    },
    { "Idempotency-Key": crypto.randomUUID() },
  );
  keep(created);
  $("create-form").reset();
  await refreshAll();
  return "Created. Copy the key now: it is not shown again.";
});

const keep = ({ key, key_text: text }) => text && texts.set(key.id, text);
const refreshAll = () => Promise.all([showKeys(), showMail()]);

// What a key's status allows; see the table in the management API's documentation.
const can = {
  refresh: ({ kind, status }) => kind !== "legacy" && (status === "active" || status === "expired"),
  revoke: ({ status }) => status === "active",
};

function keyCard(key) {
  const facts = [
    ["Key id", element("code", { textContent: key.id })],
    ["Owner", key.owner],
    ["Actions", key.actions.join(", ")],
    ["Packages", key.packages.join(", ")],
    ["Created", when(key.created_at)],
    ["Expires", when(key.expires_at)],
    ["Last push", when(key.last_push_at)],
  ];
  const list = element("dl");
  for (const [term, fact] of facts) list.append(element("dt", { textContent: term }), element("dd", {}, fact));

  const buttons = element("div", { className: "row" });
  const button = (name, work, properties = {}) => {
    const made = element("button", { type: "button", textContent: name, ...properties });
    made.dataset.act = name.toLowerCase().replaceAll(" ", "-");
    onClick(made, work);
    buttons.append(made);
  };
  if (texts.has(key.id)) button("Copy key", () => copy(texts.get(key.id)), { className: "primary" });
  if (can.refresh(key)) button("Refresh", () => refresh(key));
  if (can.revoke(key)) button("Revoke", () => end(key, "Revoke", "POST", "/revoke"));
  button("Delete", () => end(key, "Delete", "DELETE", ""));

  const card = element(
    "article",
    { className: "key" },
    element(
      "div",
      { className: "title" },
      element("h3", { textContent: key.name }),
      element("span", { className: `status ${key.status}`, textContent: key.kind === "legacy" ? `${key.status}, legacy` : key.status }),
    ),
    list,
    buttons,
  );
  card.dataset.key = key.id;
  return card;
}

const pathOf = (key, rest = "") => `/keys/${encodeURIComponent(key.id)}${rest}`;
const unchanged = (key) => ({ "If-Match": `"${key.version}"` });

async function refresh(key) {
  const restart = await confirmed(`Give “${key.name}” a new secret? The present one stops working at once.`, {
    restart: true,
    mustRestart: key.status === "expired",
  });
  if (restart === null) return "";
  keep(await manage("POST", pathOf(key, "/refresh"), restart ? { restart_lifetime: true } : {}, unchanged(key)));
  await refreshAll();
  return "Refreshed. Copy the key now: it is not shown again.";
}

async function end(key, verb, method, rest) {
  if ((await confirmed(`${verb} “${key.name}”? This cannot be undone.`)) === null) return "";
  await manage(method, pathOf(key, rest), undefined, unchanged(key));
  texts.delete(key.id);
  await refreshAll();
  return verb === "Delete" ? "Deleted." : "Revoked.";
}

// Asks; null is no, otherwise whether the lifetime is to start again.
function confirmed(question, { restart = false, mustRestart = false } = {}) {
  const dialog = $("confirm");
  $("confirm-text").textContent = question;
  $("confirm-restart").hidden = !restart;
  $("restart-lifetime").checked = mustRestart;
  $("restart-lifetime").disabled = mustRestart;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    const answer = () => resolve(dialog.returnValue === "yes" ? $("restart-lifetime").checked : null);
    dialog.addEventListener("close", answer, { once: true });
  });
}

// Time, sweeper, mailbox

async function showClock() {
  const { now } = await call("GET", "/local/clock");
  $("now").dateTime = now;
  $("now").textContent = when(now);
}

onSubmit($("clock-form"), async (form) => {
  await call("POST", "/local/clock", { advance_days: Number(form.get("days")) });
  await Promise.all([showClock(), token ? showKeys() : null]);
  return "The clock was moved. The sweeper runs when asked.";
});

onClick($("sweep"), async () => {
  const report = await call("POST", "/local/sweep");
  const entries = Object.entries(report ?? {}).map(([name, count]) =>
    element("div", {}, element("dt", { textContent: name }), element("dd", { textContent: String(count) })),
  );
  $("report").replaceChildren(...entries);
  await Promise.all([showMail(), token ? showKeys() : null]);
  return "The sweeper ran.";
});

async function showMail() {
  const mails = await call("GET", "/local/mail");
  const shown = mails.reverse().map((mail) =>
    element(
      "details",
      {},
      element(
        "summary",
        {},
        element("strong", { textContent: mail.subject }),
        element("span", { textContent: `${mail.to}, ${when(mail.at)}` }),
      ),
      element("pre", { textContent: mail.text }),
    ),
  );
  $("mail").replaceChildren(...(shown.length ? shown : [element("p", { className: "hint", textContent: "No mail yet." })]));
}

onClick($("mail-refresh"), showMail);

// Commands

const source = `${location.origin}/v3/index.json`;
const commands = [
  `nuget push Contoso.Tools.1.0.0.nupkg YOUR_API_KEY -Source ${source}`,
  `nuget delete Contoso.Tools 1.0.0 YOUR_API_KEY -Source ${source} -NonInteractive`,
  `nuget list -Source ${source}`,
  `nuget install Contoso.Tools -Source ${source}`,
];
$("commands").append(
  ...commands.map((command) => {
    const button = element("button", { type: "button", textContent: "Copy" });
    onClick(button, () => copy(command));
    return element("li", {}, element("code", { textContent: command }), button);
  }),
);

for (const show of [showClock, showMail]) show().catch((error) => say(error.message, true));
