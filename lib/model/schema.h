/* schema - a struct described as a table: one table feeds every way out.
 *
 * The msgpack codec (lib/wire), JSON, YAML and tables for people (lib/text), the
 * export of the log and the documentation of the wire all walk these tables, so a
 * field is named once. Structs hold plain pointers into an arena (base/arena.h) and
 * own nothing.
 *
 * Rules of change: fields are appended, never reordered or removed. A reader takes
 * fewer fields than it knows (the rest is zero) and skips those it does not know, so
 * that old logs stay readable for ever.
 */
#ifndef ASG_MODEL_SCHEMA_H
#define ASG_MODEL_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum asg_field_type {
    ASG_FIELD_BOOL,    /* bool */
    ASG_FIELD_U32,     /* uint32_t */
    ASG_FIELD_U64,     /* uint64_t */
    ASG_FIELD_I64,     /* int64_t */
    ASG_FIELD_ENUM,    /* any enum, int-sized; `names` lists its words */
    ASG_FIELD_TEXT,    /* const char *; NULL is written as "" and read back as "" */
    ASG_FIELD_BLOB,    /* struct asg_blob */
    ASG_FIELD_STRUCT,  /* an embedded struct, described by `sub` */
    ASG_FIELD_PART,    /* const struct *: NULL is absent */
    ASG_FIELD_LIST,    /* struct asg_list of structs described by `sub` */
    ASG_FIELD_TEXTS,   /* struct asg_texts */
    ASG_FIELD_NUMBERS, /* struct asg_numbers */
};

/* Which value of a number or text says that there is none: people's JSON has null there
 * (text/render.h). Of a text and of a count that is "" or 0, of most others -1. */
enum asg_null_at { ASG_NULL_NEVER, ASG_NULL_AT_ZERO, ASG_NULL_AT_MINUS_ONE };

struct asg_blob {
    const uint8_t *data;
    size_t length;
};

struct asg_texts {
    const char **items;
    size_t count;
};

struct asg_numbers {
    const uint64_t *items;
    size_t count;
};

/* The words of an enum in order of its values, as users see and write them. */
struct asg_enum {
    const char *name;
    const char *const *words;
    size_t count;
};

struct asg_schema;

struct asg_field {
    const char *name;
    enum asg_field_type type;
    size_t offset;
    size_t count_offset;          /* LIST: where its size_t count is */
    const struct asg_enum *names; /* ENUM; of a U64: it is a set, bits 1 << value */
    const struct asg_schema *sub; /* STRUCT, PART, LIST */
    size_t limit;                 /* TEXT, BLOB: bytes; LIST, TEXTS: items */
    bool is_columns; /* LIST of asg_group_metric: lib/wire writes it column by column */
    uint32_t since;  /* first form of the saved state with it; 0: all */
    uint32_t update_bit;        /* 1 + the bit by which an update names it; 0: never */
    int64_t otherwise;          /* default of a number, flag or enum; of texts: */
    const char *otherwise_text; /* NULL: empty; of TEXTS the only item */
    bool is_unset_by_zero;      /* 0 or "" cannot be meant: it stands for the default */
    enum asg_null_at null_at;
    bool is_made; /* by the controller, or out of other fields: in no file (text/spell.h)
                   */
};

struct asg_schema {
    const char *name;
    size_t size; /* of the struct */
    const struct asg_field *fields;
    size_t field_count;
};

/* Word of an enum's value, "?" outside the list. Static. */
const char *asg_enum_word(const struct asg_enum *names, int value);

/* Value of a word, -1 when it is none of them. Exact, lower case with dashes. */
int asg_enum_value(const struct asg_enum *names, const char *word);

/* The field of that name, or NULL. */
const struct asg_field *asg_schema_find(const struct asg_schema *schema,
                                        const char *name);

/* For tables: TEXT longer than this is refused on decode unless a field says more. */
#define ASG_TEXT_MAX 1024
#define ASG_LIST_MAX 200000

#endif
