/* serve_http - /healthz, /readyz and /metrics of the controller (http/status_pages.h).
 *
 * A scrape reads atomics, the view and what group_metrics counts: it asks the loop for
 * nothing. What it prints of groups serves those that scrape in the same moment too.
 */
#ifndef ASG_CONTROLLER_SERVE_HTTP_H
#define ASG_CONTROLLER_SERVE_HTTP_H

#include <stdatomic.h>

#include "base/clock.h"
#include "controller/group_metrics.h"
#include "controller/ingest_report.h"
#include "http/status_pages.h"

#define ASG_SCRAPE_SHARED_MS 200 /* series of groups are printed once in so long */

/* What the pages read, from the server's thread; it stays where it is. */
struct asg_scraped {
    const atomic_bool *is_leading;
    struct asg_view *view;               /* NULL: no series of groups */
    struct asg_group_metrics *groups;    /* NULL with the view */
    _Atomic(struct asg_ingest *) ingest; /* whose agents; NULL: none yet */
    const char *log_path;                /* whose size and room; NULL: none */
    struct asg_clock clock;
    /* the server's thread's own, for each form; printed_ms 0: nothing is */
    struct asg_bytes printed[2];
    int64_t printed_ms[2];
};

/* Serve at "address:port" (port 0: a free one; empty: not at all, *ret stays NULL). */
ASG_MUST_USE enum asg_status asg_serve_http_new(const char *where,
                                                struct asg_scraped *scraped,
                                                struct asg_status_pages **ret,
                                                struct asg_error *error);

/* After the pages are destroyed: give the memory back. */
void asg_scraped_clear(struct asg_scraped *scraped);

#endif
