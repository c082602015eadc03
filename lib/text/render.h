/* render - structs of the model for people and programs, by their tables.
 *
 * table: chosen columns, one line an item; enums as words, moments as ISO 8601, lengths
 *        as 5m, thousandths as 82.5, nothing as "-".
 * json, yaml: every field by its name in the table, numbers as they are: asg_parse_text()
 *        reads them back.
 * shown: JSON and YAML for scripts and people (docs/json.md). A moment in milliseconds
 *        also has its time as text ("created_ms" and "created_at"), a set is a list of
 *        words, what is not there is null. Not read back.
 * csv:   a line an item, as shown; nothing for null.
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

/* Several items by their addresses: what is left of a list after choosing. */
struct asg_items {
    const void **items;
    size_t count;
};

enum asg_render_form { ASG_RENDER_JSON, ASG_RENDER_JSON_LINE, ASG_RENDER_YAML };

/* As shown: one thing, and a list. */
void asg_render_shown(const struct asg_schema *schema, const void *object,
                      enum asg_render_form form, struct asg_bytes *ret);
void asg_render_shown_list(const struct asg_schema *schema, const struct asg_items *items,
                           enum asg_render_form form, struct asg_bytes *ret);

/* How a column is shown; 0: a text. */
enum asg_column_trait {
    ASG_COLUMN_RIGHT = 1,  /* with `write`: align as a number */
    ASG_COLUMN_WIDE = 2,   /* left out where the table is too wide for the terminal */
    ASG_COLUMN_STATE = 4,  /* a state word: in its colour */
    ASG_COLUMN_NOTE = 8,   /* something is to be seen to unless it is "-" */
    ASG_COLUMN_ALARM = 32, /* somebody should look unless it is "-"; each on a line */
    ASG_COLUMN_NAME = 16,  /* what --quiet prints; none: the first column */
};

struct asg_render_column {
    const char *title; /* "DESIRED" */
    const char *field; /* "desired", "config.name"; of a part that is absent: "-" */
    /* NULL, or words for the cell instead of the field's own form; appends to *ret. */
    void (*write)(const void *object, struct asg_bytes *ret);
    unsigned traits; /* asg_column_trait */
};

/* How tables are shown: all 0 is for a pipe. */
struct asg_table_look {
    size_t width; /* of the terminal; 0: lines are as long as they are */
    bool has_no_titles;
    bool is_coloured;
    bool is_one_line; /* the last column of a row does not go on below */
};

/* No items: the titles alone. Where `look->width` is too small, columns that are WIDE are
 * left out from the right on, and then the last column goes on in lines below; nothing is
 * ever cut. Returns the number of columns that were left out, and their titles with
 * commas between them in *ret_left_out (may be NULL). */
size_t asg_render_table(const struct asg_schema *schema, const struct asg_items *items,
                        const struct asg_render_column *columns, size_t column_count,
                        const struct asg_table_look *look, struct asg_bytes *ret,
                        struct asg_bytes *ret_left_out);

/* One item, a line a column: "title: value". */
void asg_render_record(const struct asg_schema *schema, const void *object,
                       const struct asg_render_column *columns, size_t column_count,
                       const struct asg_table_look *look, struct asg_bytes *ret);

/* One cell as a table shows it: one line, and nothing that a terminal obeys. */
void asg_render_cell(const struct asg_schema *schema, const void *object,
                     const struct asg_render_column *column, struct asg_bytes *ret);

/* Follow "config.name" to the field and the struct it is in; *object NULL: of a part that
 * is absent. NULL: there is no such field, or it is a part of a part. */
const struct asg_field *asg_render_resolve(const struct asg_schema *schema,
                                           const char *path, const void **object);

/* One field as a table shows it. */
void asg_render_field(const struct asg_field *field, const void *object,
                      struct asg_bytes *ret);

/* Does a value say that there is none: its null_at, -1 where that is the default, a
 * moment of 0? */
bool asg_render_is_null(const struct asg_field *field, const void *object);

/* "created_at" of "created_ms"; false: not a moment. */
bool asg_render_at_name(const struct asg_field *field, char name[64]);

/* RFC 4180 with a line of field names, parts as "config.name", texts in quotes, lists as
 * JSON; for spreadsheets and scripts. */
void asg_render_csv(const struct asg_schema *schema, const struct asg_items *items,
                    bool has_titles, struct asg_bytes *ret);

/* The same of some columns only: a column of a field has its name and raw value, one that
 * is written its title in small letters and its words. */
void asg_render_csv_columns(const struct asg_schema *schema,
                            const struct asg_items *items,
                            const struct asg_render_column *columns, size_t column_count,
                            bool has_titles, struct asg_bytes *ret);

/* One cell in quotes, quotes doubled. A text that a spreadsheet would run as a formula
 * gets an apostrophe in front, and what a terminal would obey is escaped (base/escape.h),
 * line ends not. */
void asg_render_csv_text(const char *text, size_t length, struct asg_bytes *ret);

/* Text of a JSON string with its quotes, for lines that are put together by hand. */
void asg_render_json_text(const char *text, struct asg_bytes *ret);

#endif
