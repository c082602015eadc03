/* serve_http - /healthz, /readyz and /metrics of the controller (http/status_pages.h). */
#ifndef ASG_CONTROLLER_SERVE_HTTP_H
#define ASG_CONTROLLER_SERVE_HTTP_H

#include <stdatomic.h>

#include "http/status_pages.h"

/* Serve at "address:port" (port 0: a free one; empty: not at all, *ret stays NULL).
 * `leading` is read by /readyz from the server's thread. */
ASG_MUST_USE enum asg_status asg_serve_http_new(const char *where,
                                                const atomic_bool *leading,
                                                struct asg_status_pages **ret,
                                                struct asg_error *error);

#endif
