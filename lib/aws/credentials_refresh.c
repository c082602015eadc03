#include "aws/credentials_refresh.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "crypto/crypto.h"

/* The wall clock may be set and a host may sleep: look at it now and then. */
#define LOOK_AGAIN_MS 30000

struct asg_credentials_refresher {
    struct asg_credentials_refresher_options options;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* for the thread inside and for those who wait */
    bool is_stopping;
    /* All below is under the lock. */
    struct asg_credentials present; /* empty until the first success */
    uint64_t version;
    int64_t refresh_at_ms;   /* wall: begin to ask; INT64_MAX: no need */
    int64_t mandatory_at_ms; /* wall: callers wait for a refresh */
    int64_t retry_at_ms;     /* monotonic: not before, after a failure */
    int64_t renewed_at_ms;   /* monotonic: of the last renewal that AWS asked for */
    int64_t retry_pause_ms;
    bool is_wanted; /* somebody asks for a try now */
    bool is_trying;
    bool is_refused; /* AWS does not take the present set */
    bool has_failed; /* the last try failed */
    enum asg_status status;
    struct asg_error error;
    uint64_t random;
    void (*wake)(void *context);
    void *wake_context;
};

static int64_t wall_ms(const struct asg_credentials_refresher *refresher)
{
    return asg_clock_wall_ms(&refresher->options.clock);
}

static int64_t monotonic_ms(const struct asg_credentials_refresher *refresher)
{
    return asg_clock_monotonic_ms(&refresher->options.clock);
}

/* From 0 up to `limit`; xorshift: spread, not secrecy. */
static int64_t chance_up_to(struct asg_credentials_refresher *refresher, int64_t limit)
{
    refresher->random ^= refresher->random << 13;
    refresher->random ^= refresher->random >> 7;
    refresher->random ^= refresher->random << 17;
    return limit <= 0 ? 0 : (int64_t)(refresher->random % (uint64_t)limit);
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* A new set came: when to ask for the next one. */
static void plan(struct asg_credentials_refresher *refresher, int64_t now_ms)
{
    int64_t end_ms = refresher->present.expires_at_ms;
    refresher->refresh_at_ms = INT64_MAX;
    refresher->mandatory_at_ms = INT64_MAX;
    if (end_ms == 0) return;
    int64_t left_ms = end_ms - now_ms;
    int64_t advisory_ms = smaller(ASG_CREDENTIALS_ADVISORY_MS, left_ms / 2);
    refresher->refresh_at_ms =
        end_ms - advisory_ms - chance_up_to(refresher, advisory_ms / 4);
    refresher->mandatory_at_ms =
        end_ms - smaller(ASG_CREDENTIALS_MANDATORY_MS, left_ms / 3);
}

static bool has_set(const struct asg_credentials_refresher *refresher)
{
    return refresher->version > 0;
}

static bool is_over(const struct asg_credentials_refresher *refresher, int64_t now_ms)
{
    return !has_set(refresher) || (refresher->present.expires_at_ms != 0 &&
                                   now_ms >= refresher->present.expires_at_ms);
}

/* Is a try due, by the clock or by somebody's wish? */
static bool is_due(const struct asg_credentials_refresher *refresher)
{
    if (refresher->is_wanted) return true;
    bool is_time = !has_set(refresher) || wall_ms(refresher) >= refresher->refresh_at_ms;
    return is_time && monotonic_ms(refresher) >= refresher->retry_at_ms;
}

static void take_success(struct asg_credentials_refresher *refresher,
                         struct asg_credentials *fresh)
{
    asg_credentials_clear(&refresher->present);
    refresher->present = *fresh;
    *fresh = (struct asg_credentials){0};
    refresher->version++;
    refresher->is_refused = false;
    refresher->has_failed = false;
    refresher->retry_pause_ms = ASG_CREDENTIALS_RETRY_MS_MIN;
    /* A source that gives sets which are at their end is not asked without a pause. */
    refresher->retry_at_ms = monotonic_ms(refresher) + ASG_CREDENTIALS_RETRY_MS_MIN;
    plan(refresher, wall_ms(refresher));
}

static int64_t take_failure(struct asg_credentials_refresher *refresher)
{
    int64_t pause_ms = refresher->retry_pause_ms / 2 +
                       chance_up_to(refresher, refresher->retry_pause_ms / 2 + 1);
    refresher->has_failed = true;
    refresher->is_refused = false;
    refresher->retry_at_ms = monotonic_ms(refresher) + pause_ms;
    refresher->retry_pause_ms =
        smaller(2 * refresher->retry_pause_ms, ASG_CREDENTIALS_RETRY_MS_MAX);
    return pause_ms;
}

/* One try, begun and ended with the lock held. */
static void try_once(struct asg_credentials_refresher *refresher)
{
    refresher->is_wanted = false;
    refresher->is_trying = true;
    (void)pthread_mutex_unlock(&refresher->lock);
    struct asg_credentials fresh = {0};
    struct asg_error error = {""};
    const struct asg_credentials_provider *provider = &refresher->options.provider;
    enum asg_status status = provider->fetch(provider->context, &fresh, &error);
    (void)pthread_mutex_lock(&refresher->lock);

    struct asg_credentials_news news = {
        .status = status, .error = error.text, .source = "", .access_key_id = ""};
    if (status == ASG_OK) {
        take_success(refresher, &fresh);
        news.source = refresher->present.source;
        news.access_key_id = refresher->present.access_key_id;
        news.is_stale = refresher->present.is_stale;
    } else {
        news.retry_in_ms = take_failure(refresher);
    }
    asg_credentials_clear(&fresh);
    refresher->status = status;
    refresher->error = error;
    news.expires_at_ms = refresher->present.expires_at_ms;
    refresher->is_trying = false;
    (void)pthread_cond_broadcast(&refresher->changed);
    if (refresher->wake != NULL) refresher->wake(refresher->wake_context);
    if (refresher->options.tell != NULL && !refresher->is_stopping) {
        refresher->options.tell(refresher->options.context, &news);
    }
}

static void wait_at_most(struct asg_credentials_refresher *refresher, int64_t wait_ms)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(wait_ms / 1000);
    until.tv_nsec += (long)(wait_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    (void)pthread_cond_timedwait(&refresher->changed, &refresher->lock, &until);
}

static int64_t wait_for_next_ms(const struct asg_credentials_refresher *refresher)
{
    int64_t wait_ms = refresher->retry_at_ms - monotonic_ms(refresher);
    if (has_set(refresher)) {
        int64_t to_refresh_ms = refresher->refresh_at_ms == INT64_MAX
                                    ? LOOK_AGAIN_MS
                                    : refresher->refresh_at_ms - wall_ms(refresher);
        if (to_refresh_ms > wait_ms) wait_ms = to_refresh_ms;
    }
    if (wait_ms < 1) wait_ms = 1;
    return smaller(wait_ms, LOOK_AGAIN_MS);
}

static void *run(void *context)
{
    struct asg_credentials_refresher *refresher = context;
    (void)pthread_mutex_lock(&refresher->lock);
    while (!refresher->is_stopping) {
        if (is_due(refresher)) {
            try_once(refresher);
        } else {
            wait_at_most(refresher, wait_for_next_ms(refresher));
        }
    }
    (void)pthread_mutex_unlock(&refresher->lock);
    return NULL;
}

enum asg_status asg_credentials_refresher_new(
    const struct asg_credentials_refresher_options *options,
    struct asg_credentials_refresher **ret, struct asg_error *error)
{
    struct asg_credentials_refresher *refresher = asg_alloc(1, sizeof *refresher);
    refresher->options = *options;
    refresher->retry_pause_ms = ASG_CREDENTIALS_RETRY_MS_MIN;
    refresher->retry_at_ms = INT64_MIN / 2;
    refresher->renewed_at_ms = INT64_MIN / 2;
    refresher->is_wanted = true;
    refresher->random = options->seed;
    while (refresher->random == 0) {
        asg_random_bytes(&refresher->random, sizeof refresher->random);
    }
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&refresher->changed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    (void)pthread_mutex_init(&refresher->lock, NULL);

    /* Signals are the program's: none is delivered to this thread. */
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&refresher->thread, NULL, run, refresher);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed != 0) {
        (void)pthread_cond_destroy(&refresher->changed);
        (void)pthread_mutex_destroy(&refresher->lock);
        free(refresher);
        return asg_fail(error, ASG_ERR_NOMEM,
                        "cannot start a thread for the refresh of credentials: %s",
                        strerror(failed));
    }
    *ret = refresher;
    return ASG_OK;
}

void asg_credentials_refresher_destroy(struct asg_credentials_refresher **refresher)
{
    struct asg_credentials_refresher *gone = *refresher;
    if (gone == NULL) return;
    (void)pthread_mutex_lock(&gone->lock);
    gone->is_stopping = true;
    (void)pthread_cond_broadcast(&gone->changed);
    (void)pthread_mutex_unlock(&gone->lock);
    (void)pthread_join(gone->thread, NULL);
    (void)pthread_cond_destroy(&gone->changed);
    (void)pthread_mutex_destroy(&gone->lock);
    asg_credentials_clear(&gone->present);
    free(gone);
    *refresher = NULL;
}

/* What take answers, with the lock held. */
static enum asg_status look(struct asg_credentials_refresher *refresher)
{
    int64_t now_ms = wall_ms(refresher);
    if (!refresher->is_trying && is_due(refresher)) {
        refresher->is_wanted = true;
        (void)pthread_cond_broadcast(&refresher->changed);
    }
    bool is_pending = refresher->is_trying || refresher->is_wanted;
    if (is_over(refresher, now_ms)) {
        /* After a success another try comes by itself, if only after a pause. */
        return is_pending || !refresher->has_failed ? ASG_ERR_BUSY : refresher->status;
    }
    bool must_wait = refresher->is_refused ||
                     (now_ms >= refresher->mandatory_at_ms && !refresher->has_failed);
    return is_pending && must_wait ? ASG_ERR_BUSY : ASG_OK;
}

/* With the lock held. */
static enum asg_status take(struct asg_credentials_refresher *refresher,
                            struct asg_credentials *ret, uint64_t *version,
                            struct asg_error *error)
{
    enum asg_status status = look(refresher);
    if (status == ASG_OK && *version != refresher->version) {
        asg_credentials_copy(ret, &refresher->present);
        *version = refresher->version;
    }
    if (status == ASG_ERR_BUSY) {
        return asg_fail(error, status, "credentials are being fetched");
    }
    if (status != ASG_OK && error != NULL) *error = refresher->error;
    return status;
}

enum asg_status asg_credentials_refresher_take(
    struct asg_credentials_refresher *refresher, struct asg_credentials *ret,
    uint64_t *version, struct asg_error *error)
{
    (void)pthread_mutex_lock(&refresher->lock);
    enum asg_status status = take(refresher, ret, version, error);
    (void)pthread_mutex_unlock(&refresher->lock);
    return status;
}

static int64_t real_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

enum asg_status asg_credentials_refresher_wait(
    struct asg_credentials_refresher *refresher, int64_t timeout_ms,
    struct asg_credentials *ret, uint64_t *version, struct asg_error *error)
{
    int64_t until_ms = real_ms() + timeout_ms;
    (void)pthread_mutex_lock(&refresher->lock);
    enum asg_status status = take(refresher, ret, version, error);
    while (asg_status_is_retryable(status)) {
        int64_t left_ms = until_ms - real_ms();
        if (left_ms <= 0 && status != ASG_ERR_BUSY) break;
        if (left_ms <= 0) {
            status = asg_fail(error, ASG_ERR_TIMEOUT,
                              "no credentials within %lld ms: the source does not answer",
                              (long long)timeout_ms);
            break;
        }
        wait_at_most(refresher, left_ms);
        status = take(refresher, ret, version, error);
    }
    (void)pthread_mutex_unlock(&refresher->lock);
    return status;
}

bool asg_credentials_refresher_renew(struct asg_credentials_refresher *refresher,
                                     uint64_t version)
{
    (void)pthread_mutex_lock(&refresher->lock);
    bool is_worth_it = refresher->version != version || refresher->is_refused;
    int64_t now_ms = monotonic_ms(refresher);
    if (!is_worth_it &&
        now_ms - refresher->renewed_at_ms >= ASG_CREDENTIALS_RENEW_PAUSE_MS) {
        refresher->renewed_at_ms = now_ms;
        refresher->is_refused = true;
        refresher->is_wanted = true;
        is_worth_it = true;
        (void)pthread_cond_broadcast(&refresher->changed);
    }
    (void)pthread_mutex_unlock(&refresher->lock);
    return is_worth_it;
}

void asg_credentials_refresher_listen(struct asg_credentials_refresher *refresher,
                                      void (*wake)(void *context), void *context)
{
    (void)pthread_mutex_lock(&refresher->lock);
    refresher->wake = wake;
    refresher->wake_context = context;
    (void)pthread_mutex_unlock(&refresher->lock);
}
