/* enrol_agent - answers agents that enrol or renew their certificate.
 *
 * Flow:     Enroll -> forms -> roster -> [proof] -> inbox (ENROLMENT) -> commit -> answer
 * Keys that are bound to their instance get a new certificate at once. Others need a
 * proof (enrol_proof.h), and are answered when core has bound them and the log is
 * durable. Core knows the launch and the address; what is plain beforehand is refused
 * here, so that no stranger fills the log. Other keys for a bound instance reach core
 * once in ten minutes: it raises the alarm. Strangers: what waits is bounded, nothing of
 * theirs is repeated to them, and refusals are one line a while with a count. Threads:
 * the gRPC server's and those of proofs; `settled` on the loop's. Certificates are signed
 * before the commit, on the former.
 */
#ifndef ASG_CONTROLLER_ENROL_AGENT_H
#define ASG_CONTROLLER_ENROL_AGENT_H

#include <stdatomic.h>

#include "base/clock.h"
#include "controller/enrol_proof.h"
#include "controller/inbox.h"
#include "controller/ingest_report.h"
#include "crypto/certificates.h"

struct asg_enrolments;

struct asg_enrolments_options {
    struct asg_inbox *inbox; /* this and the next four are lent */
    struct asg_ingest *ingest;
    struct asg_proofs *proofs;
    struct asg_authority *authority;
    const atomic_bool *is_leading;
    const char *cluster_id;  /* this and the next two are copied */
    const char *reports;     /* endpoints for reports, commas between */
    const char *reports_key; /* CURVE key behind them, z85 */
    bool is_address_checked; /* as the roster does; for core */
    int64_t life_ms;         /* of a certificate */
    uint32_t pending;        /* enrolments that wait for their proof or the log */
    struct asg_clock clock;
};

/* ASG_ERR_INVALID: an endpoint too many. */
ASG_MUST_USE enum asg_status asg_enrolments_new(
    const struct asg_enrolments_options *options, struct asg_enrolments **ret,
    struct asg_error *error);
/* From now on everyone is told to try again, and nothing goes into the inbox. What waits
 * there must still be settled. */
void asg_enrolments_close(struct asg_enrolments *enrolments);
/* When nothing waits any more. */
void asg_enrolments_destroy(struct asg_enrolments **enrolments);

/* asg_rpc_take_enroll; context: the enrolments. */
void asg_enrolments_take(void *context, struct asg_rpc_call *call,
                         const struct asg_rpc_enroll *enroll, const char *address);

/* Core was built anew: what it was told once may be told again. */
void asg_enrolments_tell_again(struct asg_enrolments *enrolments);

/* Those refused of late, in no order; of each instance and address one. `arena` has
 * their texts. */
void asg_enrolments_refused(struct asg_enrolments *enrolments, int64_t mono_ms,
                            int64_t wall_ms, struct asg_arena *arena,
                            struct asg_refusal **ret, size_t *ret_count);

/* One line of those refused since the last, at most one in ten seconds. Call it about
 * once a second. */
void asg_enrolments_say(struct asg_enrolments *enrolments, int64_t mono_ms);

#endif
