/* openasg-agent - runs on every instance: reports its CPU, answers probes. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "agent/answer_probes.h"
#include "agent/check_settings.h"
#include "agent/identity.h"
#include "agent/run_agent.h"
#include "agent/trim_memory.h"
#include "agent/watch_notices.h"
#include "base/failpoint.h"
#include "base/hang_up.h"
#include "base/hide_process.h"
#include "base/log.h"
#include "base/notify.h"
#include "crypto/crypto.h"

#define IDENTITY_WAIT_MS_MAX 10000
#define RENEW_MS_MAX         86400000 /* after a start: whatever the clock said before */

static atomic_bool is_stopping;
static struct asg_bus_waker *waker;

static void on_signal(int number)
{
    (void)number;
    atomic_store(&is_stopping, true);
    asg_bus_waker_wake(waker);
}

static void take_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    asg_hang_up_catch();
    (void)signal(SIGPIPE, SIG_IGN);
}

/* Everything that has to be ended, in the order of its making. */
struct parts {
    struct asg_arena arena;
    struct asg_agent_settings settings;
    struct asg_identity identity;
    struct asg_membership membership;
    struct asg_metrics_reader *reader;
    struct asg_shown shown;
    struct asg_drainer *drainer;
    struct asg_probes *probes;
    struct asg_bus *bus;
    struct asg_link link;
    struct asg_reporter reporter;
    struct asg_enrol_timer timer;
    struct asg_notices *notices;
};

static void end_parts(struct parts *parts)
{
    asg_notices_destroy(&parts->notices);
    asg_reporter_clear(&parts->reporter);
    asg_link_clear(&parts->link);
    asg_bus_destroy(&parts->bus);
    asg_probes_destroy(&parts->probes);
    asg_drainer_destroy(&parts->drainer);
    asg_shown_clear(&parts->shown);
    asg_metrics_reader_destroy(&parts->reader);
    asg_membership_clear(&parts->membership);
    asg_arena_clear(&parts->arena);
    asg_bus_waker_destroy(&waker);
}

/* Ask until the answer is there: at boot the network may come after us. */
static enum asg_status find_identity(struct parts *parts, struct asg_clock clock,
                                     struct asg_error *error)
{
    for (int64_t wait_ms = 250; !atomic_load(&is_stopping); wait_ms *= 2) {
        enum asg_status status = asg_identity_read(&parts->settings, clock, &parts->arena,
                                                   &parts->identity, error);
        if (status == ASG_OK || !asg_status_is_retryable(status)) return status;
        if (wait_ms > IDENTITY_WAIT_MS_MAX) wait_ms = IDENTITY_WAIT_MS_MAX;
        asg_log_warn("agent", "identity_unknown", "%s; trying again in %lld ms",
                     error->text, (long long)wait_ms);
        (void)asg_notify_alive(asg_clock_monotonic_ms(&clock));
        struct pollfd stop = {.fd = asg_bus_waker_fd(waker), .events = POLLIN};
        (void)poll(&stop, 1, (int)wait_ms);
        asg_hang_up_tell("agent");
    }
    return asg_fail(error, ASG_ERR_CLOSED, "stopped before the identity was known");
}

static enum asg_status start_reader(struct parts *parts, const struct asg_clock *clock,
                                    struct asg_error *error)
{
    const struct asg_agent_settings *settings = &parts->settings;
    const struct asg_metrics_options options = {
        .root = "",
        .cpu_source = (enum asg_cpu_source)settings->cpu_source,
        .cpu_capacity_milli = (uint64_t)settings->cpu_capacity_milli,
        .cgroup = settings->cgroup,
        .session_of = asg_session_of};
    return asg_metrics_reader_new(&options, asg_clock_monotonic_us(clock), &parts->reader,
                                  error);
}

static enum asg_status start_probes(struct parts *parts, struct asg_error *error)
{
    const struct asg_drainer_options drain = {.script = parts->settings.drain_script,
                                              .instance_id = parts->identity.instance_id,
                                              .timeout_ms =
                                                  parts->settings.drain_timeout_ms};
    parts->drainer = asg_drainer_new(&drain);
    asg_shown_init(&parts->shown, parts->identity.instance_id);
    const struct asg_probes_options probes = {
        .address = asg_identity_listen_address(&parts->settings, &parts->identity,
                                               &parts->arena),
        .health_address = parts->settings.health_listen,
        .shown = &parts->shown,
        .drainer = parts->drainer};
    return asg_probes_new(&probes, &parts->probes, error);
}

/* The certificate's time is up when the clock says so, which may be wrong: what has come
 * from the controller is used in any case, and asked for again. */
static int64_t renew_in_ms(const struct asg_enrolled *enrolled,
                           const struct asg_clock *clock)
{
    if (!enrolled->is_set) return 0;
    int64_t left_ms = enrolled->renew_at_ms - asg_clock_wall_ms(clock);
    if (left_ms > RENEW_MS_MAX) left_ms = RENEW_MS_MAX;
    return left_ms < 1 ? 1 : left_ms;
}

static enum asg_status start_talk(struct parts *parts, const struct asg_clock *clock,
                                  struct asg_error *error)
{
    const struct asg_identity *identity = &parts->identity;
    enum asg_status status =
        asg_membership_open(parts->settings.dir, identity->instance_id, identity->join.ca,
                            &parts->membership, error);
    if (status == ASG_OK) status = asg_bus_new(1, &parts->bus, error);
    if (status != ASG_OK) return status;
    const struct asg_link_options link = {
        .bus = parts->bus,
        .keys = &parts->membership.keys,
        .source_address = identity->is_bindable ? identity->private_ip : NULL};
    asg_link_init(&parts->link, &link);
    uint64_t random[2];
    asg_random_bytes(random, sizeof random);
    asg_enrol_timer_init(&parts->timer, random[0],
                         renew_in_ms(&parts->membership.enrolled, clock),
                         asg_clock_monotonic_ms(clock));
    asg_reporter_init(&parts->reporter, parts->reader, random[1],
                      parts->settings.interval_ms, asg_clock_monotonic_us(clock));
    return ASG_OK;
}

/* Without metadata there are none: whoever has said who it is runs without. */
static void start_notices(struct parts *parts, struct asg_clock clock)
{
    const struct asg_agent_settings *settings = &parts->settings;
    const struct asg_identity *identity = &parts->identity;
    const struct asg_notices_options options = {
        .watch = (enum asg_notice_watch)settings->spot_notices,
        .metadata_endpoint = settings->metadata_endpoint,
        .local_address = identity->is_bindable ? identity->private_ip : NULL,
        .interval_ms = settings->spot_notices_ms,
        .clock = clock,
        .waker = waker};
    struct asg_error error = {""};
    if (asg_notices_new(&options, &parts->notices, &error) != ASG_OK) {
        asg_log_warn("agent", "no_notices", "%s, continuing without", error.text);
    }
}

static enum asg_status start_parts(struct parts *parts, struct asg_clock clock,
                                   struct asg_error *error)
{
    enum asg_status status = find_identity(parts, clock, error);
    ASG_FAILPOINT("agent.identity_read");
    if (status == ASG_OK) status = start_reader(parts, &clock, error);
    if (status == ASG_OK) status = start_probes(parts, error);
    if (status == ASG_OK) status = start_talk(parts, &clock, error);
    if (status == ASG_OK) start_notices(parts, clock);
    return status;
}

static void run(struct parts *parts, struct asg_clock clock)
{
    asg_log_info("agent", "started", "instance=%s zone=%s address=%s enrol=%s %s",
                 parts->identity.instance_id, parts->identity.zone,
                 parts->identity.private_ip, parts->identity.join.enrol,
                 parts->membership.enrolled.is_set ? "with its saved certificate"
                                                   : "enrolling");
    struct asg_agent agent = {.clock = clock,
                              .waker = waker,
                              .is_stopping = &is_stopping,
                              .identity = &parts->identity,
                              .settings = &parts->settings,
                              .interval_ms = (uint32_t)parts->settings.interval_ms,
                              .membership = &parts->membership,
                              .timer = &parts->timer,
                              .link = &parts->link,
                              .reporter = &parts->reporter,
                              .shown = &parts->shown,
                              .probes = parts->probes,
                              .notices = parts->notices};
    asg_trim_memory();
    asg_run_agent(&agent);
    asg_log_info("agent", "stopped", "sent=%llu dropped=%llu",
                 (unsigned long long)parts->reporter.sent,
                 (unsigned long long)parts->reporter.dropped);
}

int main(int argc, char **argv)
{
    if (ASG_FAILPOINT_MAIN(argc, argv)) return 0;
    struct parts parts = {0};
    struct asg_error error = {{0}};
    enum asg_config_act act = ASG_CONFIG_RUN;
    enum asg_status status = asg_config_load(&asg_agent_table, argc, argv, &parts.arena,
                                             &parts.settings, &act, &error);
    bool is_config = status == ASG_OK;
    if (is_config && act == ASG_CONFIG_CHECK) {
        int code = asg_config_check(&asg_agent_table, argc, argv, &parts.arena,
                                    &parts.settings, asg_agent_check_settings);
        asg_arena_clear(&parts.arena);
        return code;
    }
    if (is_config && act == ASG_CONFIG_RUN) {
        asg_log_init("openasg-agent", (enum asg_log_level)parts.settings.log_level);
        (void)asg_log_set_format((enum asg_log_format)parts.settings.log_format, NULL);
        asg_hide_process(); /* the keys of this instance */
        asg_notify_open();
        struct asg_clock clock = asg_clock_real();
        status = asg_bus_waker_new(&waker);
        if (status == ASG_OK) {
            take_signals();
            asg_notify_ready(
                "reading the identity of this instance"); /* a boot need not wait */
            status = start_parts(&parts, clock, &error);
        }
        if (status == ASG_OK) run(&parts, clock);
    }
    bool is_wanted = atomic_load(&is_stopping);
    (void)signal(SIGTERM, SIG_IGN); /* we are on our way */
    (void)signal(SIGINT, SIG_IGN);
    asg_notify_stopping();
    end_parts(&parts);
    asg_notify_close();
    if (status == ASG_OK || is_wanted) return 0;
    (void)fprintf(stderr, "openasg-agent: %s\n", error.text);
    return is_config ? 1 : 2;
}
