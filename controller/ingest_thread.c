#include "controller/ingest_thread.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/arena.h"

#define SLEEP_NS 1000000L
#define IDLE_MS  100

struct asg_ingest_thread {
    struct asg_ingest *ingest;
    struct asg_bus_inlet *inlet;
    pthread_t thread;
    atomic_bool is_stopping;
};

static void *run(void *context)
{
    struct asg_ingest_thread *self = context;
    while (!atomic_load(&self->is_stopping)) {
        int64_t wait_ms = 0;
        if (asg_ingest_turn(self->ingest, &wait_ms) > 0) { /* more will come: let it */
            const struct timespec pause = {.tv_nsec = SLEEP_NS};
            (void)nanosleep(&pause, NULL);
            continue;
        }
        struct asg_bus_poll_item item = {.inlet = self->inlet};
        (void)asg_bus_poll(&item, 1, wait_ms < IDLE_MS ? wait_ms : IDLE_MS);
    }
    return NULL;
}

enum asg_status asg_ingest_thread_new(struct asg_ingest *ingest,
                                      struct asg_bus_inlet *inlet,
                                      struct asg_ingest_thread **ret,
                                      struct asg_error *error)
{
    struct asg_ingest_thread *self = asg_alloc(1, sizeof *self);
    self->ingest = ingest;
    self->inlet = inlet;
    atomic_init(&self->is_stopping, false);
    if (pthread_create(&self->thread, NULL, run, self) != 0) {
        free(self);
        return asg_fail(error, ASG_ERR_IO, "cannot start the ingest thread");
    }
    *ret = self;
    return ASG_OK;
}

void asg_ingest_thread_destroy(struct asg_ingest_thread **thread)
{
    struct asg_ingest_thread *self = *thread;
    if (self == NULL) return;
    atomic_store(&self->is_stopping, true);
    (void)pthread_join(self->thread, NULL);
    free(self);
    *thread = NULL;
}
