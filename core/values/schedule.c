#include "core/values/schedule.h"

#include <assert.h>
#include <inttypes.h>

#include "core/values/cron.h"

#define TIME_MS_MAX  (INT64_C(1) << 53)
#define OFFSET_S_MAX INT64_C(93600) /* 26 hours */

int64_t asg_schedule_next(const struct asg_schedule_config *config, int64_t after_ms)
{
    int64_t next_ms = INT64_MAX;
    if (config->start_ms > after_ms) {
        next_ms = config->start_ms;
    } else if (config->recurrence != NULL && config->recurrence[0] != '\0') {
        struct asg_cron cron;
        if (asg_cron_parse(config->recurrence, &cron, NULL) != ASG_OK) return INT64_MAX;
        next_ms = asg_cron_next(&cron, after_ms, config->changes, config->change_count);
    }
    assert(next_ms > after_ms); /* a run is never at its own time again */
    return config->end_ms > 0 && next_ms >= config->end_ms ? INT64_MAX : next_ms;
}

/* What the edge read out of a time zone file, before cron calculates with it. */
static enum asg_status validate_changes(const struct asg_schedule_config *config,
                                        struct asg_error *error)
{
    assert(config->change_count == 0 || config->changes != NULL);
    if (config->change_count > ASG_ZONE_CHANGES_MAX) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "time zone %s has %zu offsets, above the limit of %d",
                        config->time_zone, config->change_count, ASG_ZONE_CHANGES_MAX);
    }
    for (size_t i = 0; i < config->change_count; i++) {
        const struct asg_zone_change *change = &config->changes[i];
        if (change->at_ms > TIME_MS_MAX || change->at_ms < -TIME_MS_MAX ||
            change->offset_s > OFFSET_S_MAX || change->offset_s < -OFFSET_S_MAX) {
            return asg_fail(error, ASG_ERR_INVALID,
                            "time zone %s has an offset that no place has",
                            config->time_zone);
        }
        if (i > 0 && change->at_ms <= config->changes[i - 1].at_ms) {
            return asg_fail(error, ASG_ERR_INVALID,
                            "the offsets of time zone %s are not in order of time",
                            config->time_zone);
        }
    }
    return ASG_OK;
}

enum asg_status asg_schedule_validate(const struct asg_schedule_config *config,
                                      int64_t now_ms, struct asg_error *error)
{
    if (config->min < 0 && config->max < 0 && config->desired < 0) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "scheduled action %s sets nothing: give min, max or desired",
                        config->name);
    }
    if (config->min >= 0 && config->max >= 0 && config->min > config->max) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "scheduled action %s: min %" PRId64 " is above max %" PRId64,
                        config->name, config->min, config->max);
    }
    if (config->desired >= 0 && config->min >= 0 && config->desired < config->min) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "scheduled action %s: desired %" PRId64 " is below min %" PRId64,
                        config->name, config->desired, config->min);
    }
    if (config->desired >= 0 && config->max >= 0 && config->desired > config->max) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "scheduled action %s: desired %" PRId64 " is above max %" PRId64,
                        config->name, config->desired, config->max);
    }
    bool has_recurrence = config->recurrence != NULL && config->recurrence[0] != '\0';
    if (!has_recurrence && config->start_ms == 0) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "scheduled action %s needs a start time or a recurrence",
                        config->name);
    }
    if (config->start_ms != 0 && config->start_ms <= now_ms) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "scheduled action %s starts in the past; give a later start time",
                        config->name);
    }
    if (config->end_ms != 0 && config->end_ms <= now_ms) {
        return asg_fail(error, ASG_ERR_INVALID, "scheduled action %s ends in the past",
                        config->name);
    }
    if (config->end_ms != 0 && config->start_ms >= config->end_ms) {
        return asg_fail(
            error, ASG_ERR_INVALID,
            "scheduled action %s ends before it starts; give an end time after "
            "its start",
            config->name);
    }
    enum asg_status status = validate_changes(config, error);
    if (status != ASG_OK || !has_recurrence) return status;
    struct asg_cron cron;
    status = asg_cron_parse(config->recurrence, &cron, error);
    if (status != ASG_OK) return status;
    if (asg_schedule_next(config, now_ms) != INT64_MAX) return ASG_OK;
    return asg_fail(error, ASG_ERR_INVALID,
                    "scheduled action %s can never run: its recurrence has no due time%s",
                    config->name, config->end_ms != 0 ? " before its end" : "");
}
