#include "worker/serve_http.h"

#include "worker/task.h"

static const struct asg_metric templates[ASG_WORKER_METRICS_END] = {
#define X(id, metric_name, metric_labels, metric_kind, metric_help)                      \
    [ASG_WORKER_##id] = {.name = (metric_name),                                          \
                         .labels = (metric_labels),                                      \
                         .help = (metric_help),                                          \
                         .kind = ASG_METRIC_##metric_kind},
    ASG_WORKER_METRICS(X)
#undef X
};

static bool is_ready(void *context)
{
    struct asg_worker_pages *pages = context;
    return asg_metric_read(&pages->metrics[ASG_WORKER_IS_WELCOME]) != 0 &&
           asg_metric_read(&pages->metrics[ASG_WORKER_IS_REFUSED]) == 0;
}

static void print_metrics(void *context, enum asg_metric_form form, struct asg_bytes *ret)
{
    struct asg_worker_pages *pages = context;
    asg_metrics_print(pages->metrics, ASG_WORKER_METRICS_END, form, ret);
    asg_ec2_client_print_metrics(pages->ec2, form, ret);
}

enum asg_status asg_worker_pages_open(struct asg_worker_pages *pages, const char *where,
                                      struct asg_ec2_client *ec2, struct asg_error *error)
{
    for (size_t i = 0; i < ASG_WORKER_METRICS_END; i++) {
        pages->metrics[i].name = templates[i].name;
        pages->metrics[i].labels = templates[i].labels;
        pages->metrics[i].help = templates[i].help;
        pages->metrics[i].kind = templates[i].kind;
    }
    pages->ec2 = ec2;
    const struct asg_status_pages_options options = {
        .where = where,
        .setting = "listen.http",
        .ready = "welcome\n",
        .not_ready = "no controller has welcomed this worker, or AWS refuses its "
                     "credentials\n",
        .is_ready = is_ready,
        .print_metrics = print_metrics,
        .context = pages,
    };
    return asg_status_pages_new(&options, &pages->pages, error);
}

void asg_worker_pages_clear(struct asg_worker_pages *pages)
{
    asg_status_pages_destroy(&pages->pages);
}

void asg_worker_pages_update(struct asg_worker_pages *pages,
                             const struct asg_worker *worker)
{
    if (pages->pages == NULL) return;
    struct asg_worker_counts counts = asg_worker_counts(worker);
    const int64_t values[ASG_WORKER_METRICS_END] = {
        [ASG_WORKER_JOBS_TAKEN] = (int64_t)counts.taken,
        [ASG_WORKER_JOBS_REFUSED] = (int64_t)counts.refused,
        [ASG_WORKER_JOBS_HANDED_BACK] = (int64_t)counts.handed_back,
        [ASG_WORKER_FRAMES_MALFORMED] = (int64_t)counts.bad_frames,
        [ASG_WORKER_TEMPLATES_SWEPT] = (int64_t)counts.templates_swept,
        [ASG_WORKER_QUESTIONS] = (int64_t)counts.questions,
        [ASG_WORKER_JOBS_RUNNING] = counts.running,
        [ASG_WORKER_RESULTS_WAITING] = counts.unacknowledged,
        [ASG_WORKER_IS_WELCOME] = worker->is_welcome ? 1 : 0,
        [ASG_WORKER_IS_HALTED] = asg_worker_is_halted(worker) ? 1 : 0,
        [ASG_WORKER_IS_REFUSED] = worker->refusals > 0 ? 1 : 0,
        [ASG_WORKER_CLOCK_SKEW] = asg_ec2_client_skew_ms(pages->ec2),
    };
    if (pages->credentials_until_ms != NULL) {
        asg_metric_set(&pages->metrics[ASG_WORKER_CREDENTIALS_UNTIL],
                       atomic_load(pages->credentials_until_ms));
    }
    for (size_t i = 0; i < ASG_WORKER_CREDENTIALS_UNTIL; i++) {
        asg_metric_set(&pages->metrics[i], values[i]);
    }
}
