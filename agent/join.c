#include "agent/join.h"

#include <assert.h>

#include "base/failpoint.h"
#include "wire/wire.h"

/* xorshift64*: jitter needs no more. */
static uint64_t next_random(struct asg_joiner *joiner)
{
    joiner->random ^= joiner->random >> 12;
    joiner->random ^= joiner->random << 25;
    joiner->random ^= joiner->random >> 27;
    return joiner->random * UINT64_C(2685821657736338717);
}

static int64_t random_below(struct asg_joiner *joiner, int64_t limit)
{
    return (int64_t)(next_random(joiner) % (uint64_t)limit);
}

/* Half of a doubling wait is certain, the other half is jitter. */
static int64_t backoff_ms(struct asg_joiner *joiner, int64_t max_ms)
{
    int64_t wait_ms = ASG_JOIN_WAIT_MS_MIN;
    for (uint32_t i = 1; i < joiner->tries && wait_ms < max_ms; i++)
        wait_ms *= 2;
    if (wait_ms > max_ms) wait_ms = max_ms;
    return wait_ms / 2 + random_below(joiner, wait_ms / 2 + 1);
}

void asg_joiner_init(struct asg_joiner *joiner, const struct asg_join *join,
                     uint64_t seed, int64_t now_ms)
{
    *joiner = (struct asg_joiner){
        .join = *join, .random = seed == 0 ? 1 : seed, .due_ms = now_ms};
}

void asg_joiner_clear(struct asg_joiner *joiner)
{
    asg_bytes_clear(&joiner->frame);
    asg_arena_clear(&joiner->arena);
}

int64_t asg_joiner_due_ms(const struct asg_joiner *joiner)
{
    return joiner->is_bound ? INT64_MAX : joiner->due_ms;
}

void asg_joiner_tick(struct asg_joiner *joiner, const struct asg_uplink *uplink,
                     int64_t now_ms)
{
    if (joiner->is_bound || now_ms < joiner->due_ms) return;
    asg_bytes_reset(&joiner->frame);
    asg_wire_encode_message(ASG_MESSAGE_JOIN, &joiner->join, &joiner->frame);
    ASG_FAILPOINT("agent.before_join");
    /* Whether it left or not, the next one is due after the same wait. */
    enum asg_status sent =
        uplink->send(uplink->context, joiner->frame.data, joiner->frame.length);
    (void)sent;
    joiner->tries++;
    joiner->due_ms = now_ms + backoff_ms(joiner, ASG_JOIN_WAIT_MS_MAX);
}

static enum asg_join_news take_refusal(struct asg_joiner *joiner, const void *data,
                                       size_t length, int64_t now_ms,
                                       const char **ret_reason)
{
    struct asg_refused refused = {0};
    if (asg_wire_decode_message(data, length, ASG_MESSAGE_REFUSED, &joiner->arena,
                                &refused) != ASG_OK) {
        return ASG_JOIN_GARBAGE;
    }
    joiner->is_bound = false;
    joiner->due_ms =
        now_ms + (refused.is_final ? ASG_JOIN_FINAL_MS
                                   : backoff_ms(joiner, ASG_JOIN_REFUSED_MS_MAX));
    if (ret_reason != NULL) *ret_reason = refused.reason == NULL ? "" : refused.reason;
    return ASG_JOIN_REFUSED;
}

enum asg_join_news asg_joiner_take(struct asg_joiner *joiner, const void *data,
                                   size_t length, int64_t now_ms, const char **ret_reason)
{
    asg_arena_reset(&joiner->arena);
    enum asg_message_type type;
    if (asg_wire_message_type(data, length, &type) != ASG_OK) return ASG_JOIN_GARBAGE;
    switch (type) {
    case ASG_MESSAGE_JOINED:
        ASG_FAILPOINT("agent.joined");
        joiner->tries = 0;
        if (joiner->is_bound) return ASG_JOIN_NOTHING;
        joiner->is_bound = true;
        return ASG_JOIN_BOUND;
    case ASG_MESSAGE_REFUSED:
        return take_refusal(joiner, data, length, now_ms, ret_reason);
    case ASG_MESSAGE_REJOIN:
        /* One for each report of ours that was under way: the first one counts. */
        if (!joiner->is_bound) return ASG_JOIN_NOTHING;
        asg_joiner_reconnect(joiner, now_ms);
        return ASG_JOIN_AGAIN;
    default: return ASG_JOIN_GARBAGE;
    }
}

void asg_joiner_reconnect(struct asg_joiner *joiner, int64_t now_ms)
{
    joiner->is_bound = false;
    joiner->tries = 0;
    joiner->due_ms = now_ms + random_below(joiner, ASG_JOIN_REJOIN_MS_MAX + 1);
}
