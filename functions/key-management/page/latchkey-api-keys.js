/**
 * `<latchkey-api-keys>`: the API keys page of a package gallery, as one custom element.
 *
 *     <script type="module" src="https://keys.example/keys-page/latchkey-api-keys.js"></script>
 *     <latchkey-api-keys source="https://gallery.example/v3/index.json"></latchkey-api-keys>
 *     document.querySelector("latchkey-api-keys").getToken = async () => session.accessToken;
 *
 * Attributes: `api`, the management API (where this module came from, unless it says otherwise); `source`, the address
 * that publishers push to, for the client commands; `account-url`, where people change their mail address.
 * Properties: `getToken({rejected})` gives the bearer token, or null when nobody is signed in; it is asked at each
 * call and, where a token was refused, once more with that one as `rejected`. What it gives is not kept. `strings` replaces any of `strings` below.
 * Method: `reload()`. Events: `latchkey-change` after each change, `latchkey-sign-in` when somebody asks to sign in.
 * Themes: the custom properties at the head of the style sheet, and `::part()` of each name given as `part`.
 *
 * A key text is held in one private map until it is copied away: it never becomes part of the document. The map is
 * emptied when the page is left and after ten idle minutes. All data enters the document as text.
 */

const DAY = 86_400_000;
const IDLE = 600_000;
/** How many keys, and packages of a checklist, are in the document at first; more come when asked for. */
const SHOWN = 50;
const LISTED = 200;
const FILTER_FROM = 10;
const WARNING_DAYS = 10;
/** The offered windows of a hand-over, in days; the second is chosen unless another is. */
const HAND_OVER_DAYS = [1, 7, 14, 30];
const PATTERN = /^[A-Za-z0-9_.*-]{1,128}$/;
const MOST_PATTERNS = 1000;
const MOST_PATTERN_BYTES = 32 * 1024;

const plural = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

/** All that is said, for translation. A function gets what it speaks of. */
export const strings = {
  title: "API keys",
  newKey: "New key",
  loading: "Loading your keys…",
  notices: "What needs your attention",
  moreNotices: (n) => `${plural(n, "more notice")}`,
  yourKeys: "Your keys",
  keysOf: "Keys that act for",
  me: "you",
  account: "Your account",
  signedOut: "Sign in to see your API keys.",
  sessionEnded: "Your session has ended. Sign in again; nothing you have entered is lost.",
  signIn: "Sign in",
  retry: "Try again",
  unreachable: "The key service cannot be reached. Check your connection.",
  noAnswer: "No answer came, so it is not known whether this was done. Trying again is safe.",
  odd: (status) => `The key service answered ${status}. Try again in a moment.`,
  locked: "Your account is locked. You can look at your keys, freeze, revoke and delete them, and nothing else.",
  empty:
    "You have no API keys yet. A key lets a script or a build push packages in your name, and only the packages you choose.",
  emptyOf: (owner) => `No key acts for ${owner}.`,
  noMatch: "No key matches this filter.",
  filter: "Filter keys",
  filterHint: "name, package, owner, status or key id",
  countOf: (shown, all) => (shown === all ? plural(all, "key") : `${shown} of ${plural(all, "key")}`),
  more: "Show more",
  name: "Name",
  nameHint: "Where the key is used, so that you know it again.",
  owner: "Acts for",
  lifetime: "Expires in",
  days: (n) => plural(n, "day"),
  actions: "What it may do",
  push: "Push",
  pushKinds: "What may be pushed",
  pushNew: "New packages and new versions",
  pushVersions: "Only new versions of existing packages",
  unlist: "Unlist and relist packages",
  selfRefresh: "This key may refresh itself",
  selfRefreshHint:
    "A build can then ask with the key for its next text; both work until the new one's first push. You get a mail each time.",
  packages: "Packages",
  patterns: "Patterns",
  patternsHint: "Package ids and globs, separated by blanks or lines. * stands for any run of characters.",
  covers: (n, all) =>
    all === 0
      ? "covers new packages that match."
      : `covers ${n} of ${plural(all, "package")} now, and new ones that match.`,
  coversId: (known) => (known ? "is one of the packages." : "is not there yet; it covers exactly this id."),
  badPattern: "is no package id or glob: letters, digits, . - _ and * only, at most 128.",
  search: "Search packages",
  selected: (n, all) => `${n} of ${all} selected`,
  selectAll: (n) => `Select all ${n}`,
  coveredBy: (pattern) => `covered by ${pattern}`,
  notShown: (n) => `${n} more. Search to narrow them down.`,
  packagesFailed: "The packages could not be loaded. Patterns work all the same.",
  create: "Create",
  missing: (what) => `Still missing: ${what.join(", ")}.`,
  missingName: "a name",
  missingActions: "what it may do",
  missingPush: "what may be pushed",
  missingPackages: "packages",
  wrongPackages: "a correct list of patterns",
  fewerPackages: `a shorter list (at most ${MOST_PATTERNS} packages and patterns, 32 KiB together)`,
  cancel: "Cancel",
  close: "Close",
  save: "Save",
  ready: "Copy the new key now",
  readyText:
    "This is the only time. It is never shown, and it is forgotten when you leave or reload this page, or after ten idle minutes. Whoever has it can use it: put it into your build's secret store, as NUGET_API_KEY.",
  copyKey: "Copy key",
  done: "Done",
  copied: (name) => `The key “${name}” is on the clipboard.`,
  copyFailed: "The browser did not let us copy. Allow this page to use the clipboard, then try again.",
  wiped: "The key text was forgotten. If you did not copy it, refresh the key.",
  lost: (name) =>
    `The key “${name}” was made, but the answer with its text was lost on the way. Refresh it to get a new one.`,
  use: "How to use it",
  copy: "Copy",
  copiedText: "Copied.",
  created: (name) => `The key “${name}” was made. Copy it now.`,
  refreshed: (name) => `“${name}” has a new key text. Copy it now.`,
  handing: (name) => `“${name}” has a second key text. Copy it now: its first push ends the old one.`,
  edited: (name) => `“${name}” was saved.`,
  frozen: (name) => `“${name}” is frozen.`,
  thawed: (name) => `“${name}” works again.`,
  revoked: (name) => `“${name}” was revoked.`,
  deleted: (name) => `“${name}” was deleted.`,
  gone: "The key is gone: it was deleted elsewhere.",
  changed:
    "The key was changed elsewhere since it was shown. The list has it as it is now; look again before you go on.",
  status: {
    active: "Active",
    expired: "Expired",
    revoked: "Revoked",
    retired: "Retired",
    legacy: "Legacy",
    frozen: "Frozen",
  },
  expiresIn: (n) => (n < 1 ? "Expires within a day" : `Expires in ${plural(n, "day")}`),
  action: {
    push: "Push new packages and versions",
    update: "Push new versions of existing packages",
    unlist: "Unlist and relist",
    all: "Everything, on every package",
  },
  fact: {
    actions: "Allows",
    packages: "Packages",
    owner: "Acts for",
    holder: "Held by",
    expires: "Expires",
    push: "Last push",
    handOver: "New key text",
    selfRefresh: "Refreshing itself",
    created: "Created",
    frozen: "Frozen since",
    id: "Key id",
  },
  never: "Never",
  handingOver: "Being handed over",
  waits: "waits for its first push until ",
  allowed: "Allowed",
  morePackages: (n) => `${n} more`,
  act: {
    edit: "Edit",
    refresh: "Refresh",
    freeze: "Freeze",
    thaw: "Unfreeze",
    revoke: "Revoke",
    delete: "Delete",
    history: "History",
  },
  actOn: (act, name) => `${act} “${name}”`,
  editTitle: (name) => `Edit “${name}”`,
  editHint: "The key text stays the same. What it may do, for whom, and when it expires cannot be changed.",
  refreshTitle: (name) => `Refresh “${name}”`,
  refreshText: "You get a new key text with the same rights.",
  refreshFrozen: "It stays frozen until you unfreeze it.",
  refreshStops:
    "The present one stops working at once: builds that use it fail until they have the new one.",
  refreshStopsBoth:
    "It is being handed over: both of its key texts stop working at once, and builds that use either fail until they have the new one.",
  handOver: "Keep the present one working until the new one's first push",
  handOverText:
    "Both work until the new one pushes for the first time, which ends the old one. If it does not push in time, it is dropped and the old one works on.",
  handOverDays: "At most",
  keepEnd: "Keep the end date: ",
  restart: "Start the same lifetime again from now",
  endTitle: (act, name) => `${act} “${name}”?`,
  stops: (rights, packages) =>
    `Whatever uses this key stops working at once. It allows: ${rights}. Its packages: ${packages}.`,
  stopped: "This key does not work any more as it is, so nothing stops.",
  lastUsed: "Its last push: ",
  neverUsed: "It has never pushed.",
  freezeText:
    "A frozen key opens nothing until you unfreeze it here; its text and its end date stay. The link in its mails freezes it too, without signing in.",
  freezeOthersText: "A frozen key opens nothing until its holder unfreezes it; its text and its end date stay.",
  frozenSince: "Frozen since: ",
  thawText:
    "It opens again what it did, with the text it had. If that may be in wrong hands, refresh or revoke the key first.",
  revokeText: "Its record stays in the list. It cannot be undone.",
  deleteText: "Its record leaves the list. It cannot be undone.",
  historyTitle: (name) => `History of “${name}”`,
  noHistory: "Nothing is recorded.",
  event: {
    created: "Created",
    refreshed: "Refreshed",
    hand_over_begun: "Given a second key text",
    handed_over: "Handed over to its new key text",
    hand_over_lapsed: "New key text dropped, as it was not used in time",
    edited: "Edited",
    revoked: "Revoked",
    deleted: "Deleted",
    frozen: "Frozen",
    thawed: "Unfrozen",
    warned: "Warned of its expiry",
    expired: "Expired",
    retired: "Retired",
    barred: "Barred from a package",
    bar_lifted: "Bar lifted",
  },
  by: (who, from) => (from ? `by ${who}, from ${from}` : `by ${who}`),
  added: "Added",
  removed: "Removed",
  whoCanPush: "Who can push",
  whoText:
    "Every live key that reaches a package of yours, whoever holds it. Bar one, and that package refuses it from the next push on, until an owner lifts the bar.",
  package: "Package",
  choose: "Choose a package",
  offered: (n) => `${plural(n, "package")} to choose from.`,
  noPackages: "You own no package, and lead no organization that does.",
  findingKeys: "Looking for the keys…",
  reach: (n, id) => (n === 0 ? `No key can push ${id}.` : `${plural(n, "key reaches", "keys reach")} ${id}.`),
  reachFact: { pattern: "By its pattern", push: "Last push of this package", barred: "Barred" },
  everyPackage: "It covers every package of its owner",
  refused: {
    barred_by_owner: "Barred",
    account_locked: "Refused: an account is locked",
    not_organization_member: "Refused: its holder has left",
  },
  bar: "Bar",
  barTitle: (name, id) => `Bar “${name}” from ${id}?`,
  barText: (id) =>
    `From the next push on this key can do nothing with ${id}: no push, no unlist. What else it covers stays as it is.`,
  barTold: (holder) => `${holder} is mailed. You, and every other owner of the package, can lift the bar again.`,
  barred: (name, id) => `“${name}” is barred from ${id}.`,
  lift: "Lift the bar",
  liftTitle: (name, id) => `Lift the bar on “${name}”?`,
  liftText: (id) => `The key can do again with ${id} what its actions and packages allow.`,
  lifted: (name, id) => `“${name}” is no longer barred from ${id}.`,
  examples: "How patterns match",
  examplesText:
    "A pattern must match the whole package id. * stands for any run of characters, also for none. Letter case does not matter.",
  pattern: "Pattern",
  matches: "Covers",
  misses: "Does not cover",
  everything: "every package, new ones too",
  nothing: "nothing",
};

const sheet = new CSSStyleSheet();
sheet.replaceSync(`
:host {
  --ink: var(--latchkey-ink, light-dark(#1c2426, #e4e9e7));
  --soft: var(--latchkey-soft, light-dark(#566265, #a3b0af));
  --paper: var(--latchkey-paper, light-dark(#fff, #1b2023));
  --tint: var(--latchkey-tint, light-dark(#f2f5f3, #252c2f));
  --line: var(--latchkey-line, light-dark(#d3dad6, #3c4649));
  --edge: var(--latchkey-edge, light-dark(#7b8785, #7e8b8a));
  --accent: var(--latchkey-accent, light-dark(#17624f, #74cdb3));
  --on-accent: var(--latchkey-on-accent, light-dark(#fff, #0e1d18));
  --alarm: var(--latchkey-alarm, light-dark(#9c2b22, #f59c93));
  --wait: var(--latchkey-wait, light-dark(#7a4d00, #e9bd64));
  --radius: var(--latchkey-radius, .5rem);
  display: block; color: var(--ink); font: 1rem/1.5 var(--latchkey-font, system-ui, sans-serif);
}
:host([hidden]), [hidden] { display: none !important; }
* { box-sizing: border-box; }
h2, h3, h4, p, ul, dl, dd, pre { margin: 0; padding: 0; }
h2 { font-size: 1.5rem; line-height: 1.25; } h3 { font-size: 1.15rem; } h4 { font-size: 1rem; }
h2, h3, h4, dd, li, p, summary, legend, td { overflow-wrap: anywhere; }
ul { list-style: none; }
code, pre, textarea { font-family: ui-monospace, monospace; font-size: .9em; }
.page > * + :not(:empty) { margin-top: 1rem; }
.stack > * + :not(:empty) { margin-top: .6rem; }
.row { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem .75rem; }
.split { justify-content: space-between; }
.soft { color: var(--soft); font-size: .9rem; }
.error { color: var(--alarm); font-size: .9rem; }
.status:not(:empty) { padding: .5rem .75rem; background: var(--tint); border-radius: var(--radius); }
.box { padding: 1rem; background: var(--paper); border: 1px solid var(--line); border-radius: var(--radius); }
.alert { border-left: .25rem solid var(--alarm); }
.notice { border-left: .25rem solid var(--wait); padding: .5rem .75rem; }
.notice > p { flex: 1 1 16rem; }
.notice.revoked, .notice.expired, .notice.frozen { border-left-color: var(--alarm); }
.ready { border: 2px solid var(--accent); }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(10rem, 100%), 1fr)); gap: .5rem 1rem; }
.facts code { font-size: .82em; }
dt { color: var(--soft); font-size: .85rem; }
dd details { display: inline; }
.pill { padding: .05rem .6rem; border: 1px solid currentColor; border-radius: 1rem; font-size: .85rem; color: var(--accent); white-space: nowrap; }
.pill.expired, .pill.revoked, .pill.retired, .pill.frozen { color: var(--alarm); }
.pill.soon, .pill.legacy { color: var(--wait); }
button, input, select, textarea { font: inherit; color: inherit; border: 1px solid var(--edge); border-radius: var(--radius); background: var(--paper); padding: .4rem .75rem; max-width: 100%; }
button, input, select { min-height: 2.4rem; }
select { width: min(100%, 22rem); }
button { cursor: pointer; }
button:hover:not(:disabled, .primary, .danger) { background: var(--tint); }
button.primary { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
button.danger { background: var(--alarm); border-color: var(--alarm); color: light-dark(#fff, #2a0d0a); }
button:is(.primary, .danger):hover:not(:disabled) { filter: brightness(1.12); }
button:disabled { opacity: .55; cursor: default; }
input[type=checkbox], input[type=radio] { width: 1.1rem; min-height: 0; height: 1.1rem; margin: 0; flex: none; accent-color: var(--accent); }
textarea, input:not([type=checkbox], [type=radio]) { width: 100%; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
[aria-invalid=true] { border-color: var(--alarm); }
fieldset { min-width: 0; margin: 0; padding: .6rem .9rem .9rem; border: 1px solid var(--line); border-radius: var(--radius); }
legend { padding: 0 .3rem; font-weight: 600; }
.field > label, .caption { font-weight: 600; }
.fields { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(14rem, 100%), 1fr)); gap: .75rem 1rem; align-items: start; }
.field { display: grid; gap: .25rem; }
.option { display: flex; gap: .5rem; align-items: baseline; padding: .15rem 0; }
.option input { align-self: center; }
.option:has(:disabled) { color: var(--soft); }
.inner { padding-left: 1.6rem; }
.checklist { max-height: 15rem; overflow: auto; border: 1px solid var(--line); border-radius: var(--radius); padding: .25rem 0; }
.checklist li { padding: 0 .75rem; }
.tag { color: var(--accent); font-size: .85rem; }
.covered { background: var(--tint); }
pre { overflow: auto; padding: .5rem .75rem; background: var(--tint); border-radius: var(--radius); }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: start; vertical-align: top; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); }
summary { cursor: pointer; }
a { color: var(--accent); }
dialog { width: min(40rem, calc(100vw - 1rem)); max-height: calc(100dvh - 1rem); padding: 1.25rem; color: inherit; background: var(--paper); border: 1px solid var(--line); border-radius: var(--radius); }
dialog::backdrop { background: rgb(0 0 0 / .45); }
.events li { padding: .5rem 0; border-top: 1px solid var(--line); }
@media (prefers-reduced-motion: no-preference) { button { transition: background-color .12s; } }
@media (forced-colors: active) { .pill, .box { border-color: CanvasText; } }
`);

/**
 * Makes an element: `h("p.soft", { id }, child, …)`. Properties may be left out; `on…` listens, others are set, or become
 * attributes. Children that are nothing are left out.
 */
function h(name, ...rest) {
  const [tag, ...classes] = name.split(".");
  const made = document.createElement(tag);
  const properties = rest[0]?.constructor === Object ? rest.shift() : {};
  if (classes.length > 0) made.className = classes.join(" ");
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...rest.flat().filter((child) => child || child === 0));
  return made;
}

/**
 * Whether a pattern covers a package id, as the service decides it: what is no pattern covers nothing. Takes at most
 * pattern × id steps.
 */
export function covers(pattern, id) {
  if (!PATTERN.test(pattern)) return false;
  const [glob, text] = [pattern.toLowerCase(), id.toLowerCase()];
  let [at, read, star, from] = [0, 0, -1, 0];
  while (read < text.length) {
    if (glob[at] === "*") [star, from] = [at++, read];
    else if (glob[at] === text[read]) [at, read] = [at + 1, read + 1];
    else if (star >= 0) [at, read] = [star + 1, ++from];
    else return false;
  }
  while (glob[at] === "*") at++;
  return at === glob.length;
}

/** Why a call did not do what was asked: `session`, `unreachable`, or the service's own problem (RFC 9457). */
class Refusal extends Error {
  constructor(kind, status = 0, problem = {}) {
    super(kind);
    const incident = problem.incident ? ` (${problem.incident})` : "";
    Object.assign(this, {
      kind,
      status,
      errors: problem.errors ?? [],
      told: problem.detail && problem.detail + incident,
    });
  }
}

let ids = 0;

/** A labelled control with its hint and the error that the service may give for it. */
function field(name, label, control, hint) {
  const id = `latchkey-${++ids}`;
  control.id = id;
  control.setAttribute("aria-describedby", `${id}-hint ${id}-error`);
  return h(
    "div.field",
    { "data-field": name },
    h("label", { htmlFor: id }, label),
    control,
    h("p.soft", { id: `${id}-hint`, hidden: !hint }, hint ?? ""),
    h("p.error", { id: `${id}-error` }),
  );
}

const option = (type, name, value, label, properties = {}) =>
  h("label.option", h("input", { type, name, value, ...properties }), h("span", label));

/** Patterns typed, and packages ticked: together what a key covers. */
class Packages {
  #say;
  #box;
  #patterns;
  #told;
  #search;
  #all;
  #count;
  #list;
  #more;
  #error;
  #owned = [];
  #ticked = new Set();
  /** What the key covers already, until the owner's packages are known and tell ids from patterns. */
  #before;

  constructor(say, chosen, changed) {
    this.#say = say;
    this.#before = chosen;
    const id = `latchkey-${++ids}`;
    this.#patterns = h("textarea", {
      rows: 2,
      spellcheck: false,
      autocapitalize: "off",
      value: chosen.join("\n"),
      oninput: () => {
        this.#mark();
        changed();
      },
    });
    this.#told = h("div.soft", { role: "status" });
    this.#search = h("input", { type: "search", autocomplete: "off", oninput: () => this.#fill() });
    this.#all = h("input", {
      type: "checkbox",
      onchange: () => {
        this.#tick(this.#matching(), this.#all.checked);
        changed();
      },
    });
    this.#count = h("span", { role: "status" });
    this.#list = h("ul.checklist", { part: "checklist", "aria-label": say.packages });
    this.#list.addEventListener("change", ({ target }) => {
      this.#tick([target.value], target.checked, target);
      changed();
    });
    this.#more = h("p.soft");
    this.#error = h("p.error", { id: `${id}-error` });
    this.#box = h(
      "div.stack",
      { hidden: true },
      field("search", say.search, this.#search),
      h("div.row.split", h("label.option", this.#all, h("span")), this.#count),
      this.#list,
      this.#more,
    );
    this.element = h(
      "fieldset.stack",
      { "data-field": "packages", "aria-describedby": `${id}-error` },
      h("legend", say.packages),
      field("patterns", say.patterns, this.#patterns, say.patternsHint),
      this.#told,
      this.#box,
      this.#error,
    );
    this.#mark();
  }

  /** Shows an owner's packages; null where they cannot be had. What was ticked of another owner's is not kept. */
  show(owned) {
    this.#owned = owned ?? [];
    const known = new Map(this.#owned.map((id) => [id.toLowerCase(), id]));
    const typed = this.#typed();
    this.#ticked = new Set();
    if (this.#before) {
      for (const pattern of this.#before)
        if (known.has(pattern.toLowerCase())) this.#ticked.add(known.get(pattern.toLowerCase()));
      this.#patterns.value = typed.filter((pattern) => !known.has(pattern.toLowerCase())).join("\n");
      this.#before = null;
    }
    this.#box.hidden = this.#owned.length === 0;
    this.#error.textContent = owned === null ? this.#say.packagesFailed : "";
    this.#mark();
  }

  get value() {
    return [...this.#typed(), ...this.#ticked];
  }

  /** What is wrong with it, if anything is. */
  get wrong() {
    const chosen = this.value;
    if (chosen.length === 0) return this.#say.missingPackages;
    const bytes = chosen.reduce((sum, pattern) => sum + pattern.length, 0);
    if (chosen.length > MOST_PATTERNS || bytes > MOST_PATTERN_BYTES) return this.#say.fewerPackages;
    return chosen.every((pattern) => PATTERN.test(pattern)) ? null : this.#say.wrongPackages;
  }

  #typed() {
    return [...new Set(this.#patterns.value.split(/[\s,;]+/).filter((part) => part !== ""))];
  }

  #matching() {
    const sought = this.#search.value.trim().toLowerCase();
    return this.#owned.filter((id) => id.toLowerCase().includes(sought));
  }

  #tick(packages, on, box) {
    for (const id of packages) on ? this.#ticked.add(id) : this.#ticked.delete(id);
    if (box) this.#tally(this.#matching());
    else this.#fill();
  }

  #mark() {
    const [say, typed] = [this.#say, this.#typed()];
    const wrong = typed.filter((pattern) => !PATTERN.test(pattern));
    // Those to be corrected come first: of a long list not all are spoken of.
    const told = [...new Set([...wrong, ...typed])].slice(0, 20).map((pattern) => {
      if (wrong.includes(pattern)) return h("p.error", h("code", pattern), " ", say.badPattern);
      const covered = this.#owned.filter((id) => covers(pattern, id)).length;
      const words = pattern.includes("*") ? say.covers(covered, this.#owned.length) : say.coversId(covered > 0);
      return h("p", h("code", pattern), " ", words);
    });
    this.#told.replaceChildren(...told);
    this.#patterns.setAttribute("aria-invalid", wrong.length > 0);
    this.#fill();
  }

  #fill() {
    const [matching, typed] = [this.#matching(), this.#typed()];
    this.#list.replaceChildren(
      ...matching.slice(0, LISTED).map((id) => {
        const by = typed.find((pattern) => covers(pattern, id));
        const label = h("span", id, by && h("span.tag", ` ${this.#say.coveredBy(by)}`));
        return h(by ? "li.covered" : "li", option("checkbox", "package", id, label, { checked: this.#ticked.has(id) }));
      }),
    );
    const left = matching.length - LISTED;
    this.#more.textContent = left > 0 ? this.#say.notShown(left) : "";
    this.#tally(matching);
  }

  #tally(matching) {
    const ticked = matching.filter((id) => this.#ticked.has(id)).length;
    this.#all.checked = ticked > 0 && ticked === matching.length;
    this.#all.indeterminate = ticked > 0 && ticked < matching.length;
    this.#all.disabled = matching.length === 0;
    this.#all.nextElementSibling.textContent = this.#say.selectAll(matching.length);
    this.#count.textContent = this.#say.selected(this.#ticked.size, this.#owned.length);
  }
}

class LatchkeyApiKeys extends HTMLElement {
  static observedAttributes = ["api", "source", "account-url"];

  #say = strings;
  #root = this.attachShadow({ mode: "open" });
  /** Counts the loads: the answer to an earlier one is void. */
  #run = 0;
  #account = null;
  /** Whose keys are listed: null is the person's own, otherwise an organization. */
  #of = null;
  #keys = [];
  #cards = new WeakMap();
  #shown = SHOWN;
  /** How far the service's clock is ahead of the browser's, in milliseconds. */
  #ahead = 0;
  /** Key id to key and text, until the text is forgotten: the only place that holds one. */
  #texts = new Map();
  #idle = 0;
  #until = Infinity;
  #at = null;
  /** Whether the dialog waits for somebody to sign in. */
  #waiting = false;
  /** The parts of the view of who can push a package, while it is open. */
  #view = null;

  constructor() {
    super();
    this.#root.adoptedStyleSheets = [sheet];
  }

  get strings() {
    return this.#say;
  }

  set strings(replaced) {
    const whole = (own, other) => (typeof own === "object" ? { ...own, ...other } : (other ?? own));
    this.#say = Object.fromEntries(Object.entries(strings).map(([name, own]) => [name, whole(own, replaced?.[name])]));
    if (this.#at) this.#build();
  }

  connectedCallback() {
    // What a page set before this module was there stands on the element itself, in front of the class's own.
    const early = Object.hasOwn(this, "strings") ? this.strings : null;
    if (early) {
      delete this.strings;
      this.strings = early;
    }
    this.#listen(addEventListener);
    this.#build();
  }

  disconnectedCallback() {
    this.#listen(removeEventListener);
    this.#forget();
  }

  attributeChangedCallback(_name, before, now) {
    if (this.#at && before !== now) this.#build();
  }

  #listen(change) {
    change("pagehide", this.#forget);
    change("online", this.#online);
    for (const kind of ["pointerdown", "keydown", "focus"]) change(kind, this.#stir, true);
  }

  /** Loads everything anew: after somebody signs in or out, or when keys were changed elsewhere. */
  async reload() {
    const [run, at] = [++this.#run, this.#at];
    if (!at) return;
    at.trouble.replaceChildren();
    this.#wait();
    try {
      const account = await this.#call("GET", "account");
      if (run !== this.#run) return;
      if (this.#account?.account !== account.account) this.#leave();
      this.#account = account;
      this.#welcome();
      this.#wait();
      await this.#load(run);
    } catch (refusal) {
      if (run === this.#run) this.#lament(refusal);
    } finally {
      if (run === this.#run) at.manage.setAttribute("aria-busy", "false");
    }
  }

  #wait() {
    const { manage, state } = this.#at;
    manage.hidden = false;
    manage.setAttribute("aria-busy", "true");
    if (this.#keys.length === 0) state.textContent = this.#say.loading;
  }

  // What is heard

  #forget = () => {
    clearTimeout(this.#idle);
    if (this.#texts.size === 0) return;
    this.#texts.clear();
    this.#offer();
    this.#tell(this.#say.wiped);
  };

  #online = () => {
    if (this.#at.trouble.hasChildNodes()) this.reload();
  };

  /** Somebody is there: the ten minutes begin again, unless they were over while the computer slept. */
  #stir = () => {
    if (this.#texts.size === 0) return;
    if (Date.now() >= this.#until) return this.#forget();
    clearTimeout(this.#idle);
    this.#until = Date.now() + IDLE;
    this.#idle = setTimeout(this.#forget, IDLE);
  };

  // The service

  /** One call, with a fresh token: the answer's JSON, or null where it has none. Throws a `Refusal`. */
  async #call(method, path, body, headers = {}) {
    let rejected;
    for (;;) {
      const token = await this.#token(rejected);
      if (!token || token === rejected) throw new Refusal(rejected ? "sessionEnded" : "signedOut");
      let answer, text;
      try {
        answer = await fetch(new URL(path, this.#api), {
          method,
          headers: {
            Authorization: `Bearer ${token}`,
            ...(body && { "Content-Type": "application/json" }),
            ...headers,
          },
          body: body && JSON.stringify(body),
          cache: "no-store",
          credentials: "omit",
          referrerPolicy: "no-referrer",
        });
        text = await answer.text();
      } catch {
        throw new Refusal(method === "GET" ? "unreachable" : "noAnswer");
      }
      if (answer.status === 401 && !rejected) {
        rejected = token;
        continue;
      }
      if (answer.status === 401) throw new Refusal("sessionEnded");
      let content = null;
      try {
        content = JSON.parse(text);
      } catch {
        // Nothing, or no JSON: the status has to do.
      }
      if (answer.ok) return content;
      throw new Refusal("problem", answer.status, content ?? {});
    }
  }

  async #token(rejected) {
    try {
      return await this.getToken?.({ rejected });
    } catch {
      throw new Refusal("unreachable");
    }
  }

  get #api() {
    const api = new URL(
      this.getAttribute("api") ?? "..",
      this.hasAttribute("api") ? document.baseURI : import.meta.url,
    );
    if (!api.pathname.endsWith("/")) api.pathname += "/";
    return api;
  }

  /** A change of a key in the version that was shown. Where it has changed since, the list gets it as it is. */
  async #change(method, key, rest, body) {
    try {
      return await this.#call(method, `keys/${key.id}${rest}`, body, { "If-Match": `"${key.version}"` });
    } catch (refusal) {
      if (refusal.status === 412) {
        await this.#call("GET", `keys/${key.id}`).then(
          (now) => this.#replace(key.id, now),
          () => {},
        );
        throw new Refusal("changed");
      }
      if (refusal.status !== 404) throw refusal;
      this.#replace(key.id);
      this.#drop(key.id);
      this.#at.dialog.close();
      this.#at.open.focus();
      this.#changed(this.#say.gone);
      throw new Refusal("gone");
    }
  }

  async #load(run) {
    const query = new URLSearchParams({ limit: 100, ...(this.#of && { owner: this.#of }) });
    let page = await this.#call("GET", `keys?${query}`);
    if (run !== this.#run) return;
    this.#ahead = Date.parse(page.now) - Date.now();
    this.#keys = [];
    this.#notice(page.notices);
    for (;;) {
      this.#keys.push(...page.keys);
      this.#list();
      if (!page.next) return;
      query.set("after", page.next);
      page = await this.#call("GET", `keys?${query}`);
      if (run !== this.#run) return;
    }
  }

  async #packagesOf(owner) {
    const owned = [];
    const query = new URLSearchParams({ owner, limit: 100 });
    for (;;) {
      const { packages, next } = await this.#call("GET", `packages?${query}`);
      owned.push(...packages.map(({ id }) => id));
      if (!next) return owned;
      query.set("after", next);
    }
  }

  // The page

  #build() {
    const say = this.#say;
    const show = (most) => {
      this.#shown = most;
      this.#list();
    };
    const at = {
      status: h("p.status", { role: "status", part: "status" }),
      trouble: h("div", { role: "alert" }),
      open: this.#button(say.newKey, () => this.#create(), {
        class: "primary",
        "aria-expanded": "false",
        hidden: true,
      }),
      notices: h("section.stack", { "aria-label": say.notices, part: "notices", hidden: true }),
      ready: h("section.box.ready.stack", { "aria-label": say.ready, part: "ready", hidden: true }),
      create: h("section.box", { "aria-label": say.newKey, part: "create", hidden: true }),
      of: h("select", {
        onchange: ({ target }) => {
          this.#of = target.value || null;
          this.#keys = [];
          this.reload();
        },
      }),
      filter: h("input", {
        type: "search",
        autocomplete: "off",
        oninput: () => show(SHOWN),
      }),
      count: h("p.soft", { role: "status" }),
      state: h("p.soft"),
      list: h("ul.stack", { part: "keys" }),
      more: this.#button(say.more, () => show(this.#shown + SHOWN), { hidden: true }),
      who: this.#button(say.whoCanPush, () => this.#who(), { "aria-expanded": "false", hidden: true }),
      pushers: h("section.box.stack", { "aria-label": say.whoCanPush, part: "pushers", hidden: true }),
      examples: h("section.box", { part: "examples", hidden: true }),
      dialog: h("dialog", { part: "dialog" }),
    };
    at.whose = field("of", say.keysOf, at.of);
    at.search = field("filter", say.filter, at.filter, say.filterHint);
    at.manage = h(
      "section.stack",
      { "aria-label": say.yourKeys },
      h("h3", say.yourKeys),
      h("div.fields", at.whose, at.search),
      at.count,
      at.state,
      at.list,
      at.more,
    );
    at.page = h(
      "div.page",
      { part: "page" },
      h("div.row.split", h("h2", say.title), h("div.row", at.who, at.open)),
      at.status,
      at.trouble,
      at.notices,
      at.ready,
      at.create,
      at.pushers,
      at.manage,
      at.examples,
    );
    // A list that grows as it is scrolled; the button does for the keyboard what scrolling does for the wheel.
    new IntersectionObserver(([{ isIntersecting }]) => isIntersecting && at.more.click(), {
      rootMargin: "600px",
    }).observe(at.more);
    this.#at = at;
    this.#root.replaceChildren(at.page, at.dialog);
    this.#leave();
    this.reload();
  }

  #button(label, act, properties = {}) {
    return h(
      "button",
      {
        type: "button",
        part: properties.class === "primary" ? "button primary" : "button",
        onclick: act,
        ...properties,
      },
      label,
    );
  }

  #tell(text) {
    this.#at.status.textContent = text;
  }

  /** Nothing of whoever was here stays. */
  #leave() {
    const at = this.#at;
    this.#forget();
    [this.#account, this.#of, this.#keys, this.#shown, this.#waiting] = [null, null, [], SHOWN, false];
    at.dialog.close();
    at.create.replaceChildren();
    this.#closeWho();
    for (const part of [at.open, at.who, at.create, at.notices, at.manage, at.examples, at.search, at.whose])
      part.hidden = true;
    at.filter.value = "";
    this.#tell("");
    this.#list();
  }

  #welcome() {
    const [at, say, { account, organizations, locked }] = [this.#at, this.#say, this.#account];
    const led = organizations.filter(({ role }) => role === "admin");
    if (!led.some(({ organization: id }) => id === this.#of)) this.#of = null;
    at.of.replaceChildren(
      h("option", { value: "" }, say.me),
      ...led.map(({ organization: id, name }) => h("option", { value: id }, name ?? id)),
    );
    at.of.value = this.#of ?? "";
    at.whose.hidden = led.length === 0;
    at.open.hidden = locked;
    at.who.hidden = false;
    if (locked) at.trouble.replaceChildren(h("p.box.alert", say.locked));
    for (const error of this.#root.querySelectorAll("form [role=alert]")) error.textContent = "";
    if (this.#waiting) at.dialog.showModal();
    this.#waiting = false;
    const run = this.#run;
    const show = (owned) => run === this.#run && this.#examples(owned);
    this.#packagesOf(account).then(show, () => show([]));
  }

  #words(refusal) {
    return refusal.told ?? this.#say[refusal.kind] ?? this.#say.odd(refusal.status);
  }

  #lament(refusal) {
    const [at, say] = [this.#at, this.#say];
    if (!(refusal instanceof Refusal)) throw refusal;
    if (refusal.kind === "signedOut") this.#leave();
    at.state.textContent = "";
    const away = refusal.kind === "signedOut" || refusal.kind === "sessionEnded";
    const act = away ? this.#signIn() : this.#button(say.retry, () => this.reload());
    at.trouble.replaceChildren(
      h(
        refusal.kind === "signedOut" ? "div.box.row.split" : "div.box.alert.row.split",
        { part: "alert" },
        h("p", this.#words(refusal)),
        act,
      ),
    );
  }

  /** The button to sign in. A dialog makes way for it, as it may be somewhere on the page, and comes back. */
  #signIn() {
    const act = () => {
      this.#waiting = this.#at.dialog.open;
      this.#at.dialog.close();
      this.#announce("latchkey-sign-in");
    };
    return this.#button(this.#say.signIn, act, { class: "primary" });
  }

  #announce(name) {
    this.dispatchEvent(new CustomEvent(name, { bubbles: true, composed: true }));
  }

  get #now() {
    return Date.now() + this.#ahead;
  }

  #date(time, style = { dateStyle: "medium" }) {
    if (!time) return this.#say.never;
    const language = this.closest("[lang]")?.lang || undefined;
    return h("time", { dateTime: time }, new Intl.DateTimeFormat(language, style).format(new Date(time)));
  }

  /** Sets the errors of a form: each at the field it names, the rest at the end. Moves the focus to the first. */
  #explain(form, refusal) {
    for (const wrong of form.querySelectorAll("[data-field] [aria-invalid=true]"))
      wrong.removeAttribute("aria-invalid");
    for (const error of form.querySelectorAll(".error[id]")) error.textContent = "";
    const rest = [];
    let first = null;
    for (const { field: name, message } of refusal?.errors ?? []) {
      const place = form.querySelector(`[data-field="${CSS.escape(name.split(/[.[]/)[0])}"]`);
      if (!place) {
        rest.push(`${name}: ${message}`);
        continue;
      }
      const error = [...place.querySelectorAll(".error[id]")].at(-1);
      error.textContent = [error.textContent, message].filter(Boolean).join(" ");
      const control = place.querySelector("input, select, textarea");
      control.setAttribute("aria-invalid", "true");
      first ??= control;
    }
    const general = form.querySelector("[role=alert]");
    general.textContent = refusal && (!first || rest.length) ? [this.#words(refusal), ...rest].join(" ") : "";
    if (refusal?.kind === "sessionEnded") general.append(" ", this.#signIn());
    first?.focus();
  }

  #form(work, properties, ...children) {
    const onsubmit = (event) => {
      event.preventDefault();
      this.#submit(event.currentTarget, work);
    };
    return h("form.stack", { noValidate: true, onsubmit, ...properties }, ...children);
  }

  /** Runs what a form is for, once at a time, and shows in it why it was refused. */
  async #submit(form, work) {
    const button = form.querySelector("[type=submit]");
    if (button.disabled) return;
    button.disabled = true;
    this.#explain(form);
    try {
      await work();
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      button.disabled = false;
      // Whoever has a form before them was signed in when it opened.
      this.#explain(form, refusal.kind === "signedOut" ? new Refusal("sessionEnded") : refusal);
    } finally {
      button.disabled = false;
    }
  }

  // Notices

  #notice(notices) {
    const [section, say] = [this.#at.notices, this.#say];
    const lines = notices.map((notice) => {
      const [id, remedy] = [`latchkey-${++ids}`, this.#remedy(notice)];
      if (remedy) remedy.setAttribute("aria-describedby", id);
      const words = h("p", { id }, `${notice.text} ${notice.action}`);
      return h(`div.box.notice.row.split.${notice.kind}`, { part: "notice" }, words, remedy);
    });
    const [rest, open] = [lines.splice(3), section.querySelector("details")?.open];
    if (rest.length)
      lines.push(h("details", { open }, h("summary", say.moreNotices(rest.length)), h("div.stack", rest)));
    section.replaceChildren(...lines);
    section.hidden = lines.length === 0;
  }

  #remedy({ kind, key_id: id }) {
    const say = this.#say;
    const page = this.getAttribute("account-url");
    if (kind === "undeliverable") return page && h("a", { href: page }, say.account);
    if (!id || this.#of || (this.#account.locked && kind !== "revoked")) return null;
    if (kind === "legacy") return this.#button(say.newKey, () => this.#create());
    const act = { revoked: "delete", frozen: "thaw" }[kind] ?? "refresh";
    return this.#button(say.act[act], async () => {
      try {
        this.#acts[act](this.#keys.find((key) => key.id === id) ?? (await this.#call("GET", `keys/${id}`)));
      } catch (refusal) {
        this.#lament(refusal);
      }
    });
  }

  // The list

  #list() {
    const [at, say] = [this.#at, this.#say];
    const sought = at.filter.value.trim().toLowerCase();
    const found = sought === "" ? this.#keys : this.#keys.filter((key) => this.#sought(key).includes(sought));
    const cards = found.slice(0, this.#shown).map((key) => this.#card(key));
    // Cards that stay are not moved, so that the focus stays where it is.
    cards.forEach(
      (card, index) => at.list.children[index] === card || at.list.insertBefore(card, at.list.children[index] ?? null),
    );
    while (at.list.children.length > cards.length) at.list.lastChild.remove();
    at.search.hidden = this.#keys.length <= FILTER_FROM && sought === "";
    at.more.hidden = found.length <= this.#shown;
    at.count.textContent = this.#keys.length > 0 ? say.countOf(found.length, this.#keys.length) : "";
    at.state.textContent =
      !this.#account || found.length > 0
        ? ""
        : sought !== ""
          ? say.noMatch
          : this.#of
            ? say.emptyOf(this.#of)
            : say.empty;
  }

  #sought(key) {
    return [key.name, key.id, key.owner, key.holder, key.kind, key.status, this.#state(key).text, ...key.packages]
      .join("\n")
      .toLowerCase();
  }

  /** Puts a key as it is now in the place of the one shown, or takes it away. */
  #replace(id, now) {
    const index = this.#keys.findIndex((key) => key.id === id);
    if (index >= 0) this.#keys.splice(index, 1, ...(now ? [now] : []));
    this.#list();
  }

  #state({ kind, status, expires_at: end, frozen_at: frozen }) {
    const say = this.#say;
    if (frozen && (status === "active" || status === "expired")) return { kind: "frozen", text: say.status.frozen };
    if (status !== "active") return { kind: status, text: say.status[status] };
    if (kind === "legacy") return { kind, text: say.status.legacy };
    const days = (Date.parse(end) - this.#now) / DAY;
    return days <= WARNING_DAYS
      ? { kind: "soon", text: say.expiresIn(Math.floor(days)) }
      : { kind: status, text: say.status.active };
  }

  #may(act, { kind, status, holder, frozen_at: frozen }) {
    const live = status === "active" || status === "expired";
    if (act === "history") return true;
    if (act === "freeze") return live && !frozen;
    if (act === "thaw" && !(live && frozen)) return false;
    if (act === "revoke") return status === "active";
    if (holder !== this.#account.account || (this.#account.locked && act !== "delete")) return false;
    return act === "delete" || act === "thaw" || (live && kind === "scoped");
  }

  #rights({ kind, actions }) {
    const { action } = this.#say;
    return kind === "legacy" ? [action.all] : actions.map((name) => action[name]);
  }

  #card(key) {
    if (this.#cards.has(key)) return this.#cards.get(key);
    const [say, state] = [this.#say, this.#state(key)];
    const fact = (name, value) => value && h("div", h("dt", say.fact[name]), h("dd", value));
    const mine = this.#account.account;
    const [shown, rest] = [key.packages.slice(0, 3).join(", "), key.packages.slice(3)];
    const acts = Object.keys(say.act).filter((act) => this.#may(act, key));
    const card = h(
      "li.box.key.stack",
      { part: "key", "data-key": key.id },
      h(
        "div.row.split",
        h("h4", { tabIndex: -1 }, key.name),
        h(
          "div.row",
          key.hand_over && h("span.pill.soon", { part: "pill" }, say.handingOver),
          h(`span.pill.${state.kind}`, { part: "pill" }, state.text),
        ),
      ),
      h(
        "dl.facts",
        fact("actions", this.#rights(key).join(", ")),
        key.kind === "scoped" &&
          fact("packages", [
            shown,
            rest.length ? h("details", h("summary", say.morePackages(rest.length)), rest.join(", ")) : "",
          ]),
        key.holder !== mine && fact("holder", key.holder),
        key.owner !== mine && fact("owner", key.owner),
        state.kind === "frozen" && fact("frozen", this.#date(key.frozen_at)),
        key.expires_at && fact("expires", this.#date(key.expires_at)),
        fact("push", this.#date(key.last_push_at)),
        key.hand_over && fact("handOver", [say.waits, this.#date(key.hand_over.until)]),
        key.self_refresh && fact("selfRefresh", say.allowed),
        fact("created", this.#date(key.created_at)),
        fact("id", h("code", key.id)),
      ),
      h(
        "div.row",
        acts.map((act) =>
          this.#button(say.act[act], () => this.#acts[act](key), {
            "data-act": act,
            "aria-label": say.actOn(say.act[act], key.name),
          }),
        ),
      ),
    );
    this.#cards.set(key, card);
    return card;
  }

  // Making a key

  #create() {
    const at = this.#at;
    if (!at.create.hasChildNodes()) at.create.append(this.#createForm());
    at.create.hidden = false;
    at.open.setAttribute("aria-expanded", "true");
    at.create.querySelector("input").focus();
  }

  #closeCreate() {
    const at = this.#at;
    at.create.replaceChildren();
    at.create.hidden = true;
    at.open.setAttribute("aria-expanded", "false");
    at.open.focus();
  }

  #createForm() {
    const [say, account] = [this.#say, this.#account];
    const name = h("input", { name: "name", maxLength: 256, autocomplete: "off" });
    const owner = h(
      "select",
      [
        [account.account, account.name ?? say.me],
        ...account.organizations.map(({ organization: id, name }) => [id, name ?? id]),
      ].map(([value, label]) => h("option", { value }, label)),
    );
    const lifetime = h(
      "select",
      account.offered_lifetimes_days.map((value) =>
        h("option", { value, selected: value === account.default_lifetime_days }, say.days(value)),
      ),
    );
    const check = () => {
      const missing = [
        !name.value.trim() && say.missingName,
        !push.checked && !unlist.checked && say.missingActions,
        push.checked && !kinds.querySelector(":checked") && say.missingPush,
        packages.wrong,
      ].filter(Boolean);
      create.disabled = missing.length > 0;
      const told = missing.length > 0 ? say.missing(missing) : "";
      if (left.textContent !== told) left.textContent = told;
    };
    const kinds = h(
      "div.inner",
      { role: "radiogroup", "aria-label": say.pushKinds, hidden: true },
      option("radio", "kind", "push", say.pushNew),
      option("radio", "kind", "update", say.pushVersions),
    );
    const [pushing, unlisting] = [
      option("checkbox", "push", "push", say.push),
      option("checkbox", "unlist", "unlist", say.unlist),
    ];
    const [push, unlist] = [pushing, unlisting].map((label) => label.firstChild);
    push.addEventListener("change", () => {
      kinds.hidden = !push.checked;
    });
    const packages = new Packages(say, [], () => check());
    const itself = this.#selfRefresh(false);
    const create = h("button.primary", { type: "submit", part: "button primary" }, say.create);
    const left = h("p.soft", { role: "status" });
    const ownerField = field("owner", say.owner, owner);
    ownerField.hidden = account.organizations.length === 0;
    const choose = async () => {
      const chosen = owner.value;
      const owned = await this.#packagesOf(chosen).catch(() => null);
      if (chosen === owner.value) packages.show(owned);
      check();
    };
    owner.addEventListener("change", choose);

    // A repeat of the same request, after an answer that was lost, carries the same Idempotency-Key: it makes no second key.
    let [asked, once] = ["", ""];
    const work = async () => {
      const body = {
        name: name.value.trim(),
        owner: owner.value,
        actions: [push.checked && kinds.querySelector(":checked").value, unlist.checked && "unlist"].filter(Boolean),
        packages: packages.value,
        expires_in_days: Number(lifetime.value),
        self_refresh: itself.querySelector("input").checked || undefined,
      };
      if (asked !== JSON.stringify(body)) [asked, once] = [JSON.stringify(body), crypto.randomUUID()];
      const made = await this.#call("POST", "keys", body, { "Idempotency-Key": once });
      if (!made) throw new Refusal("noAnswer");
      this.#closeCreate();
      if (!this.#of || this.#of === made.key.owner) {
        this.#keys = [made.key, ...this.#keys.filter(({ id }) => id !== made.key.id)];
        this.#list();
      }
      this.#show(made, made.key_text ? say.created(made.key.name) : say.lost(made.key.name));
    };
    const form = this.#form(
      work,
      { oninput: check, onchange: check },
      h("h3", say.newKey),
      h(
        "div.fields",
        field("name", say.name, name, say.nameHint),
        ownerField,
        field("expires_in_days", say.lifetime, lifetime),
      ),
      h(
        "fieldset",
        { "data-field": "actions" },
        h("legend", say.actions),
        pushing,
        kinds,
        unlisting,
        h("p.error", { id: `latchkey-${++ids}` }),
      ),
      packages.element,
      itself,
      h("p.error", { role: "alert" }),
      h(
        "div.row",
        create,
        this.#button(say.cancel, () => this.#closeCreate()),
        left,
      ),
    );
    check();
    choose();
    return form;
  }

  /** Whether the key may begin a hand-over of itself. */
  #selfRefresh(checked) {
    const say = this.#say;
    const id = `latchkey-${++ids}`;
    return h(
      "div.field",
      { "data-field": "self_refresh" },
      option("checkbox", "self_refresh", "self_refresh", say.selfRefresh, { checked, "aria-describedby": id }),
      h("p.soft.inner", { id }, say.selfRefreshHint),
    );
  }

  // A key text, once

  /** Takes a new key text in, and says what was done. */
  #show({ key, key_text: text }, told) {
    this.#texts.delete(key.id);
    if (text) this.#texts.set(key.id, { key, text });
    this.#until = Infinity;
    this.#stir();
    this.#offer();
    this.#changed(told);
    (text ? this.#at.ready.querySelector("button") : this.#title(key.id))?.focus();
  }

  #drop(id) {
    this.#texts.delete(id);
    this.#offer();
  }

  #changed(told) {
    this.#tell(told);
    if (this.#view) this.#reach();
    this.#announce("latchkey-change");
    const query = new URLSearchParams({ limit: 1, ...(this.#of && { owner: this.#of }) });
    const run = this.#run;
    // Notices are of all keys, and come with a list of any length. Where they cannot be had, those shown stay.
    this.#call("GET", `keys?${query}`).then(
      ({ notices }) => run === this.#run && this.#notice(notices),
      () => {},
    );
  }

  #title(id) {
    return this.#at.list.querySelector(`[data-key="${CSS.escape(id)}"] h4`);
  }

  #offer() {
    const [ready, say] = [this.#at.ready, this.#say];
    const offered = [...this.#texts.values()].reverse();
    if (offered.length === 0 && ready.contains(this.#root.activeElement)) this.#at.open.focus();
    ready.hidden = offered.length === 0;
    if (ready.hidden) return ready.replaceChildren();
    const actions = new Set(offered.flatMap(({ key }) => key.actions));
    ready.replaceChildren(
      h("h3", say.ready),
      h("p", say.readyText),
      ...offered.map(({ key, text }) =>
        h(
          "div.row",
          this.#button(
            say.copyKey,
            async () => this.#tell((await this.#copy(text)) ? say.copied(key.name) : say.copyFailed),
            { class: "primary", "aria-label": say.actOn(say.copyKey, key.name) },
          ),
          this.#button(
            say.done,
            () => {
              this.#drop(key.id);
              this.#title(key.id)?.focus();
            },
            { "aria-label": say.actOn(say.done, key.name) },
          ),
          h("strong", key.name),
        ),
      ),
      h("details", { open: true }, h("summary", say.use), h("div.stack", this.#commands(actions))),
    );
  }

  /** How clients use a key, with an environment variable in the place of its text. */
  #commands(actions) {
    const say = this.#say;
    const source = this.getAttribute("source") ?? "https://gallery.example/v3/index.json";
    const xml = source.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
    const pushes = actions.has("push") || actions.has("update");
    const commands = [
      pushes && ["dotnet", `dotnet nuget push Your.Package.1.0.0.nupkg --source ${source} --api-key "$NUGET_API_KEY"`],
      pushes && ["nuget.exe", `nuget push Your.Package.1.0.0.nupkg -Source ${source} -ApiKey %NUGET_API_KEY%`],
      actions.has("unlist") && [
        "dotnet",
        `dotnet nuget delete Your.Package 1.0.0 --source ${source} --api-key "$NUGET_API_KEY" --non-interactive`,
      ],
      [
        "nuget.config",
        `<configuration>\n  <packageSources>\n    <add key="gallery" value="${xml}" />\n  </packageSources>\n  <config>\n    <add key="defaultPushSource" value="${xml}" />\n  </config>\n</configuration>`,
      ],
    ];
    return commands.filter(Boolean).map(([client, command]) =>
      h(
        "div",
        h(
          "div.row.split",
          h("span.caption", client),
          this.#button(
            say.copy,
            async () => this.#tell((await this.#copy(command)) ? say.copiedText : say.copyFailed),
            { "aria-label": say.actOn(say.copy, client) },
          ),
        ),
        h("pre", { tabIndex: 0 }, command),
      ),
    );
  }

  /** Puts a text on the clipboard, and says whether it is there. */
  async #copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Not allowed, or not there: the older way, which does not need the text in the document either.
    }
    let copied = false;
    const put = (event) => {
      event.clipboardData.setData("text/plain", text);
      event.preventDefault();
      event.stopImmediatePropagation();
      copied = true;
    };
    addEventListener("copy", put, true);
    document.execCommand("copy");
    removeEventListener("copy", put, true);
    return copied;
  }

  // What is done to a key, each in a dialog that says what it does

  #acts = {
    edit: (key) => {
      const say = this.#say;
      const name = h("input", { name: "name", maxLength: 256, autocomplete: "off", value: key.name });
      const packages = new Packages(say, key.packages, () => {});
      const itself = this.#selfRefresh(key.self_refresh ?? false);
      this.#packagesOf(key.owner)
        .catch(() => null)
        .then((owned) => packages.show(owned));
      this.#ask(
        say.editTitle(key.name),
        [h("p.soft", say.editHint), field("name", say.name, name), packages.element, itself],
        say.save,
        "primary",
        async () => {
          // The key in the list may have been replaced by a newer version since: that is the one the person has seen.
          const edited = await this.#change("PATCH", this.#current(key), "", {
            name: name.value.trim(),
            packages: packages.value,
            self_refresh: itself.querySelector("input").checked,
          });
          this.#replace(key.id, edited);
          return [say.edited(edited.name), key.id];
        },
      );
    },

    refresh: (key) => {
      const say = this.#say;
      const expired = key.status === "expired";
      const ends = expired || this.#state(key).kind === "soon";
      const keep = option("radio", "lifetime", "keep", h("span", say.keepEnd, this.#date(key.expires_at)), {
        checked: !ends,
        disabled: expired,
      });
      const restart = option("radio", "lifetime", "restart", say.restart, { checked: ends });
      const lifetime = h("fieldset", h("legend", say.lifetime), keep, restart);
      const stops = h("p", key.hand_over ? say.refreshStopsBoth : say.refreshStops);
      const days = h(
        "select",
        HAND_OVER_DAYS.map((value) => h("option", { value, selected: value === HAND_OVER_DAYS[1] }, say.days(value))),
      );
      const atMost = field("hand_over_days", say.handOverDays, days);
      const hint = `latchkey-${++ids}`;
      const handing = option("checkbox", "hand_over", "hand_over", say.handOver, {
        "aria-describedby": hint,
        onchange: () => choose(),
      });
      const choose = () => {
        const { checked } = handing.firstChild;
        atMost.hidden = !checked;
        lifetime.hidden = stops.hidden = checked;
      };
      choose();
      const handOver = h("div.field", handing, h("p.soft.inner", { id: hint }, say.handOverText), atMost);
      // A hand-over keeps the lifetime, and there are two key texts at most.
      handOver.hidden = expired || Boolean(key.hand_over);
      this.#ask(
        say.refreshTitle(key.name),
        [h("p", say.refreshText), stops, key.frozen_at && h("p", say.refreshFrozen), handOver, lifetime],
        say.act.refresh,
        "primary",
        async () => {
          const body = handing.firstChild.checked
            ? { hand_over_days: Number(days.value) }
            : restart.firstChild.checked
              ? { restart_lifetime: true }
              : {};
          const made = await this.#change("POST", this.#current(key), "/refresh", body);
          if (!made) throw new Refusal("noAnswer");
          this.#replace(key.id, made.key);
          this.#at.dialog.close();
          this.#show(made, made.key.hand_over ? say.handing(key.name) : say.refreshed(key.name));
        },
      );
    },

    freeze: (key) => {
      const say = this.#say;
      const mine = key.holder === this.#account.account;
      this.#end("freeze", key, mine ? say.freezeText : say.freezeOthersText, async () => {
        this.#replace(key.id, await this.#change("POST", this.#current(key), "/freeze"));
        return [say.frozen(key.name), key.id];
      });
    },

    thaw: (key) => {
      const say = this.#say;
      this.#ask(
        say.endTitle(say.act.thaw, key.name),
        [h("p", say.frozenSince, this.#date(key.frozen_at)), h("p", say.thawText)],
        say.act.thaw,
        "primary",
        async () => {
          this.#replace(key.id, await this.#change("POST", this.#current(key), "/thaw"));
          return [say.thawed(key.name), key.id];
        },
      );
    },

    revoke: (key) =>
      this.#end("revoke", key, this.#say.revokeText, async () => {
        this.#replace(key.id, await this.#change("POST", this.#current(key), "/revoke"));
        this.#drop(key.id);
        return [this.#say.revoked(key.name), key.id];
      }),

    delete: (key) =>
      this.#end("delete", key, this.#say.deleteText, async () => {
        const next = this.#keys[this.#keys.findIndex(({ id }) => id === key.id) + 1];
        await this.#change("DELETE", this.#current(key), "");
        this.#replace(key.id);
        this.#drop(key.id);
        return [this.#say.deleted(key.name), next?.id];
      }),

    history: async (key) => {
      const say = this.#say;
      const list = h("ul.events");
      const more = this.#button(say.more, () => load(), { hidden: true });
      const trouble = h("p.error", { role: "alert" }, "");
      const query = new URLSearchParams({ limit: 50 });
      const load = async () => {
        try {
          const { events, next } = await this.#call("GET", `keys/${key.id}/events?${query}`);
          list.append(...events.map((event) => this.#event(event)));
          more.hidden = !next;
          query.set("after", next);
          if (!list.hasChildNodes()) list.append(h("li", say.noHistory));
        } catch (refusal) {
          trouble.textContent = this.#words(refusal);
        }
      };
      this.#ask(say.historyTitle(key.name), [list, more, trouble]);
      await load();
    },
  };

  #current(key) {
    return this.#keys.find(({ id }) => id === key.id) ?? key;
  }

  #event({ kind, by, from, at, detail, added, removed }) {
    const say = this.#say;
    const some = (label, patterns) =>
      patterns &&
      h(
        "p.soft",
        `${label}: ${patterns.packages.join(", ")}`,
        patterns.count > patterns.packages.length &&
          ` … ${say.morePackages(patterns.count - patterns.packages.length)}`,
      );
    return h(
      "li",
      h(
        "div.row.split",
        h("strong", say.event[kind] ?? kind),
        this.#date(at, { dateStyle: "medium", timeStyle: "short" }),
      ),
      h("p.soft", say.by(by, from)),
      detail && h("p", detail),
      some(say.added, added),
      some(say.removed, removed),
    );
  }

  #end(act, key, warning, work) {
    const say = this.#say;
    const works = key.status === "active" && !key.frozen_at;
    const used = key.last_push_at ? h("p", say.lastUsed, this.#date(key.last_push_at)) : h("p", say.neverUsed);
    const rest = key.packages.length - 3;
    const packages = [...key.packages.slice(0, 3), ...(rest > 0 ? [say.morePackages(rest)] : [])].join(", ");
    this.#ask(
      say.endTitle(say.act[act], key.name),
      [h("p", works ? say.stops(this.#rights(key).join(", "), packages) : say.stopped), works && used, h("p", warning)],
      say.act[act],
      "danger",
      work,
    );
  }

  /** Opens the dialog. `work` does what it is for, and gives what to say then, and which key to go on at. */
  #ask(title, body, verb, look, work) {
    const [dialog, say] = [this.#at.dialog, this.#say];
    const id = `latchkey-${++ids}`;
    this.#waiting = false;
    const act = async () => {
      const done = await work();
      dialog.close();
      if (!done) return;
      const [told, next] = done;
      this.#changed(told);
      ((next && this.#title(next)) || this.#at.open).focus();
    };
    const form = this.#form(
      act,
      {},
      h("h3", { id }, title),
      body,
      work && h("p.error", { role: "alert" }),
      h(
        "div.row",
        work && h(`button.${look}`, { type: "submit", part: `button ${look}` }, verb),
        this.#button(work ? say.cancel : say.close, () => dialog.close(), { autofocus: look === "danger" }),
      ),
    );
    dialog.replaceChildren(form);
    dialog.setAttribute("aria-labelledby", id);
    dialog.showModal();
  }

  // Who can push a package

  #who() {
    if (this.#view) return this.#closeWho(true);
    const [at, say] = [this.#at, this.#say];
    const view = {
      packages: h("select", { onchange: () => this.#reach() }, h("option", { value: "" }, say.choose)),
      state: h("p.soft", { role: "status" }),
      trouble: h("div.row.error", { role: "alert" }),
      list: h("ul.stack"),
    };
    this.#view = view;
    at.pushers.replaceChildren(
      h(
        "div.row.split",
        h("h3", say.whoCanPush),
        this.#button(say.close, () => this.#closeWho(true), { "aria-label": say.actOn(say.close, say.whoCanPush) }),
      ),
      h("p", say.whoText),
      field("package", say.package, view.packages),
      view.state,
      view.trouble,
      view.list,
    );
    at.pushers.hidden = false;
    at.who.setAttribute("aria-expanded", "true");
    view.packages.focus();
    this.#choices(view);
  }

  #closeWho(back = false) {
    const at = this.#at;
    this.#view = null;
    at.pushers.replaceChildren();
    at.pushers.hidden = true;
    at.who.setAttribute("aria-expanded", "false");
    if (back) at.who.focus();
  }

  /** Offers the packages of everybody that the person speaks for, each once. */
  async #choices(view) {
    const { account, name, organizations } = this.#account;
    const led = organizations.filter(({ role }) => role === "admin");
    const owners = [{ id: account, name }, ...led.map(({ organization: id, name }) => ({ id, name }))];
    view.trouble.replaceChildren();
    try {
      const owned = await Promise.all(owners.map(({ id }) => this.#packagesOf(id)));
      if (view !== this.#view) return;
      const seen = new Set();
      const groups = owners.map(({ id, name }, index) => {
        const packages = owned[index].filter((id) => !seen.has(id.toLowerCase()));
        for (const id of packages) seen.add(id.toLowerCase());
        const options = packages.map((id) => h("option", { value: id }, id));
        return options.length > 0 && h("optgroup", { label: name ?? id }, options);
      });
      view.packages.append(...groups.filter(Boolean));
      view.state.textContent = seen.size > 0 ? this.#say.offered(seen.size) : this.#say.noPackages;
    } catch (refusal) {
      this.#regret(view, refusal, () => this.#choices(view));
    }
  }

  /** Lists the keys that reach the chosen package. */
  async #reach() {
    const [view, say] = [this.#view, this.#say];
    const [id, run] = [view.packages.value, (view.run = (view.run ?? 0) + 1)];
    const query = new URLSearchParams({ limit: 100 });
    const found = [];
    view.trouble.replaceChildren();
    view.state.textContent = id ? say.findingKeys : "";
    if (!id) return view.list.replaceChildren();
    try {
      do {
        const { keys, next } = await this.#call("GET", `packages/${encodeURIComponent(id)}/keys?${query}`);
        if (view !== this.#view || run !== view.run) return;
        found.push(...keys);
        query.set("after", next ?? "");
      } while (query.get("after"));
      view.list.replaceChildren(...found.map((key) => this.#reaching(id, key)));
      view.state.textContent = say.reach(found.length, id);
    } catch (refusal) {
      if (run !== view.run) return;
      view.list.replaceChildren();
      this.#regret(view, refusal, () => this.#reach());
    }
  }

  #regret(view, refusal, again) {
    if (!(refusal instanceof Refusal)) throw refusal;
    if (view !== this.#view) return;
    const away = refusal.kind === "signedOut" || refusal.kind === "sessionEnded";
    view.state.textContent = "";
    view.trouble.replaceChildren(
      h("p", this.#words(refusal)),
      away ? this.#signIn() : this.#button(this.#say.retry, again),
    );
  }

  /** A key that reaches a package, with what its owners may do about it. */
  #reaching(id, key) {
    const [say, mine] = [this.#say, this.#account.account];
    const fact = (label, value) => value && h("div", h("dt", label), h("dd", value));
    const person = (account) => (account === mine ? say.me : account);
    const state = key.refused
      ? { kind: "revoked", text: say.refused[key.refused] ?? key.refused }
      : this.#state({ ...key, status: "active" });
    const verb = key.barred ? say.lift : say.bar;
    return h(
      "li.box.key.stack",
      { part: "key", "data-key": key.key_id },
      h("div.row.split", h("h4", { tabIndex: -1 }, key.name), h(`span.pill.${state.kind}`, { part: "pill" }, state.text)),
      h(
        "dl.facts",
        fact(say.reachFact.pattern, key.pattern ? h("code", key.pattern) : say.everyPackage),
        fact(say.fact.actions, this.#rights(key).join(", ")),
        fact(say.fact.holder, person(key.holder)),
        key.owner !== key.holder && fact(say.fact.owner, key.owner),
        fact(say.reachFact.push, this.#date(key.last_push_at)),
        key.expires_at && fact(say.fact.expires, this.#date(key.expires_at)),
        key.barred && fact(say.reachFact.barred, [say.by(person(key.barred.by)), ", ", this.#date(key.barred.at)]),
        fact(say.fact.id, h("code", key.key_id)),
      ),
      !this.#account.locked &&
        h(
          "div.row",
          this.#button(verb, () => (key.barred ? this.#lift(id, key) : this.#bar(id, key)), {
            "aria-label": say.actOn(verb, key.name),
          }),
        ),
    );
  }

  #bar(id, key) {
    const say = this.#say;
    const holder = key.holder === this.#account.account ? say.me : key.holder;
    const told = holder === say.me ? [] : [h("p", say.barTold(holder))];
    this.#ask(
      say.barTitle(key.name, id),
      [h("p", say.barText(id)), ...told],
      say.bar,
      "danger",
      async () => {
        const now = await this.#call("PUT", this.#barOf(id, key));
        if (!now) throw new Refusal("noAnswer");
        this.#stands(id, now, say.barred(key.name, id));
      },
    );
  }

  #lift(id, key) {
    const say = this.#say;
    this.#ask(say.liftTitle(key.name, id), [h("p", say.liftText(id))], say.lift, "primary", async () => {
      await this.#call("DELETE", this.#barOf(id, key));
      const { barred, refused, ...now } = key;
      if (refused && refused !== "barred_by_owner") now.refused = refused;
      this.#stands(id, now, say.lifted(key.name, id));
    });
  }

  #barOf(id, key) {
    return `packages/${encodeURIComponent(id)}/barred/${key.key_id}`;
  }

  /** Shows a key of the view as it is now, says so, and goes on there. */
  #stands(id, key, told) {
    const [view, now] = [this.#view, this.#reaching(id, key)];
    this.#at.dialog.close();
    const shown = view?.list.querySelector(`[data-key="${CSS.escape(key.key_id)}"]`);
    if (shown) shown.replaceWith(now);
    this.#tell(told);
    this.#announce("latchkey-change");
    (shown ? now.querySelector("h4") : this.#at.who).focus();
  }

  // How patterns match, shown with the reader's own packages

  #examples(owned) {
    const [section, say] = [this.#at.examples, this.#say];
    const id = owned.find((id) => /^[^.]+\../.test(id)) ?? "Contoso.Tools";
    const stem = id.split(".")[0];
    const row = (name, cells, properties = {}) =>
      h(
        "tr",
        cells.map((cell) => h(name, properties, cell)),
      );
    const others = [id, stem, `${stem}.New`, `${stem}Other`, ...owned];
    const rows = [`${stem}.*`, `${stem}*`, id, "*"].map((pattern) => {
      const [hits, misses] = [true, false].map((wanted) =>
        [...new Set(others)]
          .filter((id) => covers(pattern, id) === wanted)
          .slice(0, 4)
          .join(", "),
      );
      return row("td", [h("code", pattern), pattern === "*" ? say.everything : hits, misses || say.nothing]);
    });
    const head = row("th", [say.pattern, say.matches, say.misses], { scope: "col" });
    const table = h("table", h("thead", head), h("tbody", rows));
    section.replaceChildren(h("details", h("summary", say.examples), h("p", say.examplesText), table));
    section.hidden = false;
  }
}

customElements.define("latchkey-api-keys", LatchkeyApiKeys);
