#include "controller/serve_http.h"

#include "controller/metrics.h"

static bool is_leading(void *context)
{
    const struct asg_scraped *scraped = context;
    return atomic_load(scraped->is_leading);
}

static void print_groups(struct asg_scraped *scraped, enum asg_metric_form form)
{
    struct asg_bytes *printed = &scraped->printed[form];
    int64_t now_ms = asg_clock_monotonic_ms(&scraped->clock);
    bool is_fresh = scraped->printed_ms[form] != 0 &&
                    now_ms - scraped->printed_ms[form] < ASG_SCRAPE_SHARED_MS;
    if (is_fresh) return;
    asg_bytes_reset(printed);
    const struct asg_root *root = asg_view_hold(scraped->view);
    asg_group_metrics_print(scraped->groups, root, form, printed);
    asg_view_drop(&root);
    scraped->printed_ms[form] = asg_clock_monotonic_ms(&scraped->clock);
}

static void print_metrics(void *context, enum asg_metric_form form, struct asg_bytes *ret)
{
    struct asg_scraped *scraped = context;
    if (scraped->view != NULL) print_groups(scraped, form);
    asg_metrics_print(asg_controller_metrics, ASG_COUNT_END, form, ret);
    if (scraped->view == NULL) return;
    asg_bytes_append(ret, scraped->printed[form].data, scraped->printed[form].length);
}

enum asg_status asg_serve_http_new(const char *where, struct asg_scraped *scraped,
                                   struct asg_status_pages **ret, struct asg_error *error)
{
    const struct asg_status_pages_options options = {
        .where = where,
        .setting = "listen.http",
        .ready = "leading\n",
        .not_ready = "not leading\n",
        .is_ready = is_leading,
        .print_metrics = print_metrics,
        .context = scraped,
    };
    return asg_status_pages_new(&options, ret, error);
}

void asg_scraped_clear(struct asg_scraped *scraped)
{
    for (size_t i = 0; i < sizeof scraped->printed / sizeof scraped->printed[0]; i++) {
        asg_bytes_clear(&scraped->printed[i]);
    }
}
