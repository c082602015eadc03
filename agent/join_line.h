/* join_line - the line in the user data by which a launch job tells an agent where its
 * controller is and lends it the word to join:
 *
 *   # openasg-join: token=<hex> controller=tcp://host:port key=<Z85> job=7 attempt=1
 *     incarnation=81985529216486
 *
 * Words may come in any order; unknown ones are skipped. The token is a secret.
 */
#ifndef ASG_AGENT_JOIN_LINE_H
#define ASG_AGENT_JOIN_LINE_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/status.h"

#define ASG_JOIN_LINE_MARK "# openasg-join:"

struct asg_join_line {
    const char *token;
    const char *controller; /* "tcp://host:port" */
    const char *key; /* the controller's public key, 40 letters of Z85; may be "" */
    uint64_t job_id;
    uint32_t attempt;
    uint64_t incarnation;
};

/* Find the last such line in `data`; texts live in `arena`.
 * ASG_ERR_NOT_FOUND: there is none. ASG_ERR_MALFORMED: error names the word; it never
 * shows the token. */
ASG_MUST_USE enum asg_status asg_join_line_find(const void *data, size_t length,
                                                struct asg_arena *arena,
                                                struct asg_join_line *ret,
                                                struct asg_error *error);

#endif
