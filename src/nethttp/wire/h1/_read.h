/* Heads as strings, for the C twin: request lines, status lines and field lines, RFC 9112 sections 2
 * to 5.
 *
 * This file is a part of `_head_c.c`, which includes it once.
 */

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
