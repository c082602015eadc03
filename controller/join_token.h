/* join_token - the secret of a join line, by which an agent shows that it runs on an
 * instance of ours: HMAC-SHA-256 under the controller's join.secret, kept nowhere.
 *
 * Flow:     [join_token] -> join line (serve_enrol) -> user data -> agent -> enrol_proof
 * Threads:  no state.
 */
#ifndef ASG_CONTROLLER_JOIN_TOKEN_H
#define ASG_CONTROLLER_JOIN_TOKEN_H

#include <stdint.h>

#define ASG_JOIN_TOKEN_SIZE 65 /* 64 hex digits with the closing zero */

/* Of a launch attempt. The same for ever, so that a job that is sent again carries the
 * same user data. */
void asg_join_token(const uint8_t secret[32], uint64_t incarnation, uint64_t job_id,
                    uint32_t attempt, char ret[ASG_JOIN_TOKEN_SIZE]);
/* The one that `openasg instance join-line` gives out: of that instance alone. */
void asg_instance_token(const uint8_t secret[32], const char *instance_id,
                        char ret[ASG_JOIN_TOKEN_SIZE]);

#endif
