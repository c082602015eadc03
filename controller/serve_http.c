#include "controller/serve_http.h"

#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "controller/metrics.h"

static bool is_leading(void *context)
{
    const struct asg_scraped *scraped = context;
    return atomic_load(scraped->is_leading);
}

static int64_t bytes_of(const char *path, const char *ending)
{
    char name[4200];
    struct stat found;
    int length = snprintf(name, sizeof name, "%s%s", path, ending);
    if (length < 0 || (size_t)length >= sizeof name || stat(name, &found) != 0) return 0;
    return found.st_size;
}

static void look_at_log(const char *path)
{
    asg_gauge(ASG_COUNT_LOG_BYTES, bytes_of(path, "") + bytes_of(path, "-wal"));
    struct statvfs disk;
    if (statvfs(path, &disk) != 0) return;
    asg_gauge(ASG_COUNT_LOG_FREE_BYTES, (int64_t)disk.f_bavail * (int64_t)disk.f_frsize);
}

static void print_agents(struct asg_ingest *ingest, enum asg_metric_form form,
                         struct asg_bytes *ret)
{
    struct asg_version_count rows[ASG_VERSIONS_MAX];
    size_t count = asg_ingest_versions(ingest, ASG_VERSIONS_MAX, rows);
    asg_agents_metric_print(rows, count, form, ret);
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
    struct asg_ingest *ingest = atomic_load(&scraped->ingest);
    if (ingest != NULL) print_agents(ingest, form, printed);
    scraped->printed_ms[form] = asg_clock_monotonic_ms(&scraped->clock);
}

static void print_metrics(void *context, enum asg_metric_form form, struct asg_bytes *ret)
{
    struct asg_scraped *scraped = context;
    if (scraped->view != NULL) print_groups(scraped, form);
    if (scraped->log_path != NULL) look_at_log(scraped->log_path);
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
