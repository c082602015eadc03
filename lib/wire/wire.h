/* wire - bytes <-> model: msgpack by the tables of model/schemas.h.
 *
 * A struct is an array of its fields in order. A decoder takes fewer fields than it
 * knows (the rest stays zero) and skips more, so that old logs and newer peers are
 * readable. Every length is checked against the bytes that are left before anything
 * is allocated, depth is at most ASG_WIRE_DEPTH_MAX, a message makes structs of
 * ASG_WIRE_DECODED_MAX at most (what the log has may be larger: it was written from
 * such), integers must fit, words of enums must be known, text must be UTF-8 without zero
 * bytes. Threads: no state; any.
 */
#ifndef ASG_WIRE_WIRE_H
#define ASG_WIRE_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/status.h"
#include "model/messages.h"
#include "model/schemas.h"

#define ASG_WIRE_DEPTH_MAX   16
#define ASG_WIRE_DECODED_MAX 268435456 /* 256 MiB of structs, of one message */

/* Append one struct. */
void asg_wire_encode(const struct asg_schema *schema, const void *object,
                     struct asg_bytes *ret);

/* Read exactly one struct from `length` bytes into *ret (schema->size bytes); what it
 * points to lives in `arena`.
 * ASG_ERR_MALFORMED: not that struct, over a limit, or bytes left over. */
ASG_MUST_USE enum asg_status asg_wire_decode(const struct asg_schema *schema,
                                             const void *data, size_t length,
                                             struct asg_arena *arena, void *ret);

/* A frame: [type, version, struct]. `object` may be NULL for types without a body. */
void asg_wire_encode_message(enum asg_message_type type, const void *object,
                             struct asg_bytes *ret);

/* Type of a frame without reading the rest.
 * ASG_ERR_MALFORMED: no frame of ours; ASG_ERR_VERSION: of a version we do not speak. */
ASG_MUST_USE enum asg_status asg_wire_message_type(const void *data, size_t length,
                                                   enum asg_message_type *ret);

/* Body of a frame of the type just asked for, by its own schema. */
ASG_MUST_USE enum asg_status asg_wire_decode_message(const void *data, size_t length,
                                                     enum asg_message_type type,
                                                     struct asg_arena *arena, void *ret);

/* Say in words why asg_wire_decode_message() answered ASG_ERR_MALFORMED, naming the
 * field: decodes once more, so it is not for the hot path. */
void asg_wire_explain_message(const void *data, size_t length, enum asg_message_type type,
                              struct asg_error *error);

/* The schema of a type's body; NULL for a type that is not known or has none. */
const struct asg_schema *asg_wire_message_schema(enum asg_message_type type);

/* The hot path by hand: one report, no arena, some 100 ns. The same bytes as the
 * generic codec writes. */
void asg_wire_encode_report(const struct asg_report *report, struct asg_bytes *ret);
ASG_MUST_USE enum asg_status asg_wire_decode_report(const void *data, size_t length,
                                                    struct asg_report *ret);

#endif
