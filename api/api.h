/* api - the Auto Scaling door: AWS's Query API of version 2011-01-01 over HTTP.
 *
 * Flow:    HTTP request -> gate (who, may they) -> form -> shape of its action -> handler
 *          -> read view, or an order to core, or a question to EC2 -> one answer
 * It knows nothing of the controller: what it needs stands in the ports.
 * Threads: requests run on the HTTP server's threads, several at once; what was handed on
 *          (orders, questions) is answered on the thread that calls back. Only
 *          DescribeScalingActivities waits, for a moment (`activities`).
 */
#ifndef ASG_API_API_H
#define ASG_API_API_H

#include "base/clock.h"
#include "base/error.h"
#include "model/effects.h"
#include "model/event.h"
#include "model/question.h"
#include "store/activity_index.h"
#include "view/view.h"

struct asg_api;

#define ASG_API_ORDER_BYTES_MAX 262144 /* of one order, as it stands in the log */

/* An order is settled: `effects` has what core said and all that followed, lent for the
 * call and durable. NULL: it is not known whether it was carried out, as this controller
 * stopped leading meanwhile. Called once, from the thread of the loop; may not block. */
typedef void asg_api_settled(void *call, const struct asg_effects *effects);

/* What the door needs of its controller. All may be called from any thread. */
struct asg_api_ports {
    void *context;
    struct asg_clock clock;
    struct asg_view *view; /* what is read; reads hold its newest root */
    /* False: orders and reads are answered with ServiceUnavailable. */
    bool (*is_leading)(void *context);
    /* Hand in an order; it is copied before the call returns. ASG_ERR_LIMIT: too many are
     * on their way; ASG_ERR_INVALID: it is over ASG_API_ORDER_BYTES_MAX. `settled` will
     * then not be called. */
    enum asg_status (*order)(void *context, const struct asg_command *command,
                             asg_api_settled *settled, void *call);
    /* Ask EC2 something that an order needs to know; the question is copied before the
     * call returns, and so is the name of the key that asks ("": none). `told` is called
     * once, from the thread of the loop, within seconds. ASG_ERR_BUSY: too many are on
     * their way; ASG_ERR_LIMIT: too many of this key; ASG_ERR_CLOSED: this controller
     * is stopping; ASG_ERR_INVALID: no such question. `told` will then not be called. */
    enum asg_status (*look_up)(void *context, const char *asker,
                               const struct asg_question *question, asg_told_fn *told,
                               void *call);
    /* The activities that the query asks for, of all that orders answered so far have
     * begun; waits a little for that. ASG_ERR_TIMEOUT: it is not known yet. */
    enum asg_status (*activities)(void *context, const struct asg_activity_query *query,
                                  struct asg_arena *arena,
                                  struct asg_indexed_activity **ret, size_t *ret_count,
                                  bool *ret_has_more, struct asg_error *error);
    /* User data stands in no log: it is kept beside it under its hash. `save` writes a
     * file and waits for the disk. ASG_ERR_LIMIT: over EC2's 16 KiB; the text says what
     * is wrong. `load` finds what was saved, in `arena`; ASG_ERR_NOT_FOUND. */
    enum asg_status (*save_user_data)(void *context, struct asg_blob text,
                                      char ret_sha256[65], struct asg_error *error);
    enum asg_status (*load_user_data)(void *context, const char *sha256,
                                      struct asg_arena *arena, struct asg_blob *ret,
                                      struct asg_error *error);
    /* A call was answered with this status, so long after it came. */
    void (*answered)(void *context, int http_status, int64_t duration_us);
};

/* How much of each a client may have: AWS's quotas, unless they are set. */
struct asg_api_limits {
    uint32_t groups;
    uint32_t launch_configurations;
    uint32_t policies;  /* of a group */
    uint32_t schedules; /* of a group */
    uint32_t tags;      /* of a group */
};

struct asg_api_options {
    const char *where;      /* "127.0.0.1:7706"; port 0: a free one */
    const char *region;     /* of this controller: "us-east-1" */
    const char *account_id; /* of this controller: twelve digits */
    /* File of access keys (crypto/access_keys.h). NULL: nobody need sign and everybody
     * may do everything; for tests and measurements. */
    const char *keys_path;
    /* Files in PEM; "": plain HTTP. */
    const char *certificate_path;
    const char *private_key_path;
    /* A proxy before it has the certificate: plain HTTP beyond loopback is all right. */
    bool is_behind_proxy;
    /* How long the answer of an order that launches or ends instances may be held until
     * their ids are known and their ends are seen; 0: not at all. */
    int64_t settle_ms;
    struct asg_api_limits limits;
    uint32_t connections_max; /* that are open at once; 0: the HTTP server's default */
    struct asg_api_ports ports;
};

/* Listen and serve. ASG_ERR_INVALID: not address:port, plain HTTP beyond loopback, or no
 * certificate; ASG_ERR_DENIED: others may read the keys; ASG_ERR_MALFORMED: they make no
 * sense; ASG_ERR_IO: a file cannot be read, or cannot listen there. */
ASG_MUST_USE enum asg_status asg_api_new(const struct asg_api_options *options,
                                         struct asg_api **ret, struct asg_error *error);

/* Send the answers whose group is settled, or that were held for long enough. The loop's
 * turn ends with it. Returns the monotonic moment when it wants to be called again
 * (INT64_MAX: when something happens). A NULL api is fine. */
int64_t asg_api_turn(struct asg_api *api, int64_t mono_ms);

/* Stop listening: what is still on its way is answered to nobody, and no new calls come.
 * A NULL api is fine. */
void asg_api_close(struct asg_api *api);

/* Closes it first. Calls that were handed on must have come back (`settled` with NULL,
 * `told`): after closing, before this. */
void asg_api_destroy(struct asg_api **api);

/* Read certificate, private key and keys anew (SIGHUP). What cannot be read stays as it
 * was: ASG_ERR_INVALID, ASG_ERR_IO or ASG_ERR_DENIED, and the text says why. */
ASG_MUST_USE enum asg_status asg_api_reload(struct asg_api *api, struct asg_error *error);

struct asg_api_connections {
    size_t open;
    uint64_t full; /* how often the last place was taken: whoever comes then waits */
};
/* A NULL api has none. */
struct asg_api_connections asg_api_connections(const struct asg_api *api);

/* "http://127.0.0.1:7706", https with a certificate */
const char *asg_api_url(const struct asg_api *api);

#endif
