// A look at files in a dialog, the link to share, and the keys.
const MAX_TEXT = 256 * 1024;
const canPreview = row => ["image", "audio", "video", "pdf", "text"].includes(row.className);

const VIEWERS = {
  image: (url, name) => make("img", { src: url, alt: name }),
  audio: url => make("audio", { src: url, controls: true, autoplay: true }),
  video: url => make("video", { src: url, controls: true, autoplay: true }),
  pdf: (url, name) => make("iframe", { src: url, title: name }),
  text: url => {
    const box = make("pre", { tabIndex: 0 }, "Loading …");
    showText(url, box);
    return box;
  },
};

async function showText(url, box) {
  try {
    const response = await fetch(url, { headers: { Range: `bytes=0-${MAX_TEXT - 1}` } });
    if (!response.ok && response.status !== 416) throw new Error(`Error ${response.status}`);
    const bytes = response.status === 416 ? new ArrayBuffer(0) : await response.arrayBuffer();
    const cut = bytes.byteLength >= MAX_TEXT;
    box.textContent = new TextDecoder().decode(bytes.slice(0, MAX_TEXT)) + (cut ? "\n…" : "");
  } catch (error) {
    box.textContent = error.message;
  }
}

function preview(row) {
  let shown = row;
  const link = make("a", { target: "_blank", rel: "noopener" }, "Open");
  const download = make("a", { download: "" }, "Download");
  const place = make("div", { className: "viewer" });
  const bar = make("p", { className: "answers" }, button("Previous", () => step(-1)),
    button("Next", () => step(1)), link, download, button("Close", () => dialog.close()));
  const dialog = openDialog("", bar, place);
  dialog.id = "preview";
  const show = next => {
    shown = next;
    const name = nameIn(next);
    $("h2 bdi", dialog).textContent = name;
    link.href = download.href = linkIn(next).href;
    place.replaceChildren(VIEWERS[next.className](link.href, name));
    say(name);
  };
  const step = by => {
    const all = rows().filter(canPreview);
    const next = all[all.indexOf(shown) + by];
    if (next) show(next);
  };
  dialog.onkeydown = event => {
    if (event.target.matches("audio, video, pre") && !event.key.startsWith("Arrow")) return;
    const by = { ArrowLeft: -1, ArrowRight: 1, k: -1, j: 1 }[event.key];
    if (by && !event.target.matches("audio, video")) { event.preventDefault(); step(by); }
  };
  dialog.closed.then(() => linkIn(shown).focus());
  show(row);
}

function share() {
  const field = make("input", { id: "url", readOnly: true, value: location.href });
  const code = $("#share") && make("img", { src: "?qr", alt: "QR code of the link", width: 246 });
  const copy = async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      document.execCommand("copy");  // Browsers give no clipboard to plain HTTP.
    }
    say("Copied the link");
  };
  const dialog = openDialog("Share this folder",
    make("p", {}, make("label", { htmlFor: "url" }, "Link "), field), ...code ? [code] : [],
    make("p", { className: "answers" }, button("Copy the link", copy), button("Close", () => dialog.close())));
  if (["localhost", "127.0.0.1", "[::1]"].includes(location.hostname)) {
    field.after(make("p", {}, "Only this computer can use this link: the server's start names the others."));
  }
}

const KEYS = [
  ["/", "Filter", () => $("#filter").focus()],
  ["↓ or j", "Next entry", () => focusRow(1), ["ArrowDown", "j"]],
  ["↑ or k", "Entry before", () => focusRow(-1), ["ArrowUp", "k"]],
  ["Enter", "Open or preview"],
  ["Space", "Choose, with Shift up to here", event => {
    const row = currentRow();
    if (row && boxIn(row)) choose(row, !boxIn(row).checked, event.shiftKey);
  }, [" "]],
  ["a", "Choose all, or none", () => chooseAll(chosenRows().length < rows().length)],
  ["Backspace", "Folder above", () => $(".up a")?.click()],
  ["F2", "Rename", () => rename(currentRow()?.matches(":not(.up)") ? currentRow() : chosenRows()[0])],
  ["Delete", "Delete", () => {
    const row = currentRow();
    if (may("d")) remove(chosenRows().length ? chosenRows() : row?.matches(":not(.up)") ? [row] : []);
  }],
  ["Escape", "Clear the filter, choose none", () => chooseAll(false)],
  ["?", "This list", () => help()],
];

function help() {
  const list = make("dl", {}, ...KEYS.flatMap(([key, what]) =>
    [make("dt", {}, make("kbd", {}, key)), make("dd", {}, what)]));
  const dialog = openDialog("Keys", list,
    make("p", { className: "answers" }, button("Close", () => dialog.close())));
}

document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || $("dialog[open]")) return;
  const field = event.target.closest("input:not([type=checkbox]), select, textarea, summary, button");
  if (event.target.id === "filter" && event.key === "Escape") {
    event.target.value = "";
    filter("");
    return focusRow(0);
  }
  if (event.target.id === "filter" && ["ArrowDown", "Enter"].includes(event.key)) {
    event.preventDefault();
    return focusRow(0);
  }
  if (field) return;
  const key = KEYS.find(([name, , action, keys = [name]]) => action && keys.includes(event.key));
  if (!key || event.key === " " && (!currentRow() || event.target.matches("input"))) return;
  event.preventDefault();
  key[2](event);
});

$("#share")?.addEventListener("click", event => { event.preventDefault(); share(); });
$("#tools").append(...$("#share") ? [] : [button("Share", share)], button("Keys", help, { id: "keys" }));
if ($("#share")) $("#share").textContent = "Share";
