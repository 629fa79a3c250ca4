/* Usual responses, for the C twin: reads in one step what a client needs of nearly every head.
 *
 * No string of a field is made: a program asks for few of them, and for none of most responses. This
 * file is a part of `_head_c.c`, which includes it once.
 */

/* The facts that a client needs of a response head before it can read the content. */
typedef struct {
    Usual framed;
    int chunked;
    int plain; /* neither Set-Cookie nor Content-Encoding */
} UsualResponse;

/* Read a field of a response; return 0 if its value is not usual. */
static int
note_response_field(UsualResponse *usual, const octet *name, const octet *name_end,
                    const octet *value, const octet *end)
{
    switch (name_end - name) {
    case 10:
        if (is_name(name, "connection", 10)) {
            return note_connection(&usual->framed, value, end);
        }
        usual->plain &= !is_name(name, "set-cookie", 10);
        return 1;
    case 14:
        return !is_name(name, "content-length", 14) || note_length(&usual->framed, value, end);
    case 16:
        usual->plain &= !is_name(name, "content-encoding", 16);
        return 1;
    case 17:
        if (!is_name(name, "transfer-encoding", 17)) {
            return 1;
        }
        return ++usual->chunked == 1 && end - value == 7 && is_name(value, "chunked", 7);
    default:
        return 1;
    }
}

/* Read the head at the start of a block, and set `block->end` to its end. Returns 0 if it is not
   usual, or not whole. */
static int
read_usual_response(Block *block, StatusLine *line, UsualResponse *usual)
{
    const octet *at = block->begin, *end = block->end;
    Py_ssize_t count = 0;
    if (!read_status_line(&at, block, line) || line->version != 11 || line->status < 200 ||
        line->status > 599 || line->status == 204 || line->status == 304) {
        return 0;
    }
    memset(usual, 0, sizeof *usual);
    usual->framed.persistent = usual->plain = 1;
    while (!at_crlf(at, end)) {
        const octet *name = at, *name_end = skip(at, end, TCHAR);
        if (name_end == name || name_end == end || *name_end != ':') {
            return 0;
        }
        const octet *value = skip(name_end + 1, end, BLANK);
        at = skip_text(value, end);
        if (!at_crlf(at, end) || ++count > block->bounds.fields ||
            !note_response_field(usual, name, name_end, value, strip_right(value, at))) {
            return 0;
        }
        at += 2;
    }
    block->end = at + 2;
    Py_ssize_t size = block->end - block->begin;
    return size <= block->bounds.start_line && size <= block->bounds.field_line &&
           size <= block->bounds.field_section && usual->framed.lengths + usual->chunked == 1;
}

PyDoc_STRVAR(usual_response_doc,
"usual_response(method, data, limits=DEFAULT_LIMITS, /)\n--\n\n"
"Return (size, status, reason, framing, persistent, plain) of the usual response head in `data`.");

static PyObject *
usual_response(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    Block block;
    StatusLine line;
    UsualResponse usual;
    if (nargs < 2 || !take_block(module, args + 1, nargs - 1, &block)) {
        return hand_over("usual_response", args, nargs);
    }
    if ((PyUnicode_Check(args[0]) &&
         (PyUnicode_CompareWithASCIIString(args[0], "HEAD") == 0 ||
          PyUnicode_CompareWithASCIIString(args[0], "CONNECT") == 0)) ||
        !read_usual_response(&block, &line, &usual)) {
        return Py_NewRef(Py_None);
    }
    const Strings *strings = &state_of(module)->strings;
    int is_ok = line.reason_end - line.reason == 2 && memcmp(line.reason, "OK", 2) == 0;
    PyObject *items[] = {
        PyLong_FromSsize_t(block.end - block.begin),
        PyLong_FromLong(line.status),
        is_ok ? Py_NewRef(strings->strings[OK]) : text(line.reason, line.reason_end),
        PyLong_FromLongLong(usual.chunked ? -1 : usual.framed.length), /* framing.CHUNKED */
        PyBool_FromLong(usual.framed.persistent),
        PyBool_FromLong(usual.plain),
    };
    return tuple_of(items, 6);
}
