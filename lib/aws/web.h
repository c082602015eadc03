/* web - one HTTP request at a time, waited for: what the sources of credentials and the
 * instance metadata are asked with. EC2 itself is called by ec2_client.
 *
 * No redirects, no more bytes than asked for, http and https only. The answer is wiped
 * when it goes, for it may hold a secret.
 * Blocks: ask, at most for the time given. Threads: one owner at a time.
 */
#ifndef ASG_AWS_WEB_H
#define ASG_AWS_WEB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/status.h"

struct asg_web;

struct asg_web_request {
    const char *method; /* "GET" */
    const char *url;
    const char *const *headers; /* "Name: value", no line ends in it */
    size_t header_count;
    const void *body; /* NULL: none */
    size_t body_length;
    size_t answer_max; /* bytes */
    int64_t timeout_ms;
    int64_t connect_ms;
    const char *ca_file;            /* NULL or "": the system's */
    const char *local_address;      /* NULL or "": any */
    bool uses_proxy;                /* HTTPS_PROXY and so on; else never one */
    const atomic_bool *is_stopping; /* NULL, or ends the request within a second */
};

struct asg_web_answer {
    uint32_t http_status;
    int64_t server_date_ms; /* of the Date header; -1 */
    int64_t retry_after_ms; /* x-amz-retry-after; -1 */
    struct asg_bytes body;
};

/* Connects to nobody yet. ASG_ERR_NOMEM: libcurl gives no handle. */
ASG_MUST_USE enum asg_status asg_web_new(struct asg_web **ret, struct asg_error *error);
void asg_web_destroy(struct asg_web **web);

/* Ask and read the answer, whatever its HTTP status; *ret is replaced. Connections are
 * kept for the next request.
 * ASG_ERR_TIMEOUT, ASG_ERR_CLOSED, ASG_ERR_IO: no whole answer, `error` says why;
 * ASG_ERR_LIMIT: a body above answer_max. */
ASG_MUST_USE enum asg_status asg_web_ask(struct asg_web *web,
                                         const struct asg_web_request *request,
                                         struct asg_web_answer *ret,
                                         struct asg_error *error);

/* Wipe and free; fine on an empty one. */
void asg_web_answer_clear(struct asg_web_answer *answer);

/* False when `text` holds a control character or a blank: not for a header or a URL. */
bool asg_web_is_plain(const char *text);

#endif
