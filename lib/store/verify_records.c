#include "store/verify_records.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"

#define PROGRESS_EVERY 10000
#define HELPER_MIN     20000 /* records below which a second reader is not worth it */
#define PARTS_A_JOB    16    /* small, so that nobody waits long for the last one */
#define PART_MIN       5000

/* A range of records that is checked by itself: the record before it is taken at its
 * word, which the part below proves. */
struct part {
    uint64_t from_seq, to_seq; /* inclusive */
    bool is_checked;           /* as far as its first flaw */
    struct asg_checker checker;
    struct asg_log_flaw_found flaw;
    enum asg_status status;
    struct asg_error error;
};

/* What the threads share; the mutex's, but for parts, which are of who took them. */
struct pool {
    pthread_mutex_t mutex;
    pthread_cond_t moved;
    struct part *parts; /* ascending */
    size_t part_count;
    uint64_t last_seq; /* of the whole */
    size_t next_part;  /* the first that nobody took */
    size_t first_bad;  /* nobody needs the parts above; part_count: none is bad */
    int at_work;       /* threads that still check something */
    uint64_t checked;  /* records, by all */
    bool has_pages;    /* they are still to be checked */
    bool is_stopped;
    struct part pages; /* flaw, status and error of them */
};

struct job {
    struct pool *pool;
    struct asg_log *log; /* a reader of its own */
    const struct asg_verify_walk
        *walk; /* of the caller; NULL in helpers: they are silent */
    pthread_t thread;
};

/* Tell the world how far all are. False: stop. */
static bool report(struct job *job, uint64_t checked)
{
    const struct asg_verify_walk *walk = job->walk;
    if (walk == NULL || walk->progress == NULL) return true;
    uint64_t total = walk->log->head.seq - walk->from_seq + 1;
    if (walk->progress(walk->context, checked, total)) return true;
    (void)pthread_mutex_lock(&job->pool->mutex);
    job->pool->is_stopped = true;
    (void)pthread_mutex_unlock(&job->pool->mutex);
    return false;
}

/* False: what is left of the part is of no use any more. */
static bool advance(struct job *job, const struct part *part)
{
    struct pool *pool = job->pool;
    (void)pthread_mutex_lock(&pool->mutex);
    pool->checked += PROGRESS_EVERY;
    uint64_t checked = pool->checked;
    bool goes_on = !pool->is_stopped && part <= &pool->parts[pool->first_bad];
    (void)pthread_cond_signal(&pool->moved);
    (void)pthread_mutex_unlock(&pool->mutex);
    return goes_on && report(job, checked);
}

static void check_part(struct job *job, struct part *part)
{
    /* Without an end: what is missing at the border is told by the record behind it. */
    struct asg_log_filter filter = {
        .from_seq = part->from_seq, .to_seq = job->pool->last_seq, .is_verified = true};
    struct asg_log_cursor *cursor = NULL;
    part->status = asg_log_cursor_open(job->log, &filter, &cursor, &part->error);
    if (part->status != ASG_OK) return;
    struct asg_record record;
    uint64_t left =
        part->from_seq <= part->to_seq ? part->to_seq - part->from_seq + 1 : 0;
    uint64_t count = 0;
    while (left-- > 0) {
        part->status = asg_log_cursor_next(cursor, &record, &part->error);
        if (part->status != ASG_OK) break;
        if (++count % PROGRESS_EVERY != 0 || advance(job, part)) continue;
        part->status =
            asg_fail(&part->error, ASG_ERR_CLOSED,
                     "stopped after record %" PRIu64 "; so far all is well", record.seq);
        break;
    }
    if (part->status == ASG_ERR_EMPTY) part->status = ASG_OK;
    part->is_checked = true;
    part->flaw = cursor->flaw;
    part->checker = cursor->checker; /* with its marks */
    cursor->checker = (struct asg_checker){0};
    asg_log_cursor_close(&cursor);
}

static void check_pages(struct job *job)
{
    struct part *pages = &job->pool->pages;
    const struct asg_log_backend *backend = job->log->backend;
    pages->status = backend->check_pages(job->log, &pages->flaw, &pages->error);
}

/* The next part; NULL when there is none, or when the pages are due instead. */
static struct part *take_part(struct job *job, bool *ret_is_pages)
{
    struct pool *pool = job->pool;
    (void)pthread_mutex_lock(&pool->mutex);
    struct part *part = NULL;
    /* The pages are a third of the work and cannot be shared: a helper begins with them.
     * The caller, who may be alone, comes to them when no record is bad. */
    bool is_caller = job->walk != NULL;
    bool is_at_end = pool->next_part == pool->part_count;
    bool is_clean = pool->first_bad == pool->part_count;
    *ret_is_pages =
        pool->has_pages && !pool->is_stopped && is_clean && (!is_caller || is_at_end);
    if (*ret_is_pages) {
        pool->has_pages = false;
    } else if (pool->next_part < pool->first_bad && !pool->is_stopped) {
        part = &pool->parts[pool->next_part++];
    }
    (void)pthread_mutex_unlock(&pool->mutex);
    return part;
}

static void note_end(struct pool *pool, const struct part *part)
{
    if (part->status == ASG_OK) return;
    size_t index = (size_t)(part - pool->parts);
    (void)pthread_mutex_lock(&pool->mutex);
    if (index < pool->first_bad) pool->first_bad = index;
    (void)pthread_mutex_unlock(&pool->mutex);
}

/* Begins with `part` when that is not NULL. */
static void work(struct job *job, struct part *part)
{
    if (part != NULL) {
        check_part(job, part);
        note_end(job->pool, part);
    }
    for (;;) {
        bool is_pages = false;
        part = take_part(job, &is_pages);
        if (is_pages) {
            check_pages(job);
        } else if (part != NULL) {
            check_part(job, part);
            note_end(job->pool, part);
        } else {
            return;
        }
    }
}

static void add_at_work(struct pool *pool, int more)
{
    (void)pthread_mutex_lock(&pool->mutex);
    pool->at_work += more;
    (void)pthread_cond_signal(&pool->moved);
    (void)pthread_mutex_unlock(&pool->mutex);
}

/* All that a helper reads is of one state of the file, as what the caller reads is. */
static void *run_helper(void *argument)
{
    struct job *job = argument;
    const struct asg_log_backend *backend = job->log->backend;
    bool is_held = backend->hold == NULL || backend->hold(job->log, NULL) == ASG_OK;
    bool is_ready = is_held && asg_log_refresh(job->log, NULL) == ASG_OK;
    job->log->is_checked = true; /* the caller asks that itself */
    if (is_ready) work(job, NULL);
    if (is_held && backend->release != NULL) backend->release(job->log);
    add_at_work(job->pool, -1);
    return NULL;
}

/* Wait for the helpers, telling how far they are. */
static void wait_for_helpers(struct job *own)
{
    struct pool *pool = own->pool;
    (void)pthread_mutex_lock(&pool->mutex);
    uint64_t told = pool->checked;
    while (pool->at_work > 0) {
        (void)pthread_cond_wait(&pool->moved, &pool->mutex);
        if (pool->checked == told || pool->is_stopped) continue;
        told = pool->checked;
        (void)pthread_mutex_unlock(&pool->mutex);
        (void)report(own, told);
        (void)pthread_mutex_lock(&pool->mutex);
    }
    (void)pthread_mutex_unlock(&pool->mutex);
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

/* As many threads as the caller wants, or else as there are cores and the records are
 * worth. */
static size_t count_jobs(const struct asg_verify_walk *walk, uint64_t records)
{
    size_t jobs = walk->jobs;
    if (jobs == 0) {
        long cores = sysconf(_SC_NPROCESSORS_ONLN);
        jobs = cores > 1 && records >= HELPER_MIN ? (size_t)cores : 1;
    }
    if (walk->log->backend->second_reader == NULL) jobs = 1;
    return jobs < ASG_LOG_JOBS_MAX ? jobs : ASG_LOG_JOBS_MAX;
}

static void cut_parts(struct pool *pool, const struct asg_verify_walk *walk,
                      uint64_t records, size_t jobs)
{
    uint64_t size = records / (jobs * PARTS_A_JOB) + 1;
    if (walk->jobs == 0 && size < PART_MIN) size = PART_MIN;
    if (jobs == 1) size = records > 0 ? records : 1;
    pool->part_count = records == 0 ? 1 : (size_t)((records + size - 1) / size);
    pool->parts = asg_alloc(pool->part_count, sizeof *pool->parts);
    uint64_t from = walk->from_seq;
    uint64_t last = walk->log->head.seq;
    for (size_t i = 0; i < pool->part_count; i++) {
        pool->parts[i].from_seq = from;
        pool->parts[i].to_seq = from + size - 1 < last ? from + size - 1 : last;
        from += size;
    }
    pool->last_seq = last;
    pool->first_bad = pool->part_count;
    pool->has_pages = walk->log->backend->check_pages != NULL;
}

/* Readers of their own; as many as can be had. */
static size_t start_helpers(struct pool *pool, struct asg_log *log, struct job *helpers,
                            size_t wanted)
{
    size_t count = 0;
    while (count < wanted) {
        struct job *helper = &helpers[count];
        *helper = (struct job){.pool = pool};
        helper->log = log->backend->second_reader(log);
        if (helper->log == NULL) break;
        add_at_work(pool, 1);
        if (pthread_create(&helper->thread, NULL, run_helper, helper) != 0) {
            add_at_work(pool, -1);
            asg_log_close(&helper->log);
            break;
        }
        count++;
    }
    return count;
}

/* Everything up to the first flaw, as if one thread had read it, in *ret. */
static const struct part *join_parts(struct pool *pool, struct asg_checker *ret)
{
    *ret = pool->parts[0].checker;
    pool->parts[0].checker = (struct asg_checker){0};
    for (size_t i = 0; i < pool->part_count; i++) {
        const struct part *part = &pool->parts[i];
        if (i > 0 && part->is_checked) merge(ret, &part->checker);
        if (part->status != ASG_OK) return part;
    }
    return pool->pages.status != ASG_OK ? &pool->pages : NULL;
}

static enum asg_status check_all(const struct asg_verify_walk *walk, struct pool *pool,
                                 struct asg_checker *ret, struct asg_log_flaw_found *flaw,
                                 struct asg_error *error)
{
    struct asg_log *log = walk->log;
    uint64_t records =
        walk->from_seq <= log->head.seq ? log->head.seq - walk->from_seq + 1 : 0;
    size_t jobs = count_jobs(walk, records);
    cut_parts(pool, walk, records, jobs);
    struct job helpers[ASG_LOG_JOBS_MAX];
    /* The first part is the caller's: its marks are of the state that the walk is of. */
    struct job own = {.pool = pool, .log = log, .walk = walk};
    pool->next_part = 1;
    size_t count = jobs > 1 ? start_helpers(pool, log, helpers, jobs - 1) : 0;
    work(&own, &pool->parts[0]);
    wait_for_helpers(&own);
    work(&own, NULL); /* what a helper that could not begin has left */
    for (size_t i = 0; i < count; i++) {
        (void)pthread_join(helpers[i].thread, NULL);
        asg_log_close(&helpers[i].log);
    }
    const struct part *bad = join_parts(pool, ret);
    if (bad == NULL) return ASG_OK;
    *flaw = bad->flaw;
    return asg_fail(error, bad->status, "%s", bad->error.text);
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
    struct pool pool = {.mutex = PTHREAD_MUTEX_INITIALIZER,
                        .moved = PTHREAD_COND_INITIALIZER};
    struct asg_checker checker = {0};
    enum asg_status status = check_all(walk, &pool, &checker, ret_flaw, error);
    if (status == ASG_OK) status = check_whole(walk, &checker, ret_flaw, error);

    ret->first_seq = checker.record_count > 0 ? walk->from_seq : 0;
    ret->last_seq = checker.record_count > 0 ? checker.next_seq - 1 : 0;
    ret->record_count = checker.record_count;
    ret->pruned_count = checker.pruned_count;
    ret->pruned_last = checker.pruned_last;
    memcpy(ret->chain_hash, checker.chain_hash, sizeof ret->chain_hash);
    asg_checker_clear(&checker);
    for (size_t i = 0; i < pool.part_count; i++) {
        asg_checker_clear(&pool.parts[i].checker);
    }
    free(pool.parts);
    (void)pthread_cond_destroy(&pool.moved);
    (void)pthread_mutex_destroy(&pool.mutex);
    return status;
}
