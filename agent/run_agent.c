#include "agent/run_agent.h"

#include "base/log.h"

/* Frames taken in a row before the clock is looked at again. */
#define FRAMES_AT_ONCE 16

static enum asg_status send_frame(void *context, const void *data, size_t length)
{
    struct asg_agent *agent = context;
    return asg_bus_connection_send(agent->connection, data, length);
}

static void tell(struct asg_agent *agent, enum asg_join_news news, const char *reason)
{
    switch (news) {
    case ASG_JOIN_NOTHING: return;
    case ASG_JOIN_BOUND:
        asg_log_info("agent", "joined", "instance=%s, reporting every %u ms",
                     agent->joiner->join.instance_id, agent->joiner->join.interval_ms);
        asg_shown_joined(agent->shown, true);
        return;
    case ASG_JOIN_REFUSED:
        asg_log_warn("agent", "join_refused",
                     "instance=%s reason=\"%s\", trying again in %lld ms",
                     agent->joiner->join.instance_id, reason,
                     (long long)(asg_joiner_due_ms(agent->joiner) -
                                 asg_clock_monotonic_ms(&agent->clock)));
        asg_shown_joined(agent->shown, false);
        return;
    case ASG_JOIN_AGAIN:
        asg_log_info("agent", "join_again", "the controller does not know us, joining");
        asg_shown_joined(agent->shown, false);
        return;
    case ASG_JOIN_GARBAGE:
        asg_log_warn("agent", "frame_refused",
                     "not a frame of a controller, dropping it");
        return;
    }
}

static void take_frames(struct asg_agent *agent)
{
    struct asg_bus_message message;
    for (int i = 0; i < FRAMES_AT_ONCE; i++) {
        if (asg_bus_connection_receive(agent->connection, &message) != ASG_OK) return;
        const char *reason = "";
        enum asg_join_news news =
            asg_joiner_take(agent->joiner, message.data, message.length,
                            asg_clock_monotonic_ms(&agent->clock), &reason);
        tell(agent, news, reason);
    }
}

static void tick(struct asg_agent *agent, const struct asg_uplink *uplink)
{
    asg_joiner_tick(agent->joiner, uplink, asg_clock_monotonic_ms(&agent->clock));
    uint64_t unread = agent->reporter->unread;
    if (asg_reporter_tick(agent->reporter, uplink, agent->joiner->is_bound,
                          asg_clock_monotonic_us(&agent->clock),
                          asg_clock_wall_ms(&agent->clock))) {
        asg_shown_report(agent->shown, &agent->reporter->report);
        asg_shown_counts(agent->shown, agent->reporter->sent, agent->reporter->dropped);
    }
    if (agent->joiner->is_bound) asg_notices_send(agent->notices, uplink);
    if (agent->reporter->unread > unread) {
        asg_log_warn("agent", "cpu_unreadable",
                     "the CPU source cannot be read, sending no report this time");
    }
}

/* Milliseconds to whatever is due next, rounded up so that it is due then. */
static int64_t wait_ms(const struct asg_agent *agent)
{
    int64_t now_us = asg_clock_monotonic_us(&agent->clock);
    int64_t due_us = agent->reporter->due_us;
    int64_t join_ms = asg_joiner_due_ms(agent->joiner);
    if (join_ms < due_us / 1000) due_us = join_ms * 1000;
    return due_us <= now_us ? 0 : (due_us - now_us + 999) / 1000;
}

void asg_run_agent(struct asg_agent *agent)
{
    const struct asg_uplink uplink = {.send = send_frame, .context = agent};
    while (!atomic_load(agent->is_stopping)) {
        tick(agent, &uplink);
        struct asg_bus_poll_item items[] = {
            {.connection = agent->connection},
            {.waker = agent->waker},
        };
        (void)asg_bus_poll(items, 2, wait_ms(agent));
        if (items[0].is_readable) take_frames(agent);
        if (items[1].is_readable) asg_bus_waker_clear(agent->waker);
    }
}
