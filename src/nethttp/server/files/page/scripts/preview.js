// A look at files in a dialog.
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

// Text by its byte order mark, else as UTF-8, else as what old programs on Windows wrote. The last
// character may be cut.
function textOf(bytes) {
  const [first, second] = new Uint8Array(bytes);
  const marked = { 0xfffe: "utf-16le", 0xfeff: "utf-16be" }[first << 8 | second];
  if (marked) return new TextDecoder(marked).decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

async function showText(url, box) {
  try {
    const response = await fetchAsPage(url, { headers: { Range: `bytes=0-${MAX_TEXT - 1}` } });
    if (response.status === 416) return box.replaceChildren();  // The file is empty.
    if (!response.ok) throw new Error(reasonIn(await response.text(), response.status));
    const bytes = await response.arrayBuffer();
    box.textContent = textOf(bytes.slice(0, MAX_TEXT)) + (bytes.byteLength >= MAX_TEXT ? "\n…" : "");
  } catch (error) {
    box.textContent = error.message;
  }
}

function preview(row) {
  let shown = row;
  const link = make("a", { target: "_blank", rel: "noopener" }, "Open");
  const download = make("a", { download: "" }, "Download");
  const place = make("div", { className: "viewer" });
  const state = live();
  const bar = make("p", { className: "answers" }, button("Previous", () => step(-1)),
    button("Next", () => step(1)), link, download, button("Close", () => dialog.close()));
  const dialog = openDialog("", bar, place, state);
  dialog.id = "preview";
  const show = next => {
    shown = next;
    const name = nameIn(next), all = rows().filter(canPreview);
    $("h2 bdi", dialog).textContent = name;
    link.href = download.href = linkIn(next).href;
    const viewer = VIEWERS[next.className](link.href, name);
    viewer.onerror = () => viewer.replaceWith(make("p", {}, "The browser cannot show this file."));
    place.replaceChildren(viewer);
    state.replaceChildren(unseen(`${name}, `), `${all.indexOf(next) + 1} of ${all.length}`);
  };
  // The first one follows the last one.
  const step = by => {
    const all = rows().filter(canPreview);
    show(all.at((all.indexOf(shown) + by) % all.length));
  };
  dialog.onkeydown = event => {
    if (event.target.matches("audio, video, pre") && !event.key.startsWith("Arrow")) return;
    const by = { ArrowLeft: -1, ArrowRight: 1, k: -1, j: 1 }[event.key];
    if (by && !event.target.matches("audio, video")) { event.preventDefault(); step(by); }
  };
  dialog.closed.then(() => linkIn(shown).focus());
  show(row);
}
