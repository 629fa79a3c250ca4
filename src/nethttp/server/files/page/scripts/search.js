// The search in this folder and all below it: lines of JSON, shown as they come.
const MAX_RESULTS = 500;

async function* linesOf(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    yield* lines.map(line => JSON.parse(line));
  }
}

// A path as text; one that is not UTF-8 stays escaped.
function readable(path) {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function search() {
  let running = new AbortController();
  const field = make("input", { id: "wanted", value: $("#filter").value, maxLength: 255 });
  const results = make("ul", { id: "results" }), state = live();
  const begin = async () => {
    running.abort();
    const { signal } = running = new AbortController();
    results.replaceChildren();
    if (!field.value) return;
    state.textContent = "Searching …";
    try {
      const response = await fetchAsPage(`?q=${encodeURIComponent(field.value)}`, { signal });
      if (!response.ok) throw new Error(reasonIn(await response.text(), response.status));
      for await (const found of linesOf(response)) {
        if ("complete" in found) {
          state.textContent = `${found.found.toLocaleString()} found` + (found.complete ? "" : "; there may be more")
            + (found.left_out.length ? `. Not readable: ${found.left_out.map(readable).join(", ")}` : "");
        } else if (results.childElementCount < MAX_RESULTS) {
          const path = root.pathname.slice(0, -1) + found.path;
          results.append(make("li", {}, make("a", { href: path }, make("bdi", {}, readable(found.path)))));
        }
      }
    } catch (error) {
      if (!signal.aborted) state.textContent = error.message;
    }
  };
  field.onkeydown = event => { if (event.key === "Enter") begin(); };
  const dialog = openDialog("Search here and below",
    make("p", {}, make("label", { htmlFor: field.id }, "Part of a name, or a pattern such as *.pdf"), field),
    make("p", { className: "answers" }, button("Search", begin), button("Close", () => dialog.close())),
    state, results);
  dialog.closed.then(() => running.abort());
  if (field.value) begin();
}

if (may("r")) $("#tools").prepend(button("Search", search));
