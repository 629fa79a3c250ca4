/* Usual requests as WSGI environs, for the C twin: PEP 3333.
 *
 * This file is a part of `_head_c.c`, which includes it once.
 */

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
