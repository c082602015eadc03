#include "store/read_ahead.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/arena.h"
#include "store/log_backend.h"

#define BLOCKS        4
#define BLOCK_RECORDS 512
#define BLOCK_BYTES   262144 /* of payloads; full with the record that passes it */

/* Records with everything they point to; filled by the thread, then read by the owner. */
struct block {
    struct asg_record records[BLOCK_RECORDS];
    bool is_content[BLOCK_RECORDS]; /* their payloads are what their hashes say */
    size_t count;
    struct asg_arena arena;
    enum asg_status end; /* after the records: ASG_OK means that more blocks follow */
    struct asg_error error;
    struct asg_log_flaw_found flaw;
};

struct asg_read_ahead {
    struct asg_log *reader;
    struct asg_log_cursor *cursor; /* the thread's */
    bool hashes;
    pthread_t thread;
    struct block blocks[BLOCKS];
    size_t at; /* the owner's next record in its block */
    pthread_mutex_t mutex;
    pthread_cond_t moved;
    uint64_t filled; /* blocks, by the thread; the mutex's, as are those below */
    uint64_t taken;  /* blocks that the owner is done with */
    bool is_stopped;
};

static void fill(struct asg_read_ahead *ahead, struct block *block)
{
    block->count = 0;
    block->end = ASG_OK;
    block->error.text[0] = '\0';
    asg_arena_reset(&block->arena);
    ahead->cursor->keeper = &block->arena;
    size_t bytes = 0;
    while (block->count < BLOCK_RECORDS && bytes < BLOCK_BYTES) {
        struct asg_record *record = &block->records[block->count];
        block->end = asg_log_cursor_next(ahead->cursor, record, &block->error);
        if (block->end != ASG_OK) break;
        block->is_content[block->count++] =
            ahead->hashes && asg_checker_is_content(&ahead->reader->chain, record);
        bytes += record->payload_length;
    }
    if (block->end == ASG_ERR_CORRUPT) block->flaw = ahead->cursor->flaw;
}

/* False: stopped. */
static bool wait_for_room(struct asg_read_ahead *ahead)
{
    (void)pthread_mutex_lock(&ahead->mutex);
    while (ahead->filled - ahead->taken == BLOCKS && !ahead->is_stopped) {
        (void)pthread_cond_wait(&ahead->moved, &ahead->mutex);
    }
    bool goes_on = !ahead->is_stopped;
    (void)pthread_mutex_unlock(&ahead->mutex);
    return goes_on;
}

static void *run(void *argument)
{
    struct asg_read_ahead *ahead = argument;
    for (uint64_t number = 0; wait_for_room(ahead); number++) {
        struct block *block = &ahead->blocks[number % BLOCKS];
        fill(ahead, block);
        enum asg_status end = block->end; /* once handed over it is the owner's */
        (void)pthread_mutex_lock(&ahead->mutex);
        ahead->filled++;
        (void)pthread_cond_signal(&ahead->moved);
        (void)pthread_mutex_unlock(&ahead->mutex);
        if (end != ASG_OK) break;
    }
    return NULL;
}

enum asg_status asg_read_ahead_new(struct asg_log *reader,
                                   const struct asg_log_filter *filter, bool hashes,
                                   struct asg_read_ahead **ret, struct asg_error *error)
{
    struct asg_read_ahead *ahead = asg_alloc(1, sizeof *ahead);
    ahead->reader = reader;
    ahead->hashes = hashes;
    enum asg_status status =
        asg_log_cursor_open(ahead->reader, filter, &ahead->cursor, error);
    (void)pthread_mutex_init(&ahead->mutex, NULL);
    (void)pthread_cond_init(&ahead->moved, NULL);
    if (status == ASG_OK && pthread_create(&ahead->thread, NULL, run, ahead) != 0) {
        status = asg_fail(error, ASG_ERR_LIMIT, "the system gives no more threads");
    }
    if (status != ASG_OK) {
        asg_log_cursor_close(&ahead->cursor);
        asg_log_close(&ahead->reader);
        free(ahead);
        return status;
    }
    *ret = ahead;
    return ASG_OK;
}

void asg_read_ahead_destroy(struct asg_read_ahead **to_end)
{
    struct asg_read_ahead *ahead = *to_end;
    if (ahead == NULL) return;
    (void)pthread_mutex_lock(&ahead->mutex);
    ahead->is_stopped = true;
    (void)pthread_cond_signal(&ahead->moved);
    (void)pthread_mutex_unlock(&ahead->mutex);
    (void)pthread_join(ahead->thread, NULL);
    asg_log_cursor_close(&ahead->cursor);
    asg_log_close(&ahead->reader);
    for (size_t i = 0; i < BLOCKS; i++) {
        asg_arena_clear(&ahead->blocks[i].arena);
    }
    (void)pthread_cond_destroy(&ahead->moved);
    (void)pthread_mutex_destroy(&ahead->mutex);
    free(ahead);
    *to_end = NULL;
}

/* The block that is read now, once it is filled. */
static struct block *current(struct asg_read_ahead *ahead)
{
    (void)pthread_mutex_lock(&ahead->mutex);
    while (ahead->filled == ahead->taken) {
        (void)pthread_cond_wait(&ahead->moved, &ahead->mutex);
    }
    struct block *block = &ahead->blocks[ahead->taken % BLOCKS];
    (void)pthread_mutex_unlock(&ahead->mutex);
    return block;
}

enum asg_status asg_read_ahead_next(struct asg_read_ahead *ahead, struct asg_record *ret,
                                    bool *ret_is_content, struct asg_log_flaw_found *flaw,
                                    struct asg_error *error)
{
    for (;;) {
        /* `taken` is written by this thread only. */
        struct block *block =
            ahead->at == 0 ? current(ahead) : &ahead->blocks[ahead->taken % BLOCKS];
        if (ahead->at < block->count) {
            *ret_is_content = block->is_content[ahead->at];
            *ret = block->records[ahead->at++];
            return ASG_OK;
        }
        if (block->end == ASG_ERR_CORRUPT) *flaw = block->flaw;
        if (block->end == ASG_ERR_EMPTY) return ASG_ERR_EMPTY;
        if (block->end != ASG_OK)
            return asg_fail(error, block->end, "%s", block->error.text);
        (void)pthread_mutex_lock(&ahead->mutex);
        ahead->taken++;
        ahead->at = 0;
        (void)pthread_cond_signal(&ahead->moved);
        (void)pthread_mutex_unlock(&ahead->mutex);
    }
}
