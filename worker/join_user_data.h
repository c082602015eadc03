/* join_user_data - the user data of a launch: the template's own, with the line that lets
 * the agent join.
 *
 * Whatever the user's data is, it must do what it did without the line. So the line comes
 * last, as a comment, where a comment is one; behind the end of a MIME message; as a
 * member of its own behind a gzip file; and what takes neither becomes the one part of a
 * MIME message (docs/launch.md has the table). The agent looks for the last such line in
 * the bytes as they are. The same data and line give the same bytes: a launch that is
 * repeated must be the same request.
 * Threads: no state.
 */
#ifndef ASG_WORKER_JOIN_USER_DATA_H
#define ASG_WORKER_JOIN_USER_DATA_H

#include "base/arena.h"
#include "base/error.h"
#include "base/status.h"

/* Decode `base64`, add the stanza (a line that begins with "#"), encode again into *ret
 * (in `arena`). Empty user data becomes a shell script of that line alone.
 * ASG_ERR_MALFORMED: not base64. ASG_ERR_UNSUPPORTED: of a kind that carries no line.
 * ASG_ERR_LIMIT: over 16 KiB with the line. `error` says what to do. */
ASG_MUST_USE enum asg_status asg_user_data_join(const char *base64, const char *stanza,
                                                struct asg_arena *arena, const char **ret,
                                                struct asg_error *error);

#endif
