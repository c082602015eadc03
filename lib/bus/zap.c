#include "bus/zap.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zmq.h>

#include "base/arena.h"

#define DOMAINS_MAX 16
#define FRAMES_MAX  8
#define FRAME_BYTES 256
#define POLL_MS     200

struct domain {
    char name[32];
    struct asg_allow_list *list; /* NULL: any key */
};

struct zap {
    void *socket;
    pthread_t thread;
    atomic_bool is_stopping;
    atomic_uint_fast64_t refused;
    pthread_mutex_t lock;
    struct domain domains[DOMAINS_MAX];
    size_t domain_count;
};

/* A request: version, sequence, domain, address, identity, mechanism, credentials. */
struct request {
    char frames[FRAMES_MAX][FRAME_BYTES];
    size_t lengths[FRAMES_MAX];
    size_t count;
};

static bool receive_request(void *socket, struct request *ret)
{
    *ret = (struct request){0};
    int more = 1;
    size_t size = sizeof more;
    while (more != 0) {
        char frame[FRAME_BYTES];
        int length = zmq_recv(socket, frame, sizeof frame, 0);
        if (length < 0) return false;
        if (zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &size) != 0) return false;
        if (ret->count == FRAMES_MAX || (size_t)length >= sizeof frame) continue;
        memcpy(ret->frames[ret->count], frame, (size_t)length);
        ret->lengths[ret->count++] = (size_t)length;
    }
    return true; /* also of too few frames: REP must answer before it hears again */
}

static bool is_allowed(struct zap *zap, const char *domain, const char *key)
{
    bool is_ok = false;
    (void)pthread_mutex_lock(&zap->lock);
    for (size_t i = 0; i < zap->domain_count; i++) {
        if (strcmp(zap->domains[i].name, domain) != 0) continue;
        is_ok = zap->domains[i].list == NULL ||
                asg_allow_list_find(zap->domains[i].list, key, NULL);
    }
    (void)pthread_mutex_unlock(&zap->lock);
    return is_ok;
}

static void send_text(void *socket, const char *text, int flags)
{
    (void)zmq_send(socket, text, strlen(text), flags);
}

static void answer(struct zap *zap, const struct request *request)
{
    char key[ASG_BUS_KEY_SIZE] = "";
    bool is_curve = request->count >= 7 && strcmp(request->frames[5], "CURVE") == 0 &&
                    request->lengths[6] == 32;
    if (is_curve) (void)zmq_z85_encode(key, (const uint8_t *)request->frames[6], 32);
    bool is_ok = is_curve && is_allowed(zap, request->frames[2], key);
    if (!is_ok) (void)atomic_fetch_add(&zap->refused, 1);
    send_text(zap->socket, "1.0", ZMQ_SNDMORE);
    (void)zmq_send(zap->socket, request->frames[1], request->lengths[1], ZMQ_SNDMORE);
    /* 300 and not 400: a peer that is refused may try again, for its key may be allowed
       meanwhile; after a 400 libzmq never would. */
    send_text(zap->socket, is_ok ? "200" : "300", ZMQ_SNDMORE);
    send_text(zap->socket, is_ok ? "OK" : "this key is not allowed here", ZMQ_SNDMORE);
    send_text(zap->socket, key, ZMQ_SNDMORE);
    send_text(zap->socket, "", 0);
}

static void *run(void *context)
{
    struct zap *zap = context;
    while (!atomic_load(&zap->is_stopping)) {
        struct request request;
        if (receive_request(zap->socket, &request))
            answer(zap, &request);
        else if (zmq_errno() == ETERM)
            break;
    }
    (void)zmq_close(zap->socket);
    return NULL;
}

enum asg_status zap_new(void *context, struct zap **ret, struct asg_error *error)
{
    struct zap *zap = asg_alloc(1, sizeof *zap);
    zap->socket = zmq_socket(context, ZMQ_REP);
    int timeout_ms = POLL_MS;
    int linger_ms = 0;
    bool is_up =
        zap->socket != NULL &&
        zmq_setsockopt(zap->socket, ZMQ_RCVTIMEO, &timeout_ms, sizeof timeout_ms) == 0 &&
        zmq_setsockopt(zap->socket, ZMQ_LINGER, &linger_ms, sizeof linger_ms) == 0 &&
        zmq_bind(zap->socket, "inproc://zeromq.zap.01") == 0;
    (void)pthread_mutex_init(&zap->lock, NULL);
    atomic_init(&zap->is_stopping, false);
    atomic_init(&zap->refused, 0);
    if (!is_up || pthread_create(&zap->thread, NULL, run, zap) != 0) {
        int code = zmq_errno();
        if (zap->socket != NULL) (void)zmq_close(zap->socket);
        free(zap);
        return asg_fail(error, ASG_ERR_IO, "cannot start the ZAP handler: %s",
                        zmq_strerror(code));
    }
    *ret = zap;
    return ASG_OK;
}

void zap_destroy(struct zap **zap)
{
    if (*zap == NULL) return;
    atomic_store(&(*zap)->is_stopping, true);
    (void)pthread_join((*zap)->thread, NULL);
    (void)pthread_mutex_destroy(&(*zap)->lock);
    free(*zap);
    *zap = NULL;
}

void zap_set_domain(struct zap *zap, const char *domain, struct asg_allow_list *list)
{
    if (zap == NULL) return; /* ended: the enforced domain refuses everyone */
    (void)pthread_mutex_lock(&zap->lock);
    struct domain *row = zap->domains;
    while (row < zap->domains + zap->domain_count && strcmp(row->name, domain) != 0) {
        row++;
    }
    if (row < zap->domains + DOMAINS_MAX) {
        if (row == zap->domains + zap->domain_count) zap->domain_count++;
        (void)snprintf(row->name, sizeof row->name, "%s", domain);
        row->list = list;
    }
    (void)pthread_mutex_unlock(&zap->lock);
}

uint64_t zap_refused_count(struct zap *zap)
{
    return atomic_load(&zap->refused);
}
