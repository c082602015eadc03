/* status_pages - /healthz, /readyz and /metrics of a program, for probes and Prometheus.
 * Threads: one of its own; `is_ready` and `print_metrics` are called from it. */
#ifndef ASG_HTTP_STATUS_PAGES_H
#define ASG_HTTP_STATUS_PAGES_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/metrics.h"

struct asg_status_pages;

struct asg_status_pages_options {
    const char *where;   /* "127.0.0.1:7704"; port 0: a free one */
    const char *setting; /* its name, for the error text */
    const char *ready;   /* what /readyz says when it is and when it is not */
    const char *not_ready;
    bool (*is_ready)(void *context);
    /* The program's own metrics; those of its process come from here. */
    void (*print_metrics)(void *context, enum asg_metric_form form,
                          struct asg_bytes *ret);
    void *context;
};

/* `where` empty: *ret stays NULL. ASG_ERR_INVALID: not address:port; ASG_ERR_IO: cannot
 * listen there. */
ASG_MUST_USE enum asg_status asg_status_pages_new(
    const struct asg_status_pages_options *options, struct asg_status_pages **ret,
    struct asg_error *error);
void asg_status_pages_destroy(struct asg_status_pages **pages);

/* "http://127.0.0.1:7704"; "" when nothing is served. */
const char *asg_status_pages_url(const struct asg_status_pages *pages);

#endif
