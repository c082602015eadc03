/* render - structs of the model for people and programs, by their tables.
 *
 * table: chosen columns, one line an item; enums as words, moments as ISO 8601, lengths
 *        as 5m, thousandths as 82.5, nothing as "-".
 * json, yaml: every field by its name in the table, numbers as they are: asg_parse_text()
 *        reads them back.
 * csv:   a line an item, numbers as they are.
 * Threads: no state; any.
 */
#ifndef ASG_TEXT_RENDER_H
#define ASG_TEXT_RENDER_H

#include "base/bytes.h"
#include "model/schema.h"

#define ASG_RENDER_COLUMNS_MAX 40

/* All append to *ret. `is_compact`: on one line, without a line end. */
void asg_render_json(const struct asg_schema *schema, const void *object, bool is_compact,
                     struct asg_bytes *ret);
void asg_render_json_list(const struct asg_schema *schema, const void *items,
                          size_t count, bool is_compact, struct asg_bytes *ret);
void asg_render_yaml(const struct asg_schema *schema, const void *object,
                     struct asg_bytes *ret);
void asg_render_yaml_list(const struct asg_schema *schema, const void *items,
                          size_t count, struct asg_bytes *ret);

struct asg_render_column {
    const char *title; /* "DESIRED" */
    const char *field; /* "desired", "config.name"; of a part that is absent: "-" */
    /* NULL, or words for the cell instead of the field's own form; appends to *ret. */
    void (*write)(const void *object, struct asg_bytes *ret);
    bool is_right; /* with `write`: align as a number */
};

/* `width` 0: lines are never cut. No items: the titles alone. */
void asg_render_table(const struct asg_schema *schema, const void *items, size_t count,
                      const struct asg_render_column *columns, size_t column_count,
                      size_t width, struct asg_bytes *ret);

/* One item, a line a column: "title: value". */
void asg_render_record(const struct asg_schema *schema, const void *object,
                       const struct asg_render_column *columns, size_t column_count,
                       struct asg_bytes *ret);

/* One field as a table shows it. */
void asg_render_field(const struct asg_field *field, const void *object,
                      struct asg_bytes *ret);

/* RFC 4180 with a line of field names, parts as "config.name", texts in quotes, lists as
 * JSON; for spreadsheets and scripts. */
void asg_render_csv(const struct asg_schema *schema, const void *items, size_t count,
                    struct asg_bytes *ret);

/* One cell in quotes, quotes doubled. A text that a spreadsheet would run as a formula
 * gets an apostrophe in front, and what a terminal would obey is escaped (base/escape.h),
 * line ends not. */
void asg_render_csv_text(const char *text, size_t length, struct asg_bytes *ret);

/* Text of a JSON string with its quotes, for lines that are put together by hand. */
void asg_render_json_text(const char *text, struct asg_bytes *ret);

#endif
