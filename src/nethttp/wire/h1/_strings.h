/* The strings that many requests share, for the C twin: each is made once for each interpreter.
 *
 * To make the string of a key and to hash it took two thirds of an environ's time, so the keys of
 * fields that browsers, proxies and programs usually send are made before the first request. This
 * file is a part of `_head_c.c`, which includes it once.
 */

/* Names of fields, in lower case. The first two have keys without "HTTP_". The values from COOKIE on
   are secret, and those from ACCEPT on are not. */
enum { CONTENT_LENGTH, CONTENT_TYPE, COOKIE, ACCEPT = 6 };
static const char *const KNOWN_NAMES[] = {
    "content-length", "content-type", "cookie", "authorization", "x-api-key", "x-csrf-token",
    "accept", "accept-charset", "accept-encoding", "accept-language",
    "access-control-request-headers", "access-control-request-method",
    "cache-control", "cdn-loop", "connection", "content-encoding", "dnt", "expect", "forwarded",
    "from", "host", "if-match", "if-modified-since", "if-none-match", "if-range",
    "if-unmodified-since", "keep-alive", "origin", "pragma", "priority", "range", "referer",
    "save-data", "sec-ch-ua", "sec-ch-ua-mobile", "sec-ch-ua-platform", "sec-fetch-dest",
    "sec-fetch-mode", "sec-fetch-site", "sec-fetch-user", "sec-gpc", "te", "traceparent",
    "tracestate", "transfer-encoding", "upgrade", "upgrade-insecure-requests", "user-agent", "via",
    "x-amzn-trace-id", "x-correlation-id", "x-forwarded-for",
    "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto", "x-real-ip", "x-request-id",
    "x-requested-with", "x-scheme",
};
enum { KNOWN = sizeof KNOWN_NAMES / sizeof *KNOWN_NAMES };
/* A head's known names are the bits of 64. */
typedef char known_names_fit[KNOWN <= 64 ? 1 : -1];

/* The other strings. */
enum {
    EMPTY, EQUALS, OK,
    HTTP_10, HTTP_11,
    GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS,
    REQUEST_METHOD, REQUEST_URI, PATH_INFO, QUERY_STRING, SERVER_PROTOCOL,
    STRINGS,
};
static const char *const STRING_TEXTS[STRINGS] = {
    "", "=", "OK",
    "HTTP/1.0", "HTTP/1.1",
    "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS",
    "REQUEST_METHOD", "REQUEST_URI", "PATH_INFO", "QUERY_STRING", "SERVER_PROTOCOL",
};

/* Longer values are not kept. */
#define MAX_KEPT 256

/* A value of a field, and the octets of `string`. */
typedef struct {
    PyObject *string;
    Piece piece;
} Value;

typedef struct {
    PyObject *strings[STRINGS];
    PyObject *known_keys[KNOWN]; /* the environ's keys of KNOWN_NAMES */
    Value last[KNOWN];           /* each known field's value in the last head that had it */
    octet places[256];           /* a hash table: 1 + the index of a known name; 0: free */
} Strings;

/* The longest field name that this twin turns into a key. */
#define MAX_KEY 64

/* Write the environ's key of a field name, with "HTTP_" before it; return its size, or -1 if the name
   has a "_". */
static inline Py_ssize_t
write_key(char key[5 + MAX_KEY], const octet *name, Py_ssize_t size)
{
    memcpy(key, "HTTP_", 5);
    for (Py_ssize_t i = 0; i < size; i++) {
        octet c = name[i];
        if (c == '_') {
            return -1;
        }
        key[5 + i] = c == '-' ? '_' : (char)(c >= 'a' && c <= 'z' ? c - 0x20 : c);
    }
    return 5 + size;
}

/* Whether the piece equals `lower` in any case; `lower` has only lower-case letters and "-". */
static inline int
is_name(const octet *at, const char *lower, Py_ssize_t size)
{
    for (Py_ssize_t i = 0; i < size; i++) {
        if ((at[i] | 0x20) != (octet)lower[i]) {
            return 0;
        }
    }
    return 1;
}

/* Return the first place of a name in the hash table; its size is at least 1. */
static inline octet
place_of(const octet *name, Py_ssize_t size)
{
    return (octet)(size + (name[0] | 0x20) + (name[size - 1] | 0x20) * 11 +
                   (name[size / 2] | 0x20) * 9);
}

/* Return the index of a field name among the known ones, or -1. */
static inline int
known_name(const Strings *strings, const octet *name, Py_ssize_t size)
{
    int index;
    for (octet place = place_of(name, size); (index = strings->places[place] - 1) >= 0; place++) {
        /* The known name may be shorter: its end differs from every octet of a token. */
        if (is_name(name, KNOWN_NAMES[index], size) && KNOWN_NAMES[index][size] == '\0') {
            return index;
        }
    }
    return -1;
}

static int
make_strings(Strings *strings)
{
    for (int i = 0; i < STRINGS; i++) {
        strings->strings[i] = PyUnicode_InternFromString(STRING_TEXTS[i]);
        if (strings->strings[i] == NULL) {
            return -1;
        }
    }
    for (int i = 0; i < KNOWN; i++) {
        char key[5 + MAX_KEY + 1];
        const octet *name = (const octet *)KNOWN_NAMES[i];
        Py_ssize_t size = (Py_ssize_t)strlen(KNOWN_NAMES[i]);
        key[write_key(key, name, size)] = '\0';
        strings->known_keys[i] = PyUnicode_InternFromString(i <= CONTENT_TYPE ? key + 5 : key);
        if (strings->known_keys[i] == NULL) {
            return -1;
        }
        octet place = place_of(name, size);
        while (strings->places[place] != 0) {
            place++;
        }
        strings->places[place] = (octet)(i + 1);
    }
    return 0;
}

static int
visit_strings(Strings *strings, visitproc visit, void *arg)
{
    for (int i = 0; i < STRINGS; i++) {
        Py_VISIT(strings->strings[i]);
    }
    for (int i = 0; i < KNOWN; i++) {
        Py_VISIT(strings->known_keys[i]);
        Py_VISIT(strings->last[i].string);
    }
    return 0;
}

static void
clear_strings(Strings *strings)
{
    for (int i = 0; i < STRINGS; i++) {
        Py_CLEAR(strings->strings[i]);
    }
    for (int i = 0; i < KNOWN; i++) {
        Py_CLEAR(strings->known_keys[i]);
        Py_CLEAR(strings->last[i].string);
    }
}

/* Return a method as a new reference. */
static inline PyObject *
method_text(const Strings *strings, const octet *begin, const octet *end)
{
    size_t size = (size_t)(end - begin);
    for (int i = GET; i <= OPTIONS; i++) {
        if (strncmp(STRING_TEXTS[i], (const char *)begin, size) == 0 &&
            STRING_TEXTS[i][size] == '\0') {
            return Py_NewRef(strings->strings[i]);
        }
    }
    return PyUnicode_DecodeLatin1((const char *)begin, end - begin, NULL);
}

/* Return the value of a known field. One request after the other has the same values in most of its
   fields, even from different clients; so the string of the last head is used again if it is equal,
   which saves a fifth of an environ's time. */
static inline PyObject *
value_text(Strings *strings, int known, const octet *begin, const octet *end)
{
#ifdef Py_GIL_DISABLED
    /* Another thread may replace the last value. */
    (void)strings, (void)known;
    return text(begin, end);
#else
    Value *last = &strings->last[known];
    Py_ssize_t size = end - begin;
    if (last->string != NULL && last->piece.size == size &&
        memcmp(last->piece.begin, begin, (size_t)size) == 0) {
        return Py_NewRef(last->string);
    }
    PyObject *string = text(begin, end);
    Piece piece;
    if (string != NULL && known >= ACCEPT && size <= MAX_KEPT && take_ascii(string, &piece)) {
        PyObject *before = last->string;
        *last = (Value){Py_NewRef(string), piece};
        Py_XDECREF(before);
    }
    return string;
#endif
}
