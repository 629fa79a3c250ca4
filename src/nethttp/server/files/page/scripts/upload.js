// Uploads: chosen or dropped files and folders, four at a time, by PUT, or in parts.
const AT_ONCE = 4;
const MAX_SHOWN = 50;
const uploads = [];  // {file, path, state, loaded, request, reason, and in parts url, offset}; `told` when all are over
const folders = new Map();  // By path: the promise that it is made.
let paused = false, conflict = null, drawing = 0, begun = 0, loadedBefore = 0;

const inState = (...states) => uploads.filter(upload => states.includes(upload.state));
const isBusy = () => inState("waiting", "sending").length > 0;

const tray = make("section", { id: "tray", hidden: true });
const summary = make("p"), bar = make("progress"), running = make("ul");
const pauseButton = button("Pause", () => pause(!paused));
const retryButton = button("Try again", () => {
  for (const upload of inState("failed")) upload.state = "waiting";
  folders.clear();
  uploads.told = false;
  pump();
});
const closeButton = button("Close", () => {
  if (isBusy()) inState("waiting", "sending").forEach(cancel);
  else { uploads.length = 0; draw(); }
});
tray.setAttribute("aria-label", "Uploads");
bar.setAttribute("aria-label", "Uploaded");
tray.append(summary, bar, make("p", { className: "answers" }, pauseButton, retryButton, closeButton), running);

function loadedBytes() {
  const over = upload => upload.state !== "waiting" && upload.state !== "sending";
  return uploads.reduce((sum, upload) => sum + (over(upload) ? upload.file.size : upload.loaded), 0);
}

function startClock() {
  begun = performance.now();
  loadedBefore = loadedBytes();
}

function draw() {
  drawing = 0;
  const total = uploads.reduce((sum, upload) => sum + upload.file.size, 0);
  const loaded = loadedBytes(), gained = loaded - loadedBefore;
  const failed = inState("failed"), skipped = inState("skipped").length;
  const seconds = (performance.now() - begun) / 1000;
  const left = gained > 0 && seconds > 2 ? Math.ceil((total - loaded) * seconds / gained) : 0;
  tray.hidden = !uploads.length;
  bar.max = total || 1;
  bar.value = isBusy() ? loaded : bar.max;
  summary.textContent = [
    `${inState("done").length} of ${count(uploads.length, "file")} uploaded`,
    ...skipped ? [`${skipped} skipped`] : [],
    ...failed.length ? [`${failed.length} failed`] : [],
    ...paused ? ["paused"] : [],
    ...isBusy() && !paused && left ? [left < 90 ? `${left} s left` : `${Math.ceil(left / 60)} min left`] : [],
  ].join(", ");
  pauseButton.hidden = !isBusy();
  pauseButton.textContent = paused ? "Continue" : "Pause";
  retryButton.hidden = isBusy() || !failed.length;
  closeButton.textContent = isBusy() ? "Cancel" : "Close";
  running.replaceChildren(...[...inState("sending"), ...failed].slice(0, MAX_SHOWN).map(upload => {
    const part = upload.file.size ? Math.floor(100 * upload.loaded / upload.file.size) : 0;
    const state = upload.state === "failed" ? upload.reason : `${part} % of ${humanSize(upload.file.size)}`;
    return make("li", { className: upload.state }, make("bdi", {}, upload.path), `: ${state}`);
  }));
}
const drawSoon = () => { drawing ||= requestAnimationFrame(draw); };

function cancel(upload) {
  upload.state = "skipped";
  upload.request?.abort();
  abandon(upload);
  drawSoon();
}

// A large file goes on where it stopped, and a small one begins again.
function pause(now) {
  paused = now;
  if (paused) {
    for (const upload of inState("sending")) {
      upload.state = "waiting";
      upload.request?.abort();
    }
    say("Uploads are paused");
  } else {
    startClock();
    pump();
  }
  drawSoon();
}

// Make a folder and those above it, once each.
function makeFolder(path) {
  if (!path) return Promise.resolve();
  if (!folders.has(path)) {
    const above = path.split("/").slice(0, -1).join("/");
    folders.set(path, makeFolder(above).then(async () => {
      const response = await fetchAsPage(encodePath(path) + "/", { method: "MKCOL" });
      if (!response.ok && response.status !== 405) {
        throw new Error(reasonIn(await response.text(), response.status));
      }
    }));
  }
  return folders.get(path);
}
const encodePath = path => path.split("/").map(encodeURIComponent).join("/");

// Ask once what happens to names that exist. One who may not read knows of none.
const firstConflict = may("r") ? null : Promise.resolve("rename");
function askConflict(path) {
  conflict ??= ask("A file with this name exists", [
    ...may("d") ? [["Replace it", "replace"]] : [], ["Keep both", "rename"], ["Skip it", "skip"],
  ], make("p", {}, make("bdi", {}, path)), make("p", {}, "The answer is for all files of this upload."));
  return conflict;
}

// Send a request of an upload; return it when it is answered, null if it was aborted.
function exchange(upload, method, url, fields, content, before = 0) {
  return new Promise((resolve, reject) => {
    const request = upload.request = new XMLHttpRequest();
    request.open(method, url);
    for (const [name, value] of Object.entries({ Accept: "text/html", ...fields })) {
      request.setRequestHeader(name, value);
    }
    request.upload.onprogress = event => { upload.loaded = before + event.loaded; drawSoon(); };
    request.onload = () => resolve(request);
    request.onabort = () => resolve(null);
    request.onerror = () => reject(new Error("The connection was cut, or the file has changed"));
    request.send(content);
  });
}

const target = (upload, asked) => encodePath(upload.path) + (asked ? `?conflict=${asked}` : "");
const wishes = (upload, asked) => ({
  ...asked ? {} : { "If-None-Match": "*" },
  "X-OC-Mtime": (upload.file.lastModified / 1000).toFixed(3),
  "Content-Type": "application/octet-stream",
});
const put = (upload, asked) => exchange(upload, "PUT", target(upload, asked), wishes(upload, asked), upload.file);
const store = (upload, asked) =>
  (inParts && upload.file.size >= LARGE ? putInParts : put)(upload, asked);

async function run(upload) {
  upload.state = "sending";
  upload.loaded = upload.offset ?? 0;
  try {
    await makeFolder(upload.path.split("/").slice(0, -1).join("/"));
    let asked = conflict && await conflict;
    if (upload.state !== "sending") return;
    let request = await store(upload, asked === "skip" ? "" : asked);
    if (request?.status === 412 && upload.state === "sending") {
      asked = await askConflict(upload.path);
      if (asked === "skip" || !asked) return upload.state === "sending" && cancel(upload);
      if (upload.state === "sending") request = await store(upload, asked);
    }
    if (!request || upload.state !== "sending") return;
    if (request.status >= 300) throw new Error(reasonIn(request.responseText, request.status));
    upload.state = "done";
  } catch (error) {
    if (upload.state === "sending") Object.assign(upload, { state: "failed", reason: error.message });
  } finally {
    drawSoon();
    pump();
  }
}

function pump() {
  if (paused) return;
  const waiting = inState("waiting");
  for (let free = AT_ONCE - inState("sending").length; free > 0 && waiting.length; free--) run(waiting.shift());
  drawSoon();
  if (uploads.length && !isBusy() && !uploads.told) {
    uploads.told = true;
    draw();
    reload().then(() => say(summary.textContent));
  }
}

function enqueue(files) {
  if (!files.length) return;
  if (!isBusy()) { uploads.length = 0; folders.clear(); conflict = firstConflict; paused = false; startClock(); }
  uploads.told = false;
  for (const [file, path] of files) uploads.push({ file, path, state: "waiting", loaded: 0 });
  say(`Uploading ${count(files.length, "file")}`);
  pump();
}

// Yield what lies in dropped entries; a browser gives a folder's entries in parts.
async function* filesIn(entries) {
  for (const entry of entries) {
    const path = entry.fullPath.slice(1);
    if (entry.isFile) {
      yield [await new Promise((resolve, reject) => entry.file(resolve, reject)), path];
      continue;
    }
    const reader = entry.createReader();
    let empty = true;
    for (;;) {
      const part = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (!part.length) break;
      empty = false;
      yield* filesIn(part);
    }
    if (empty) await makeFolder(path);
  }
}

async function drop(transfer) {
  const entries = [...transfer.items].map(item => item.webkitGetAsEntry?.()).filter(Boolean);
  const files = [];
  try {
    for await (const file of filesIn(entries)) files.push(file);
    if (files.length) enqueue(files);
    else await reload();
  } catch (error) {
    say(`Not uploaded: ${error.message}`);
  }
}

if (may("w")) {
  const pick = folder => {
    const input = make("input", { type: "file", multiple: true, webkitdirectory: folder });
    input.onchange = () => enqueue([...input.files].map(file => [file, file.webkitRelativePath || file.name]));
    input.click();
  };
  $("#upload").closest("details").replaceWith(
    button("Upload files", () => pick(false)), button("Upload a folder", () => pick(true)));
  $("main").append(tray);
  const hasFiles = event => [...event.dataTransfer?.types ?? []].includes("Files");
  let leaving;
  document.addEventListener("dragover", event => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    document.body.classList.add("dropping");
    clearTimeout(leaving);
    leaving = setTimeout(() => document.body.classList.remove("dropping"), 300);
  });
  document.addEventListener("drop", event => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    document.body.classList.remove("dropping");
    drop(event.dataTransfer);
  });
  addEventListener("beforeunload", event => { if (isBusy()) event.preventDefault(); });
}
