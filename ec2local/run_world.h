/* run_world - lets time pass in the model and carries out what comes of it.
 *
 * One thread of its own: it advances the world, starts and ends process trees, and waits
 * for the next change or the next request. Requests borrow the world between begin and
 * end; they never wait for a boot.
 *
 * Threads: begin, end and the questions from any thread.
 */
#ifndef ASG_EC2LOCAL_RUN_WORLD_H
#define ASG_EC2LOCAL_RUN_WORLD_H

#include "base/clock.h"
#include "ec2local/boot.h"
#include "ec2local/model.h"

struct asg_run_world;

struct asg_run_world_options {
    struct asg_world *world; /* lent */
    struct asg_boot *boot;   /* lent; NULL: instances have no processes */
    struct asg_clock clock;
};

void asg_run_world_new(const struct asg_run_world_options *options,
                       struct asg_run_world **ret);
/* End all process trees (SIGTERM, then SIGKILL after the grace), then the thread. Blocks
 * until they are gone. Requests may still come; nothing they want happens any more. */
void asg_run_world_stop(struct asg_run_world *run);
/* Stops it first when it runs. No request may be under way. */
void asg_run_world_destroy(struct asg_run_world **run);

/* Borrow the world, brought up to now. *ret_now_ms: the time to give to the model,
 * *ret_effects: where requests put theirs. */
struct asg_world *asg_run_world_begin(struct asg_run_world *run, int64_t *ret_now_ms,
                                      struct asg_world_effects **ret_effects);
/* Give it back; the effects are carried out on the thread. */
void asg_run_world_end(struct asg_run_world *run);

/* A child has ended: look at the processes soon. Safe from any thread. */
void asg_run_world_wake(struct asg_run_world *run);

/* Send a signal to the tree of an instance. Returns how many processes got it. */
size_t asg_run_world_signal(struct asg_run_world *run, const char *id, int signal);

#endif
