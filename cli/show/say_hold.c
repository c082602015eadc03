#include "cli/show/say_hold.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "cli/show/process_words.h"
#include "text/moment.h"

static const char *const words[ASG_HOLD_COUNT] = {
    [ASG_HOLD_HALTED] = "halted",
    [ASG_HOLD_GROUP_HALTED] = "halted",
    [ASG_HOLD_LOG_BEHIND] = "held: the log is an old copy",
    [ASG_HOLD_NO_WORKERS] = "no worker can call EC2",
    [ASG_HOLD_LAUNCH_BREAKER] = "launches paused: EC2 refused them",
    [ASG_HOLD_CHURN] = "launches paused: new instances fail",
    [ASG_HOLD_MASS_SILENCE] = "agents silent together",
    [ASG_HOLD_TOO_MANY_UNHEALTHY] = "too many unhealthy",
    [ASG_HOLD_SUSPENDED] = "suspended",
    [ASG_HOLD_DRY_RUN] = "dry run",
    [ASG_HOLD_TEMPLATE_UNKNOWN] = "looking up the template",
    [ASG_HOLD_NO_CAPACITY] = "EC2 has no capacity",
    [ASG_HOLD_RETRYING] = "retrying at EC2",
    [ASG_HOLD_LAUNCH_BACKOFF] = "launch backoff",
    [ASG_HOLD_STARTING] = "controller just started",
    [ASG_HOLD_RATE_BUDGET] = "EC2's request rate is used up",
    [ASG_HOLD_REPLACEMENT_LIMIT] = "replacement limit",
    [ASG_HOLD_SCALE_IN_LIMIT] = "scale-in limit",
    [ASG_HOLD_PROTECTED] = "protected from termination",
    [ASG_HOLD_AT_MAX] = "at max",
    [ASG_HOLD_COOLDOWN] = "cooldown",
    [ASG_HOLD_WARMING] = "warming",
    [ASG_HOLD_STABILISATION] = "scale-in stabilisation",
    [ASG_HOLD_OTHER_POLICY] = "another policy wants no scale-in",
    [ASG_HOLD_NO_METRICS] = "no metrics",
    [ASG_HOLD_PROBING] = "silent, being checked",
    [ASG_HOLD_UNDER_WAY] = "the last change is under way",
    [ASG_HOLD_DRAINING] = "draining",
    [ASG_HOLD_AT_MIN] = "at min",
};

/* From then on an hour alone could be taken for one of another day. */
#define FAR_MS (INT64_C(20) * 3600000)

enum precision { ONLY_DAY, DAY_AND_HOUR };

static void write_until(int64_t until_ms, int64_t now_ms, enum precision precision,
                        const char *before, struct asg_bytes *ret)
{
    if (until_ms <= 0) return;
    char text[ASG_MOMENT_TEXT_MAX];
    asg_moment_print(until_ms, text);
    const char *hour = strchr(text, 'T');
    assert(hour != NULL);
    asg_bytes_printf(ret, "%suntil ", before);
    bool is_far = until_ms > now_ms && until_ms - now_ms > FAR_MS;
    if (is_far) asg_bytes_append(ret, text, (size_t)(hour - text));
    if (is_far && precision == ONLY_DAY) return;
    asg_bytes_printf(ret, "%s%.8s", is_far ? " " : "", hour + 1);
}

void asg_hold_sentence(const struct asg_hold *hold, int64_t now_ms, struct asg_bytes *ret)
{
    asg_bytes_append_text(ret, hold->text);
    write_until(hold->until_ms, now_ms, DAY_AND_HOUR, "; ", ret);
}

/* What stands whether anything waits for it or not: said beside another reason. */
static bool is_stop(enum asg_hold_reason reason)
{
    return reason == ASG_HOLD_HALTED || reason == ASG_HOLD_GROUP_HALTED ||
           reason == ASG_HOLD_LOG_BEHIND || reason == ASG_HOLD_SUSPENDED ||
           reason == ASG_HOLD_DRY_RUN;
}

static bool is_said(const struct asg_group_view *view, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (strcmp(words[view->holds[i].reason], words[view->holds[at].reason]) == 0)
            return true;
    }
    return false;
}

static void write_words(const struct asg_group_view *view, const struct asg_hold *hold,
                        int64_t now_ms, struct asg_bytes *ret)
{
    bool is_counted =
        hold->reason == ASG_HOLD_WARMING || hold->reason == ASG_HOLD_DRAINING;
    if (is_counted && hold->count > 0) asg_bytes_printf(ret, "%" PRIu32 " ", hold->count);
    if (hold->reason == ASG_HOLD_LOG_BEHIND && hold->count > 0) {
        asg_bytes_printf(ret, "held: %" PRIu32 " unknown, see orphan list", hold->count);
        return;
    }
    asg_bytes_append_text(ret, words[hold->reason]);
    if (hold->reason == ASG_HOLD_SUSPENDED) {
        asg_bytes_append_text(ret, ": ");
        asg_process_write(view->suspended, ret);
    }
    if (hold->reason == ASG_HOLD_AT_MAX && view->wanted != ASG_UNSET) {
        asg_bytes_printf(ret, ", wants %" PRId64, view->wanted);
    }
    write_until(hold->until_ms, now_ms, ONLY_DAY, " ", ret);
}

void asg_hold_note(const struct asg_group_view *view, int64_t now_ms,
                   struct asg_bytes *ret)
{
    size_t start = ret->length;
    bool has_reason = false;
    for (size_t i = 0; i < view->hold_count; i++) {
        const struct asg_hold *hold = &view->holds[i];
        assert(hold->reason < ASG_HOLD_COUNT);
        bool is_one = is_stop(hold->reason) ? !is_said(view, i) : !has_reason;
        if (!is_one) continue;
        has_reason = has_reason || !is_stop(hold->reason);
        if (ret->length > start) asg_bytes_append_text(ret, "; ");
        write_words(view, hold, now_ms, ret);
    }
}
