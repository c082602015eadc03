#include "agent/watch_notices.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "aws/imds.h"
#include "base/log.h"
#include "model/messages.h"
#include "text/yaml_tree.h"
#include "wire/wire.h"

#define KINDS      2
#define ACTION_MAX 31
#define MISSES_MAX 12 /* looks for metadata that is not there: a minute */

struct found {
    bool is_set;
    bool is_unsent;
    int64_t at_ms;
    char action[ACTION_MAX + 1];
};

struct asg_notices {
    struct asg_notices_options options;
    struct asg_imds *imds;
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t stop;
    atomic_bool is_stopping; /* also ends an answer under way */
    struct found found[KINDS];
};

/* What is asked for, and by which names the answers say what and when. */
static const struct {
    enum asg_sign sign;
    const char *path;
    const char *time;
} kinds[KINDS] = {
    {ASG_SIGN_SPOT_INTERRUPTION, "/latest/meta-data/spot/instance-action", "time"},
    {ASG_SIGN_REBALANCE, "/latest/meta-data/events/recommendations/rebalance",
     "noticeTime"},
};

/* {"action": "terminate", "time": "2026-11-24T22:00:00Z"}; the instance is not trusted to
 * give more than it must. */
static bool read_answer(const struct asg_bytes *body, const char *time_name,
                        struct found *ret)
{
    ASG_CLEANUP(asg_arena_clear) struct asg_arena arena = {0};
    struct asg_yaml_node *root = NULL;
    struct asg_error ignored;
    if (asg_yaml_parse("metadata", (const char *)body->data, body->length, 3, &arena,
                       &root, &ignored) != ASG_OK ||
        root->kind != ASG_YAML_MAP) {
        return false;
    }
    struct found found = {.is_set = true, .is_unsent = true};
    for (const struct asg_yaml_node *node = root->first; node != NULL;
         node = node->next) {
        if (node->kind != ASG_YAML_SCALAR) continue;
        if (strcmp(node->key, time_name) == 0) found.at_ms = asg_time_parse(node->text);
        if (strcmp(node->key, "action") == 0 && strlen(node->text) <= ACTION_MAX) {
            memcpy(found.action, node->text, strlen(node->text));
        }
    }
    if (found.at_ms <= 0) return false;
    *ret = found;
    return true;
}

static void look(struct asg_notices *notices, size_t kind)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes body = {0};
    struct asg_error error = {""};
    struct found found = {0};
    /* 404 is the good news; all else is tried again in a moment. */
    if (asg_imds_get(notices->imds, kinds[kind].path, &body, &error) == ASG_OK &&
        !read_answer(&body, kinds[kind].time, &found)) {
        asg_log_warn("agent", "notice_unreadable", "%s, dropping it", kinds[kind].path);
    }
    (void)pthread_mutex_lock(&notices->lock);
    bool is_news = found.is_set && !notices->found[kind].is_set;
    notices->found[kind] = found;
    (void)pthread_mutex_unlock(&notices->lock);
    if (is_news) {
        asg_log_warn("agent", "notice", "EC2 announces %s %s, telling the controller",
                     asg_enum_word(&asg_sign_words, (int)kinds[kind].sign), found.action);
    }
    if (found.is_set) asg_bus_waker_wake(notices->options.waker);
}

/* True until it is known that this is no Spot instance, or nobody there can tell. */
static bool is_wanted(struct asg_notices *notices, bool *is_known, int *misses)
{
    if (notices->options.watch == ASG_NOTICE_WATCH_ON || *is_known) return true;
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes body = {0};
    struct asg_error error = {""};
    enum asg_status status = asg_imds_get(
        notices->imds, "/latest/meta-data/instance-life-cycle", &body, &error);
    if (status != ASG_OK) {
        return asg_status_is_retryable(status) && ++*misses < MISSES_MAX;
    }
    *is_known = strcmp(asg_bytes_text(&body), "spot") == 0;
    return *is_known;
}

/* False: it is time to end. */
static bool rest(struct asg_notices *notices)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += notices->options.interval_ms / 1000;
    until.tv_nsec += notices->options.interval_ms % 1000 * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    (void)pthread_mutex_lock(&notices->lock);
    int reason = 0;
    while (!notices->is_stopping && reason != ETIMEDOUT) {
        reason = pthread_cond_timedwait(&notices->stop, &notices->lock, &until);
    }
    bool goes_on = !notices->is_stopping;
    (void)pthread_mutex_unlock(&notices->lock);
    return goes_on;
}

static void *run(void *context)
{
    struct asg_notices *notices = context;
    bool is_known = false;
    int misses = 0;
    do {
        if (!is_wanted(notices, &is_known, &misses)) return NULL;
        if (!is_known && notices->options.watch != ASG_NOTICE_WATCH_ON) continue;
        for (size_t i = 0; i < KINDS; i++) {
            look(notices, i);
        }
    } while (rest(notices));
    return NULL;
}

enum asg_status asg_notices_new(const struct asg_notices_options *options,
                                struct asg_notices **ret, struct asg_error *error)
{
    *ret = NULL;
    if (options->watch == ASG_NOTICE_WATCH_OFF) return ASG_OK;
    struct asg_notices *notices = asg_alloc(1, sizeof *notices);
    notices->options = *options;
    const char *endpoint = options->metadata_endpoint;
    const struct asg_imds_options imds = {.base_url =
                                              endpoint[0] != '\0' ? endpoint : NULL,
                                          .local_address = options->local_address,
                                          .clock = options->clock,
                                          .is_stopping = &notices->is_stopping};
    enum asg_status status = asg_imds_new(&imds, &notices->imds, error);
    if (status != ASG_OK) {
        free(notices);
        return status;
    }
    (void)pthread_mutex_init(&notices->lock, NULL);
    pthread_condattr_t monotonic;
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&notices->stop, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    if (pthread_create(&notices->thread, NULL, run, notices) != 0) {
        asg_imds_destroy(&notices->imds);
        free(notices);
        return asg_fail(error, ASG_ERR_IO,
                        "cannot start a thread for the notices of the metadata");
    }
    *ret = notices;
    return ASG_OK;
}

void asg_notices_destroy(struct asg_notices **notices)
{
    struct asg_notices *n = *notices;
    if (n == NULL) return;
    (void)pthread_mutex_lock(&n->lock);
    n->is_stopping = true;
    (void)pthread_cond_signal(&n->stop);
    (void)pthread_mutex_unlock(&n->lock);
    (void)pthread_join(n->thread, NULL);
    (void)pthread_cond_destroy(&n->stop);
    (void)pthread_mutex_destroy(&n->lock);
    asg_imds_destroy(&n->imds);
    free(n);
    *notices = NULL;
}

static void note_sent(struct asg_notices *notices, size_t kind, const struct found *sent)
{
    (void)pthread_mutex_lock(&notices->lock);
    /* Unless it was found again meanwhile: that is said again. */
    if (notices->found[kind].at_ms == sent->at_ms) notices->found[kind].is_unsent = false;
    (void)pthread_mutex_unlock(&notices->lock);
}

bool asg_notices_send(struct asg_notices *notices, const struct asg_uplink *uplink)
{
    if (notices == NULL) return true;
    struct found found[KINDS];
    (void)pthread_mutex_lock(&notices->lock);
    memcpy(found, notices->found, sizeof found);
    (void)pthread_mutex_unlock(&notices->lock);
    bool is_all_sent = true;
    for (size_t i = 0; i < KINDS; i++) {
        if (!found[i].is_set || !found[i].is_unsent) continue;
        const struct asg_notice notice = {
            .sign = kinds[i].sign, .at_ms = found[i].at_ms, .detail = found[i].action};
        ASG_CLEANUP(asg_bytes_clear) struct asg_bytes frame = {0};
        asg_wire_encode_message(ASG_MESSAGE_NOTICE, &notice, &frame);
        if (uplink->send(uplink->context, frame.data, frame.length) == ASG_OK)
            note_sent(notices, i, &found[i]);
        else
            is_all_sent = false;
    }
    return is_all_sent;
}
