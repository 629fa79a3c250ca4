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
        if (!is_name(name, "connection", 10)) {
            return 1;
        }
        usual->persistent = end - value == 10 && is_name(value, "keep-alive", 10);
        return ++usual->connections == 1 &&
               (usual->persistent || (end - value == 5 && is_name(value, "close", 5)));
    case 14:
        if (!is_name(name, "content-length", 14)) {
            return 1;
        }
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

/* --- a usual request as a WSGI environ: PEP 3333 --------------------------------------------- */

/* An environ, the base that it was copied from, and which known names its head had so far. */
typedef struct {
    PyObject *environ;
    PyObject *base;
    Strings *strings;
    uint64_t seen;
} Environ;

/* Set environ[key] to a new string, whose reference is taken. */
static inline int
set_item(PyObject *environ, PyObject *key, PyObject *value)
{
    int failed = value == NULL || PyDict_SetItem(environ, key, value) < 0;
    Py_XDECREF(value);
    return failed ? -1 : 0;
}

/* Put a value, whose reference is taken, under a key that the environ may have. */
static int
add_value(Environ *into, PyObject *key, PyObject *value, const char *separator)
{
    if (value == NULL) {
        return -1;
    }
    PyObject *before = PyDict_GetItemWithError(into->environ, key);
    if (before == NULL && !PyErr_Occurred()) {
        return set_item(into->environ, key, value);
    }
    int outcome = -1;
    if (before != NULL && PyDict_GetItemWithError(into->base, key) != NULL) {
        outcome = 1; /* It may be the base's, and not of an earlier line. */
    }
    else if (before != NULL) {
        PyObject *both = PyUnicode_FromFormat("%U%s%U", before, separator, value);
        outcome = set_item(into->environ, key, both);
    }
    Py_DECREF(value);
    return outcome;
}

/* Put a field into the environ. */
static int
put_into_environ(void *context, const octet *name, const octet *name_end, const octet *value,
                 const octet *value_end)
{
    Environ *into = context;
    int known = known_name(into->strings, name, name_end - name);
    if (known >= 0) {
        PyObject *key = into->strings->known_keys[known];
        uint64_t bit = (uint64_t)1 << known;
        if (known <= CONTENT_TYPE || !(into->seen & bit)) {
            into->seen |= bit;
            return set_item(into->environ, key, value_text(into->strings, known, value, value_end));
        }
        return add_value(into, key, text(value, value_end), known == COOKIE ? "; " : ",");
    }
    if (name_end - name > MAX_KEY) {
        return 1;
    }
    char key[5 + MAX_KEY];
    Py_ssize_t size = write_key(key, name, name_end - name);
    if (size < 0 || (size == 10 && memcmp(key, "HTTP_PROXY", 10) == 0)) {
        return 0;
    }
    PyObject *key_object = PyUnicode_FromStringAndSize(key, size);
    if (key_object == NULL) {
        return -1;
    }
    int outcome = add_value(into, key_object, text(value, value_end), ",");
    Py_DECREF(key_object);
    return outcome;
}

/* Return the path with its percent-encoded octets decoded, each as one character. */
static PyObject *
decoded_path(const octet *begin, const octet *end)
{
    if (memchr(begin, '%', (size_t)(end - begin)) == NULL) {
        return text(begin, end);
    }
    octet *decoded = PyMem_Malloc((size_t)(end - begin));
    if (decoded == NULL) {
        return PyErr_NoMemory();
    }
    octet *to = decoded;
    for (const octet *at = begin; at < end;) {
        int high = *at == '%' && end - at > 2 ? hex_digit(at[1]) : -1;
        int low = high >= 0 ? hex_digit(at[2]) : -1;
        if (low >= 0) {
            *to++ = (octet)(high << 4 | low);
            at += 3;
        }
        else {
            *to++ = *at++;
        }
    }
    PyObject *path = text(decoded, to);
    PyMem_Free(decoded);
    return path;
}

static int
put_request_line(const Environ *into, const Block *block, const RequestLine *line)
{
    PyObject *environ = into->environ, *const *strings = into->strings->strings;
    const octet *begin = line->target, *end = line->target_end;
    const octet *mark = memchr(begin, '?', (size_t)(end - begin));
    const octet *path_end = mark == NULL ? end : mark;
    PyObject *method = method_text(into->strings, block->begin, line->method_end);
    PyObject *version = Py_NewRef(strings[line->version == 11 ? HTTP_11 : HTTP_10]);
    PyObject *query = mark == NULL ? Py_NewRef(strings[EMPTY]) : text(mark + 1, end);
    int failed = set_item(environ, strings[REQUEST_METHOD], method);
    failed |= set_item(environ, strings[REQUEST_URI], text(begin, end));
    failed |= set_item(environ, strings[PATH_INFO], decoded_path(begin, path_end));
    failed |= set_item(environ, strings[QUERY_STRING], query);
    failed |= set_item(environ, strings[SERVER_PROTOCOL], version);
    return failed;
}

PyDoc_STRVAR(usual_environ_doc,
"usual_environ(block, base, limits=DEFAULT_LIMITS, /)\n--\n\n"
"Return (length, persistent, environ) of a usual request head; None for every other.");

static PyObject *
usual_environ(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    Block block;
    RequestLine line;
    Usual usual;
    PyObject *of_block[2] = {nargs > 0 ? args[0] : NULL, nargs > 2 ? args[2] : NULL};
    if (nargs < 2 || nargs > 3 || !PyDict_CheckExact(args[1]) ||
        !take_block(module, of_block, nargs - 1, &block)) {
        return hand_over("usual_environ", args, nargs);
    }
    PyObject *environ = PyDict_Copy(args[1]);
    if (environ == NULL) {
        return NULL;
    }
    Environ into = {environ, args[1], &state_of(module)->strings, 0};
    int outcome = read_usual(&block, &line, &usual, put_into_environ, &into);
    if (outcome == 1 && put_request_line(&into, &block, &line) == 0) {
        PyObject *items[] = {
            PyLong_FromLongLong(usual.length),
            PyBool_FromLong(usual.persistent),
            environ,
        };
        return tuple_of(items, 3);
    }
    Py_DECREF(environ);
    if (outcome == 2) {
        return hand_over("usual_environ", args, nargs);
    }
    return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
}
