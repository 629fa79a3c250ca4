// Large files go in parts, and on where they stopped: draft-ietf-httpbis-resumable-upload.
const LARGE = 8 << 20;
const SMALLEST = 256 << 10;
const MAX_FAILED = 3;
let partSize = 32 << 20;  // Proxies have bounds for one request, and then it gets smaller.
let inParts = true;  // Until something on the way refuses it.

// The same file may be chosen again after the page was closed.
const memoryOf = ({ path, file }) =>
  `nethttp ${new URL(encodePath(path), location).pathname} ${file.size} ${file.lastModified}`;

function remember(upload, url) {
  upload.url = url;
  try {
    if (url) localStorage.setItem(memoryOf(upload), url);
    else localStorage.removeItem(memoryOf(upload));
  } catch { /* It goes on as long as the page is open. */ }
}

function remembered(upload) {
  try {
    return localStorage.getItem(memoryOf(upload));
  } catch {
    return null;
  }
}

function abandon(upload) {
  if (upload.url) fetchAsPage(upload.url, { method: "DELETE" }).catch(() => {});
  remember(upload, null);
}

// Send a part, and note how far the upload has come.
async function append(upload, part, last, asked) {
  const answer = await exchange(upload, "PATCH", upload.url + (asked ? `&conflict=${asked}` : ""), {
    "Content-Type": "application/partial-upload",
    "Upload-Offset": upload.offset,
    "Upload-Complete": last ? "?1" : "?0",
  }, part, upload.offset);
  const offset = answer?.getResponseHeader("Upload-Offset");
  if (offset) upload.offset = upload.loaded = Number(offset);
  return answer && { request: answer, status: answer.status, goesOn: Boolean(offset) };
}

// Begin an upload, or find where it stopped; return an answer that ends it, if there is one.
async function beginParts(upload, asked) {
  upload.offset ??= 0;
  upload.url ??= remembered(upload);
  if (upload.url) {
    // An append of nothing, because there are proxies that refuse HEAD.
    const answer = await append(upload, "", false, asked).catch(error => {
      upload.cut = (upload.cut ?? 0) + 1;
      if (upload.cut < MAX_FAILED) throw error;
      return { status: 405 };
    });
    if (!answer || !answer.goesOn && answer.status !== 404) return answer;
    upload.cut = 0;
    if (answer.goesOn) return undefined;
    remember(upload, null);
  }
  upload.offset = upload.loaded = 0;
  const begun = await exchange(upload, "PUT", target(upload, asked), {
    ...wishes(upload, asked), "Upload-Complete": "?0", "Upload-Length": upload.file.size,
  }, "");
  const query = begun?.getResponseHeader("Location");
  if (begun?.status !== 201 || !query) return begun && { request: begun, status: begun.status };
  remember(upload, new URL(query, begun.responseURL).href);
  return undefined;
}

// Store a file in parts; return the last answer, null if it was aborted.
async function putInParts(upload, asked) {
  let answer = await beginParts(upload, asked);
  for (let wrong = 0; answer === undefined;) {
    const { file, offset } = upload, end = Math.min(offset + partSize, file.size);
    const part = await append(upload, file.slice(offset, end), end === file.size, asked);
    if (part?.status === 413 && partSize > SMALLEST) partSize /= 4;
    else if (!part?.goesOn || part.status === 409 && ++wrong > MAX_FAILED) answer = part;
  }
  if (!answer) return null;
  if ([405, 429, 501].includes(answer.status)) {
    inParts = answer.status === 429;
    abandon(upload);
    return put(upload, asked);
  }
  if (answer.status < 300 || answer.status === 404) remember(upload, null);
  return answer.request;
}
