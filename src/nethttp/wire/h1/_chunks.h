/* Chunks and their lines, for the C twin: RFC 9112 section 7.1.
 *
 * This file is a part of `_head_c.c`, which includes it once.
 */

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
