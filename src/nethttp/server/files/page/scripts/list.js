// The entries: filter, order and pages without loading the page anew; choosing; the keyboard.
const rows = () => $$("#list tbody tr:not(.up)").filter(row => !row.hidden);
const linkIn = row => $("td a, td [id]", row);
const boxIn = row => $("input", row);
const nameIn = row => $("bdi", row).textContent;
const chosenRows = () => rows().filter(row => boxIn(row)?.checked);
const currentRow = () => document.activeElement.closest?.("#list tbody tr");

// Show the list that a URL has.
let loading = 0;
async function load(url, { push = false, focus } = {}) {
  const turn = ++loading;
  const request = new XMLHttpRequest();
  request.open("GET", url);
  request.responseType = "document";
  request.setRequestHeader("Accept", "text/html");
  const page = await new Promise((resolve, reject) => {
    request.onload = () => resolve(request.status === 401 ? askToSignIn() : request.response);
    request.onerror = () => reject(new Error("The server cannot be reached"));
    request.send();
  }).catch(error => say(error.message));
  if (turn !== loading || !page) return;
  const list = $("#list", page);
  if (!list) return say("The folder cannot be shown any more");
  const account = $("#account", page)?.textContent;
  if (account !== $("#account")?.textContent) {
    if (account !== "Sign in") return location.reload();
    askToSignIn();
  }
  const field = $("#filter");
  const typed = document.activeElement === field;
  $("#filter", list).replaceWith(field);
  $("#list").replaceWith(document.adoptNode(list));
  if (typed) field.focus();
  else field.value = new URL(url, location).searchParams.get("filter") ?? "";
  if (push) history.pushState(null, "", url);
  enhanceList();
  const target = focus && rows().find(row => nameIn(row) === focus);
  if (target) linkIn(target).focus();
  else if (document.activeElement === document.body) $("#entries").focus({ preventScroll: true });
}
const reload = focus => load(location.href, { focus });

const local = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

function enhanceList() {
  for (const time of $$("#list time")) time.textContent = local.format(new Date(time.dateTime));
  $$(".zone").forEach(zone => zone.remove());
  const corner = $("#list thead td");
  if (corner) {
    const all = make("input", { type: "checkbox", onchange: () => chooseAll(all.checked) });
    all.setAttribute("aria-label", "Choose all entries of this page");
    corner.replaceChildren(all);
  }
  $("#bar")?.replaceChildren();
  // The filter of this page is enough if it has all entries.
  $("#list").dataset.whole =
    $("#list").dataset.pages === "1" && !new URLSearchParams(location.search).get("filter") || "";
  showChosen();
}

function showChosen() {
  const bar = $("#bar");
  if (!bar) return;
  const number = chosenRows().length;
  bar.classList.toggle("chosen", number > 0);
  if (!number) return bar.replaceChildren();
  bar.replaceChildren(
    make("span", {}, `${count(number, "entry", "entries")} chosen`),
    ...may("r") ? [button("Download as zip", () => archive(chosenRows()))] : [],
    ...may("rwd") && number === 1 ? [button("Rename", () => rename(chosenRows()[0]))] : [],
    ...may("rwd") ? [button("Move", () => move(chosenRows()))] : [],
    ...may("d") ? [button("Delete", () => remove(chosenRows()), { className: "danger" })] : [],
    button("Choose none", () => chooseAll(false)),
  );
}

function chooseAll(checked) {
  for (const row of rows()) if (boxIn(row)) boxIn(row).checked = checked;
  showChosen();
  say(`${count(chosenRows().length, "entry", "entries")} chosen`);
}

// Choose a row, and with Shift all rows from the one before.
let lastChosen;
function choose(row, checked, withShift) {
  const all = rows();
  const start = withShift && all.includes(lastChosen) ? all.indexOf(lastChosen) : all.indexOf(row);
  const [from, to] = [start, all.indexOf(row)].sort((a, b) => a - b);
  for (const each of all.slice(from, to + 1)) if (boxIn(each)) boxIn(each).checked = checked;
  lastChosen = row;
  showChosen();
}

let filtering;
function filter(text) {
  clearTimeout(filtering);
  if (!$("#list").dataset.whole) {
    const query = new URLSearchParams(new FormData($("#filter").form));
    filtering = setTimeout(async () => {
      history.replaceState(null, "", `?${query}`);
      await load(location.href);
      say($("#totals").textContent);
    }, 250);
    return;
  }
  const wanted = text.toLowerCase();
  for (const row of $$("#list tbody tr:not(.up)")) {
    row.hidden = !nameIn(row).toLowerCase().includes(wanted);
    if (row.hidden && boxIn(row)) boxIn(row).checked = false;
  }
  showChosen();
  filtering = setTimeout(() => say(`${count(rows().length, "entry", "entries")} shown`), 500);
}

function focusRow(step) {
  const all = $$("#list tbody tr").filter(row => !row.hidden);
  const at = all.indexOf(currentRow());
  const row = all[at < 0 ? 0 : Math.max(0, Math.min(all.length - 1, at + step))];
  const target = row && linkIn(row);
  if (!target) return;
  if (target.tagName !== "A") target.tabIndex = -1;
  target.focus();
}

document.addEventListener("click", event => {
  if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.altKey) return;
  const box = event.target.closest("#list tbody input[type=checkbox]");
  if (box) return choose(box.closest("tr"), box.checked, event.shiftKey);
  const link = event.target.closest("a");
  if (!link || event.shiftKey) return;
  if (link.closest("#list thead, #pager, #totals")) {
    event.preventDefault();
    load(link.href, { push: true });
  } else if (link.closest("#list tbody") && canPreview(link.closest("tr"))) {
    event.preventDefault();
    preview(link.closest("tr"));
  }
});
document.addEventListener("input", event => {
  if (event.target.id === "filter") filter(event.target.value);
});
document.addEventListener("submit", event => {
  if (event.target.closest("#list")) event.preventDefault();
});
addEventListener("popstate", () => load(location.href));
