#include "store/verify_records.h"

#include <inttypes.h>
#include <pthread.h>
#include <string.h>

#define PROGRESS_EVERY 10000
#define HELPER_MIN     20000 /* records below which a second reader is not worth it */
#define OWN_PERCENT    30    /* the caller also checks the pages (bench_log: verify) */

/* What the two threads share. */
struct shared {
    pthread_mutex_t mutex;
    pthread_cond_t moved;
    uint64_t checked; /* records, by both */
    bool is_stopped;
    bool is_helper_done;
};

struct part {
    struct asg_log *log;
    uint64_t from_seq, to_seq; /* inclusive; empty when from_seq > to_seq */
    struct shared *shared;
    const struct asg_verify_walk *walk; /* NULL in the helper: it tells nobody */
    struct asg_checker checker;
    struct asg_log_flaw_found flaw;
    enum asg_status status;
    struct asg_error error;
};

static void stop(struct shared *shared)
{
    (void)pthread_mutex_lock(&shared->mutex);
    shared->is_stopped = true;
    (void)pthread_mutex_unlock(&shared->mutex);
}

/* Tell the world how far both are. False: stop. */
static bool report(const struct part *part, uint64_t checked)
{
    const struct asg_verify_walk *walk = part->walk;
    if (walk == NULL || walk->progress == NULL) return true;
    uint64_t total = walk->log->head.seq - walk->from_seq + 1;
    if (walk->progress(walk->context, checked, total)) return true;
    stop(part->shared);
    return false;
}

static bool advance(const struct part *part)
{
    struct shared *shared = part->shared;
    (void)pthread_mutex_lock(&shared->mutex);
    shared->checked += PROGRESS_EVERY;
    uint64_t checked = shared->checked;
    bool is_stopped = shared->is_stopped;
    (void)pthread_cond_signal(&shared->moved);
    (void)pthread_mutex_unlock(&shared->mutex);
    return !is_stopped && report(part, checked);
}

static void check_part(struct part *part)
{
    struct asg_log_filter filter = {
        .from_seq = part->from_seq, .to_seq = part->to_seq, .is_verified = true};
    struct asg_log_cursor *cursor = NULL;
    part->status = asg_log_cursor_open(part->log, &filter, &cursor, &part->error);
    if (part->status != ASG_OK) return;
    struct asg_record record;
    uint64_t count = 0;
    while ((part->status = asg_log_cursor_next(cursor, &record, &part->error)) ==
           ASG_OK) {
        if (++count % PROGRESS_EVERY != 0 || advance(part)) continue;
        part->status =
            asg_fail(&part->error, ASG_ERR_CLOSED,
                     "stopped after record %" PRIu64 "; so far all is well", record.seq);
        break;
    }
    if (part->status == ASG_ERR_EMPTY) part->status = ASG_OK;
    part->flaw = cursor->flaw;
    part->checker = cursor->checker; /* with its marks */
    cursor->checker = (struct asg_checker){0};
    asg_log_cursor_close(&cursor);
}

static void *run_helper(void *argument)
{
    struct part *part = argument;
    check_part(part);
    (void)pthread_mutex_lock(&part->shared->mutex);
    part->shared->is_helper_done = true;
    (void)pthread_cond_signal(&part->shared->moved);
    (void)pthread_mutex_unlock(&part->shared->mutex);
    return NULL;
}

/* Wait for the helper, telling how far it is. */
static void wait_for_helper(const struct part *own)
{
    struct shared *shared = own->shared;
    (void)pthread_mutex_lock(&shared->mutex);
    uint64_t told = shared->checked;
    while (!shared->is_helper_done) {
        (void)pthread_cond_wait(&shared->moved, &shared->mutex);
        if (shared->checked == told || shared->is_stopped) continue;
        told = shared->checked;
        (void)pthread_mutex_unlock(&shared->mutex);
        (void)report(own, told);
        (void)pthread_mutex_lock(&shared->mutex);
    }
    (void)pthread_mutex_unlock(&shared->mutex);
}

/* Join what the upper part found to the lower one. */
static void merge(struct asg_checker *lower, const struct asg_checker *upper)
{
    lower->next_seq = upper->next_seq;
    lower->epoch = upper->epoch;
    memcpy(lower->chain_hash, upper->chain_hash, sizeof lower->chain_hash);
    lower->record_count += upper->record_count;
    lower->pruned_count += upper->pruned_count;
    if (upper->pruned_last > 0) lower->pruned_last = upper->pruned_last;
    lower->indexed_count += upper->indexed_count;
    lower->indexed_sum += upper->indexed_sum;
    for (size_t i = 0; i < lower->mark_count; i++) {
        for (size_t j = 0; j < upper->mark_count; j++) {
            struct asg_prune_mark *mark = &lower->marks[i];
            const struct asg_prune_mark *other = &upper->marks[j];
            if (strcmp(mark->kind, other->kind) != 0) continue;
            if (other->seen_to_seq > mark->seen_to_seq) {
                mark->seen_to_seq = other->seen_to_seq;
            }
        }
    }
}

/* Both parts; `own` ends up with everything. The pages come second: a record that is
 * named is worth more than a page. */
static enum asg_status check_both(struct part *own, struct part *upper,
                                  struct asg_log_flaw_found *flaw,
                                  struct asg_error *error)
{
    struct asg_log *log = own->log;
    pthread_t helper;
    bool has_helper =
        upper->log != NULL && pthread_create(&helper, NULL, run_helper, upper) == 0;
    if (!has_helper) own->to_seq = log->head.seq;
    check_part(own);
    struct asg_log_flaw_found page_flaw = {0};
    struct asg_error page_error = {""};
    enum asg_status pages = ASG_OK;
    if (own->status == ASG_OK && log->backend->check_pages != NULL) {
        pages = log->backend->check_pages(log, &page_flaw, &page_error);
    }
    if (own->status != ASG_OK) stop(own->shared);
    if (has_helper) {
        wait_for_helper(own);
        (void)pthread_join(helper, NULL);
        if (own->status == ASG_OK) merge(&own->checker, &upper->checker);
    }
    const struct part *bad = own;
    if (has_helper && own->status == ASG_OK) bad = upper;
    if (bad->status != ASG_OK) {
        *flaw = bad->flaw;
        return asg_fail(error, bad->status, "%s", bad->error.text);
    }
    if (pages != ASG_OK) {
        *flaw = page_flaw;
        return asg_fail(error, pages, "%s", page_error.text);
    }
    return ASG_OK;
}

static enum asg_status check_whole(const struct asg_verify_walk *walk,
                                   const struct asg_checker *checker,
                                   struct asg_log_flaw_found *flaw,
                                   struct asg_error *error)
{
    struct asg_log *log = walk->log;
    bool is_some = walk->from_seq <= log->head.seq;
    if (is_some &&
        !asg_checker_finish(checker, log->head.seq, walk->from_seq == 1, flaw)) {
        return asg_fail(error, ASG_ERR_CORRUPT, "%s", flaw->what);
    }
    if (log->backend->check_after == NULL) return ASG_OK;
    return log->backend->check_after(log, checker, flaw, error);
}

enum asg_status asg_verify_records(const struct asg_verify_walk *walk,
                                   struct asg_log_verdict *ret,
                                   struct asg_log_flaw_found *ret_flaw,
                                   struct asg_error *error)
{
    struct asg_log *log = walk->log;
    struct shared shared = {.mutex = PTHREAD_MUTEX_INITIALIZER,
                            .moved = PTHREAD_COND_INITIALIZER};
    struct part own = {.log = log,
                       .from_seq = walk->from_seq,
                       .to_seq = log->head.seq,
                       .shared = &shared,
                       .walk = walk};
    struct part upper = {.to_seq = log->head.seq, .shared = &shared};
    uint64_t count = own.from_seq <= own.to_seq ? own.to_seq - own.from_seq + 1 : 0;
    if (count >= HELPER_MIN && log->backend->second_reader != NULL) {
        upper.log = log->backend->second_reader(log);
        if (upper.log != NULL) upper.log->is_checked = true;
        own.to_seq = own.from_seq + count / 100 * OWN_PERCENT - 1;
        upper.from_seq = own.to_seq + 1;
    }
    enum asg_status status = check_both(&own, &upper, ret_flaw, error);
    if (status == ASG_OK) status = check_whole(walk, &own.checker, ret_flaw, error);

    const struct asg_checker *checker = &own.checker;
    ret->first_seq = checker->record_count > 0 ? walk->from_seq : 0;
    ret->last_seq = checker->record_count > 0 ? checker->next_seq - 1 : 0;
    ret->record_count = checker->record_count;
    ret->pruned_count = checker->pruned_count;
    ret->pruned_last = checker->pruned_last;
    memcpy(ret->chain_hash, checker->chain_hash, sizeof ret->chain_hash);
    asg_checker_clear(&own.checker);
    asg_checker_clear(&upper.checker);
    asg_log_close(&upper.log);
    (void)pthread_cond_destroy(&shared.moved);
    (void)pthread_mutex_destroy(&shared.mutex);
    return status;
}
