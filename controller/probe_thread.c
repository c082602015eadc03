#include "controller/probe_thread.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/arena.h"

#define ROUND_NS 20000000L

struct asg_probe_thread {
    struct asg_prober *prober;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_stopping;
    bool is_woken;
};

static void wake(void *context)
{
    struct asg_probe_thread *self = context;
    (void)pthread_mutex_lock(&self->lock);
    self->is_woken = true;
    (void)pthread_cond_signal(&self->changed);
    (void)pthread_mutex_unlock(&self->lock);
}

static void *run(void *context)
{
    struct asg_probe_thread *self = context;
    (void)pthread_mutex_lock(&self->lock);
    while (!self->is_stopping) {
        self->is_woken = false;
        (void)pthread_mutex_unlock(&self->lock);
        (void)asg_prober_turn(self->prober);
        struct timespec until;
        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += ROUND_NS;
        if (until.tv_nsec >= 1000000000L) {
            until.tv_nsec -= 1000000000L;
            until.tv_sec++;
        }
        (void)pthread_mutex_lock(&self->lock);
        if (!self->is_stopping && !self->is_woken) {
            (void)pthread_cond_timedwait(&self->changed, &self->lock, &until);
        }
    }
    (void)pthread_mutex_unlock(&self->lock);
    return NULL;
}

static void free_thread(struct asg_probe_thread *self)
{
    asg_prober_on_suspect(self->prober, NULL, NULL);
    (void)pthread_mutex_destroy(&self->lock);
    (void)pthread_cond_destroy(&self->changed);
    free(self);
}

enum asg_status asg_probe_thread_new(struct asg_prober *prober,
                                     struct asg_probe_thread **ret,
                                     struct asg_error *error)
{
    struct asg_probe_thread *self = asg_alloc(1, sizeof *self);
    self->prober = prober;
    (void)pthread_mutex_init(&self->lock, NULL);
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&self->changed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    asg_prober_on_suspect(prober, wake, self);
    if (pthread_create(&self->thread, NULL, run, self) != 0) {
        free_thread(self);
        return asg_fail(error, ASG_ERR_IO, "cannot start the prober's thread");
    }
    *ret = self;
    return ASG_OK;
}

void asg_probe_thread_destroy(struct asg_probe_thread **thread)
{
    struct asg_probe_thread *self = *thread;
    if (self == NULL) return;
    (void)pthread_mutex_lock(&self->lock);
    self->is_stopping = true;
    (void)pthread_cond_signal(&self->changed);
    (void)pthread_mutex_unlock(&self->lock);
    (void)pthread_join(self->thread, NULL);
    free_thread(self);
    *thread = NULL;
}
