#include "bus/zap.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zmq.h>

#include "base/accept_limits.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/text_index.h"
#include "bus/keys.h"

#define DOMAINS_MAX 16
#define FRAMES_MAX  8
#define FRAME_BYTES 256
#define POLL_MS     200
#define MILLI       1000
#define HOUR_MS     3600000

static const char not_admitted[] = "key not admitted";
static const char too_often[] = "too many handshakes of this key";

/* How many handshakes a key may make now, in a domain that limits them; only keys that
 * are admitted there have one. */
struct bucket {
    struct bucket *next;
    int64_t milli; /* thousandths of a handshake */
    int64_t at_ms;
    char key[ASG_BUS_KEY_SIZE];
};

struct domain {
    char name[32];
    struct zap_rule rule;
    struct bucket *buckets;
    struct asg_text_index by_key;
};

struct zap {
    void *socket;
    pthread_t thread;
    atomic_bool is_stopping;
    struct refused_table *refused;
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

static bool is_admitted(const struct zap_rule *rule, const char *key)
{
    if (rule->list != NULL) return asg_allow_list_find(rule->list, key, NULL);
    return rule->set != NULL && asg_key_set_has(rule->set, key);
}

static const char *key_of(const void *item)
{
    return ((const struct bucket *)item)->key;
}

static struct bucket *bucket_of(struct domain *domain, const char *key, int64_t full)
{
    struct bucket *bucket = asg_text_index_find(&domain->by_key, key);
    if (bucket != NULL) return bucket;
    bucket = asg_alloc(1, sizeof *bucket);
    (void)snprintf(bucket->key, sizeof bucket->key, "%s", key);
    bucket->milli = full;
    bucket->next = domain->buckets;
    domain->buckets = bucket;
    asg_text_index_add(&domain->by_key, bucket);
    return bucket;
}

static bool takes_one(struct domain *domain, const char *key, int64_t now_ms)
{
    int64_t hour = domain->rule.handshakes_key_hour;
    int64_t burst = domain->rule.handshakes_key_burst;
    if (hour == 0) return true;
    int64_t full = (burst > 0 ? burst : 1) * MILLI;
    struct bucket *bucket = bucket_of(domain, key, full);
    /* hour/3,600,000 handshakes a millisecond, in thousandths. */
    int64_t grown = (now_ms - bucket->at_ms) * hour / (HOUR_MS / MILLI);
    if (grown > 0) {
        bucket->milli += grown;
        bucket->at_ms = now_ms;
    }
    if (bucket->milli > full) bucket->milli = full;
    if (bucket->milli < MILLI) return false;
    bucket->milli -= MILLI;
    return true;
}

/* NULL: welcome; or why not. */
static const char *judge(struct zap *zap, const char *domain, const char *key,
                         int64_t now_ms)
{
    const char *why = "no key may connect there";
    (void)pthread_mutex_lock(&zap->lock);
    for (size_t i = 0; i < zap->domain_count; i++) {
        if (strcmp(zap->domains[i].name, domain) != 0) continue;
        why = !is_admitted(&zap->domains[i].rule, key)    ? not_admitted
              : !takes_one(&zap->domains[i], key, now_ms) ? too_often
                                                          : NULL;
    }
    (void)pthread_mutex_unlock(&zap->lock);
    return why;
}

static int64_t now(void)
{
    struct asg_clock clock = asg_clock_real();
    return asg_clock_monotonic_ms(&clock);
}

static void send_text(void *socket, const char *text, int flags)
{
    (void)zmq_send(socket, text, strlen(text), flags);
}

/* A property of each message of the connection: the last accept's number, now that it is
 * open (door.c). In ZMTP's form: length of the name, name, length of the value, value. */
static void send_accept_number(void *socket)
{
    uint8_t bytes[64];
    const size_t name_length = sizeof ZAP_ACCEPT_NUMBER - 1;
    char value[24];
    int length = snprintf(value, sizeof value, "%" PRIu64, asg_accept_last_number());
    assert(1 + name_length + 4 + (size_t)length <= sizeof bytes);
    bytes[0] = (uint8_t)name_length;
    memcpy(bytes + 1, ZAP_ACCEPT_NUMBER, name_length);
    const uint8_t head[4] = {0, 0, 0, (uint8_t)length};
    memcpy(bytes + 1 + name_length, head, sizeof head);
    memcpy(bytes + 1 + name_length + sizeof head, value, (size_t)length);
    (void)zmq_send(socket, bytes, 1 + name_length + sizeof head + (size_t)length, 0);
}

static void answer(struct zap *zap, const struct request *request)
{
    char key[ASG_BUS_KEY_SIZE] = "";
    bool is_curve = request->count >= 7 && strcmp(request->frames[5], "CURVE") == 0 &&
                    request->lengths[6] == 32;
    if (is_curve) (void)zmq_z85_encode(key, (const uint8_t *)request->frames[6], 32);
    const char *why = "no CURVE key";
    int64_t now_ms = now();
    if (is_curve) why = judge(zap, request->frames[2], key, now_ms);
    if (why != NULL) {
        const struct refused_peer peer = {.domain = request->frames[2],
                                          .key = key,
                                          .address = request->frames[3],
                                          .is_admitted = why == too_often};
        refused_table_add(zap->refused, &peer, why, now_ms);
    }
    send_text(zap->socket, "1.0", ZMQ_SNDMORE);
    (void)zmq_send(zap->socket, request->frames[1], request->lengths[1], ZMQ_SNDMORE);
    /* 400 tells the peer that it is its key. Its libzmq gives up then; link.c tries
       again, for the key may be admitted meanwhile. 300 tells nothing and leaves it
       waiting until the handshake's time is over, which is what one that comes too often
       is to do. */
    const char *code = why == NULL ? "200" : why == too_often ? "300" : "400";
    send_text(zap->socket, code, ZMQ_SNDMORE);
    send_text(zap->socket, why == NULL ? "OK" : why, ZMQ_SNDMORE);
    send_text(zap->socket, key, ZMQ_SNDMORE);
    if (why == NULL) {
        send_accept_number(zap->socket);
    } else {
        send_text(zap->socket, "", 0);
    }
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

enum asg_status zap_new(void *context, struct refused_table *refused, struct zap **ret,
                        struct asg_error *error)
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
    zap->refused = refused;
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

static void clear_domain(struct domain *domain)
{
    while (domain->buckets != NULL) {
        struct bucket *bucket = domain->buckets;
        domain->buckets = bucket->next;
        free(bucket);
    }
    asg_text_index_clear(&domain->by_key);
}

void zap_destroy(struct zap **zap)
{
    if (*zap == NULL) return;
    atomic_store(&(*zap)->is_stopping, true);
    (void)pthread_join((*zap)->thread, NULL);
    (void)pthread_mutex_destroy(&(*zap)->lock);
    for (size_t i = 0; i < (*zap)->domain_count; i++)
        clear_domain(&(*zap)->domains[i]);
    free(*zap);
    *zap = NULL;
}

void zap_set_domain(struct zap *zap, const char *domain, const struct zap_rule *rule)
{
    if (zap == NULL) return; /* ended: the enforced domain refuses everyone */
    (void)pthread_mutex_lock(&zap->lock);
    struct domain *row = zap->domains;
    while (row < zap->domains + zap->domain_count && strcmp(row->name, domain) != 0) {
        row++;
    }
    assert(row < zap->domains + DOMAINS_MAX && strlen(domain) < sizeof row->name);
    if (row == zap->domains + zap->domain_count) {
        zap->domain_count++;
        asg_text_index_init(&row->by_key, key_of);
    }
    (void)snprintf(row->name, sizeof row->name, "%s", domain);
    row->rule = *rule;
    (void)pthread_mutex_unlock(&zap->lock);
}
