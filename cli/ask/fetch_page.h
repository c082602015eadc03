/* fetch_page - a page of a program's listen.http: /metrics, /readyz. */
#ifndef ASG_CLI_ASK_FETCH_PAGE_H
#define ASG_CLI_ASK_FETCH_PAGE_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"

struct asg_page_answer {
    uint32_t status;
    int64_t date_ms; /* by the server's clock; -1: not said */
    struct asg_bytes body;
};

/* `endpoint` is a URL or host:port. Waits at most `timeout_ms`. Fails as asg_web_ask().
 */
ASG_MUST_USE enum asg_status asg_fetch_page(const char *endpoint, const char *path,
                                            int64_t timeout_ms,
                                            struct asg_page_answer *ret,
                                            struct asg_error *error);
void asg_page_answer_clear(struct asg_page_answer *answer);

/* The value of a series of the page's text: "openasg_alarms", or with its labels as they
 * are written. False: it is not there. */
bool asg_page_value(const struct asg_page_answer *answer, const char *series,
                    double *ret);

/* The next series of that name behind `after` (NULL: the first), as its line in the page;
 * NULL when there are no more. The first label's value comes in *ret_label, in `arena`.
 */
const char *asg_page_next(const struct asg_page_answer *answer, const char *name,
                          const char *after, struct asg_arena *arena,
                          const char **ret_label, double *ret);

#endif
