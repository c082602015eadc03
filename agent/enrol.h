/* enrol - when to ask the controller for a certificate, and again, for as long as it
 * takes: the timing of enrolment; the asking itself is call_enrol.h.
 *
 * Flow:     join_line -> [enrol] -> call_enrol <-> controller
 * What fails is tried again with jittered, growing waits; nothing ends it: the launch's
 * result may be late, and an operator may put right what was wrong. A certificate is
 * renewed when the controller said, which spreads a fleet that was launched at once;
 * sooner when reports are refused, or reach nobody for a while: the answer may have
 * another endpoint or key.
 * Time:     monotonic milliseconds, passed in. Threads: one owner at a time.
 */
#ifndef ASG_AGENT_ENROL_H
#define ASG_AGENT_ENROL_H

#include <stdbool.h>
#include <stdint.h>

#define ASG_ENROL_WAIT_MS_MIN    500
#define ASG_ENROL_NOBODY_MS_MAX  15000 /* nobody answers, or not one of ours */
#define ASG_ENROL_NOT_YET_MS_MAX 5000  /* trying again helps by itself */
#define ASG_ENROL_REFUSED_MS_MAX 60000 /* it helps when somebody has acted */
#define ASG_ENROL_MEMBER_MS_MAX  60000 /* we have a certificate: no hurry */
#define ASG_ENROL_LOST_MS        30000 /* reports reach nobody: this, and as much jitter */
#define ASG_ENROL_TELL_MS        10000 /* at most one line of trouble in this time */

/* How one asking ended. */
enum asg_enrol_outcome {
    ASG_ENROL_DONE,
    ASG_ENROL_NOBODY,   /* nobody there, or nobody who speaks our TLS */
    ASG_ENROL_STRANGER, /* its authority is none that we trust */
    ASG_ENROL_NOT_YET,  /* the controller says: try again */
    ASG_ENROL_REFUSED,  /* the controller says no */
    ASG_ENROL_UNUSABLE, /* it answered something that is no use */
    ASG_ENROL_NO_PROOF, /* nobody was asked: there is nothing to prove ourselves with */
};

struct asg_enrol_timer {
    uint64_t random;
    bool is_member;    /* there is a certificate */
    bool is_asking;    /* an asking is under way */
    bool needs_proof;  /* the keys may not be bound: say who we are */
    uint32_t tries;    /* in a row that failed */
    uint32_t refusals; /* of reports, in a row, with an enrolment after each */
    int64_t renew_ms;  /* when the certificate is due */
    int64_t retry_ms;  /* after a failure; INT64_MAX: none */
    int64_t lost_ms;   /* because reports do not arrive; INT64_MAX: they do */
    int64_t told_ms;   /* the last line of trouble */
    bool has_told;
};

/* `renew_in_ms` 0: ask at once; else there is a certificate, to be renewed then. */
void asg_enrol_timer_init(struct asg_enrol_timer *timer, uint64_t seed,
                          int64_t renew_in_ms, int64_t now_ms);

/* When the next asking is due; INT64_MAX while one is under way. */
int64_t asg_enrol_timer_due_ms(const struct asg_enrol_timer *timer);

/* True: begin an asking now, and say how it ended by asg_enrol_timer_take(). */
bool asg_enrol_timer_ask(struct asg_enrol_timer *timer, int64_t now_ms);
void asg_enrol_timer_take(struct asg_enrol_timer *timer, enum asg_enrol_outcome outcome,
                          int64_t renew_in_ms, int64_t now_ms);

/* How reports fare; call it as often as you like. */
void asg_enrol_timer_flowing(struct asg_enrol_timer *timer);
void asg_enrol_timer_refused(struct asg_enrol_timer *timer, int64_t now_ms);
void asg_enrol_timer_lost(struct asg_enrol_timer *timer, int64_t now_ms);

/* True at most once in ASG_ENROL_TELL_MS. */
bool asg_enrol_timer_may_tell(struct asg_enrol_timer *timer, int64_t now_ms);

#endif
