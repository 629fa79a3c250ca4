/* The C twin: heads of messages, RFC 9112 sections 2 to 5.
 *
 * It reads and writes strictly valid heads, as nearly all are. It passes all other input, with the
 * same arguments, to the pure twin, `_head_py`, which reads leniently, or raises an error that has
 * the reason. So only the pure twin has the texts of errors, and the twins could differ in one way
 * only: this one accepts input that the pure twin refuses or reads otherwise. The fuzzers look for
 * such input.
 *
 * The headers that it includes are its parts: one translation unit, so that the compiler inlines
 * what they share.
 *
 * It has no static variable that changes, so sub-interpreters can share it. The state of a module
 * changes only in builds with a GIL (`_strings.h`). Input is bytes and str, which are immutable, or a
 * snapshot of a list; so it needs no GIL. The one exception is a bytearray: if another thread changes
 * it meanwhile, old and new octets may be read, but none beyond its bounds.
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

#include "_grammar.h"

/* --- strings --------------------------------------------------------------------------------- */

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

#include "_read.h"
#include "_usual.h"
#include "_usual_response.h"
#include "_environ.h"
#include "_chunks.h"
#include "_cookie.h"
#include "_write.h"

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
    SEVERAL(usual_response),
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
