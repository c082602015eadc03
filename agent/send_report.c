#include "agent/send_report.h"

#include <stdio.h>

#include "base/failpoint.h"
#include "wire/wire.h"

static uint32_t own_version(void)
{
    unsigned major = 0;
    unsigned minor = 0;
    unsigned patch = 0;
    if (sscanf(ASG_VERSION, "%u.%u.%u", &major, &minor, &patch) != 3) return 0;
    return ASG_VERSION_NUMBER(major, minor, patch);
}

void asg_reporter_init(struct asg_reporter *reporter, struct asg_metrics_reader *reader,
                       uint64_t boot_id, int64_t interval_ms, int64_t now_us)
{
    *reporter = (struct asg_reporter){.reader = reader,
                                      .wanted_us = interval_ms * 1000,
                                      .interval_us = interval_ms * 1000,
                                      .due_us = now_us + interval_ms * 1000};
    reporter->report.boot_id = boot_id;
    reporter->report.interval_ms = (uint32_t)interval_ms;
    reporter->report.version = own_version();
}

void asg_reporter_clear(struct asg_reporter *reporter)
{
    asg_bytes_clear(&reporter->frame);
}

static bool send(struct asg_reporter *reporter, const struct asg_uplink *uplink)
{
    asg_bytes_reset(&reporter->frame);
    asg_wire_encode_report(&reporter->report, &reporter->frame);
    if (ASG_FAILPOINT_FAILS("agent.before_report")) return true;
    enum asg_status status =
        uplink->send(uplink->context, reporter->frame.data, reporter->frame.length);
    ASG_FAILPOINT("agent.after_report");
    if (status != ASG_OK) return false;
    reporter->sent++;
    reporter->is_held = false;
    return true;
}

static void slow_down(struct asg_reporter *reporter)
{
    int64_t slower_us = reporter->interval_us * 2;
    if (slower_us > reporter->wanted_us * ASG_REPORT_SLOW_MAX) return;
    reporter->due_us += reporter->interval_us;
    reporter->interval_us = slower_us;
}

static void speed_up(struct asg_reporter *reporter)
{
    reporter->due_us -= reporter->interval_us - reporter->wanted_us;
    reporter->interval_us = reporter->wanted_us;
}

bool asg_reporter_tick(struct asg_reporter *reporter, const struct asg_uplink *uplink,
                       bool is_open, int64_t now_us, int64_t wall_ms)
{
    if (now_us < reporter->due_us) return false;
    int64_t passed = (now_us - reporter->due_us) / reporter->interval_us;
    reporter->due_us += (passed + 1) * reporter->interval_us;

    struct asg_report measured = reporter->report;
    if (asg_read_metrics(reporter->reader, now_us, &measured) != ASG_OK) {
        reporter->unread++;
        return false;
    }
    if (reporter->is_held) reporter->dropped++;
    measured.sequence++;
    measured.time_ms = wall_ms;
    measured.interval_ms = (uint32_t)(reporter->interval_us / 1000);
    reporter->report = measured;
    reporter->measured_us = now_us;
    reporter->is_held = true;
    if (!is_open) return true;
    if (send(reporter, uplink))
        speed_up(reporter);
    else
        slow_down(reporter);
    return true;
}

void asg_reporter_opened(struct asg_reporter *reporter, const struct asg_uplink *uplink,
                         int64_t now_us)
{
    if (!reporter->is_held || now_us - reporter->measured_us >= reporter->interval_us)
        return;
    (void)send(reporter, uplink);
}
