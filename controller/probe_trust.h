/* probe_trust - which certificate an instance's agent must show to be believed.
 *
 * It names the instance in this cluster, one of our authorities has signed it, and its
 * key is the one that is bound to the instance in the log. Its times do not count: as
 * long as the key is bound, an expired certificate says nothing about life or death. What
 * was checked once is known again by its hash: agents show the same certificate for
 * hours.
 * Threads: any; nothing blocks for longer than a signature takes.
 */
#ifndef ASG_CONTROLLER_PROBE_TRUST_H
#define ASG_CONTROLLER_PROBE_TRUST_H

#include <stdbool.h>

#include "base/error.h"

#define ASG_PROBE_PEER_BYTES 128

struct asg_probe_trust;

/* Both texts are copied. Authorities that are rotated are read at a start. */
struct asg_probe_trust *asg_probe_trust_new(const char *cluster, const char *trusted_pem);
void asg_probe_trust_destroy(struct asg_probe_trust **trust);

/* Whom a call means, as asg_probe_trust_check() reads it. */
void asg_probe_trust_peer(const char *instance_id, const char *tls_key,
                          char ret[ASG_PROBE_PEER_BYTES]);

/* How a reason begins when only the signer is unknown: the certificate names the instance
 * and its key is the bound one. Its authority was lost, or ours was. */
#define ASG_PROBE_TRUST_UNSIGNED "its own key, "

/* An asg_rpc_check_server; `context` is the trust. */
bool asg_probe_trust_check(void *context, const char *peer, const char *chain_pem,
                           struct asg_error *reason);

#endif
