#include "controller/serve_http.h"

#include "controller/metrics.h"

static bool is_leading(void *context)
{
    return atomic_load((const atomic_bool *)context);
}

static void print_metrics(void *context, enum asg_metric_form form, struct asg_bytes *ret)
{
    (void)context;
    asg_metrics_print(asg_controller_metrics, ASG_COUNT_END, form, ret);
}

enum asg_status asg_serve_http_new(const char *where, const atomic_bool *leading,
                                   struct asg_status_pages **ret, struct asg_error *error)
{
    const struct asg_status_pages_options options = {
        .where = where,
        .setting = "listen.http",
        .ready = "leading\n",
        .not_ready = "not leading\n",
        .is_ready = is_leading,
        .print_metrics = print_metrics,
        .context = (void *)(uintptr_t)leading,
    };
    return asg_status_pages_new(&options, ret, error);
}
