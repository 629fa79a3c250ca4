/* Usual requests, for the C twin: reads in one step what a server needs of nearly every head.
 *
 * A usual head needs no decision of `framing`, `target` or `environ`; every other head is left to
 * those modules. This file is a part of `_head_c.c`, which includes it once.
 */

/* The facts that a server needs of a request head before it can run a handler. */
typedef struct {
    long long length;
    int hosts, lengths, connections;
    int persistent;
} Usual;

static inline int
is_letter(octet c)
{
    c |= 0x20;
    return c >= 'a' && c <= 'z';
}

/* Host: a reg-name without its rarer characters, or an IPv6 address in brackets; then a port. */
static int
is_usual_host(const octet *at, const octet *end)
{
    if (at < end && *at == '[') {
        const octet *first = ++at;
        while (at < end && (hex_digit(*at) >= 0 || *at == '.' || *at == ':')) {
            at++;
        }
        if (at == first || at == end || *at++ != ']') {
            return 0;
        }
    }
    else {
        while (at < end && (is_letter(*at) || is_digit(*at) || *at == '.' || *at == '-' ||
                            *at == '_')) {
            at++;
        }
    }
    if (at < end && *at == ':') {
        at++;
        while (at < end && is_digit(*at)) {
            at++;
        }
    }
    return at == end;
}

/* Read the one Connection field of a message: "close" or "keep-alive"; return 0 for another. */
static int
note_connection(Usual *usual, const octet *value, const octet *end)
{
    usual->persistent = end - value == 10 && is_name(value, "keep-alive", 10);
    return ++usual->connections == 1 &&
           (usual->persistent || (end - value == 5 && is_name(value, "close", 5)));
}

/* Read the one Content-Length of a message; return 0 if it is not a number of at most 18 digits. */
static int
note_length(Usual *usual, const octet *value, const octet *end)
{
    if (++usual->lengths != 1 || value == end || end - value > 18) {
        return 0;
    }
    for (; value < end; value++) {
        if (!is_digit(*value)) {
            return 0;
        }
        usual->length = usual->length * 10 + (*value - '0');
    }
    return 1;
}

/* Read a field that frames the message; return 0 if its value is not usual. */
static int
note_field(Usual *usual, const octet *name, const octet *name_end, const octet *value,
           const octet *end)
{
    switch (name_end - name) {
    case 4:
        return !is_name(name, "host", 4) || (++usual->hosts == 1 && is_usual_host(value, end));
    case 6:
        return !is_name(name, "expect", 6);
    case 10:
        return !is_name(name, "connection", 10) || note_connection(usual, value, end);
    case 14:
        return !is_name(name, "content-length", 14) || note_length(usual, value, end);
    case 17:
        return !is_name(name, "transfer-encoding", 17);
    default:
        return 1;
    }
}

/* Whether a parsed request line is usual: its target is a path, its version HTTP/1.0 or 1.1. */
static int
is_usual_line(const octet *begin, const RequestLine *line)
{
    const octet *target = line->target;
    Py_ssize_t size = line->target_end - target;
    return target[0] == '/' && (size == 1 || target[1] != '/') &&
           skip(target, line->target_end, URI) == line->target_end &&
           line->target_end[8] <= '1' &&
           (line->method_end - begin != 7 || memcmp(begin, "CONNECT", 7) != 0);
}

/* Called for each field of a usual head; returns 1 if the pure twin must read the head, -1 with an
   exception. */
typedef int (*Visit)(void *context, const octet *name, const octet *name_end, const octet *value,
                     const octet *value_end);

/* Read a whole usual head. Returns 1, 0 if it is not usual, or what `visit` reports: 2 or -1. */
static int
read_usual(const Block *block, RequestLine *line, Usual *usual, Visit visit, void *context)
{
    const octet *at = block->begin, *end = block->end;
    Py_ssize_t size = end - at, count = 0;
    if (size > block->bounds.start_line || size > block->bounds.field_line ||
        size > block->bounds.field_section || !read_request_line(&at, block, line) ||
        !is_usual_line(block->begin, line)) {
        return 0;
    }
    memset(usual, 0, sizeof *usual);
    usual->persistent = line->version == 11;
    while (!at_crlf(at, end)) {
        const octet *name = at, *name_end = skip(at, end, TCHAR);
        if (name_end == name || name_end == end || *name_end != ':') {
            return 0;
        }
        const octet *value = skip(name_end + 1, end, BLANK);
        at = skip_text(value, end);
        const octet *value_end = strip_right(value, at);
        if (!at_crlf(at, end) || ++count > block->bounds.fields ||
            !note_field(usual, name, name_end, value, value_end)) {
            return 0;
        }
        int stopped = visit == NULL ? 0 : visit(context, name, name_end, value, value_end);
        if (stopped) {
            return stopped < 0 ? -1 : 2;
        }
        at += 2;
    }
    return at + 2 == end && (usual->hosts == 1 || line->version == 10);
}

PyDoc_STRVAR(usual_request_doc,
"usual_request(block, limits=DEFAULT_LIMITS, /)\n--\n\n"
"Return (length, persistent, method, target, version, request line) of a usual request head.");

static PyObject *
usual_request(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    Block block;
    RequestLine line;
    Usual usual;
    if (!take_block(module, args, nargs, &block)) {
        return hand_over("usual_request", args, nargs);
    }
    if (!read_usual(&block, &line, &usual, NULL, NULL)) {
        return Py_NewRef(Py_None);
    }
    PyObject *items[] = {
        PyLong_FromLongLong(usual.length),
        PyBool_FromLong(usual.persistent),
        method_text(&state_of(module)->strings, block.begin, line.method_end),
        text(line.target, line.target_end),
        PyLong_FromLong(line.version),
        text(block.begin, line.target_end + 9),
    };
    return tuple_of(items, 6);
}

PyDoc_STRVAR(usual_line_doc,
"usual_line(line, /)\n--\n\n"
"Return (method, target, version, line) of a usual request line, which has no CRLF here.");

static PyObject *
usual_line(PyObject *module, PyObject *given)
{
    if (!PyBytes_CheckExact(given)) {
        return hand_over("usual_line", &given, 1);
    }
    const octet *begin = (const octet *)PyBytes_AsString(given), *at = begin;
    const octet *end = begin + PyBytes_Size(given);
    RequestLine line;
    if (!read_request_words(&at, end, &line) || at != end || !is_usual_line(begin, &line)) {
        return Py_NewRef(Py_None);
    }
    PyObject *items[] = {
        method_text(&state_of(module)->strings, begin, line.method_end),
        text(line.target, line.target_end),
        PyLong_FromLong(line.version),
        text(begin, end),
    };
    return tuple_of(items, 4);
}
