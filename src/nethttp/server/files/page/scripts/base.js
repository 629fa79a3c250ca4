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

// Screen readers hear it, and it is seen for a while.
let forgetting;
function say(text) {
  $("#said").textContent = text;
  clearTimeout(forgetting);
  forgetting = setTimeout(() => { $("#said").textContent = ""; }, 10000);
}

// An open dialog; `closed` is a promise of the value that it was closed with.
function openDialog(title, ...content) {
  const heading = make("h2", { id: "dialog-title" }, make("bdi", {}, title));
  const dialog = make("dialog", {}, heading, ...content);
  dialog.setAttribute("aria-labelledby", heading.id);
  dialog.closed = new Promise(resolve => {
    dialog.onclose = () => { dialog.remove(); resolve(dialog.returnValue); };
  });
  dialog.onclick = event => { if (event.target === dialog) dialog.close(""); };
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

// What an error page of the server says.
function reasonIn(page, status) {
  const found = /<strong>([^<]*)<\/strong>/.exec(page);
  const plain = { amp: "&", lt: "<", gt: ">" };
  return found ? found[1].replace(/&(amp|lt|gt);/g, (_, name) => plain[name]) : `Error ${status}`;
}

// Send a request without content; throw the server's reason if it is refused.
async function send(method, url, headers = {}) {
  const response = await fetch(url, { method, headers });
  if (!response.ok) throw new Error(reasonIn(await response.text(), response.status));
  return response;
}

// The URL of a path below the shared folder, behind any prefix.
const root = new URL($("header nav a")?.getAttribute("href") ?? "./", location);
const urlOf = path => root.pathname + path.split("/").filter(Boolean).map(encodeURIComponent).join("/");
