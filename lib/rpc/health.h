/* health - grpc.health.v1.Health: the server's side (Check and Watch) and the caller's.
 *
 * Check of a service that was never set ends with NOT_FOUND; Watch answers
 * SERVICE_UNKNOWN and goes on, as the "GRPC Health Checking Protocol" says. Status of
 * the whole program is the service "". One Watch more than the most is answered with
 * RESOURCE_EXHAUSTED.
 * Threads: every call from any.
 */
#ifndef ASG_RPC_HEALTH_H
#define ASG_RPC_HEALTH_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "rpc/client.h"
#include "rpc/server.h"

#define ASG_RPC_HEALTH_METHODS       2
#define ASG_RPC_HEALTH_SERVICES_MAX  32
#define ASG_RPC_HEALTH_WATCHERS_MAX  32  /* so that calls are left for Check */
#define ASG_RPC_HEALTH_SERVICE_BYTES 128 /* longest name, with its closing zero */

enum asg_health_status {
    ASG_HEALTH_UNKNOWN = 0,
    ASG_HEALTH_SERVING = 1,
    ASG_HEALTH_NOT_SERVING = 2,
    ASG_HEALTH_SERVICE_UNKNOWN = 3,
};

struct asg_rpc_health;

/* No service is known at first. The caller owns it, and destroys it after the server
 * that has its methods. */
struct asg_rpc_health *asg_rpc_health_new(void);
void asg_rpc_health_destroy(struct asg_rpc_health **health);

/* Say how a service is; those who watch it are told when it changed.
 * ASG_ERR_LIMIT: too many services or too long a name. */
ASG_MUST_USE enum asg_status asg_rpc_health_set(struct asg_rpc_health *health,
                                                const char *service,
                                                enum asg_health_status status);

/* The rows for asg_rpc_server_options.methods. */
void asg_rpc_health_methods(struct asg_rpc_health *health,
                            struct asg_rpc_method ret[ASG_RPC_HEALTH_METHODS]);

/* What a check came to. `status` is UNKNOWN unless code is OK. */
struct asg_rpc_health_reply {
    enum asg_rpc_code code; /* NOT_FOUND: answered, but the service is not known there */
    enum asg_health_status status;
    const char *details; /* lives during the callback; never NULL */
};

typedef void asg_rpc_health_done(const struct asg_rpc_health_reply *reply, void *context);

/* Check one service of one target; see asg_rpc_client_call_as() for target, peer,
 * deadline, threads and failures. An answer that cannot be decoded comes back as
 * INTERNAL. */
ASG_MUST_USE enum asg_status asg_rpc_health_check(
    struct asg_rpc_client *client, const char *target, const char *peer,
    const char *service, int64_t deadline_ms, asg_rpc_health_done *done, void *context);

#endif
