/* parse - a YAML or JSON text as a struct of the model, by its table.
 *
 * Fields are written by their name in the table. Friendlier forms are read too:
 * `cooldown: 5m` for cooldown_ms, `target: 82.5` for target_milli, `disabled: true` for
 * is_disabled, dashes for underscores; times also as ISO 8601; a set as a list of its
 * words; `unset` for a number, and `none` for a part, that may be left out. `lower` sets
 * has_lower. What is not in the text keeps the value the caller put there, so that
 * defaults are the caller's; parts and items of lists have those of their tables.
 * Threads: no state; any.
 */
#ifndef ASG_TEXT_PARSE_H
#define ASG_TEXT_PARSE_H

#include "base/arena.h"
#include "base/error.h"
#include "model/schema.h"
#include "text/yaml_tree.h"

#define ASG_PARSE_FIELDS_MAX 64
#define ASG_PARSE_NAME_MAX   64

/* Read one struct. Texts and lists live in `arena`. Bit 1 << i of *ret_present: field i
 * of the table was in the text (`ret_present` may be NULL).
 * ASG_ERR_INVALID, ASG_ERR_LIMIT: `error` says file, line, path ("steps[2].adjustment")
 * and what to write; *object is then not to be used. */
ASG_MUST_USE enum asg_status asg_parse_text(const struct asg_schema *schema,
                                            const char *name, const char *text,
                                            size_t length, struct asg_arena *arena,
                                            void *object, uint64_t *ret_present,
                                            struct asg_error *error);

/* The same of a map that was read before, for files that hold several structs. */
ASG_MUST_USE enum asg_status asg_parse_node(const struct asg_schema *schema,
                                            const char *name,
                                            const struct asg_yaml_node *node,
                                            struct asg_arena *arena, void *object,
                                            uint64_t *ret_present,
                                            struct asg_error *error);

/* True when the *_ms field of that name is a moment (created_ms), not a length. */
bool asg_parse_is_moment(const char *field_name);

/* The part of a field's name that is no unit and no "is_": "cooldown" of cooldown_ms.
 * False: the name has neither, and *ret is untouched. */
bool asg_parse_short_name(const struct asg_field *field, char ret[ASG_PARSE_NAME_MAX]);

/* True for the word `none`, which a part that may be absent can have for its value. */
bool asg_parse_says_none(const struct asg_yaml_node *node);

/* True when `unset` may be written for it: it then has its default, -1 or no moment. */
bool asg_parse_can_be_unset(const struct asg_field *field);

/* "web,db" cut at commas, blanks around taken off, into the arena. */
struct asg_texts asg_parse_commas(const char *text, struct asg_arena *arena);

#endif
