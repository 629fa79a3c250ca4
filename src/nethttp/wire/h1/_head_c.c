/* The C twin: heads of messages, RFC 9112 sections 2 to 5.
 *
 * It reads and writes strictly valid heads, as nearly all are. It passes all other input, with the
 * same arguments, to the pure twin, `_head_py`, which reads leniently, or raises an error that has
 * the reason. So only the pure twin has the texts of errors, and the twins could differ in one way
 * only: this one accepts input that the pure twin refuses or reads otherwise. The fuzzers look for
 * such input.
 *
 * This file has no static variable that changes, so sub-interpreters can share it. The state of a
 * module changes only in builds with a GIL (`_strings.h`). Input is bytes and str, which are
 * immutable, or a snapshot of a list; so this file needs no GIL. The one exception is a bytearray: if another thread changes it meanwhile, old and new octets may be read, but none beyond
 * its bounds.
 */

/* One binary serves every CPython from 3.11 on: the limited API costs 3 to 6 % here. Builds without
   the GIL have no limited API yet. */
#ifndef Py_GIL_DISABLED
#define Py_LIMITED_API 0x030B0000
#endif
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <string.h>

typedef unsigned char octet;

/* --- the grammar, as in grammar.py ----------------------------------------------------------- */

enum {
    TCHAR = 1,  /* RFC 9110 section 5.6.2 */
    VCHAR = 2,  /* visible ASCII: a request-target, RFC 9112 section 3.2 */
    TEXT = 4,   /* a field value or a reason: HTAB, SP, VCHAR, obs-text; RFC 9110 section 5.5 */
    BLANK = 8,  /* SP and HTAB */
    URI = 16,   /* an origin-form: VCHAR except " # < > */
};

/* The classes of each octet. */
static const octet CLASS[256] = {
#define FOUR(x) x, x, x, x
#define SIXTEEN(x) FOUR(x), FOUR(x), FOUR(x), FOUR(x)
#define ALL (TCHAR | VCHAR | TEXT | URI)
#define SEEN (VCHAR | TEXT | URI)
#define NO_URI (VCHAR | TEXT)
    /* 00 */ 0, 0, 0, 0, 0, 0, 0, 0, 0, TEXT | BLANK, 0, 0, 0, 0, 0, 0,
    /* 10 */ SIXTEEN(0),
    /* 20 */ TEXT | BLANK, ALL, NO_URI, NO_URI | TCHAR, ALL, ALL, ALL, ALL,
    /* 28 */ SEEN, SEEN, ALL, ALL, SEEN, ALL, ALL, SEEN,
    /* 30 */ FOUR(ALL), FOUR(ALL), ALL, ALL, SEEN, SEEN, NO_URI, SEEN, NO_URI, SEEN,
    /* 40 */ SEEN, ALL, ALL, ALL, FOUR(ALL), FOUR(ALL), FOUR(ALL),
    /* 50 */ FOUR(ALL), FOUR(ALL), ALL, ALL, ALL, SEEN, SEEN, SEEN, ALL, ALL,
    /* 60 */ SIXTEEN(ALL),
    /* 70 */ FOUR(ALL), FOUR(ALL), ALL, ALL, ALL, SEEN, ALL, SEEN, ALL, 0,
    /* 80 */ SIXTEEN(TEXT), SIXTEEN(TEXT), SIXTEEN(TEXT), SIXTEEN(TEXT),
    /* c0 */ SIXTEEN(TEXT), SIXTEEN(TEXT), SIXTEEN(TEXT), SIXTEEN(TEXT),
#undef FOUR
#undef SIXTEEN
#undef ALL
#undef SEEN
#undef NO_URI
};

static inline const octet *
skip(const octet *at, const octet *end, int class)
{
    while (at < end && CLASS[*at] & class) {
        at++;
    }
    return at;
}

/* Skip octets of TEXT, as `skip` does, eight at a time while they are printable: most of a head is
   values, and this halves the time of the whole parse. */
static inline const octet *
skip_text(const octet *at, const octet *end)
{
    const uint64_t each = UINT64_MAX / 0xff; /* 1 in each octet */
    while (end - at >= 8) {
        uint64_t eight;
        memcpy(&eight, at, 8);
        uint64_t less_del = eight ^ each * 0x7f;
        uint64_t control = (eight - each * 0x20) & ~eight; /* the top bit of an octet below 0x20 */
        uint64_t del = (less_del - each) & ~less_del;      /* of an octet 0x7f */
        if ((control | del) & each * 0x80) {
            break;
        }
        at += 8;
    }
    return skip(at, end, TEXT);
}

static inline const octet *
strip_right(const octet *begin, const octet *end)
{
    while (end > begin && CLASS[end[-1]] & BLANK) {
        end--;
    }
    return end;
}

static inline int
is_digit(octet c)
{
    return c >= '0' && c <= '9';
}

static inline int
at_crlf(const octet *at, const octet *end)
{
    return end - at >= 2 && at[0] == '\r' && at[1] == '\n';
}

/* --- strings ----------------------------------------------------------------------------------- */

/* The characters of a str. */
typedef struct {
    const octet *begin;
    Py_ssize_t size;
} Piece;

/* Return 1 and fill in *piece if `object` is a str of ASCII; else 0. The caller must keep the str
   alive as long as it uses *piece. */
static int
take_ascii(PyObject *object, Piece *piece)
{
    if (!PyUnicode_CheckExact(object)) {
        return 0;
    }
    piece->begin = (const octet *)PyUnicode_AsUTF8AndSize(object, &piece->size);
    if (piece->begin == NULL) {
        PyErr_Clear();
        return 0;
    }
    return piece->size == PyUnicode_GetLength(object);
}

static PyObject *
text(const octet *begin, const octet *end)
{
    return PyUnicode_DecodeLatin1((const char *)begin, end - begin, NULL);
}

#include "_strings.h"

/* --- the module's state ---------------------------------------------------------------------- */

/* The bounds of `Limits` that this twin checks. */
typedef struct {
    Py_ssize_t start_line;
    Py_ssize_t field_line;
    Py_ssize_t field_section;
    Py_ssize_t fields;
} Bounds;

typedef struct {
    PyObject *limits_type; /* `Limits` */
    Bounds default_bounds; /* of DEFAULT_LIMITS */
    Strings strings;
} State;

static inline State *
state_of(PyObject *module)
{
    return (State *)PyModule_GetState(module);
}

/* Call the pure twin's function of this name. Its module is imported at the first call, so that most
   programs never import it: compiling its patterns would take a tenth of their start-up. */
static PyObject *
hand_over(const char *name, PyObject *const *args, Py_ssize_t nargs)
{
    PyObject *pure = PyImport_ImportModule("nethttp.wire.h1._head_py");
    if (pure == NULL) {
        return NULL;
    }
    PyObject *function = PyObject_GetAttrString(pure, name);
    PyObject *given = function == NULL ? NULL : PyTuple_New(nargs);
    PyObject *result = NULL;
    if (given != NULL) {
        for (Py_ssize_t i = 0; i < nargs; i++) {
            PyTuple_SetItem(given, i, Py_NewRef(args[i]));
        }
        result = PyObject_Call(function, given, NULL);
    }
    Py_XDECREF(given);
    Py_XDECREF(function);
    Py_DECREF(pure);
    return result;
}

static int
read_bound(PyObject *limits, const char *name, Py_ssize_t *bound)
{
    PyObject *value = PyObject_GetAttrString(limits, name);
    if (value == NULL) {
        return -1;
    }
    *bound = PyLong_AsSsize_t(value);
    Py_DECREF(value);
    return *bound == -1 && PyErr_Occurred() ? -1 : 0;
}

static int
read_bounds_by_name(PyObject *limits, Bounds *bounds)
{
    if (read_bound(limits, "max_start_line", &bounds->start_line) < 0 ||
        read_bound(limits, "max_field_line", &bounds->field_line) < 0 ||
        read_bound(limits, "max_field_section", &bounds->field_section) < 0 ||
        read_bound(limits, "max_fields", &bounds->fields) < 0) {
        return -1;
    }
    return 0;
}

/* The first bounds of `Limits`, which is a named tuple: reading them by name took a tenth of a
   request's time. */
enum { MAX_START_LINE, MAX_FIELD_LINE, MAX_FIELD_SECTION, MAX_FIELDS };

static int
read_bounds(const State *state, PyObject *limits, Bounds *bounds)
{
    if ((PyObject *)Py_TYPE(limits) != state->limits_type) {
        return read_bounds_by_name(limits, bounds);
    }
    bounds->start_line = PyLong_AsSsize_t(PyTuple_GetItem(limits, MAX_START_LINE));
    bounds->field_line = PyLong_AsSsize_t(PyTuple_GetItem(limits, MAX_FIELD_LINE));
    bounds->field_section = PyLong_AsSsize_t(PyTuple_GetItem(limits, MAX_FIELD_SECTION));
    bounds->fields = PyLong_AsSsize_t(PyTuple_GetItem(limits, MAX_FIELDS));
    return (bounds->start_line | bounds->field_line | bounds->field_section | bounds->fields) < 0 &&
                   PyErr_Occurred()
               ? -1
               : 0;
}

/* The arguments of `f(block, limits=DEFAULT_LIMITS)`. */
typedef struct {
    const octet *begin;
    const octet *end;
    Bounds bounds;
} Block;

/* Return 1 if the arguments have the usual types, 0 if the pure twin must take them. */
static int
take_block(PyObject *module, PyObject *const *args, Py_ssize_t nargs, Block *block)
{
    if (nargs < 1 || nargs > 2 || !PyBytes_CheckExact(args[0])) {
        return 0;
    }
    State *state = state_of(module);
    block->begin = (const octet *)PyBytes_AsString(args[0]);
    block->end = block->begin + PyBytes_Size(args[0]);
    if (nargs == 1) {
        block->bounds = state->default_bounds;
    }
    else if (read_bounds(state, args[1], &block->bounds) < 0) {
        PyErr_Clear();
        return 0;
    }
    return 1;
}

/* --- parse ----------------------------------------------------------------------------------- */

/* Every reader below returns 1 and advances *at, 0 if the pure twin must read the input, or -1 with
   an exception set. */

/* Return a new tuple of the items, whose references are taken, or NULL: also if an item is NULL. */
static PyObject *
tuple_of(PyObject *const *items, Py_ssize_t count)
{
    PyObject *tuple = PyTuple_New(count);
    int failed = tuple == NULL;
    for (Py_ssize_t i = 0; i < count; i++) {
        failed |= items[i] == NULL;
        if (tuple == NULL) {
            Py_XDECREF(items[i]);
        }
        else {
            PyTuple_SetItem(tuple, i, items[i]);
        }
    }
    if (failed) {
        Py_CLEAR(tuple);
    }
    return tuple;
}

/* Read field lines and the empty line that ends the block; *fields becomes a new list. */
static int
read_fields(const octet *at, const Block *block, PyObject **fields)
{
    const octet *end = block->end;
    if (end - at < 2 || end - at - 2 > block->bounds.field_section) {
        return 0;
    }
    PyObject *list = PyList_New(0);
    if (list == NULL) {
        return -1;
    }
    int outcome = 0;
    Py_ssize_t count = 0;
    while (!at_crlf(at, end)) {
        const octet *line = at;
        const octet *name_end = skip(line, end, TCHAR);
        if (name_end == line || name_end == end || *name_end != ':') {
            goto fail;
        }
        const octet *value = skip(name_end + 1, end, BLANK);
        at = skip_text(value, end);
        if (!at_crlf(at, end) || ++count > block->bounds.fields ||
            at + 2 - line > block->bounds.field_line) {
            goto fail;
        }
        PyObject *pair[] = {text(line, name_end), text(value, strip_right(value, at))};
        PyObject *field = tuple_of(pair, 2);
        int failed = field == NULL || PyList_Append(list, field) < 0;
        Py_XDECREF(field);
        if (failed) {
            outcome = -1;
            goto fail;
        }
        at += 2;
    }
    if (at + 2 != end) {
        goto fail;
    }
    *fields = list;
    return 1;
fail:
    Py_DECREF(list);
    return outcome;
}

/* HTTP-version = "HTTP/1." DIGIT; returns 10 or 11, or 0. RFC 9112 section 2.3. */
static int
read_version(const octet **at, const octet *end)
{
    if (end - *at < 8 || memcmp(*at, "HTTP/1.", 7) != 0 || !is_digit((*at)[7])) {
        return 0;
    }
    int version = (*at)[7] == '0' ? 10 : 11;
    *at += 8;
    return version;
}

typedef struct {
    const octet *method_end;
    const octet *target;
    const octet *target_end;
    int version;
} RequestLine;

/* request-line = method SP request-target SP HTTP-version CRLF; RFC 9112 section 3. This reads up to
   the CRLF. */
static int
read_request_words(const octet **at, const octet *end, RequestLine *line)
{
    line->method_end = skip(*at, end, TCHAR);
    if (line->method_end == *at || line->method_end == end || *line->method_end != ' ') {
        return 0;
    }
    line->target = line->method_end + 1;
    line->target_end = skip(line->target, end, VCHAR);
    if (line->target_end == line->target || line->target_end == end || *line->target_end != ' ') {
        return 0;
    }
    *at = line->target_end + 1;
    line->version = read_version(at, end);
    return line->version != 0;
}

static int
read_request_line(const octet **at, const Block *block, RequestLine *line)
{
    if (!read_request_words(at, block->end, line) || !at_crlf(*at, block->end)) {
        return 0;
    }
    *at += 2;
    return *at - block->begin <= block->bounds.start_line;
}

PyDoc_STRVAR(parse_request_head_doc,
"parse_request_head(block, limits=DEFAULT_LIMITS, /)\n--\n\n"
"Return (method, target, version, fields) of a request head; version 11 is HTTP/1.1.");

static PyObject *
parse_request_head(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    Block block;
    RequestLine line;
    PyObject *fields;
    int outcome = take_block(module, args, nargs, &block);
    const octet *at = block.begin;
    if (outcome == 1) {
        outcome = read_request_line(&at, &block, &line);
    }
    if (outcome == 1) {
        outcome = read_fields(at, &block, &fields);
    }
    if (outcome == 0) {
        return hand_over("parse_request_head", args, nargs);
    }
    if (outcome < 0) {
        return NULL;
    }
    return Py_BuildValue("(NNiN)", text(block.begin, line.method_end),
                         text(line.target, line.target_end), line.version, fields);
}

PyDoc_STRVAR(parse_request_line_doc,
"parse_request_line(line, limits=DEFAULT_LIMITS, /)\n--\n\n"
"Return (method, target, version) of a request line with its CRLF.");

static PyObject *
parse_request_line(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    Block block;
    RequestLine line;
    if (!take_block(module, args, nargs, &block)) {
        return hand_over("parse_request_line", args, nargs);
    }
    const octet *at = block.begin;
    if (!read_request_line(&at, &block, &line)) {
        return hand_over("parse_request_line", args, nargs);
    }
    return Py_BuildValue("(NNi)", text(block.begin, line.method_end),
                         text(line.target, line.target_end), line.version);
}

typedef struct {
    int version;
    int status;
    const octet *reason;
    const octet *reason_end;
} StatusLine;

/* status-line = HTTP-version SP status-code SP [ reason-phrase ] CRLF; RFC 9112 section 4. A line
   without a reason may lack the second SP. */
static int
read_status_line(const octet **at, const Block *block, StatusLine *line)
{
    const octet *end = block->end;
    line->version = read_version(at, end);
    if (line->version == 0 || end - *at < 4) {
        return 0;
    }
    const octet *code = *at + 1;
    if (**at != ' ' || code[0] == '0' || !is_digit(code[0]) || !is_digit(code[1]) ||
        !is_digit(code[2])) {
        return 0;
    }
    line->status = (code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0');
    const octet *rest = code + 3;
    line->reason = line->reason_end = rest;
    if (rest < end && *rest == ' ') {
        rest = skip(rest, end, TEXT);
        line->reason = skip(line->reason, rest, BLANK);
        line->reason_end = strip_right(line->reason, rest);
    }
    if (!at_crlf(rest, end)) {
        return 0;
    }
    *at = rest + 2;
    return *at - block->begin <= block->bounds.start_line;
}

PyDoc_STRVAR(parse_response_head_doc,
"parse_response_head(block, limits=DEFAULT_LIMITS, /)\n--\n\n"
"Return (version, status, reason, fields, unread) of a response head.");

static PyObject *
parse_response_head(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    Block block;
    StatusLine line;
    PyObject *fields;
    int outcome = take_block(module, args, nargs, &block);
    const octet *at = block.begin;
    if (outcome == 1) {
        outcome = read_status_line(&at, &block, &line);
    }
    if (outcome == 1) {
        outcome = read_fields(at, &block, &fields);
    }
    if (outcome == 0) {
        return hand_over("parse_response_head", args, nargs);
    }
    if (outcome < 0) {
        return NULL;
    }
    return Py_BuildValue("(iiNNO)", line.version, line.status,
                         text(line.reason, line.reason_end), fields, Py_None);
}

PyDoc_STRVAR(parse_status_line_doc,
"parse_status_line(line, limits=DEFAULT_LIMITS, /)\n--\n\n"
"Return (version, status, reason, strict) of a status line with its line end.");

static PyObject *
parse_status_line(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    Block block;
    StatusLine line;
    if (!take_block(module, args, nargs, &block)) {
        return hand_over("parse_status_line", args, nargs);
    }
    const octet *at = block.begin;
    if (!read_status_line(&at, &block, &line)) {
        return hand_over("parse_status_line", args, nargs);
    }
    return Py_BuildValue("(iiNO)", line.version, line.status,
                         text(line.reason, line.reason_end), Py_True);
}

/* Read a block that has no start line; the result is as that of the readers above. */
static int
read_section(PyObject *module, PyObject *const *args, Py_ssize_t nargs, PyObject **fields)
{
    Block block;
    int outcome = take_block(module, args, nargs, &block);
    return outcome == 1 ? read_fields(block.begin, &block, fields) : outcome;
}

PyDoc_STRVAR(parse_field_section_doc,
"parse_field_section(block, limits=DEFAULT_LIMITS, /)\n--\n\n"
"Return the fields of a block without a start line, read strictly.");

static PyObject *
parse_field_section(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    PyObject *fields;
    int outcome = read_section(module, args, nargs, &fields);
    if (outcome == 0) {
        return hand_over("parse_field_section", args, nargs);
    }
    return outcome < 0 ? NULL : fields;
}

PyDoc_STRVAR(parse_lenient_field_section_doc,
"parse_lenient_field_section(block, limits=DEFAULT_LIMITS, /)\n--\n\n"
"Return (fields, unread) of a block without a start line, as a response's are read.");

static PyObject *
parse_lenient_field_section(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    PyObject *fields;
    int outcome = read_section(module, args, nargs, &fields);
    if (outcome == 0) {
        return hand_over("parse_lenient_field_section", args, nargs);
    }
    return outcome < 0 ? NULL : Py_BuildValue("(NO)", fields, Py_None);
}

/* --- chunk lines: RFC 9112 section 7.1 ------------------------------------------------------- */

/* Return the digit's value, or -1. */
static inline int
hex_digit(octet c)
{
    if (is_digit(c)) {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Return the end of the quoted-string that begins at `at`, or NULL. RFC 9110 section 5.6.4. */
static const octet *
skip_quoted(const octet *at, const octet *end)
{
    for (at++; at < end && CLASS[*at] & TEXT; at++) {
        if (*at == '"') {
            return at + 1;
        }
        if (*at == '\\' && (++at == end || !(CLASS[*at] & TEXT))) {
            return NULL;
        }
    }
    return NULL;
}

/* Return the end of the extensions that begin at `at`, or NULL.
   chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] ) */
static const octet *
skip_extensions(const octet *at, const octet *end)
{
    while (!at_crlf(at, end)) {
        at = skip(at, end, BLANK);
        if (at == end || *at != ';') {
            return NULL;
        }
        const octet *name = skip(at + 1, end, BLANK);
        at = skip(name, end, TCHAR);
        if (at == name) {
            return NULL;
        }
        const octet *sign = skip(at, end, BLANK);
        if (sign < end && *sign == '=') {
            const octet *value = skip(sign + 1, end, BLANK);
            at = value < end && *value == '"' ? skip_quoted(value, end) : skip(value, end, TCHAR);
            if (at == NULL || at == value) {
                return NULL;
            }
        }
    }
    return at;
}

PyDoc_STRVAR(parse_chunk_line_doc,
"parse_chunk_line(line, /)\n--\n\n"
"Return (chunk size, length of the extensions) of a chunk's size line with its CRLF.");

/* Read 1 to 16 hexadecimal digits, which bound the size below 2**64; returns their end, `at` itself
   if there is no digit. */
static const octet *
read_chunk_size(const octet *at, const octet *end, unsigned long long *size)
{
    const octet *last = end - at > 16 ? at + 16 : end;
    int digit;
    for (*size = 0; at < last && (digit = hex_digit(*at)) >= 0; at++) {
        *size = *size << 4 | (unsigned)digit;
    }
    return at;
}

static PyObject *
parse_chunk_line(PyObject *Py_UNUSED(module), PyObject *line)
{
    if (!PyBytes_CheckExact(line)) {
        return hand_over("parse_chunk_line", &line, 1);
    }
    const octet *begin = (const octet *)PyBytes_AsString(line);
    const octet *end = begin + PyBytes_Size(line);
    unsigned long long size;
    const octet *at = read_chunk_size(begin, end, &size);
    const octet *rest = at > begin ? skip_extensions(at, end) : NULL;
    if (rest == NULL || rest + 2 != end) {
        return hand_over("parse_chunk_line", &line, 1);
    }
    return Py_BuildValue("(Kn)", size, (Py_ssize_t)(rest - at));
}

PyDoc_STRVAR(parse_chunks_doc,
"parse_chunks(data, start, room, /)\n--\n\n"
"Return (content, end) of the whole chunks that stand in `data` from `start` on.");

/* Find the chunk at `at`, of at most `room` bytes; return the place behind it, or NULL if it is not
   whole, too large, or the last one. */
static const octet *
find_chunk(const octet *at, const octet *end, Py_ssize_t room, const octet **data, size_t *size)
{
    unsigned long long declared;
    const octet *found = read_chunk_size(at, end, &declared);
    if (found == at || !at_crlf(found, end)) {
        return NULL;
    }
    found += 2;
    if (declared == 0 || declared > (unsigned long long)room ||
        declared > (unsigned long long)(end - found) || !at_crlf(found + declared, end)) {
        return NULL;
    }
    *data = found;
    *size = (size_t)declared;
    return found + declared + 2;
}

/* Join the content of whole chunks, at most `room` bytes; *content becomes new bytes. Returns the
   number of octets read, or -1 with an exception.

   The limited API has no bytes that become shorter, so several chunks are copied twice. To walk
   small chunks twice instead took twice the time. */
static Py_ssize_t
join_chunks(const octet *begin, const octet *end, Py_ssize_t room, PyObject **content)
{
    const octet *data, *next, *at = begin, *joined = NULL;
    octet *copy = NULL;
    size_t size, used = 0;
    while ((next = find_chunk(at, end, room - (Py_ssize_t)used, &data, &size)) != NULL) {
        if (joined == NULL) {
            joined = data;
        }
        else {
            if (copy == NULL) {
                /* The joined content is shorter than the chunks. */
                copy = PyMem_Malloc((size_t)(end - begin));
                if (copy == NULL) {
                    PyErr_NoMemory();
                    return -1;
                }
                memcpy(copy, joined, used);
                joined = copy;
            }
            memcpy(copy + used, data, size);
        }
        used += size;
        at = next;
    }
    *content = PyBytes_FromStringAndSize((const char *)joined, (Py_ssize_t)used);
    PyMem_Free(copy);
    return *content == NULL ? -1 : at - begin;
}

static PyObject *
parse_chunks(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    Py_ssize_t start = -1, room = -1;
    if (nargs == 3 && PyLong_Check(args[1]) && PyLong_Check(args[2])) {
        start = PyLong_AsSsize_t(args[1]);
        room = PyLong_AsSsize_t(args[2]);
    }
    PyErr_Clear();
    if (start < 0 || room < 0 || !(PyBytes_CheckExact(args[0]) || PyByteArray_CheckExact(args[0]))) {
        return hand_over("parse_chunks", args, nargs);
    }
    Py_buffer data;
    if (PyObject_GetBuffer(args[0], &data, PyBUF_SIMPLE) < 0) {
        return NULL;
    }
    const octet *begin = data.buf, *end = begin + data.len;
    PyObject *content;
    Py_ssize_t size = join_chunks(start < data.len ? begin + start : end, end, room, &content);
    PyBuffer_Release(&data);
    return size < 0 ? NULL : Py_BuildValue("(Nn)", content, start + size);
}

#include "_usual.h"

/* --- Cookie fields: RFC 6265 section 4.2.1 --------------------------------------------------- */

/* Whether the field has the form that browsers send: visible ASCII without quotes, "; " between
   cookies and no other blanks. */
static int
is_plain_cookie_field(const Piece *field)
{
    const octet *end = field->begin + field->size;
    for (const octet *at = field->begin; at < end; at++) {
        if (*at == ';') {
            if (++at == end || *at != ' ') {
                return 0;
            }
        }
        else if (!(CLASS[*at] & VCHAR) || *at == '"') {
            return 0;
        }
    }
    return 1;
}

/* Return the (name, "=" or "", value) triple of one cookie, or NULL. */
static PyObject *
cookie_of(State *state, const octet *begin, const octet *end)
{
    const octet *sign = memchr(begin, '=', (size_t)(end - begin));
    const octet *name_end = sign == NULL ? end : sign;
    const octet *value = sign == NULL ? end : sign + 1;
    return Py_BuildValue("(NON)", text(begin, name_end),
                         state->strings.strings[sign == NULL ? EMPTY : EQUALS], text(value, end));
}

PyDoc_STRVAR(split_cookie_field_doc,
"split_cookie_field(field, /)\n--\n\n"
"Return the (name, \"=\" or \"\", value) triples of a Cookie field; an empty name: unreadable.");

static PyObject *
split_cookie_field(PyObject *module, PyObject *field)
{
    Piece whole;
    if (!take_ascii(field, &whole) || !is_plain_cookie_field(&whole)) {
        return hand_over("split_cookie_field", &field, 1);
    }
    const octet *at = whole.begin, *end = whole.begin + whole.size;
    PyObject *cookies = PyList_New(0);
    if (cookies == NULL) {
        return NULL;
    }
    for (;;) {
        const octet *next = memchr(at, ';', (size_t)(end - at));
        PyObject *cookie = cookie_of(state_of(module), at, next == NULL ? end : next);
        int failed = cookie == NULL || PyList_Append(cookies, cookie) < 0;
        Py_XDECREF(cookie);
        if (failed) {
            Py_DECREF(cookies);
            return NULL;
        }
        if (next == NULL) {
            return cookies;
        }
        at = next + 2;
    }
}

/* --- serialise ------------------------------------------------------------------------------- */

/* Return 1 if `object` is a str of ASCII whose characters are all of `class`, else 0. */
static int
take_text(PyObject *object, int class, Piece *piece)
{
    if (!take_ascii(object, piece)) {
        return 0;
    }
    const octet *end = piece->begin + piece->size;
    return skip(piece->begin, end, class) == end;
}

static int
take_token(PyObject *object, int class, Piece *piece)
{
    return take_text(object, class, piece) && piece->size > 0;
}

/* A head that is being written: on the stack unless it is larger than usual. */
typedef struct {
    char *begin;
    Py_ssize_t size;
    Py_ssize_t room;
    char usual[2048];
} Buffer;

/* Move the buffer to memory of twice the size that it needs for `more` bytes. */
static int
grow(Buffer *buffer, Py_ssize_t more)
{
    /* Many lines may share one value, so the sum of all sizes can exceed the memory. */
    if (more > PY_SSIZE_T_MAX / 2 - buffer->size) {
        PyErr_NoMemory();
        return -1;
    }
    Py_ssize_t room = (buffer->size + more) * 2;
    char *begin = PyMem_Malloc((size_t)room);
    if (begin == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    memcpy(begin, buffer->begin, (size_t)buffer->size);
    if (buffer->begin != buffer->usual) {
        PyMem_Free(buffer->begin);
    }
    buffer->begin = begin;
    buffer->room = room;
    return 0;
}

static inline int
put(Buffer *buffer, const void *from, Py_ssize_t size)
{
    if (size > buffer->room - buffer->size && grow(buffer, size) < 0) {
        return -1;
    }
    memcpy(buffer->begin + buffer->size, from, (size_t)size);
    buffer->size += size;
    return 1;
}

static int
put_field(Buffer *buffer, PyObject *field)
{
    Piece name, value;
    if (!PyTuple_CheckExact(field) || PyTuple_Size(field) != 2 ||
        !take_token(PyTuple_GetItem(field, 0), TCHAR, &name) ||
        !take_text(PyTuple_GetItem(field, 1), TEXT, &value)) {
        return 0;
    }
    if (put(buffer, name.begin, name.size) < 0 || put(buffer, ": ", 2) < 0 ||
        put(buffer, value.begin, value.size) < 0 || put(buffer, "\r\n", 2) < 0) {
        return -1;
    }
    return 1;
}

static int
put_head(Buffer *buffer, const Piece *start, int count, PyObject *lines, const char *end)
{
    int outcome = 1;
    for (int i = 0; i < count && outcome == 1; i++) {
        outcome = put(buffer, start[i].begin, start[i].size);
    }
    Py_ssize_t number = PyTuple_Size(lines);
    for (Py_ssize_t i = 0; i < number && outcome == 1; i++) {
        outcome = put_field(buffer, PyTuple_GetItem(lines, i));
    }
    return outcome == 1 ? put(buffer, end, (Py_ssize_t)strlen(end)) : outcome;
}

/* Write a start line of `count` pieces, the field lines, and `end`; *head becomes new bytes. Returns
   1, 0 if the pure twin must write it, or -1 with an exception. */
static int
write_head(const Piece *start, int count, PyObject *fields, const char *end, PyObject **head)
{
    if (!PyList_CheckExact(fields)) {
        return 0;
    }
    /* Another thread may change the list, but not this snapshot. */
    PyObject *lines = PyList_AsTuple(fields);
    if (lines == NULL) {
        return -1;
    }
    Buffer buffer;
    buffer.begin = buffer.usual;
    buffer.size = 0;
    buffer.room = sizeof buffer.usual;
    int outcome = put_head(&buffer, start, count, lines, end);
    if (outcome == 1) {
        *head = PyBytes_FromStringAndSize(buffer.begin, buffer.size);
        outcome = *head == NULL ? -1 : 1;
    }
    if (buffer.begin != buffer.usual) {
        PyMem_Free(buffer.begin);
    }
    Py_DECREF(lines);
    return outcome;
}

PyDoc_STRVAR(serialise_fields_doc,
"serialise_fields(fields, /)\n--\n\n"
"Return the field lines as bytes, each with its CRLF, without the final empty line.");

static PyObject *
serialise_fields(PyObject *Py_UNUSED(module), PyObject *fields)
{
    PyObject *lines = NULL;
    if (write_head(NULL, 0, fields, "", &lines) == 0) {
        return hand_over("serialise_fields", &fields, 1);
    }
    return lines;
}

PyDoc_STRVAR(serialise_request_fields_doc,
"serialise_request_fields(fields, /)\n--\n\n"
"Return what `serialise_fields` does; a value may hold any octet but CR, LF and NUL.");

static PyObject *
serialise_request_fields(PyObject *Py_UNUSED(module), PyObject *fields)
{
    PyObject *lines = NULL;
    if (write_head(NULL, 0, fields, "", &lines) == 0) {
        return hand_over("serialise_request_fields", &fields, 1);
    }
    return lines;
}

PyDoc_STRVAR(serialise_request_head_doc,
"serialise_request_head(method, target, fields, /)\n--\n\n"
"Return the head of an HTTP/1.1 request as bytes, its empty line included.");

static PyObject *
serialise_request_head(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    Piece start[4] = {{0}, {(const octet *)" ", 1}, {0}, {(const octet *)" HTTP/1.1\r\n", 11}};
    PyObject *head = NULL;
    if (nargs != 3 || !take_token(args[0], TCHAR, &start[0]) ||
        !take_token(args[1], VCHAR, &start[2]) ||
        write_head(start, 4, args[2], "\r\n", &head) == 0) {
        return hand_over("serialise_request_head", args, nargs);
    }
    return head;
}

PyDoc_STRVAR(serialise_response_head_doc,
"serialise_response_head(status, reason, fields, /)\n--\n\n"
"Return the head of an HTTP/1.1 response as bytes, its empty line included.");

static PyObject *
serialise_response_head(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    octet line[] = "HTTP/1.1 000 ";
    Piece start[3] = {{line, 13}, {0}, {(const octet *)"\r\n", 2}};
    PyObject *head = NULL;
    int overflow = 0;
    long status = nargs == 3 && PyLong_Check(args[0])
                      ? PyLong_AsLongAndOverflow(args[0], &overflow)
                      : 0;
    if (status < 100 || status > 999 || !take_text(args[1], TEXT, &start[1])) {
        return hand_over("serialise_response_head", args, nargs);
    }
    line[9] = (octet)('0' + status / 100);
    line[10] = (octet)('0' + status / 10 % 10);
    line[11] = (octet)('0' + status % 10);
    if (write_head(start, 3, args[2], "\r\n", &head) == 0) {
        return hand_over("serialise_response_head", args, nargs);
    }
    return head;
}

/* --- the module ------------------------------------------------------------------------------ */

#define SEVERAL(name) {#name, (PyCFunction)(void (*)(void))name, METH_FASTCALL, name##_doc}
#define ONE(name) {#name, name, METH_O, name##_doc}

static PyMethodDef methods[] = {
    SEVERAL(parse_request_head),
    SEVERAL(parse_request_line),
    SEVERAL(parse_response_head),
    SEVERAL(parse_status_line),
    SEVERAL(parse_field_section),
    SEVERAL(parse_lenient_field_section),
    ONE(parse_chunk_line),
    SEVERAL(parse_chunks),
    ONE(split_cookie_field),
    SEVERAL(usual_environ),
    ONE(usual_line),
    SEVERAL(usual_request),
    ONE(serialise_fields),
    ONE(serialise_request_fields),
    SEVERAL(serialise_request_head),
    SEVERAL(serialise_response_head),
    {NULL, NULL, 0, NULL},
};

PyDoc_STRVAR(module_doc,
"The C twin of `_head_py`: heads of messages, RFC 9112 sections 2 to 5.");

static int
module_exec(PyObject *module)
{
    State *state = state_of(module);
    PyObject *limits = PyImport_ImportModule("nethttp.wire.limits");
    if (limits == NULL) {
        return -1;
    }
    state->limits_type = PyObject_GetAttrString(limits, "Limits");
    PyObject *usual = PyObject_GetAttrString(limits, "DEFAULT_LIMITS");
    Py_DECREF(limits);
    int failed = state->limits_type == NULL || usual == NULL ||
                 read_bounds_by_name(usual, &state->default_bounds) < 0;
    Py_XDECREF(usual);
    return failed ? -1 : make_strings(&state->strings);
}

static int
module_traverse(PyObject *module, visitproc visit, void *arg)
{
    Py_VISIT(state_of(module)->limits_type);
    return visit_strings(&state_of(module)->strings, visit, arg);
}

static int
module_clear(PyObject *module)
{
    Py_CLEAR(state_of(module)->limits_type);
    clear_strings(&state_of(module)->strings);
    return 0;
}

static void
module_free(void *module)
{
    module_clear((PyObject *)module);
}

/* Slots that the headers of 3.11's limited API do not define. Each comment names the first version
   that accepts the slot. */
#define PER_INTERPRETER_GIL {3, (void *)2} /* Py_mod_multiple_interpreters, 3.12 */
#define GIL_NOT_USED {4, (void *)1}        /* Py_mod_gil, 3.13 */

static PyModuleDef_Slot slots_of_311[] = {{Py_mod_exec, module_exec}, {0, NULL}};
static PyModuleDef_Slot slots_of_312[] = {
    {Py_mod_exec, module_exec}, PER_INTERPRETER_GIL, {0, NULL}};
static PyModuleDef_Slot slots_of_313[] = {
    {Py_mod_exec, module_exec}, PER_INTERPRETER_GIL, GIL_NOT_USED, {0, NULL}};

#define DEFINITION(slots)                                                                    \
    {                                                                                        \
        PyModuleDef_HEAD_INIT, .m_name = "_head_c", .m_doc = module_doc,                     \
        .m_size = sizeof(State), .m_methods = methods, .m_slots = slots,                     \
        .m_traverse = module_traverse, .m_clear = module_clear, .m_free = module_free,       \
    }

static PyModuleDef definition_for_311 = DEFINITION(slots_of_311);
static PyModuleDef definition_for_312 = DEFINITION(slots_of_312);
static PyModuleDef definition_for_313 = DEFINITION(slots_of_313);

PyMODINIT_FUNC
PyInit__head_c(void)
{
    return PyModuleDef_Init(Py_Version >= 0x030D0000   ? &definition_for_313
                            : Py_Version >= 0x030C0000 ? &definition_for_312
                                                       : &definition_for_311);
}
