#include "rpc/agent_service.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "gen/agent.pb-c.h"
#include "rpc/unpack.h"

#define GET_METRICS "/" ASG_RPC_AGENT_SERVICE "/GetMetrics"
#define DRAIN       "/" ASG_RPC_AGENT_SERVICE "/Drain"

/* Texts longer than this are cut: they are words for people. */
#define TEXT_BYTES_MAX 1024

/* A copy that protobuf-c's char pointers may point to; cut between characters. */
static void copy_text(const char *text, char ret[TEXT_BYTES_MAX])
{
    size_t length = text == NULL ? 0 : strlen(text);
    if (length >= TEXT_BYTES_MAX) {
        length = TEXT_BYTES_MAX - 1;
        while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
            length--;
    }
    if (length > 0) memcpy(ret, text, length);
    ret[length] = '\0';
}

static void get_metrics(struct asg_rpc_call *call, const uint8_t *request, size_t length,
                        void *context)
{
    const struct asg_rpc_agent_handlers *handlers = context;
    ProtobufCMessage *asked = asg_rpc_unpack(
        &openasg__agent__v1__get_metrics_request__descriptor, request, length);
    if (asked == NULL) {
        asg_rpc_call_end(call, ASG_RPC_INVALID_ARGUMENT, "not a GetMetricsRequest");
        return;
    }
    asg_rpc_unpacked_free(asked);

    struct asg_rpc_metrics it = {0};
    handlers->get_metrics(handlers->context, &it);
    char instance_id[TEXT_BYTES_MAX];
    char version[TEXT_BYTES_MAX];
    copy_text(it.instance_id, instance_id);
    copy_text(it.version, version);

    Openasg__Agent__V1__Metrics metrics = OPENASG__AGENT__V1__METRICS__INIT;
    metrics.boot_id = it.report.boot_id;
    metrics.sequence = it.report.sequence;
    metrics.time_ms = it.report.time_ms;
    metrics.interval_ms = it.report.interval_ms;
    metrics.cpu_milli = it.report.cpu_milli;
    metrics.memory_milli = it.report.memory_milli;
    metrics.load_milli = it.report.load_milli;
    metrics.pressure_milli = it.report.pressure_milli;
    metrics.network_in_bytes = it.report.network_in_bytes;
    metrics.network_out_bytes = it.report.network_out_bytes;
    metrics.disk_read_bytes = it.report.disk_read_bytes;
    metrics.disk_write_bytes = it.report.disk_write_bytes;

    Openasg__Agent__V1__GetMetricsResponse response =
        OPENASG__AGENT__V1__GET_METRICS_RESPONSE__INIT;
    response.instance_id = instance_id;
    response.version = version;
    response.reporting = it.is_reporting;
    response.reports_sent = it.reports_sent;
    response.reports_dropped = it.reports_dropped;
    response.metrics = it.has_report ? &metrics : NULL;
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes bytes = {0};
    asg_rpc_pack(&response.base, &bytes);
    asg_rpc_call_reply(call, bytes.data, bytes.length);
}

static void drain(struct asg_rpc_call *call, const uint8_t *request, size_t length,
                  void *context)
{
    const struct asg_rpc_agent_handlers *handlers = context;
    Openasg__Agent__V1__DrainRequest *asked =
        (Openasg__Agent__V1__DrainRequest *)asg_rpc_unpack(
            &openasg__agent__v1__drain_request__descriptor, request, length);
    if (asked == NULL) {
        asg_rpc_call_end(call, ASG_RPC_INVALID_ARGUMENT, "not a DrainRequest");
        return;
    }
    handlers->drain(handlers->context, call, asked->reason, asked->timeout_ms);
    asg_rpc_unpacked_free(&asked->base);
}

static void drain_hung_up(struct asg_rpc_call *call, void *context)
{
    const struct asg_rpc_agent_handlers *handlers = context;
    if (handlers->drain_hung_up != NULL) handlers->drain_hung_up(handlers->context, call);
}

/* A handler table is only read; the method row's context is not const. */
static void *unconst(const struct asg_rpc_agent_handlers *handlers)
{
    void *copy = NULL;
    memcpy(&copy, &handlers, sizeof copy);
    return copy;
}

void asg_rpc_agent_methods(const struct asg_rpc_agent_handlers *handlers,
                           struct asg_rpc_method ret[ASG_RPC_AGENT_METHODS])
{
    void *context = unconst(handlers);
    ret[0] = (struct asg_rpc_method){GET_METRICS, get_metrics, NULL, context};
    ret[1] = (struct asg_rpc_method){DRAIN, drain, drain_hung_up, context};
}

void asg_rpc_drain_reply(struct asg_rpc_call *call, const struct asg_rpc_drain *it)
{
    char detail[TEXT_BYTES_MAX];
    copy_text(it->detail, detail);
    Openasg__Agent__V1__DrainResponse response = OPENASG__AGENT__V1__DRAIN_RESPONSE__INIT;
    response.drained = it->is_drained;
    response.exit_code = it->exit_code;
    response.timed_out = it->has_timed_out;
    response.detail = detail;
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes bytes = {0};
    asg_rpc_pack(&response.base, &bytes);
    asg_rpc_call_reply(call, bytes.data, bytes.length);
}

/* Whom to tell what a call came to. */
struct asking {
    asg_rpc_metrics_done *metrics_done;
    asg_rpc_drain_done *drain_done;
    void *context;
};

static uint32_t percent_milli(uint32_t value)
{
    return value > ASG_PERCENT_MILLI_MAX ? ASG_PERCENT_MILLI_MAX : value;
}

static void read_metrics(const Openasg__Agent__V1__Metrics *metrics,
                         struct asg_report *ret)
{
    *ret = (struct asg_report){
        .boot_id = metrics->boot_id,
        .sequence = metrics->sequence,
        .time_ms = metrics->time_ms,
        .interval_ms = metrics->interval_ms,
        .cpu_milli = percent_milli(metrics->cpu_milli),
        .memory_milli = percent_milli(metrics->memory_milli),
        .load_milli = metrics->load_milli,
        .pressure_milli = percent_milli(metrics->pressure_milli),
        .network_in_bytes = metrics->network_in_bytes,
        .network_out_bytes = metrics->network_out_bytes,
        .disk_read_bytes = metrics->disk_read_bytes,
        .disk_write_bytes = metrics->disk_write_bytes,
    };
}

static void take_metrics(const struct asg_rpc_reply *reply, void *context)
{
    struct asking asking = *(struct asking *)context;
    free(context);
    if (reply->code != ASG_RPC_OK) {
        asking.metrics_done(reply->code, reply->details, NULL, asking.context);
        return;
    }
    Openasg__Agent__V1__GetMetricsResponse *response =
        (Openasg__Agent__V1__GetMetricsResponse *)asg_rpc_unpack(
            &openasg__agent__v1__get_metrics_response__descriptor, reply->data,
            reply->length);
    if (response == NULL) {
        asking.metrics_done(ASG_RPC_INTERNAL, "the answer is not a GetMetricsResponse",
                            NULL, asking.context);
        return;
    }
    struct asg_rpc_metrics it = {
        .instance_id = response->instance_id,
        .version = response->version,
        .is_reporting = response->reporting != 0,
        .reports_sent = response->reports_sent,
        .reports_dropped = response->reports_dropped,
        .has_report = response->metrics != NULL,
    };
    if (it.has_report) read_metrics(response->metrics, &it.report);
    asking.metrics_done(ASG_RPC_OK, "", &it, asking.context);
    asg_rpc_unpacked_free(&response->base);
}

static void take_drain(const struct asg_rpc_reply *reply, void *context)
{
    struct asking asking = *(struct asking *)context;
    free(context);
    if (reply->code != ASG_RPC_OK) {
        asking.drain_done(reply->code, reply->details, NULL, asking.context);
        return;
    }
    Openasg__Agent__V1__DrainResponse *response =
        (Openasg__Agent__V1__DrainResponse *)asg_rpc_unpack(
            &openasg__agent__v1__drain_response__descriptor, reply->data, reply->length);
    if (response == NULL) {
        asking.drain_done(ASG_RPC_INTERNAL, "the answer is not a DrainResponse", NULL,
                          asking.context);
        return;
    }
    struct asg_rpc_drain it = {
        .is_drained = response->drained != 0,
        .exit_code = response->exit_code,
        .has_timed_out = response->timed_out != 0,
        .detail = response->detail,
    };
    asking.drain_done(ASG_RPC_OK, "", &it, asking.context);
    asg_rpc_unpacked_free(&response->base);
}

static enum asg_status ask(struct asg_rpc_client *client, const char *target,
                           const char *peer, const char *method,
                           const ProtobufCMessage *request, int64_t deadline_ms,
                           asg_rpc_done *take, struct asking asking)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes bytes = {0};
    asg_rpc_pack(request, &bytes);
    struct asking *copy = asg_alloc(1, sizeof *copy);
    *copy = asking;
    enum asg_status status = asg_rpc_client_call_as(
        client, target, peer, method, bytes.data, bytes.length, deadline_ms, take, copy);
    if (status != ASG_OK) free(copy);
    return status;
}

enum asg_status asg_rpc_agent_get_metrics(struct asg_rpc_client *client,
                                          const char *target, const char *peer,
                                          int64_t deadline_ms, asg_rpc_metrics_done *done,
                                          void *context)
{
    assert(done != NULL);
    Openasg__Agent__V1__GetMetricsRequest request =
        OPENASG__AGENT__V1__GET_METRICS_REQUEST__INIT;
    return ask(client, target, peer, GET_METRICS, &request.base, deadline_ms,
               take_metrics, (struct asking){.metrics_done = done, .context = context});
}

enum asg_status asg_rpc_agent_drain(struct asg_rpc_client *client, const char *target,
                                    const char *peer, const char *reason,
                                    uint32_t timeout_ms, int64_t deadline_ms,
                                    asg_rpc_drain_done *done, void *context)
{
    assert(done != NULL);
    char text[TEXT_BYTES_MAX];
    copy_text(reason, text);
    Openasg__Agent__V1__DrainRequest request = OPENASG__AGENT__V1__DRAIN_REQUEST__INIT;
    request.reason = text;
    request.timeout_ms = timeout_ms;
    return ask(client, target, peer, DRAIN, &request.base, deadline_ms, take_drain,
               (struct asking){.drain_done = done, .context = context});
}
