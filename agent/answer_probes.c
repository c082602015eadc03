#include "agent/answer_probes.h"

#include <assert.h>
#include <stdlib.h>

#include "base/arena.h"
#include "rpc/health.h"

#define STOP_GRACE_MS 100

struct asg_probes {
    struct asg_shown *shown;
    struct asg_drainer *drainer;
    struct asg_rpc_health *health;
    struct asg_rpc_agent_handlers handlers;
    struct asg_rpc_server *server;
};

static void get_metrics(void *context, struct asg_rpc_metrics *ret)
{
    struct asg_probes *probes = context;
    *ret = asg_shown_read(probes->shown);
}

static void drain(void *context, struct asg_rpc_call *call, const char *reason,
                  uint32_t timeout_ms)
{
    struct asg_probes *probes = context;
    asg_drainer_ask(probes->drainer, call, reason, timeout_ms);
}

static void drain_hung_up(void *context, struct asg_rpc_call *call)
{
    struct asg_probes *probes = context;
    asg_drainer_forget(probes->drainer, call);
}

static void set_all(struct asg_rpc_health *health, enum asg_health_status status)
{
    static const char *const services[] = {"", ASG_RPC_AGENT_SERVICE};
    for (size_t i = 0; i < 2; i++) {
        enum asg_status set = asg_rpc_health_set(health, services[i], status);
        assert(set == ASG_OK); /* two short names fit */
        (void)set;
    }
}

enum asg_status asg_probes_new(const char *address, struct asg_shown *shown,
                               struct asg_drainer *drainer, struct asg_probes **ret,
                               struct asg_error *error)
{
    struct asg_probes *probes = asg_alloc(1, sizeof *probes);
    probes->shown = shown;
    probes->drainer = drainer;
    probes->handlers = (struct asg_rpc_agent_handlers){.get_metrics = get_metrics,
                                                       .drain = drain,
                                                       .drain_hung_up = drain_hung_up,
                                                       .context = probes};
    probes->health = asg_rpc_health_new();
    set_all(probes->health, ASG_HEALTH_SERVING);

    struct asg_rpc_method methods[ASG_RPC_HEALTH_METHODS + ASG_RPC_AGENT_METHODS];
    asg_rpc_health_methods(probes->health, methods);
    asg_rpc_agent_methods(&probes->handlers, methods + ASG_RPC_HEALTH_METHODS);
    const struct asg_rpc_server_options options = {.address = address,
                                                   .methods = methods,
                                                   .method_count = sizeof methods /
                                                                   sizeof methods[0]};
    enum asg_status status = asg_rpc_server_new(&options, &probes->server, error);
    if (status != ASG_OK) {
        asg_rpc_health_destroy(&probes->health);
        free(probes);
        return status;
    }
    *ret = probes;
    return ASG_OK;
}

void asg_probes_destroy(struct asg_probes **probes)
{
    struct asg_probes *it = *probes;
    if (it == NULL) return;
    *probes = NULL;
    set_all(it->health, ASG_HEALTH_NOT_SERVING);
    asg_rpc_server_stop(&it->server, STOP_GRACE_MS);
    asg_rpc_health_destroy(&it->health);
    free(it);
}

uint16_t asg_probes_port(const struct asg_probes *probes)
{
    return asg_rpc_server_port(probes->server);
}
