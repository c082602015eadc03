#include "controller/snapshot_thread.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/arena.h"

#define NICER 10

struct asg_snapshot_thread {
    char *path;
    uint64_t seq;
    pthread_t thread;
    atomic_bool is_stopping;
    atomic_bool is_done; /* the rest is the thread's until then */
    enum asg_status status;
    struct asg_error error;
    struct asg_made_snapshot made;
};

static void *run(void *context)
{
    struct asg_snapshot_thread *self = context;
    /* Linux has a niceness for each thread; where it is refused nothing is lost. */
    id_t id = (id_t)gettid();
    (void)setpriority(PRIO_PROCESS, id, getpriority(PRIO_PROCESS, id) + NICER);
    const struct asg_log_options options = {.path = self->path, .is_read_only = true};
    struct asg_log *log = NULL;
    self->status = asg_log_open_sqlite(&options, &log, &self->error);
    if (self->status == ASG_OK) {
        self->status = asg_make_snapshot(log, self->seq, &self->is_stopping, &self->made,
                                         &self->error);
        asg_log_close(&log);
    }
    atomic_store(&self->is_done, true);
    return NULL;
}

enum asg_status asg_snapshot_thread_new(const char *path, uint64_t seq,
                                        struct asg_snapshot_thread **ret,
                                        struct asg_error *error)
{
    struct asg_snapshot_thread *self = asg_alloc(1, sizeof *self);
    self->path = strdup(path);
    self->seq = seq;
    atomic_init(&self->is_stopping, false);
    atomic_init(&self->is_done, false);
    if (pthread_create(&self->thread, NULL, run, self) != 0) {
        free(self->path);
        free(self);
        return asg_fail(error, ASG_ERR_IO, "cannot start the thread of the snapshot");
    }
    *ret = self;
    return ASG_OK;
}

bool asg_snapshot_thread_poll(struct asg_snapshot_thread *thread,
                              enum asg_status *ret_status, struct asg_made_snapshot *ret,
                              struct asg_error *error)
{
    assert(ret->state.data == NULL);
    if (!atomic_load(&thread->is_done)) return false;
    *ret_status = thread->status;
    if (error != NULL) *error = thread->error;
    *ret = thread->made;
    thread->made = (struct asg_made_snapshot){0};
    return true;
}

void asg_snapshot_thread_destroy(struct asg_snapshot_thread **thread)
{
    struct asg_snapshot_thread *self = *thread;
    if (self == NULL) return;
    atomic_store(&self->is_stopping, true);
    (void)pthread_join(self->thread, NULL);
    asg_made_snapshot_clear(&self->made);
    free(self->path);
    free(self);
    *thread = NULL;
}
