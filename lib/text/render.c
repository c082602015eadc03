#include "text/render.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/escape.h"
#include "text/parse.h"
#include "text/quantity.h"

#define GAP 2 /* blanks between columns */

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);
    size_t end_length = strlen(end);
    return length > end_length && strcmp(text + length - end_length, end) == 0;
}

static void write_moment(int64_t at_ms, struct asg_bytes *ret)
{
    if (at_ms <= 0) {
        asg_bytes_append_text(ret, "-");
        return;
    }
    char text[ASG_TIME_TEXT_MAX];
    asg_time_format(at_ms, text);
    char *dot = strchr(text, '.');
    if (dot != NULL) *dot = '\0'; /* seconds are enough for people */
    asg_bytes_printf(ret, "%s%s", text, dot != NULL ? "Z" : "");
}

static void write_i64(const char *name, int64_t value, struct asg_bytes *ret)
{
    char text[ASG_QUANTITY_TEXT_MAX];
    bool is_ms = ends_with(name, "_ms");
    bool is_milli = ends_with(name, "_milli");
    if (is_ms && asg_parse_is_moment(name)) {
        write_moment(value, ret);
    } else if ((is_ms || is_milli) && value == -1) {
        asg_bytes_append_text(ret, "-");
    } else if (is_ms) {
        asg_quantity_print_duration(value, text);
        asg_bytes_append_text(ret, text);
    } else if (is_milli) {
        asg_quantity_print_milli(value, text);
        asg_bytes_append_text(ret, text);
    } else {
        asg_bytes_printf(ret, "%" PRId64, value);
    }
}

static void write_texts(const struct asg_texts *texts, struct asg_bytes *ret)
{
    if (texts->count == 0) asg_bytes_append_text(ret, "-");
    for (size_t i = 0; i < texts->count; i++) {
        asg_bytes_printf(ret, "%s%s", i > 0 ? "," : "", texts->items[i]);
    }
}

void asg_render_field(const struct asg_field *field, const void *object,
                      struct asg_bytes *ret)
{
    const void *at = (const char *)object + field->offset;
    switch (field->type) {
    case ASG_FIELD_BOOL:
        asg_bytes_append_text(ret, *(const bool *)at ? "yes" : "no");
        break;
    case ASG_FIELD_U32: asg_bytes_printf(ret, "%" PRIu32, *(const uint32_t *)at); break;
    case ASG_FIELD_U64: asg_bytes_printf(ret, "%" PRIu64, *(const uint64_t *)at); break;
    case ASG_FIELD_I64: write_i64(field->name, *(const int64_t *)at, ret); break;
    case ASG_FIELD_ENUM:
        asg_bytes_append_text(ret, asg_enum_word(field->names, *(const int *)at));
        break;
    case ASG_FIELD_TEXT: {
        const char *text = *(const char *const *)at;
        asg_bytes_append_text(ret, text != NULL && text[0] != '\0' ? text : "-");
        break;
    }
    case ASG_FIELD_TEXTS: write_texts(at, ret); break;
    case ASG_FIELD_LIST: {
        const void *count = (const char *)object + field->count_offset;
        asg_bytes_printf(ret, "%zu", *(const size_t *)count);
        break;
    }
    case ASG_FIELD_NUMBERS:
        asg_bytes_printf(ret, "%zu", ((const struct asg_numbers *)at)->count);
        break;
    case ASG_FIELD_BLOB:
        asg_bytes_printf(ret, "%zu bytes", ((const struct asg_blob *)at)->length);
        break;
    case ASG_FIELD_STRUCT:
    case ASG_FIELD_PART: asg_bytes_append_text(ret, "-"); break;
    }
}

/* Follow "config.name" to the field and the struct it is in. NULL struct: absent. */
static const struct asg_field *resolve(const struct asg_schema *schema, const char *path,
                                       const void **object)
{
    for (;;) {
        size_t length = strcspn(path, ".");
        char name[64];
        assert(length < sizeof name);
        memcpy(name, path, length);
        name[length] = '\0';
        const struct asg_field *field = asg_schema_find(schema, name);
        assert(field != NULL); /* a column of a field that is not in the table */
        if (path[length] == '\0') return field;
        path += length + 1;
        if (*object != NULL) {
            const void *at = (const char *)*object + field->offset;
            *object = field->type == ASG_FIELD_PART ? *(const void *const *)at : at;
        }
        schema = field->sub;
        assert(schema != NULL);
    }
}

static bool is_number(const struct asg_schema *schema,
                      const struct asg_render_column *column)
{
    if (column->write != NULL) return column->is_right;
    const void *nothing = NULL;
    const struct asg_field *field = resolve(schema, column->field, &nothing);
    if (field->type == ASG_FIELD_I64) return !asg_parse_is_moment(field->name);
    return field->type == ASG_FIELD_U32 || field->type == ASG_FIELD_U64 ||
           field->type == ASG_FIELD_LIST;
}

static void write_raw_cell(const struct asg_schema *schema, const void *object,
                           const struct asg_render_column *column, struct asg_bytes *ret)
{
    if (column->write != NULL) {
        column->write(object, ret);
    } else {
        const struct asg_field *field = resolve(schema, column->field, &object);
        if (object == NULL) {
            asg_bytes_append_text(ret, "-");
        } else {
            asg_render_field(field, object, ret);
        }
    }
}

/* One item, one line, and nothing that a terminal obeys. */
static void write_cell(const struct asg_schema *schema, const void *object,
                       const struct asg_render_column *column, struct asg_bytes *ret)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes cell = {0};
    write_raw_cell(schema, object, column, &cell);
    asg_escape_append(asg_bytes_text(&cell), cell.length, ASG_LAYOUT_BLANK, ret);
}

/* Characters, not bytes: what begins one is not 10xxxxxx. */
static size_t width_of(const char *text)
{
    size_t width = 0;
    for (; *text != '\0'; text++)
        width += ((unsigned char)*text & 0xC0) != 0x80;
    return width;
}

struct table {
    const char **cells; /* row by row, the titles first */
    size_t rows;
    size_t columns;
    size_t widths[ASG_RENDER_COLUMNS_MAX];
    bool is_right[ASG_RENDER_COLUMNS_MAX];
};

static void append_blanks(size_t count, struct asg_bytes *ret)
{
    while (count-- > 0)
        asg_bytes_append_byte(ret, ' ');
}

/* Cut the line that began at `start` to `width` characters. */
static void cut_line(size_t start, size_t width, struct asg_bytes *ret)
{
    if (width == 0 || width_of(asg_bytes_text(ret) + start) <= width) return;
    size_t seen = 0;
    size_t at = start;
    for (; at < ret->length; at++) {
        if ((ret->data[at] & 0xC0) == 0x80) continue;
        if (seen + 1 == width) break;
        seen++;
    }
    ret->length = at;
    asg_bytes_append_text(ret, "\xE2\x80\xA6"); /* … */
}

static void write_row(const struct table *table, size_t row, size_t width,
                      struct asg_bytes *ret)
{
    size_t start = ret->length;
    for (size_t c = 0; c < table->columns; c++) {
        const char *cell = table->cells[row * table->columns + c];
        size_t blanks = table->widths[c] - width_of(cell);
        if (c > 0) append_blanks(GAP, ret);
        if (table->is_right[c]) append_blanks(blanks, ret);
        asg_bytes_append_text(ret, cell);
        bool is_last = c + 1 == table->columns;
        if (!table->is_right[c] && !is_last) append_blanks(blanks, ret);
    }
    cut_line(start, width, ret);
    asg_bytes_append_byte(ret, '\n');
}

void asg_render_table(const struct asg_schema *schema, const void *items, size_t count,
                      const struct asg_render_column *columns, size_t column_count,
                      size_t width, struct asg_bytes *ret)
{
    assert(column_count <= ASG_RENDER_COLUMNS_MAX);
    ASG_CLEANUP(asg_arena_clear) struct asg_arena arena = {0};
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes cell = {0};
    struct table table = {.rows = count + 1, .columns = column_count};
    table.cells = asg_arena_take(&arena, table.rows * column_count * sizeof *table.cells);
    for (size_t row = 0; row < table.rows; row++) {
        for (size_t c = 0; c < column_count; c++) {
            asg_bytes_reset(&cell);
            if (row == 0) {
                asg_bytes_append_text(&cell, columns[c].title);
                table.is_right[c] = is_number(schema, &columns[c]);
            } else {
                const void *object = (const char *)items + (row - 1) * schema->size;
                write_cell(schema, object, &columns[c], &cell);
            }
            const char *text = asg_arena_text(&arena, asg_bytes_text(&cell));
            table.cells[row * column_count + c] = text;
            size_t cell_width = width_of(text);
            if (cell_width > table.widths[c]) table.widths[c] = cell_width;
        }
    }
    for (size_t row = 0; row < table.rows; row++)
        write_row(&table, row, width, ret);
}

void asg_render_record(const struct asg_schema *schema, const void *object,
                       const struct asg_render_column *columns, size_t column_count,
                       struct asg_bytes *ret)
{
    size_t widest = 0;
    for (size_t c = 0; c < column_count; c++) {
        size_t width = width_of(columns[c].title);
        if (width > widest) widest = width;
    }
    for (size_t c = 0; c < column_count; c++) {
        asg_bytes_printf(ret, "%s:", columns[c].title);
        append_blanks(widest - width_of(columns[c].title) + 1, ret);
        write_cell(schema, object, &columns[c], ret);
        asg_bytes_append_byte(ret, '\n');
    }
}
