// What the other parts stand on: elements, messages, dialogs, requests.
const $ = (selector, within = document) => within.querySelector(selector);
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
const may = letters => [...letters].every(letter => document.body.dataset.rights.includes(letter));

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

const button = (label, onclick, properties = {}) =>
  make("button", { type: "button", onclick, ...properties }, label);

const count = (number, one, many = one + "s") =>
  `${number.toLocaleString()} ${number === 1 ? one : many}`;

function humanSize(bytes) {
  let unit = 0;
  for (; bytes >= 1024 && unit < 4; unit++) bytes /= 1024;
  return `${unit ? bytes.toFixed(1) : bytes} ${["B", "KiB", "MiB", "GiB", "TiB"][unit]}`;
}

// Screen readers hear it, and it is seen for a while: in the dialog that is open, because nothing
// outside of that is heard.
let forgetting;
function say(text) {
  for (const place of $$(".said")) place.textContent = "";
  ($$("dialog[open] .said").at(-1) ?? $("#said")).textContent = text;
  clearTimeout(forgetting);
  forgetting = setTimeout(say, 10000, "");
}

const unseen = text => make("span", { className: "unseen" }, text);

function live(properties = {}) {
  const place = make("p", properties);
  place.setAttribute("role", "status");
  return place;
}

// An open dialog; `closed` is a promise of the value that it was closed with.
let dialogs = 0;
function openDialog(title, ...content) {
  const heading = make("h2", { id: `dialog-${++dialogs}` }, make("bdi", {}, title));
  const dialog = make("dialog", {}, heading, ...content, live({ className: "said" }));
  dialog.setAttribute("aria-labelledby", heading.id);
  dialog.closed = new Promise(resolve => {
    dialog.onclose = () => { dialog.remove(); resolve(dialog.returnValue); };
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

// Ask a question; return the value of the chosen answer, "" for none. Answers are [label, value].
function ask(title, answers, ...content) {
  const bar = make("p", { className: "answers" });
  const dialog = openDialog(title, ...content, bar);
  for (const [label, value, className = ""] of answers) {
    bar.append(button(label, () => dialog.close(value), { className }));
  }
  bar.append(button("Cancel", () => dialog.close("")));
  return dialog.closed;
}

// Lead to the page that signs in. It is another one, so that what waits for its upload here stays.
let signingIn = false;
async function askToSignIn() {
  if (signingIn) return;
  signingIn = true;
  const link = make("a", { href: "?login", target: "_blank" }, "Sign in");
  const dialog = openDialog("You are signed out",
    make("p", {}, "Sign in on a page of its own, then go on here. What could not be uploaded meanwhile can be tried again."),
    make("p", { className: "answers" }, link, button("Go on", () => dialog.close())));
  await dialog.closed;
  signingIn = false;
  await reload();
}

// What an error page of the server says.
function reasonIn(page, status) {
  if (status === 401) {
    askToSignIn();
    return "You are signed out";
  }
  const found = /<p id="why">([^<]*)<\/p>/.exec(page);
  const plain = { amp: "&", lt: "<", gt: ">" };
  return found ? found[1].replace(/&(amp|lt|gt);/g, (_, name) => plain[name]) : `Error ${status}`;
}

// Fetch as a page does: the server answers one who has to sign in without a challenge for programs,
// for which the browser would open a dialog of its own.
const fetchAsPage = (url, options = {}) =>
  fetch(url, { ...options, headers: { Accept: "text/html", ...options.headers } });

// Send a request without content; throw the server's reason if it is refused.
async function send(method, url, headers = {}) {
  const response = await fetchAsPage(url, { method, headers });
  if (!response.ok) throw new Error(reasonIn(await response.text(), response.status));
  return response;
}

// The URL of a path below the shared folder, behind any prefix.
const root = new URL($("header nav a")?.getAttribute("href") ?? "./", location);
const urlOf = path => root.pathname + path.split("/").filter(Boolean).map(encodeURIComponent).join("/");
