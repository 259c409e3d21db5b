// What surrounds the keys page on this machine: who is signed in, the clock, the sweeper and the mailbox. The page itself
// is the same element that any gallery uses, and gets a token as any gallery gives it one. Whatever comes from a server
// enters the document as text, never as markup.

const $ = (id) => document.getElementById(id);
const keys = document.querySelector("latchkey-api-keys");

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

// A JSON call: the answer's body, or an Error that says what the problem details say.
async function call(method, path, body) {
  const answer = await fetch(path, {
    method,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
    cache: "no-store",
  });
  const content = await answer.json().catch(() => null);
  if (answer.ok) return content;
  const fields = (content?.errors ?? []).map(({ field, message }) => `${field}: ${message}`);
  throw new Error([content?.detail ?? `${answer.status} ${answer.statusText}`, ...fields].join(" — "));
}

// Says in the control's own section how it went.
async function tell(control, work) {
  const status = control.closest("section").querySelector("[role=status]");
  const say = (text, trouble = false) => {
    status.textContent = text;
    status.classList.toggle("trouble", trouble);
  };
  try {
    say((await work()) ?? "");
  } catch (error) {
    say(error.message, true);
  }
}

// Does what a control is for, once at a time. The control keeps the focus meanwhile.
async function act(control, work) {
  if (control.ariaBusy) return;
  control.ariaBusy = "true";
  await tell(control, work);
  control.ariaBusy = null;
}

const onClick = (button, work) => button.addEventListener("click", () => act(button, work));

const onSubmit = (form, work) =>
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    act(event.submitter ?? form.querySelector("button"), () => work(new FormData(form)));
  });

const when = (time) =>
  `${new Date(time).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" })} UTC`;

// Who is signed in

async function signIn(person) {
  const { token } = await call("POST", "/local/sign-in", person);
  keys.getToken = async () => token;
  $("who").textContent = `${person.name} (${person.account})`;
  $("person").hidden = false;
  $("sign-in").hidden = true;
  keys.hidden = false;
  document.querySelector("main").focus();
  await Promise.all([keys.reload(), showMail()]);
}

for (const button of document.querySelectorAll("button[data-account]")) {
  onClick(button, async () => {
    const { people } = await call("POST", "/local/sample-accounts");
    return signIn(people.find((person) => person.account === button.dataset.account));
  });
}

onSubmit($("sign-in-form"), (form) => signIn(Object.fromEntries(form)));

$("sign-out").addEventListener("click", () => {
  keys.getToken = null;
  keys.hidden = true;
  keys.reload();
  $("person").hidden = true;
  askWho();
});

function askWho() {
  $("sign-in").hidden = false;
  $("sign-in").querySelector("button").focus();
}

keys.addEventListener("latchkey-sign-in", askWho);
keys.addEventListener("latchkey-change", () => tell($("mail-refresh"), showMail));
keys.setAttribute("source", `${location.origin}/v3/index.json`);

// Clock, sweeper, mailbox

async function showClock() {
  const { now } = await call("GET", "/local/clock");
  $("now").dateTime = now;
  $("now").textContent = when(now);
}

onSubmit($("clock-form"), async (form) => {
  await call("POST", "/local/clock", { advance_days: Number(form.get("days")) });
  await Promise.all([showClock(), keys.hidden ? null : keys.reload()]);
  return "Skipped. The sweeper runs when asked.";
});

onClick($("sweep"), async () => {
  const report = await call("POST", "/local/sweep");
  const entries = Object.entries(report).map(([name, count]) =>
    element("div", {}, element("dt", { textContent: name }), element("dd", { textContent: String(count) })),
  );
  $("report").replaceChildren(...entries);
  await Promise.all([showMail(), keys.hidden ? null : keys.reload()]);
  return "The sweeper has run.";
});

// One reading after the other, so that the last one shown is the newest.
let mailRead = Promise.resolve();
const showMail = () => (mailRead = mailRead.catch(() => {}).then(readMail));

async function readMail() {
  const mails = await call("GET", "/local/mail");
  const open = new Set([...$("mail").querySelectorAll("details[open]")].map((mail) => mail.dataset.number));
  const shown = mails.map(({ subject, to, at, text }, number) => {
    const about = element("span", { textContent: `to ${to}, ${when(at)}` });
    const mail = element("details", {}, element("summary", {}, subject, about), element("pre", { textContent: text }));
    mail.dataset.number = number;
    mail.open = open.has(String(number));
    return mail;
  });
  const none = element("p", { className: "soft", textContent: "No mail yet." });
  $("mail").replaceChildren(...(shown.length ? shown.reverse() : [none]));
}

onClick($("mail-refresh"), showMail);

tell($("clock-form"), showClock);
tell($("mail-refresh"), showMail);
