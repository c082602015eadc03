#include "rpc/health.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "gen/health.pb-c.h"
#include "rpc/unpack.h"

#define CHECK "/grpc.health.v1.Health/Check"
#define WATCH "/grpc.health.v1.Health/Watch"

/* A packed HealthCheckResponse: a tag and a small number. */
#define RESPONSE_BYTES_MAX 16

struct service {
    char name[ASG_RPC_HEALTH_SERVICE_BYTES];
    enum asg_health_status status;
};

struct watcher {
    struct watcher *next;
    struct asg_rpc_call *call;
    char service[ASG_RPC_HEALTH_SERVICE_BYTES];
};

struct asg_rpc_health {
    pthread_mutex_t mutex;
    struct service services[ASG_RPC_HEALTH_SERVICES_MAX];
    size_t service_count;
    struct watcher *watchers;
    size_t watcher_count;
};

struct asg_rpc_health *asg_rpc_health_new(void)
{
    struct asg_rpc_health *health = asg_alloc(1, sizeof *health);
    (void)pthread_mutex_init(&health->mutex, NULL);
    return health;
}

void asg_rpc_health_destroy(struct asg_rpc_health **health)
{
    assert(health != NULL);
    if (*health == NULL) return;
    assert((*health)->watchers == NULL); /* the server must be gone */
    (void)pthread_mutex_destroy(&(*health)->mutex);
    free(*health);
    *health = NULL;
}

static struct service *find_service(struct asg_rpc_health *health, const char *name)
{
    for (size_t i = 0; i < health->service_count; i++) {
        if (strcmp(health->services[i].name, name) == 0) return &health->services[i];
    }
    return NULL;
}

static size_t pack_response(enum asg_health_status status,
                            uint8_t ret[RESPONSE_BYTES_MAX])
{
    Grpc__Health__V1__HealthCheckResponse response =
        GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;
    response.status = (Grpc__Health__V1__HealthCheckResponse__ServingStatus)status;
    assert(grpc__health__v1__health_check_response__get_packed_size(&response) <=
           RESPONSE_BYTES_MAX);
    return grpc__health__v1__health_check_response__pack(&response, ret);
}

enum asg_status asg_rpc_health_set(struct asg_rpc_health *health, const char *service,
                                   enum asg_health_status status)
{
    size_t length = strlen(service);
    if (length >= ASG_RPC_HEALTH_SERVICE_BYTES) return ASG_ERR_LIMIT;

    (void)pthread_mutex_lock(&health->mutex);
    struct service *it = find_service(health, service);
    if (it == NULL && health->service_count == ASG_RPC_HEALTH_SERVICES_MAX) {
        (void)pthread_mutex_unlock(&health->mutex);
        return ASG_ERR_LIMIT;
    }
    bool is_news = it == NULL || it->status != status;
    if (it == NULL) {
        it = &health->services[health->service_count++];
        memcpy(it->name, service, length + 1);
    }
    it->status = status;
    uint8_t bytes[RESPONSE_BYTES_MAX];
    size_t packed = pack_response(status, bytes);
    for (struct watcher *w = health->watchers; is_news && w != NULL; w = w->next) {
        if (strcmp(w->service, service) == 0) asg_rpc_call_send(w->call, bytes, packed);
    }
    (void)pthread_mutex_unlock(&health->mutex);
    return ASG_OK;
}

/* The name a caller asks about. ASG_ERR_MALFORMED: not a HealthCheckRequest. A name
 * longer than any of ours is cut, which keeps it unknown. */
static enum asg_status read_service(const uint8_t *request, size_t length,
                                    char ret[ASG_RPC_HEALTH_SERVICE_BYTES])
{
    Grpc__Health__V1__HealthCheckRequest *message =
        (Grpc__Health__V1__HealthCheckRequest *)asg_rpc_unpack(
            &grpc__health__v1__health_check_request__descriptor, request, length);
    if (message == NULL) return ASG_ERR_MALFORMED;
    size_t bytes = strlen(message->service);
    bool is_long = bytes >= ASG_RPC_HEALTH_SERVICE_BYTES;
    memset(ret, 0, ASG_RPC_HEALTH_SERVICE_BYTES);
    if (is_long)
        memset(ret, '?', ASG_RPC_HEALTH_SERVICE_BYTES - 1);
    else
        memcpy(ret, message->service, bytes);
    asg_rpc_unpacked_free(&message->base);
    return ASG_OK;
}

static void check(struct asg_rpc_call *call, const uint8_t *request, size_t length,
                  void *context)
{
    struct asg_rpc_health *health = context;
    char name[ASG_RPC_HEALTH_SERVICE_BYTES];
    if (read_service(request, length, name) != ASG_OK) {
        asg_rpc_call_end(call, ASG_RPC_INVALID_ARGUMENT, "not a HealthCheckRequest");
        return;
    }
    (void)pthread_mutex_lock(&health->mutex);
    const struct service *service = find_service(health, name);
    bool is_known = service != NULL;
    enum asg_health_status status = is_known ? service->status : ASG_HEALTH_UNKNOWN;
    (void)pthread_mutex_unlock(&health->mutex);
    if (!is_known) {
        asg_rpc_call_end(call, ASG_RPC_NOT_FOUND, "unknown service");
        return;
    }
    uint8_t bytes[RESPONSE_BYTES_MAX];
    asg_rpc_call_reply(call, bytes, pack_response(status, bytes));
}

static void watch(struct asg_rpc_call *call, const uint8_t *request, size_t length,
                  void *context)
{
    struct asg_rpc_health *health = context;
    struct watcher *watcher = asg_alloc(1, sizeof *watcher);
    if (read_service(request, length, watcher->service) != ASG_OK) {
        free(watcher);
        asg_rpc_call_end(call, ASG_RPC_INVALID_ARGUMENT, "not a HealthCheckRequest");
        return;
    }
    watcher->call = call;
    (void)pthread_mutex_lock(&health->mutex);
    if (health->watcher_count == ASG_RPC_HEALTH_WATCHERS_MAX) {
        (void)pthread_mutex_unlock(&health->mutex);
        free(watcher);
        asg_rpc_call_end(call, ASG_RPC_RESOURCE_EXHAUSTED, "too many watch already");
        return;
    }
    const struct service *service = find_service(health, watcher->service);
    uint8_t bytes[RESPONSE_BYTES_MAX];
    size_t packed = pack_response(
        service == NULL ? ASG_HEALTH_SERVICE_UNKNOWN : service->status, bytes);
    watcher->next = health->watchers;
    health->watchers = watcher;
    health->watcher_count++;
    asg_rpc_call_send(call, bytes, packed);
    (void)pthread_mutex_unlock(&health->mutex);
}

static void watcher_hung_up(struct asg_rpc_call *call, void *context)
{
    struct asg_rpc_health *health = context;
    (void)pthread_mutex_lock(&health->mutex);
    struct watcher **at = &health->watchers;
    while (*at != NULL && (*at)->call != call)
        at = &(*at)->next;
    struct watcher *found = *at;
    if (found != NULL) {
        *at = found->next;
        health->watcher_count--;
    }
    (void)pthread_mutex_unlock(&health->mutex);
    if (found == NULL) return; /* it was refused and has been ended */
    free(found);
    asg_rpc_call_end(call, ASG_RPC_CANCELLED, NULL);
}

void asg_rpc_health_methods(struct asg_rpc_health *health,
                            struct asg_rpc_method ret[ASG_RPC_HEALTH_METHODS])
{
    ret[0] = (struct asg_rpc_method){CHECK, check, NULL, health};
    ret[1] = (struct asg_rpc_method){WATCH, watch, watcher_hung_up, health};
}

/* Whom to tell what a check came to. */
struct asking {
    asg_rpc_health_done *done;
    void *context;
};

static void take_answer(const struct asg_rpc_reply *reply, void *context)
{
    struct asking asking = *(struct asking *)context;
    free(context);
    struct asg_rpc_health_reply answer = {.code = reply->code, .details = reply->details};
    if (reply->code == ASG_RPC_OK) {
        Grpc__Health__V1__HealthCheckResponse *message =
            (Grpc__Health__V1__HealthCheckResponse *)asg_rpc_unpack(
                &grpc__health__v1__health_check_response__descriptor, reply->data,
                reply->length);
        if (message == NULL) {
            answer.code = ASG_RPC_INTERNAL;
            answer.details = "the answer is not a HealthCheckResponse";
        } else if (message->status == 1 || message->status == 2 || message->status == 3) {
            answer.status = (enum asg_health_status)message->status;
        }
        if (message != NULL) {
            asg_rpc_unpacked_free(&message->base);
        }
    }
    asking.done(&answer, asking.context);
}

enum asg_status asg_rpc_health_check(struct asg_rpc_client *client, const char *target,
                                     const char *peer, const char *service,
                                     int64_t deadline_ms, asg_rpc_health_done *done,
                                     void *context)
{
    char name[ASG_RPC_HEALTH_SERVICE_BYTES];
    size_t length = strlen(service);
    if (length >= sizeof name) return ASG_ERR_INVALID;
    memcpy(name, service, length + 1);
    Grpc__Health__V1__HealthCheckRequest request =
        GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
    request.service = name;
    uint8_t bytes[ASG_RPC_HEALTH_SERVICE_BYTES + 8];
    assert(grpc__health__v1__health_check_request__get_packed_size(&request) <=
           sizeof bytes);
    size_t packed = grpc__health__v1__health_check_request__pack(&request, bytes);

    struct asking *asking = asg_alloc(1, sizeof *asking);
    *asking = (struct asking){done, context};
    enum asg_status status = asg_rpc_client_call_as(
        client, target, peer, CHECK, bytes, packed, deadline_ms, take_answer, asking);
    if (status != ASG_OK) free(asking);
    return status;
}
