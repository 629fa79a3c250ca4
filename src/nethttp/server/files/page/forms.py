"""The forms of a page: to add to a directory, and to change the entries that are chosen."""

from __future__ import annotations

from ..access import Rights

__all__ = ["actions_bar", "adding_forms"]

_ADDING = """
<details><summary>Upload files</summary>
<form method=post action="./" enctype="multipart/form-data" id=upload>
{conflict}
<p><label for=files>Files</label> <input type=file id=files name=files multiple required>
<button>Upload</button>
</form></details>
<details><summary>New folder</summary>
<form method=post action="?mkdir" id=mkdir>
<label for=folder>Name</label> <input id=folder name=name required maxlength=255 autocomplete=off>
<button>Make folder</button>
</form></details>
"""

_CONFLICT = """\
<p><label for=conflict>If a name exists</label> <select id=conflict name=conflict>
<option value=refuse>Skip the file<option value=rename>Keep both{replace}</select>"""

_REPLACE = "<option value=replace>Replace the old file"

_KEEP_BOTH = "<input type=hidden name=conflict value=rename>"
"""For those who may not know which names exist."""

_MOVE = """
<details><summary>Rename or move</summary>
<p><label for=to>New name, for one entry</label>
<input id=to name=to maxlength=255 autocomplete=off>
<p><label for=into>Or folder to move them into, for example /pictures</label>
<input id=into name=into autocomplete=off>
<p><button formaction="?move">Rename or move</button>
</details>
"""

_ARCHIVE = "<button formmethod=get name=zip id=zip>Download as zip</button>\n"

_DELETE = """
<details><summary>Delete</summary>
<p>What is deleted cannot be brought back.
<button formaction="?delete" class=danger>Delete the chosen entries</button>
</details>
"""


def adding_forms(rights: Rights) -> str:
    """Return the forms that add files and directories, "" without the right.

    >>> adding_forms(frozenset("r"))
    ''
    """
    if "w" not in rights:
        return ""
    if "r" not in rights:
        return _ADDING.format(conflict=_KEEP_BOTH)
    return _ADDING.format(conflict=_CONFLICT.format(replace=_REPLACE if "d" in rights else ""))


def actions_bar(rights: Rights) -> str:
    """Return the buttons for the entries that are chosen in the form around them.

    The first of them is what Enter in a field does, so none that deletes is.
    """
    bar = _MOVE if rights >= {"r", "w", "d"} else ""
    if "r" in rights:
        bar += _ARCHIVE
    if "d" in rights:
        bar += _DELETE
    return f'<div id=bar role=group aria-label="Chosen entries">{bar}</div>\n' if bar else ""
