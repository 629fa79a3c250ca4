/* The classes of octets, as in grammar.py, and how to skip them, for the C twin.
 *
 * This file is a part of `_head_c.c`, which includes it once.
 */

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
