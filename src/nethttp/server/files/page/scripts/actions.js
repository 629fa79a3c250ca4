// What changes entries: rename, move, delete, a new folder; and their archive.
const MAX_NAMES = 90;

async function forEach(entries, doing, action) {
  const failed = [];
  for (const row of entries) {
    try {
      await action(row);
    } catch (error) {
      failed.push(`${nameIn(row)}: ${error.message}`);
    }
  }
  const done = `${doing} ${count(entries.length - failed.length, "entry", "entries")}`;
  await reload();
  say([done, ...failed.slice(0, 3), ...failed.length > 3 ? [`${failed.length - 3} more failed`] : []].join(". "));
}

const pathOf = row => new URL(linkIn(row).getAttribute("href") ?? encodeURIComponent(nameIn(row)), location).pathname.replace(/\/$/, "");

async function remove(entries) {
  if (!entries.length) return;
  const names = entries.slice(0, 8).map(nameIn).join(", ") + (entries.length > 8 ? " …" : "");
  const what = entries.length === 1 ? nameIn(entries[0]) : count(entries.length, "entry", "entries");
  const answer = await ask(`Delete ${what}?`, [["Delete", "yes", "danger"]],
    make("p", {}, make("bdi", {}, names)), make("p", {}, "What is deleted cannot be brought back."));
  if (answer) await forEach(entries, "Deleted", row => send("DELETE", pathOf(row)));
}

// A proxy that takes a prefix off the path of a request leaves Destination as it is.
const moveTo = (row, path) =>
  send("MOVE", pathOf(row), { Destination: "/" + path.slice(root.pathname.length), Overwrite: "F" });

async function move(entries) {
  if (!entries.length) return;
  const field = make("input", { id: "move-into", value: "/", autocomplete: "off" });
  const label = make("label", { htmlFor: field.id }, "Folder to move them into, for example /pictures");
  const dialog = openDialog(`Move ${count(entries.length, "entry", "entries")}`,
    make("p", {}, label, field), make("p", { className: "answers" },
      button("Move", () => dialog.close("yes")), button("Cancel", () => dialog.close(""))));
  field.onkeydown = event => {
    if (event.key !== "Enter") return;
    event.preventDefault();  // Else the button behind, which has the focus then, is pressed.
    dialog.close("yes");
  };
  if (!await dialog.closed) return;
  const into = urlOf(field.value).replace(/\/$/, "");
  await forEach(entries, "Moved", row => moveTo(row, `${into}/${pathOf(row).split("/").pop()}`));
}

// Rename in place: Enter or leaving the field renames, Escape does not.
function rename(row) {
  if (!row || !may("rwd")) return;
  const link = linkIn(row), old = nameIn(row);
  const field = make("input", { value: old, maxLength: 255, autocomplete: "off" });
  field.setAttribute("aria-label", `New name of ${old}`);
  link.hidden = true;
  link.after(field);
  field.focus();
  field.setSelectionRange(0, old.lastIndexOf(".") > 0 ? old.lastIndexOf(".") : old.length);
  let over = false;
  const end = async wanted => {
    if (over) return;
    over = true;
    field.remove();
    link.hidden = false;
    link.focus();
    if (!wanted || wanted === old) return;
    const place = pathOf(row).replace(/[^/]*$/, "");
    try {
      if (wanted.includes("/")) throw new Error("a name has no slash; Move puts it elsewhere");
      await moveTo(row, place + encodeURIComponent(wanted));
      await reload(wanted);
      say(`Renamed to ${wanted}`);
    } catch (error) {
      say(`Not renamed: ${error.message}`);
    }
  };
  field.onblur = () => end(field.value);
  field.onkeydown = event => {
    event.stopPropagation();
    if (event.key === "Enter") { event.preventDefault(); end(field.value); }
    if (event.key === "Escape") end("");
  };
}

function archive(entries) {
  if (!entries.length) return;
  const all = entries.length === rows().length && $("#list").dataset.whole;
  if (!all && entries.length > MAX_NAMES) {
    return say(`At most ${MAX_NAMES} entries make an archive, or all of the folder`);
  }
  const names = all ? [] : entries.map(row => `&name=${pathOf(row).split("/").pop()}`);
  location.assign(`?zip${names.join("")}`);
  say("The archive is made while it is loaded");
}

const mkdir = $("#mkdir");
function openNewFolder() {
  mkdir.closest("details").open = true;
  mkdir.name.focus();
}
if (mkdir) {
  mkdir.onsubmit = async event => {
    event.preventDefault();
    const name = mkdir.name.value;
    try {
      if (name.includes("/")) throw new Error("a name has no slash");
      await send("MKCOL", encodeURIComponent(name) + "/");
      mkdir.reset();
      mkdir.closest("details").open = false;
      await reload(name);
      say(`Made the folder ${name}`);
    } catch (error) {
      say(`Not made: ${error.message}`);
    }
  };
}
