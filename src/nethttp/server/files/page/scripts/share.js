// The link to share, with its QR code.
function share() {
  const field = make("input", { id: "url", readOnly: true, value: location.href });
  const code = $("#share") && make("img", { src: "?qr", alt: "QR code of the link", width: 246, height: 246 });
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

$("#share")?.addEventListener("click", event => { event.preventDefault(); share(); });
if ($("#share")) $("#share").textContent = "Share";
else $("#tools").append(button("Share", share));
