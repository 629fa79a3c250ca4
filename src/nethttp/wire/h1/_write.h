/* Heads as bytes, for the C twin.
 *
 * This file is a part of `_head_c.c`, which includes it once.
 */

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
