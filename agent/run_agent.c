#include "agent/run_agent.h"

#include "agent/trim_memory.h"
#include "base/hang_up.h"
#include "base/log.h"
#include "base/notify.h"

#define LOOK_MS          1000  /* between two looks at a connection that is not up */
#define TRIM_MS          30000 /* between two looks at our own memory */
#define CLOCK_OFF_MS     60000 /* worth a word */
#define UNSENT_NOTICE_MS 20    /* the report before it leaves within that */

static enum asg_status send_frame(void *context, const void *data, size_t length)
{
    struct asg_agent *agent = context;
    return asg_link_send(agent->link, data, length);
}

/* ---- enrolment ---- */

static void tell_trouble(struct asg_agent *agent, const struct asg_enrol_answer *answer)
{
    static const char *const events[] = {[ASG_ENROL_NOBODY] = "enrol_nobody_there",
                                         [ASG_ENROL_STRANGER] = "enrol_wrong_authority",
                                         [ASG_ENROL_NOT_YET] = "enrol_not_yet",
                                         [ASG_ENROL_REFUSED] = "enrol_refused",
                                         [ASG_ENROL_UNUSABLE] = "enrol_unusable_answer",
                                         [ASG_ENROL_NO_PROOF] = "enrol_no_proof"};
    int64_t now_ms = asg_clock_monotonic_ms(&agent->clock);
    if (!asg_enrol_timer_may_tell(agent->timer, now_ms)) return;
    asg_log_warn("agent", events[answer->outcome],
                 "instance=%s %s; trying again in %lld ms", agent->identity->instance_id,
                 answer->words,
                 (long long)(asg_enrol_timer_due_ms(agent->timer) - now_ms));
}

static void tell_clock(int64_t ahead_ms)
{
    if (ahead_ms < CLOCK_OFF_MS && ahead_ms > -CLOCK_OFF_MS) return;
    asg_log_warn("agent", "clock_off",
                 "the clock of this machine is %lld s %s the controller's: nothing here "
                 "depends on it, but log lines and other programs do; is NTP running?",
                 (long long)((ahead_ms < 0 ? -ahead_ms : ahead_ms) / 1000),
                 ahead_ms < 0 ? "behind" : "ahead of");
}

/* Reports and probes with what the controller has answered. */
static void use_membership(struct asg_agent *agent)
{
    struct asg_error error = {""};
    struct asg_membership *membership = agent->membership;
    int64_t now_ms = asg_clock_monotonic_ms(&agent->clock);
    if (asg_link_set(agent->link, &membership->enrolled, now_ms, &error) != ASG_OK) {
        asg_log_warn("agent", "no_reports", "%s; asking the controller again",
                     error.text);
    }
    if (asg_probes_certify(agent->probes, membership, &error) != ASG_OK) {
        asg_log_warn("agent", "no_probes",
                     "%s; not answering probes until the next "
                     "certificate",
                     error.text);
    }
    agent->reporter->report.grpc_port = asg_probes_port(agent->probes);
}

static void take_answer(struct asg_agent *agent)
{
    struct asg_enrol_answer answer;
    if (agent->call == NULL || !asg_enrol_call_take(agent->call, &answer)) return;
    asg_enrol_call_destroy(&agent->call);
    asg_enrol_timer_take(agent->timer, answer.outcome, answer.renew_in_ms,
                         asg_clock_monotonic_ms(&agent->clock));
    if (answer.outcome == ASG_ENROL_REFUSED) agent->refusals++;
    if (answer.outcome != ASG_ENROL_DONE) {
        tell_trouble(agent, &answer);
        return;
    }
    bool was_member = agent->membership->enrolled.is_set;
    asg_membership_set(agent->membership, &answer.enrolled, agent->identity->instance_id);
    asg_log_info("agent", was_member ? "renewed" : "enrolled",
                 "instance=%s cluster=%s reports=%s, next certificate in %lld s",
                 agent->identity->instance_id, agent->membership->enrolled.cluster,
                 agent->membership->enrolled.reports[0],
                 (long long)(answer.renew_in_ms / 1000));
    tell_clock(answer.clock_ahead_ms);
    use_membership(agent);
    asg_trim_memory();
}

static void ask(struct asg_agent *agent)
{
    int64_t now_ms = asg_clock_monotonic_ms(&agent->clock);
    if (!asg_enrol_timer_ask(agent->timer, now_ms)) return;
    const struct asg_enrol_call_options options = {
        .identity = agent->identity,
        .settings = agent->settings,
        .membership = agent->membership,
        .needs_proof = agent->timer->needs_proof,
        .refusals = agent->refusals,
        .grpc_port = asg_probes_port(agent->probes),
        .interval_ms = agent->interval_ms,
        .waker = agent->waker};
    struct asg_enrol_answer answer = {.outcome = ASG_ENROL_NOBODY};
    struct asg_error error = {""};
    if (asg_enrol_call_new(&options, &agent->call, &error) == ASG_OK) return;
    asg_enrol_timer_take(agent->timer, answer.outcome, 0, now_ms);
    (void)snprintf(answer.words, sizeof answer.words, "%s", error.text);
    tell_trouble(agent, &answer);
}

/* ---- reports ---- */

static void tell_link(struct asg_agent *agent, enum asg_bus_link state, const char *why)
{
    const char *endpoint = agent->link->reports[agent->link->at];
    switch (state) {
    case ASG_BUS_LINK_UP:
        asg_log_info("agent", "reporting", "instance=%s controller=%s, every %u ms",
                     agent->identity->instance_id, endpoint, agent->interval_ms);
        return;
    case ASG_BUS_LINK_REFUSED:
        asg_log_warn("agent", "reports_refused",
                     "controller=%s: %s; enrolling again, with proof", endpoint, why);
        return;
    case ASG_BUS_LINK_DOWN:
        if (!agent->has_linked) return;
        asg_log_warn("agent", "reports_cut", "controller=%s: %s; connecting again",
                     endpoint, why);
        return;
    }
}

static void look_at_link(struct asg_agent *agent, const struct asg_uplink *uplink)
{
    if (!agent->membership->enrolled.is_set) return;
    const char *why = "";
    int64_t now_ms = asg_clock_monotonic_ms(&agent->clock);
    enum asg_bus_link state = asg_link_look(agent->link, now_ms, &why);
    if (state == ASG_BUS_LINK_UP)
        asg_enrol_timer_flowing(agent->timer);
    else if (state == ASG_BUS_LINK_REFUSED)
        asg_enrol_timer_refused(agent->timer, now_ms);
    else
        asg_enrol_timer_lost(agent->timer, now_ms);
    if (state == agent->link_state) return;
    tell_link(agent, state, why);
    agent->link_state = state;
    asg_shown_reporting(agent->shown, state == ASG_BUS_LINK_UP);
    if (state != ASG_BUS_LINK_UP) return;
    agent->has_linked = true;
    asg_reporter_opened(agent->reporter, uplink, asg_clock_monotonic_us(&agent->clock));
}

static void report(struct asg_agent *agent, const struct asg_uplink *uplink)
{
    uint64_t unread = agent->reporter->unread;
    bool is_up = agent->link_state == ASG_BUS_LINK_UP;
    if (asg_reporter_tick(agent->reporter, uplink, is_up,
                          asg_clock_monotonic_us(&agent->clock),
                          asg_clock_wall_ms(&agent->clock))) {
        asg_shown_report(agent->shown, &agent->reporter->report);
        asg_shown_counts(agent->shown, agent->reporter->sent, agent->reporter->dropped);
    }
    if (agent->reporter->unread > unread) {
        asg_log_warn("agent", "cpu_unreadable",
                     "the CPU source cannot be read, sending no report this time");
    }
}

static void trim(struct asg_agent *agent)
{
    int64_t now_ms = asg_clock_monotonic_ms(&agent->clock);
    if (now_ms < agent->trim_ms) return;
    agent->trim_ms = now_ms + TRIM_MS;
    asg_trim_memory_if_grown();
}

/* Milliseconds to whatever is due next, rounded up so that it is due then. */
static int64_t wait_ms(const struct asg_agent *agent, bool is_all_told)
{
    int64_t now_us = asg_clock_monotonic_us(&agent->clock);
    int64_t due_us = agent->reporter->due_us;
    int64_t asking_ms = asg_enrol_timer_due_ms(agent->timer);
    if (asking_ms < due_us / 1000) due_us = asking_ms * 1000;
    int64_t wait = due_us <= now_us ? 0 : (due_us - now_us + 999) / 1000;
    bool is_up = agent->link_state == ASG_BUS_LINK_UP;
    if (!is_up && agent->membership->enrolled.is_set && wait > LOOK_MS) wait = LOOK_MS;
    if (is_up && !is_all_told && wait > UNSENT_NOTICE_MS) wait = UNSENT_NOTICE_MS;
    return wait;
}

void asg_run_agent(struct asg_agent *agent)
{
    const struct asg_uplink uplink = {.send = send_frame, .context = agent};
    if (agent->membership->enrolled.is_set) use_membership(agent);
    while (!atomic_load(agent->is_stopping)) {
        asg_hang_up_tell("agent");
        take_answer(agent);
        ask(agent);
        look_at_link(agent, &uplink);
        bool is_all_told = asg_notices_send(agent->notices, &uplink);
        report(agent, &uplink);
        trim(agent);
        struct asg_bus_poll_item items[] = {{.waker = agent->waker},
                                            {.outlet = agent->link->outlet}};
        int64_t wait = wait_ms(agent, is_all_told);
        int64_t alive = asg_notify_alive(asg_clock_monotonic_ms(&agent->clock));
        (void)asg_bus_poll(items, agent->link->outlet == NULL ? 1 : 2,
                           wait < alive ? wait : alive);
        if (items[0].is_readable) asg_bus_waker_clear(agent->waker);
    }
    asg_enrol_call_destroy(&agent->call);
}
