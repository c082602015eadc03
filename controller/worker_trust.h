/* worker_trust - how far a worker's key has earned to be given jobs.
 *
 * A worker says how many jobs it can take. It is believed up to a few, and beyond that up
 * to twice what its key has finished lately, so that no key can take every job and sit on
 * them. What speaks against a key is counted; with enough of it, and another worker that
 * does better, it is put aside for a while (docs/reliability.md, "What workers say").
 * All connections and names of one key share one account: a name is only what its worker
 * claims.
 * Time:    monotonic milliseconds.
 * Threads: one owner (the loop).
 */
#ifndef ASG_CONTROLLER_WORKER_TRUST_H
#define ASG_CONTROLLER_WORKER_TRUST_H

#include <stdbool.h>
#include <stdint.h>

#include "model/enums.h"

#define ASG_TRUST_KEY_MAX   127
#define ASG_TRUST_LIMIT     20 /* points at which a key may be put aside */
#define ASG_TRUST_REST_MS   60000
#define ASG_TRUST_OWN_FAULT 7
#define ASG_TRUST_DENIALS                                                                \
    3                         /* all that it is answered: no key of an account does that \
                               */
#define ASG_TRUST_CODE_MAX 63 /* of an error code that is kept */

struct asg_trust {
    struct asg_trust *next;
    char key[ASG_TRUST_KEY_MAX + 1];
    uint32_t connections; /* that speak with it now */
    uint32_t leases;      /* of all of them */
    bool has_worked;      /* held one since it last said what it sent */
    uint32_t points;      /* against it, since its last success */
    int64_t since_ms;     /* of that success, or of the first word */
    int64_t struck_ms;    /* when it last failed by its own fault; INT64_MIN: never */
    int64_t aside_until_ms;
    const char *why;  /* it was put aside; static */
    uint32_t denials; /* answers in a row that it may not do what it was asked */
    char refused[ASG_TRUST_CODE_MAX + 1]; /* how AWS refuses its credentials; "": not */
    uint32_t finished_now; /* jobs answered in this minute, and in the one before */
    uint32_t finished_before;
    int64_t minute_ms;
};

struct asg_trust_table {
    struct asg_trust *first;
    uint32_t count;
    int64_t ok_ms[ASG_JOB_COUNT]; /* when a job of that kind last succeeded ... */
    const struct asg_trust *ok_by[ASG_JOB_COUNT]; /* ... and with whom */
};

void asg_trust_clear(struct asg_trust_table *table);

/* The account of a key, opened at its first word; stays until asg_trust_clear(), except
 * that unused ones without a stain go when there are very many. */
struct asg_trust *asg_trust_of(struct asg_trust_table *table, const char *key,
                               int64_t now_ms);

/* How many jobs all connections of the key may hold: `start`, or twice what it answered
 * in the last minute or two. start 0: any number. */
uint32_t asg_trust_most(struct asg_trust *trust, uint32_t start, int64_t now_ms);

/* A job that it was trusted with was answered. True: that is enough to put it aside, if
 * another worker does better. */
bool asg_trust_answered(struct asg_trust_table *table, struct asg_trust *trust,
                        enum asg_job_kind kind, enum asg_outcome outcome, int64_t now_ms);

enum asg_trust_news { ASG_TRUST_NO_NEWS, ASG_TRUST_REFUSED, ASG_TRUST_ACCEPTED };

/* Does AWS accept its credentials? An answer that says so or says not; refused and
 * accepted are each said once, when they begin. */
enum asg_trust_news asg_trust_note_credentials(struct asg_trust *trust,
                                               enum asg_outcome outcome,
                                               const char *error_code);

/* It held a job past its deadline, or forgot it. As above. */
bool asg_trust_held(struct asg_trust *trust, int64_t now_ms);

bool asg_trust_is_aside(const struct asg_trust *trust, int64_t now_ms);

/* It failed by its own fault within the last minute: others come first. */
bool asg_trust_is_struck(const struct asg_trust *trust, int64_t now_ms);

/* Put aside until `until_ms`; after that one more failure is enough. */
void asg_trust_put_aside(struct asg_trust *trust, int64_t until_ms);

#endif
