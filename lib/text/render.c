#include "text/render.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/escape.h"
#include "text/colour.h"
#include "text/moment.h"
#include "text/parse.h"
#include "text/quantity.h"

#define GAP               2  /* blanks between columns */
#define LAST_WIDTH_WANTED 30 /* more of the last column goes on below */
#define LAST_WIDTH_MIN    10 /* less room for it, and the terminal breaks the line */

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);
    size_t end_length = strlen(end);
    return length > end_length && strcmp(text + length - end_length, end) == 0;
}

bool asg_render_is_null(const struct asg_field *field, const void *object)
{
    const void *at = (const char *)object + field->offset;
    bool at_zero = field->null_at == ASG_NULL_AT_ZERO;
    switch (field->type) {
    case ASG_FIELD_U32: return at_zero && *(const uint32_t *)at == 0;
    case ASG_FIELD_U64: return at_zero && *(const uint64_t *)at == 0;
    case ASG_FIELD_TEXTS: return at_zero && ((const struct asg_texts *)at)->count == 0;
    case ASG_FIELD_TEXT: {
        const char *text = *(const char *const *)at;
        return at_zero && (text == NULL || text[0] == '\0');
    }
    case ASG_FIELD_I64: {
        int64_t value = *(const int64_t *)at;
        bool at_minus = field->null_at == ASG_NULL_AT_MINUS_ONE || field->otherwise == -1;
        if (asg_parse_is_moment(field->name)) return value == 0;
        return (at_zero && value == 0) || (at_minus && value == -1);
    }
    default: return false;
    }
}

bool asg_render_at_name(const struct asg_field *field, char name[64])
{
    if (field->type != ASG_FIELD_I64 || !asg_parse_is_moment(field->name)) return false;
    if (strcmp(field->name, "at_ms") == 0) {
        (void)snprintf(name, 64, "at");
        return true;
    }
    int stem = (int)strlen(field->name) - 3;
    bool has_at = ends_with(field->name, "_at_ms"); /* "worst_at_ms" is worst_at */
    (void)snprintf(name, 64, "%.*s%s", stem, field->name, has_at ? "" : "_at");
    return true;
}

static void write_i64(const struct asg_field *field, int64_t value, struct asg_bytes *ret)
{
    char text[ASG_QUANTITY_TEXT_MAX];
    if (asg_parse_is_moment(field->name)) {
        char moment[ASG_MOMENT_TEXT_MAX];
        asg_moment_print(value, moment);
        asg_bytes_append_text(ret, moment);
    } else if (ends_with(field->name, "_ms")) {
        asg_quantity_print_duration(value, text);
        asg_bytes_append_text(ret, text);
    } else if (ends_with(field->name, "_milli")) {
        asg_quantity_print_milli(value, text);
        asg_bytes_append_text(ret, text);
    } else {
        asg_bytes_printf(ret, "%" PRId64, value);
    }
}

static void write_set(const struct asg_enum *names, uint64_t bits, struct asg_bytes *ret)
{
    const char *between = "";
    for (size_t i = 0; i < names->count && i < 64; i++) {
        if ((bits & UINT64_C(1) << i) == 0) continue;
        asg_bytes_printf(ret, "%s%s", between, names->words[i]);
        between = ",";
    }
    if (bits == 0) asg_bytes_append_text(ret, "-");
}

static void write_u64(const struct asg_field *field, uint64_t value,
                      struct asg_bytes *ret)
{
    if (field->names != NULL) {
        write_set(field->names, value, ret);
    } else {
        asg_bytes_printf(ret, "%" PRIu64, value);
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
    if (asg_render_is_null(field, object)) {
        asg_bytes_append_text(ret, "-");
        return;
    }
    switch (field->type) {
    case ASG_FIELD_BOOL:
        asg_bytes_append_text(ret, *(const bool *)at ? "yes" : "no");
        break;
    case ASG_FIELD_U32: asg_bytes_printf(ret, "%" PRIu32, *(const uint32_t *)at); break;
    case ASG_FIELD_U64: write_u64(field, *(const uint64_t *)at, ret); break;
    case ASG_FIELD_I64: write_i64(field, *(const int64_t *)at, ret); break;
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

const struct asg_field *asg_render_resolve(const struct asg_schema *schema,
                                           const char *path, const void **object)
{
    for (;;) {
        size_t length = strcspn(path, ".");
        char name[64];
        if (length >= sizeof name) return NULL;
        memcpy(name, path, length);
        name[length] = '\0';
        const struct asg_field *field = asg_schema_find(schema, name);
        if (field == NULL || path[length] == '\0') return field;
        bool is_part = field->type == ASG_FIELD_PART || field->type == ASG_FIELD_STRUCT;
        if (!is_part) return NULL;
        path += length + 1;
        if (*object != NULL) {
            const void *at = (const char *)*object + field->offset;
            *object = field->type == ASG_FIELD_PART ? *(const void *const *)at : at;
        }
        schema = field->sub;
    }
}

static bool is_number(const struct asg_schema *schema,
                      const struct asg_render_column *column)
{
    if (column->write != NULL) return (column->traits & ASG_COLUMN_RIGHT) != 0;
    const void *nothing = NULL;
    const struct asg_field *field = asg_render_resolve(schema, column->field, &nothing);
    assert(field != NULL); /* a column of a field that is not in the table */
    if (field->type == ASG_FIELD_I64) return !asg_parse_is_moment(field->name);
    if (field->type == ASG_FIELD_U64) return field->names == NULL;
    return field->type == ASG_FIELD_U32 || field->type == ASG_FIELD_LIST;
}

static void write_raw_cell(const struct asg_schema *schema, const void *object,
                           const struct asg_render_column *column, struct asg_bytes *ret)
{
    if (column->write != NULL) {
        column->write(object, ret);
        return;
    }
    const struct asg_field *field = asg_render_resolve(schema, column->field, &object);
    assert(field != NULL);
    if (object == NULL) {
        asg_bytes_append_text(ret, "-");
    } else {
        asg_render_field(field, object, ret);
    }
}

void asg_render_cell(const struct asg_schema *schema, const void *object,
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

static enum asg_colour colour_of(unsigned traits, const char *cell,
                                 const struct asg_table_look *look)
{
    if (!look->is_coloured || strcmp(cell, "-") == 0) return ASG_COLOUR_NONE;
    if ((traits & ASG_COLUMN_ALARM) != 0) return ASG_COLOUR_BAD;
    if ((traits & ASG_COLUMN_NOTE) != 0) return ASG_COLOUR_BUSY;
    if ((traits & ASG_COLUMN_STATE) != 0) return asg_colour_of_state(cell);
    return ASG_COLOUR_NONE;
}

struct table {
    const struct asg_table_look *look;
    const char **cells; /* row by row, the titles first */
    size_t rows;
    size_t columns;
    size_t widths[ASG_RENDER_COLUMNS_MAX];
    bool is_right[ASG_RENDER_COLUMNS_MAX];
    unsigned traits[ASG_RENDER_COLUMNS_MAX];
    bool is_out[ASG_RENDER_COLUMNS_MAX]; /* left out */
    size_t last;                         /* column that is shown last */
};

static void append_blanks(size_t count, struct asg_bytes *ret)
{
    while (count-- > 0)
        asg_bytes_append_byte(ret, ' ');
}

/* Where the last column begins, or with it how wide all is. */
static size_t width_before_last(const struct table *table)
{
    size_t width = 0;
    for (size_t c = 0; c < table->columns; c++) {
        if (!table->is_out[c] && c != table->last) width += table->widths[c] + GAP;
    }
    return width;
}

/* How many bytes of `text` go on a line of `width`: up to the last blank that fits. */
static size_t line_length(const char *text, size_t width)
{
    size_t seen = 0;
    size_t blank = 0;
    for (size_t at = 0; text[at] != '\0'; at++) {
        if (((unsigned char)text[at] & 0xC0) == 0x80) continue;
        if (text[at] == ' ') blank = at;
        if (seen++ == width) return blank > 0 ? blank : at;
    }
    return strlen(text);
}

/* The cell of the last column, which may go on below itself. */
static void write_last(const struct table *table, const char *cell,
                       enum asg_colour colour, struct asg_bytes *ret)
{
    size_t before = width_before_last(table);
    size_t width = table->look->width;
    bool wraps = !table->look->is_one_line && width >= before + LAST_WIDTH_MIN &&
                 !table->is_right[table->last];
    for (;;) {
        size_t length = wraps ? line_length(cell, width - before) : strlen(cell);
        asg_bytes_append_text(ret, asg_colour_begin(colour));
        asg_bytes_append(ret, cell, length);
        asg_bytes_append_text(ret, asg_colour_end(colour));
        asg_bytes_append_byte(ret, '\n');
        cell += length;
        cell += strspn(cell, " ");
        if (*cell == '\0') return;
        append_blanks(before, ret);
    }
}

static void write_row(const struct table *table, size_t row, struct asg_bytes *ret)
{
    for (size_t c = 0; c < table->columns; c++) {
        if (table->is_out[c]) continue;
        const char *cell = table->cells[row * table->columns + c];
        size_t blanks = table->widths[c] - width_of(cell);
        enum asg_colour colour = colour_of(table->traits[c], cell, table->look);
        if (row == 0) {
            colour = table->look->is_coloured ? ASG_COLOUR_STRONG : ASG_COLOUR_NONE;
        }
        if (table->is_right[c]) append_blanks(blanks, ret);
        if (c == table->last) {
            write_last(table, cell, colour, ret);
            return;
        }
        asg_bytes_append_text(ret, asg_colour_begin(colour));
        asg_bytes_append_text(ret, cell);
        asg_bytes_append_text(ret, asg_colour_end(colour));
        if (!table->is_right[c]) append_blanks(blanks, ret);
        append_blanks(GAP, ret);
    }
}

static void fill_table(struct table *table, const struct asg_schema *schema,
                       const struct asg_items *items,
                       const struct asg_render_column *columns, struct asg_arena *arena)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes cell = {0};
    for (size_t row = 0; row < table->rows; row++) {
        for (size_t c = 0; c < table->columns; c++) {
            asg_bytes_reset(&cell);
            if (row == 0) {
                asg_bytes_append_text(&cell, columns[c].title);
                table->is_right[c] = is_number(schema, &columns[c]);
                table->traits[c] = columns[c].traits;
            } else {
                asg_render_cell(schema, items->items[row - 1], &columns[c], &cell);
            }
            const char *text = asg_arena_text(arena, asg_bytes_text(&cell));
            table->cells[row * table->columns + c] = text;
            bool is_counted = row > 0 || !table->look->has_no_titles;
            size_t width = is_counted ? width_of(text) : 0;
            if (width > table->widths[c]) table->widths[c] = width;
        }
    }
}

/* Leave out what may be left out, from the right, until there is room. */
static size_t make_room(struct table *table, struct asg_bytes *left_out)
{
    size_t count = 0;
    size_t width = table->look->width;
    for (size_t c = table->columns; width > 0 && c-- > 0;) {
        size_t last = table->widths[table->last];
        if (last > LAST_WIDTH_WANTED) last = LAST_WIDTH_WANTED;
        if (width_before_last(table) + last <= width) break;
        if ((table->traits[c] & ASG_COLUMN_WIDE) == 0 || c == table->last) continue;
        table->is_out[c] = true;
        count++;
        if (left_out == NULL) continue;
        asg_bytes_printf(left_out, "%s%s", left_out->length > 0 ? ", " : "",
                         table->cells[c]);
    }
    return count;
}

size_t asg_render_table(const struct asg_schema *schema, const struct asg_items *items,
                        const struct asg_render_column *columns, size_t column_count,
                        const struct asg_table_look *look, struct asg_bytes *ret,
                        struct asg_bytes *ret_left_out)
{
    assert(column_count > 0 && column_count <= ASG_RENDER_COLUMNS_MAX);
    ASG_CLEANUP(asg_arena_clear) struct asg_arena arena = {0};
    struct table table = {.look = look,
                          .rows = items->count + 1,
                          .columns = column_count,
                          .last = column_count - 1};
    table.cells = asg_arena_take(&arena, table.rows * column_count * sizeof *table.cells);
    fill_table(&table, schema, items, columns, &arena);
    size_t count = make_room(&table, ret_left_out);
    for (size_t row = look->has_no_titles ? 1 : 0; row < table.rows; row++)
        write_row(&table, row, ret);
    return count;
}

/* A text of a list a line, below each other. */
static bool write_lines(const struct asg_schema *schema, const void *object,
                        const struct asg_render_column *column, size_t before,
                        enum asg_colour colour, struct asg_bytes *ret)
{
    if (column->write != NULL) return false;
    const struct asg_field *field = asg_render_resolve(schema, column->field, &object);
    if (field == NULL || field->type != ASG_FIELD_TEXTS || object == NULL) return false;
    const struct asg_texts *texts = (const void *)((const char *)object + field->offset);
    for (size_t i = 0; i < texts->count; i++) {
        if (i > 0) append_blanks(before, ret);
        asg_bytes_append_text(ret, asg_colour_begin(colour));
        asg_escape_append(texts->items[i], strlen(texts->items[i]), ASG_LAYOUT_BLANK,
                          ret);
        asg_bytes_append_text(ret, asg_colour_end(colour));
        asg_bytes_append_byte(ret, '\n');
    }
    return texts->count > 0;
}

void asg_render_record(const struct asg_schema *schema, const void *object,
                       const struct asg_render_column *columns, size_t column_count,
                       const struct asg_table_look *look, struct asg_bytes *ret)
{
    size_t widest = 0;
    for (size_t c = 0; c < column_count; c++) {
        size_t width = width_of(columns[c].title);
        if (width > widest) widest = width;
    }
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes cell = {0};
    for (size_t c = 0; c < column_count; c++) {
        asg_bytes_printf(ret, "%s:", columns[c].title);
        append_blanks(widest - width_of(columns[c].title) + 1, ret);
        asg_bytes_reset(&cell);
        asg_render_cell(schema, object, &columns[c], &cell);
        const char *text = asg_bytes_text(&cell);
        enum asg_colour colour = colour_of(columns[c].traits, text, look);
        bool has_lines = (columns[c].traits & ASG_COLUMN_ALARM) != 0;
        if (has_lines &&
            write_lines(schema, object, &columns[c], widest + 2, colour, ret)) {
            continue;
        }
        asg_bytes_printf(ret, "%s%s%s\n", asg_colour_begin(colour), text,
                         asg_colour_end(colour));
    }
}
