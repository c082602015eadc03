#include "agent/shown.h"

void asg_shown_init(struct asg_shown *shown, const char *instance_id)
{
    (void)pthread_mutex_init(&shown->mutex, NULL);
    shown->metrics =
        (struct asg_rpc_metrics){.instance_id = instance_id, .version = ASG_VERSION};
}

void asg_shown_clear(struct asg_shown *shown)
{
    (void)pthread_mutex_destroy(&shown->mutex);
}

void asg_shown_report(struct asg_shown *shown, const struct asg_report *report)
{
    (void)pthread_mutex_lock(&shown->mutex);
    shown->metrics.report = *report;
    shown->metrics.has_report = true;
    (void)pthread_mutex_unlock(&shown->mutex);
}

void asg_shown_counts(struct asg_shown *shown, uint64_t sent, uint64_t dropped)
{
    (void)pthread_mutex_lock(&shown->mutex);
    shown->metrics.reports_sent = sent;
    shown->metrics.reports_dropped = dropped;
    (void)pthread_mutex_unlock(&shown->mutex);
}

void asg_shown_reporting(struct asg_shown *shown, bool is_reporting)
{
    (void)pthread_mutex_lock(&shown->mutex);
    shown->metrics.is_reporting = is_reporting;
    (void)pthread_mutex_unlock(&shown->mutex);
}

struct asg_rpc_metrics asg_shown_read(struct asg_shown *shown)
{
    (void)pthread_mutex_lock(&shown->mutex);
    struct asg_rpc_metrics copy = shown->metrics;
    (void)pthread_mutex_unlock(&shown->mutex);
    return copy;
}
