/* Cookie fields, for the C twin: RFC 6265 section 4.2.1.
 *
 * This file is a part of `_head_c.c`, which includes it once.
 */

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
