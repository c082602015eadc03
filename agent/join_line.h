/* join_line - the line in the user data by which a launch job tells an agent where to
 * enrol, whom to believe there, and lends it the word to prove itself with:
 *
 *   # openasg-join: token=<hex> enrol=host:port[,host:port] ca=<64 hex> job=7 attempt=1
 *     incarnation=81985529216486
 *
 * Words may come in any order; unknown ones are skipped. The token is a secret.
 */
#ifndef ASG_AGENT_JOIN_LINE_H
#define ASG_AGENT_JOIN_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/status.h"

#define ASG_JOIN_LINE_MARK      "# openasg-join:"
#define ASG_JOIN_LINE_HOST_SIZE 256
#define ASG_JOIN_LINE_PORT_SIZE 6

struct asg_join_line {
    const char *token; /* "": another proof is given */
    const char *enrol; /* "host:port", several with commas between */
    const char *ca;    /* SHA-256 of the authority's certificate: 64 hex digits */
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

/* Check endpoints and fingerprint, which may also come from settings. `what` is said in
 * front: "join line", "setting". ASG_ERR_MALFORMED: error names the word. */
ASG_MUST_USE enum asg_status asg_join_line_check_enrol(const char *what,
                                                       const char *enrol,
                                                       struct asg_error *error);
ASG_MUST_USE enum asg_status asg_join_line_check_ca(const char *what, const char *ca,
                                                    struct asg_error *error);

/* The next of the endpoints in *at, "host:port" ("[::1]:7708") as host and port; *at
 * moves on and is NULL after the last. False: it is none, or too long. */
bool asg_join_line_next(const char **at, char ret_host[ASG_JOIN_LINE_HOST_SIZE],
                        char ret_port[ASG_JOIN_LINE_PORT_SIZE]);

#endif
