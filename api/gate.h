/* gate - who sent a request, and what they may: the first thing that the door asks.
 *
 * A signature is good for one region, the service autoscaling and fifteen minutes; in the
 * Authorization header or in the URL (presigned). Codes and texts are AWS's. A key's
 * policy names actions, and groups for what changes one: as with AWS, who may describe
 * sees all groups.
 * Threads: any. Blocks: on the disk when the file of keys has changed.
 */
#ifndef ASG_API_GATE_H
#define ASG_API_GATE_H

#include "api/keys.h"
#include "http/server.h"

struct asg_gate;

struct asg_gate_options {
    const char *keys_path;
    const char *region;
    const char *account_id;
    struct asg_clock clock;
};

struct asg_gate_refusal {
    int http_status;
    const char *code; /* AWS's, static */
    char message[1024];
};

/* As asg_api_keys_new(). */
ASG_MUST_USE enum asg_status asg_gate_new(const struct asg_gate_options *options,
                                          struct asg_gate **ret, struct asg_error *error);
void asg_gate_destroy(struct asg_gate **gate);

/* Read the file of keys now, if it has changed. */
void asg_gate_refresh(struct asg_gate *gate);

/* Check the signature. ASG_OK: *ret is whose it is, for the caller to release.
 * ASG_ERR_DENIED: *refusal says what to answer. */
ASG_MUST_USE enum asg_status asg_gate_check(struct asg_gate *gate,
                                            const struct asg_http_request *request,
                                            struct asg_api_key **ret,
                                            struct asg_gate_refusal *refusal);

/* The request says that it is signed with a key in force: nothing of it is checked, and
 * its body need not be there yet. For who must decide whether to keep that body. */
bool asg_gate_knows(struct asg_gate *gate, const struct asg_http_request *request);

/* The key's policy allows the action ("SetDesiredCapacity") on the group; NULL: on none,
 * as with actions that describe. Launch configurations count as groups of their name. */
bool asg_gate_may(const struct asg_api_key *key, const char *action, const char *group);

/* AWS's AccessDenied for what asg_gate_may() does not allow. */
void asg_gate_deny(const struct asg_gate *gate, const struct asg_api_key *key,
                   const char *action, const char *group,
                   struct asg_gate_refusal *refusal);

#endif
