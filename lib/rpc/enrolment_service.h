/* enrolment_service - openasg.agent.v1.Enrolment (proto/enrolment.proto): both sides.
 *
 * Threads: callbacks run on the thread of the server or client they belong to.
 */
#ifndef ASG_RPC_ENROLMENT_SERVICE_H
#define ASG_RPC_ENROLMENT_SERVICE_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "rpc/client.h"
#include "rpc/server.h"

#define ASG_RPC_ENROLMENT_METHODS       1
#define ASG_RPC_ENROLMENT_MESSAGE_BYTES 32768 /* largest, both ways */
#define ASG_RPC_STS_HEADERS_MAX         16

enum asg_rpc_proof {
    ASG_RPC_PROOF_NONE,
    ASG_RPC_PROOF_TOKEN,
    ASG_RPC_PROOF_STS,
    ASG_RPC_PROOF_DOCUMENT
};

struct asg_rpc_header {
    const char *name;
    const char *value;
};

/* Texts are never NULL: empty where the message lacks them. */
struct asg_rpc_enroll {
    const char *instance_id;
    const char *curve_key;
    const uint8_t *request; /* certificate request, DER */
    size_t request_length;
    const char *version;
    uint32_t grpc_port;
    uint32_t interval_ms;
    enum asg_rpc_proof proof;
    struct {
        const char *token;
        uint64_t job_id;
        uint32_t attempt;
        uint64_t incarnation;
    } token;
    struct {
        const char *url;
        const char *body;
        struct asg_rpc_header headers[ASG_RPC_STS_HEADERS_MAX];
        size_t header_count;
    } sts;
    struct {
        const char *document;
        const char *signature;
    } document;
};

#define ASG_RPC_REPORTS_MAX 8

struct asg_rpc_enrolled {
    const char *certificate_pem;
    const char *authorities_pem;
    const char *cluster_id;
    const char *reports[ASG_RPC_REPORTS_MAX];
    size_t report_count;
    const char *reports_key;
    int64_t renew_after_ms;
    int64_t valid_ms;
};

/* Answer now or later, from any thread, by exactly one asg_rpc_enrolled_reply() or
 * asg_rpc_call_end(). `address` is the peer's, "10.0.0.7", without a port. `enroll` lives
 * during the call only. */
typedef void asg_rpc_take_enroll(void *context, struct asg_rpc_call *call,
                                 const struct asg_rpc_enroll *enroll,
                                 const char *address);

struct asg_rpc_enrolment_handler {
    asg_rpc_take_enroll *take;
    void *context;
};

/* The rows for asg_rpc_server_options.methods; `handler` must outlive the server. */
void asg_rpc_enrolment_methods(const struct asg_rpc_enrolment_handler *handler,
                               struct asg_rpc_method ret[ASG_RPC_ENROLMENT_METHODS]);
void asg_rpc_enrolled_reply(struct asg_rpc_call *call,
                            const struct asg_rpc_enrolled *enrolled);

/* `enrolled` is NULL unless code is OK; it lives during the callback. */
typedef void asg_rpc_enrolled_done(enum asg_rpc_code code, const char *details,
                                   const struct asg_rpc_enrolled *enrolled,
                                   void *context);

/* See asg_rpc_client_call_as() for target, peer, deadline, threads and failures. The
 * client and the server need max_message_bytes of ASG_RPC_ENROLMENT_MESSAGE_BYTES. */
ASG_MUST_USE enum asg_status asg_rpc_enroll(struct asg_rpc_client *client,
                                            const char *target, const char *peer,
                                            const struct asg_rpc_enroll *enroll,
                                            int64_t deadline_ms,
                                            asg_rpc_enrolled_done *done, void *context);

#endif
