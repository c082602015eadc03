#include "store/sqlite_checkpoint.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/failpoint.h"

enum state { IDLE, ASKED, DONE };

struct asg_checkpointer {
    sqlite3 *db; /* the thread's, once it runs */
    pthread_t thread;
    pthread_mutex_t mutex; /* of everything below */
    pthread_cond_t moved;
    enum state state;
    bool is_ending;
    struct asg_checkpoint_outcome outcome;
};

void asg_checkpoint_now(sqlite3 *db, struct asg_checkpoint_outcome *ret)
{
    *ret = (struct asg_checkpoint_outcome){.status = ASG_OK};
    ASG_FAILPOINT("log.before_checkpoint");
    int code = sqlite3_wal_checkpoint_v2(db, "main", SQLITE_CHECKPOINT_PASSIVE,
                                         &ret->pages, &ret->copied);
    ASG_FAILPOINT("log.after_checkpoint");
    if (code == SQLITE_OK) return;
    ret->status = asg_sqlite_fail(db, code, &ret->error, "copy the write-ahead log");
}

static void *run(void *argument)
{
    struct asg_checkpointer *self = argument;
    (void)pthread_mutex_lock(&self->mutex);
    for (;;) {
        while (self->state != ASKED && !self->is_ending) {
            (void)pthread_cond_wait(&self->moved, &self->mutex);
        }
        if (self->state != ASKED) break;
        (void)pthread_mutex_unlock(&self->mutex);
        struct asg_checkpoint_outcome outcome;
        asg_checkpoint_now(self->db, &outcome);
        (void)pthread_mutex_lock(&self->mutex);
        self->outcome = outcome;
        self->state = DONE;
        (void)pthread_cond_signal(&self->moved);
    }
    (void)pthread_mutex_unlock(&self->mutex);
    return NULL;
}

enum asg_status asg_checkpointer_new(const char *path, struct asg_checkpointer **ret,
                                     struct asg_error *error)
{
    sqlite3 *db = NULL;
    enum asg_status status = asg_sqlite_open(path, ASG_SQLITE_WRITE, &db, error);
    if (status != ASG_OK) return status;
    struct asg_checkpointer *self = asg_alloc(1, sizeof *self);
    self->db = db;
    (void)pthread_mutex_init(&self->mutex, NULL);
    (void)pthread_cond_init(&self->moved, NULL);
    if (pthread_create(&self->thread, NULL, run, self) != 0) {
        asg_sqlite_close(&self->db);
        free(self);
        return asg_fail(error, ASG_ERR_LIMIT, "the system gives no more threads");
    }
    *ret = self;
    return ASG_OK;
}

void asg_checkpointer_destroy(struct asg_checkpointer **checkpointer)
{
    struct asg_checkpointer *self = *checkpointer;
    if (self == NULL) return;
    (void)pthread_mutex_lock(&self->mutex);
    self->is_ending = true;
    (void)pthread_cond_signal(&self->moved);
    (void)pthread_mutex_unlock(&self->mutex);
    (void)pthread_join(self->thread, NULL);
    asg_sqlite_close(&self->db);
    (void)pthread_cond_destroy(&self->moved);
    (void)pthread_mutex_destroy(&self->mutex);
    free(self);
    *checkpointer = NULL;
}

void asg_checkpointer_start(struct asg_checkpointer *self)
{
    (void)pthread_mutex_lock(&self->mutex);
    assert(self->state == IDLE);
    self->state = ASKED;
    (void)pthread_cond_signal(&self->moved);
    (void)pthread_mutex_unlock(&self->mutex);
}

bool asg_checkpointer_finish(struct asg_checkpointer *self, bool may_wait,
                             struct asg_checkpoint_outcome *ret)
{
    (void)pthread_mutex_lock(&self->mutex);
    assert(self->state != IDLE);
    while (may_wait && self->state != DONE) {
        (void)pthread_cond_wait(&self->moved, &self->mutex);
    }
    bool is_done = self->state == DONE;
    if (is_done) {
        *ret = self->outcome;
        self->state = IDLE;
    }
    (void)pthread_mutex_unlock(&self->mutex);
    return is_done;
}
