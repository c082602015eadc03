#include "core/schedule.h"

#include <inttypes.h>

#include "core/cron.h"

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
    return config->end_ms > 0 && next_ms >= config->end_ms ? INT64_MAX : next_ms;
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
    for (size_t i = 1; i < config->change_count; i++) {
        if (config->changes[i].at_ms <= config->changes[i - 1].at_ms) {
            return asg_fail(error, ASG_ERR_INVALID,
                            "the offsets of time zone %s are not in order of time",
                            config->time_zone);
        }
    }
    struct asg_cron cron;
    return has_recurrence ? asg_cron_parse(config->recurrence, &cron, error) : ASG_OK;
}
