/* membership - what makes this agent one of a cluster, and is kept over restarts: its two
 * keys, and what the controller answered when it enrolled.
 *
 * In the state directory, mode 0600, lie agent.key, the CURVE key that reports are
 * encrypted with; agent-tls.key, that of the certificate; enrolment, the last answer: the
 * certificate, whom to trust, where reports go; and instance, whose keys these are: an
 * image made of a running instance has them too, and its instances must not use them.
 * When none can be written all live in memory: then a restart makes other keys, which the
 * controller refuses until an operator says `openasg instance rebind ID`.
 * Threads: one owner at a time.
 */
#ifndef ASG_AGENT_MEMBERSHIP_H
#define ASG_AGENT_MEMBERSHIP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "bus/bus.h"
#include "crypto/certificates.h"

#define ASG_MEMBERSHIP_PATH_MAX    4096

#define ASG_MEMBERSHIP_REPORTS_MAX 8

/* What the controller answered. All zero: nothing yet. */
struct asg_enrolled {
    bool is_set;
    char cluster[ASG_CLUSTER_NAME_SIZE];
    char ca[ASG_KEY_HASH_SIZE]; /* fingerprint by which its first answer was believed */
    char reports[ASG_MEMBERSHIP_REPORTS_MAX][ASG_BUS_ENDPOINT_MAX];
    size_t report_count;
    char reports_key[ASG_BUS_KEY_SIZE];
    int64_t renew_at_ms;          /* wall */
    struct asg_bytes certificate; /* PEM: ours, then the authority's */
    struct asg_bytes authorities; /* PEM */
};

void asg_enrolled_clear(struct asg_enrolled *enrolled);
void asg_enrolled_copy(struct asg_enrolled *to, const struct asg_enrolled *from);

/* As text and back, for the file. ASG_ERR_MALFORMED: not one, or for another instance or
 * another key; *ret is untouched. */
void asg_enrolled_write(const struct asg_enrolled *enrolled, struct asg_bytes *ret);
ASG_MUST_USE enum asg_status asg_enrolled_read(const char *text,
                                               struct asg_enrolled *ret);

/* Does its certificate name this instance of its cluster and hold this key? */
bool asg_enrolled_fits(const struct asg_enrolled *enrolled, const char *instance_id,
                       const char *tls_key_hash, struct asg_error *error);

struct asg_membership {
    char folder[4000]; /* "" : in memory */
    int lock;          /* held on FOLDER/lock; -1: none */
    struct asg_bus_keys keys;
    struct asg_tls_key *tls_key;
    char tls_key_hash[ASG_KEY_HASH_SIZE];
    struct asg_enrolled enrolled;
};

/* Read or make the keys, and read the last answer. `dir` "": $STATE_DIRECTORY, or else
 * /var/lib/openasg-agent. `ca` is the fingerprint of the join line: an answer of another
 * authority is forgotten. What was unusual is logged. ASG_ERR_DENIED: others may read a
 * key; `error` says what to do. */
ASG_MUST_USE enum asg_status asg_membership_open(const char *dir, const char *instance_id,
                                                 const char *ca,
                                                 struct asg_membership *ret,
                                                 struct asg_error *error);
void asg_membership_clear(struct asg_membership *membership);

/* Take the answer (*enrolled is left empty) and keep it. What cannot be kept is logged:
 * then the next start enrols again, which the same keys may. */
void asg_membership_set(struct asg_membership *membership, struct asg_enrolled *enrolled,
                        const char *instance_id);

/* The folder of our keys: the setting, or STATE_DIRECTORY, or /var/lib/openasg-agent. */
void asg_membership_folder(const char *dir, char ret[ASG_MEMBERSHIP_PATH_MAX]);

#endif
