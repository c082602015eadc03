/* serve_http - /healthz, /readyz and /metrics. */
#ifndef ASG_CONTROLLER_SERVE_HTTP_H
#define ASG_CONTROLLER_SERVE_HTTP_H

#include <stdatomic.h>

#include "base/error.h"

struct asg_serve_http;

/* Serve at "address:port" (port 0: a free one; empty: not at all, *ret stays NULL).
 * `is_leading` is read by /readyz from the server's threads. */
ASG_MUST_USE enum asg_status asg_serve_http_new(const char *where,
                                                const atomic_bool *is_leading,
                                                struct asg_serve_http **ret,
                                                struct asg_error *error);
void asg_serve_http_destroy(struct asg_serve_http **http);

/* "http://127.0.0.1:7704"; "" when `http` is NULL. */
const char *asg_serve_http_url(const struct asg_serve_http *http);

#endif
