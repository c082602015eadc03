#include "agent/enrol.h"

/* xorshift64*: jitter needs no more. */
static uint64_t next_random(struct asg_enrol_timer *timer)
{
    timer->random ^= timer->random >> 12;
    timer->random ^= timer->random << 25;
    timer->random ^= timer->random >> 27;
    return timer->random * UINT64_C(2685821657736338717);
}

static int64_t random_below(struct asg_enrol_timer *timer, int64_t limit)
{
    return (int64_t)(next_random(timer) % (uint64_t)limit);
}

/* Half of a doubling wait is certain, the other half is jitter. */
static int64_t backoff_ms(struct asg_enrol_timer *timer, uint32_t tries, int64_t max_ms)
{
    int64_t wait_ms = ASG_ENROL_WAIT_MS_MIN;
    for (uint32_t i = 1; i < tries && wait_ms < max_ms; i++)
        wait_ms *= 2;
    if (wait_ms > max_ms) wait_ms = max_ms;
    return wait_ms / 2 + random_below(timer, wait_ms / 2 + 1);
}

void asg_enrol_timer_init(struct asg_enrol_timer *timer, uint64_t seed,
                          int64_t renew_in_ms, int64_t now_ms)
{
    *timer = (struct asg_enrol_timer){.random = seed == 0 ? 1 : seed,
                                      .is_member = renew_in_ms > 0,
                                      .needs_proof = renew_in_ms <= 0,
                                      .renew_ms = now_ms,
                                      .retry_ms = INT64_MAX,
                                      .lost_ms = INT64_MAX};
    if (renew_in_ms > 0) timer->renew_ms += renew_in_ms;
}

int64_t asg_enrol_timer_due_ms(const struct asg_enrol_timer *timer)
{
    if (timer->is_asking) return INT64_MAX;
    /* After a failure its own wait counts, whatever the asking was for. */
    if (timer->retry_ms != INT64_MAX) return timer->retry_ms;
    return timer->lost_ms < timer->renew_ms ? timer->lost_ms : timer->renew_ms;
}

bool asg_enrol_timer_ask(struct asg_enrol_timer *timer, int64_t now_ms)
{
    if (timer->is_asking || now_ms < asg_enrol_timer_due_ms(timer)) return false;
    timer->is_asking = true;
    return true;
}

static int64_t wait_max_ms(const struct asg_enrol_timer *timer,
                           enum asg_enrol_outcome outcome)
{
    if (outcome == ASG_ENROL_NOT_YET) return ASG_ENROL_NOT_YET_MS_MAX;
    if (timer->is_member) return ASG_ENROL_MEMBER_MS_MAX;
    if (outcome == ASG_ENROL_REFUSED || outcome == ASG_ENROL_UNUSABLE ||
        outcome == ASG_ENROL_NO_PROOF)
        return ASG_ENROL_REFUSED_MS_MAX;
    return ASG_ENROL_NOBODY_MS_MAX;
}

void asg_enrol_timer_take(struct asg_enrol_timer *timer, enum asg_enrol_outcome outcome,
                          int64_t renew_in_ms, int64_t now_ms)
{
    timer->is_asking = false;
    if (outcome == ASG_ENROL_DONE) {
        timer->is_member = true;
        timer->needs_proof = false;
        timer->tries = 0;
        timer->retry_ms = INT64_MAX;
        timer->lost_ms = INT64_MAX;
        if (renew_in_ms < ASG_ENROL_WAIT_MS_MIN) renew_in_ms = ASG_ENROL_WAIT_MS_MIN;
        timer->renew_ms = now_ms + renew_in_ms;
        return;
    }
    if (outcome == ASG_ENROL_REFUSED || outcome == ASG_ENROL_NOT_YET)
        timer->needs_proof = true;
    timer->tries++;
    timer->retry_ms =
        now_ms + backoff_ms(timer, timer->tries, wait_max_ms(timer, outcome));
}

void asg_enrol_timer_flowing(struct asg_enrol_timer *timer)
{
    timer->refusals = 0;
    timer->lost_ms = INT64_MAX;
    if (timer->is_asking || timer->retry_ms == INT64_MAX) return;
    /* What failed was only wanted because reports did not arrive? They do. */
    if (timer->is_member && timer->renew_ms > timer->retry_ms) {
        timer->retry_ms = INT64_MAX;
        timer->tries = 0;
    }
}

void asg_enrol_timer_refused(struct asg_enrol_timer *timer, int64_t now_ms)
{
    if (timer->is_asking || timer->retry_ms != INT64_MAX) return;
    if (timer->needs_proof && timer->lost_ms != INT64_MAX) return; /* seen already */
    timer->needs_proof = true;
    timer->refusals++;
    timer->lost_ms = now_ms + backoff_ms(timer, timer->refusals, ASG_ENROL_MEMBER_MS_MAX);
}

void asg_enrol_timer_lost(struct asg_enrol_timer *timer, int64_t now_ms)
{
    if (timer->is_asking || timer->retry_ms != INT64_MAX) return;
    if (timer->lost_ms != INT64_MAX) return;
    timer->lost_ms = now_ms + ASG_ENROL_LOST_MS + random_below(timer, ASG_ENROL_LOST_MS);
}

bool asg_enrol_timer_may_tell(struct asg_enrol_timer *timer, int64_t now_ms)
{
    if (timer->has_told && now_ms - timer->told_ms < ASG_ENROL_TELL_MS) return false;
    timer->has_told = true;
    timer->told_ms = now_ms;
    return true;
}
