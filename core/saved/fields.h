/* fields - one list of fields that both saves and loads a struct.
 *
 * Each part of the state has one function that visits its fields in order; run with a
 * saving visitor it appends canonical bytes, with a loading one it fills the struct, so
 * the two cannot drift. Numbers are LEB128 (signed ones zigzag), so that equal states
 * give equal bytes on every machine.
 */
#ifndef ASG_CORE_SAVED_FIELDS_H
#define ASG_CORE_SAVED_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "model/schema.h"

struct asg_fields {
    struct asg_bytes *out; /* saving; NULL while loading */
    const uint8_t *begin;  /* loading */
    const uint8_t *at;
    const uint8_t *end;
    uint32_t form;    /* of the state that is saved or loaded */
    bool is_bad;      /* loading met bytes that make no sense: all else reads zero */
    const char *flaw; /* what was wrong first; static */
    size_t flaw_at;   /* and at which byte */
};

static inline bool asg_fields_is_loading(const struct asg_fields *fields)
{
    return fields->out == NULL;
}

/* Does the form that is saved or loaded have what came with this one? */
static inline bool asg_fields_since(const struct asg_fields *fields, uint32_t form)
{
    return fields->form >= form;
}

/* What is being loaded makes no sense; the first reason (static) is kept. */
void asg_fields_refuse(struct asg_fields *fields, const char *why);

void asg_fields_u64(struct asg_fields *fields, uint64_t *value);
void asg_fields_i64(struct asg_fields *fields, int64_t *value);
void asg_fields_u32(struct asg_fields *fields, uint32_t *value);
void asg_fields_bool(struct asg_fields *fields, bool *value);
/* An enum by its int; refused when not below `count`. */
void asg_fields_enum(struct asg_fields *fields, int *value, int count);
/* A text in a fixed array of `size` bytes. */
void asg_fields_array(struct asg_fields *fields, char *text, size_t size);
/* Bytes of a fixed length. */
void asg_fields_bytes(struct asg_fields *fields, uint8_t *bytes, size_t size);
/* A text that lives elsewhere: `text` is saved, or what is loaded put into `loaded`, of
 * `size` bytes. */
void asg_fields_text(struct asg_fields *fields, const char *text, char *loaded,
                     size_t size);
/* How many items follow, each of at least `least` bytes (1 or more); refused when there
 * cannot be so many in the bytes left. */
void asg_fields_count(struct asg_fields *fields, size_t *count, size_t least);
/* A struct of the model by its table; what it points to is put into `arena`. */
void asg_fields_object(struct asg_fields *fields, const struct asg_schema *schema,
                       void *object, struct asg_arena *arena);

#endif
