// The keys, and the list of them.
const chosenOrCurrent = () => {
  const chosen = chosenRows(), row = currentRow();
  return chosen.length ? chosen : row?.matches(":not(.up)") ? [row] : [];
};

// What is shown of a key, what it does, the rights that it needs, its action, its names in events.
const KEYS = [
  ["/", "Filter", "r", () => $("#filter").focus()],
  ["↓ or j", "Next entry", "", () => focusRow(1), ["ArrowDown", "j"]],
  ["↑ or k", "Entry before", "", () => focusRow(-1), ["ArrowUp", "k"]],
  ["Enter", "Open or preview", "", null],
  ["Backspace", "Folder above", "", () => $(".up a")?.click()],
  ["Space", "Choose, with Shift up to here", "", event => {
    const row = currentRow();
    if (row && boxIn(row)) choose(row, !boxIn(row).checked, event.shiftKey);
  }, [" "]],
  ["a", "Choose all, or none", "", () => chooseAll(chosenRows().length < rows().length)],
  ["z", "Download as zip", "r", () => archive(chosenOrCurrent())],
  ["F2", "Rename", "rwd", () => rename(chosenOrCurrent()[0])],
  ["m", "Move", "rwd", () => move(chosenOrCurrent())],
  ["Delete", "Delete", "d", () => remove(chosenOrCurrent())],
  ["u", "Upload files", "w", () => $("#adding button").click()],
  ["n", "New folder", "w", () => openNewFolder()],
  ["s", "Search here and below", "r", () => search()],
  ["Escape", "Clear the filter, choose none", "", () => chooseAll(false)],
  ["?", "This list", "", () => help()],
].filter(([, , rights]) => may(rights));

// Those who dictate, or hit keys by accident, can do without keys of one character.
const STORED = "nethttp-keys";
function areKeysOn() {
  try {
    return localStorage.getItem(STORED) !== "off";
  } catch {
    return true;  // The browser keeps nothing for this site.
  }
}

function help() {
  const list = make("dl", {}, ...KEYS.flatMap(([key, what]) =>
    [make("dt", {}, make("kbd", {}, key)), make("dd", {}, what)]));
  const box = make("input", { type: "checkbox", checked: areKeysOn() });
  box.onchange = () => {
    try {
      localStorage.setItem(STORED, box.checked ? "on" : "off");
    } catch {
      say("The browser does not keep this");
    }
  };
  const dialog = openDialog("Keys",
    make("p", { className: "answers" }, button("Close", () => dialog.close())), list,
    make("p", {}, make("label", {}, box, " Use keys of one letter or sign")));
}

document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || $("dialog[open]")) return;
  const isPressed = event.target.closest("button, summary") && [" ", "Enter"].includes(event.key);
  const field = event.target.closest("input:not([type=checkbox]), select, textarea");
  if (event.target.id === "filter" && event.key === "Escape") {
    event.target.value = "";
    filter("");
    return focusRow(0);
  }
  if (event.target.id === "filter" && ["ArrowDown", "Enter"].includes(event.key)) {
    event.preventDefault();
    return focusRow(0);
  }
  if (field || isPressed) return;
  const key = KEYS.find(([name, , , action, keys = [name]]) => action && keys.includes(event.key));
  if (!key || event.key === " " && (!currentRow() || event.target.matches("input"))) return;
  if (event.key.length === 1 && event.key !== " " && !areKeysOn()) return;
  event.preventDefault();
  key[3](event);
});

$("#tools").append(button("Keys", help, { id: "keys" }));
