/* probe_agent - asks agents over gRPC whether they live: suspects first and at once,
 * everyone in the background at a slow pace.
 *
 * Flow:    membership, silence -> [prober] -> health sign -> inbox -> core
 * It tells transitions only: PROBE_FAILED after `failures` failed probes in a row when
 * the host itself answers (its agent is dead, hangs, or says that it does not serve),
 * PROBE_UNREACHABLE when not even the host does (it is dead, or cut off from us: a bare
 * TCP connection beside the probe tells), PROBE_OK when the agent answers again, DRAINED
 * when a drain has ended.
 * With an identity it asks over mutual TLS and believes only the agent that holds the key
 * bound to the instance (probe_trust.h): what anybody else answers at its address is a
 * failed probe, with the reason ("UNAUTHENTICATED: the certificate names i-2"), and
 * nobody else is asked to drain. A turn begins the probes that are due; probe_thread.c
 * takes one after another. Threads: answers come on gRPC's; every call from any thread,
 * none blocks.
 */
#ifndef ASG_CONTROLLER_PROBE_AGENT_H
#define ASG_CONTROLLER_PROBE_AGENT_H

#include "base/clock.h"
#include "base/error.h"
#include "model/effects.h"
#include "rpc/tls.h"

struct asg_prober;

struct asg_prober_options {
    uint32_t concurrency;  /* probes at once; 200 */
    int64_t deadline_ms;   /* of one probe; 1 s */
    int64_t suspect_ms;    /* pause between probes of a suspect; 500 ms */
    int64_t background_ms; /* every agent is probed once in this time; 60 s */
    uint32_t failures;     /* in a row before it is believed; 2 */
    struct asg_clock clock;
    /* The controller's certificate; NULL: plaintext, without any check. */
    struct asg_rpc_identity *identity;
    const char *cluster;     /* copied: certificates name it */
    const char *trusted_pem; /* copied: who may have signed them */
    /* Called from the prober's threads; false when it could not be taken: told again. */
    bool (*tell)(void *context, const char *instance_id, enum asg_sign sign,
                 const char *detail);
    void *context;
};

struct asg_prober_counts {
    uint64_t probes;
    uint64_t failed;
    uint32_t targets;
    uint32_t suspects;
    uint32_t in_flight;
};

ASG_MUST_USE enum asg_status asg_prober_new(const struct asg_prober_options *options,
                                            struct asg_prober **ret,
                                            struct asg_error *error);
/* Cancels what is under way. */
void asg_prober_destroy(struct asg_prober **prober);

/* Begin what is due. Returns the monotonic moment (ms) of the next turn that has
 * something to do, as far as is known now (INT64_MAX: nobody is watched). */
int64_t asg_prober_turn(struct asg_prober *prober);

/* Call `wake` when there is a new suspect: a turn is due at once. NULL: nobody. It is
 * called with the prober's lock held and must not call the prober. */
void asg_prober_on_suspect(struct asg_prober *prober, void (*wake)(void *context),
                           void *context);

/* Watch an instance at "address:port"; again to change what is known of it. Only the
 * holder of `tls_key`, the hash of the TLS key that is bound to it, is believed; while
 * none is bound ("") it is not probed. */
void asg_prober_watch(struct asg_prober *prober, const char *instance_id,
                      const char *target, const char *tls_key);
void asg_prober_forget(struct asg_prober *prober, const char *instance_id);

/* It fell silent (or speaks again): probe it now and again until that changes. */
void asg_prober_suspect(struct asg_prober *prober, const char *instance_id,
                        bool is_suspect);

/* Core was built anew from the log: tell every target's state once more, the failed and
 * suspects at the next turn, the others in the background round. */
void asg_prober_tell_again(struct asg_prober *prober);

/* Ask it to drain; DRAINED is told when it has, could not, or limit_ms is over. */
void asg_prober_drain(struct asg_prober *prober, const char *instance_id,
                      int64_t limit_ms);

struct asg_prober_counts asg_prober_counts(struct asg_prober *prober);

#endif
