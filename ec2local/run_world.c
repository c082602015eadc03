#include "ec2local/run_world.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"

#define STEP_MS     10   /* between two looks at trees that are ending */
#define WAIT_MS_MAX 1000 /* children are reaped at least so often */

struct asg_run_world {
    struct asg_run_world_options options;
    pthread_mutex_t lock; /* of the world, the effects and the flags */
    pthread_cond_t changed;
    pthread_mutex_t boot_lock; /* of the boot's one owner at a time */
    struct asg_world_effects effects;
    int64_t began_wall_ms; /* the world's time is this and what has passed since, so */
    int64_t began_us;      /* that it goes on evenly whatever the wall clock does */
    int64_t now_ms;
    bool is_ending;
    pthread_t thread;
};

static void advance(struct asg_run_world *run)
{
    int64_t passed_us = asg_clock_monotonic_us(&run->options.clock) - run->began_us;
    run->now_ms = run->began_wall_ms + passed_us / 1000;
    asg_world_advance(run->options.world, run->now_ms, &run->effects);
}

struct asg_world *asg_run_world_begin(struct asg_run_world *run, int64_t *ret_now_ms,
                                      struct asg_world_effects **ret_effects)
{
    (void)pthread_mutex_lock(&run->lock);
    advance(run);
    *ret_now_ms = run->now_ms;
    *ret_effects = &run->effects;
    return run->options.world;
}

void asg_run_world_end(struct asg_run_world *run)
{
    (void)pthread_cond_signal(&run->changed);
    (void)pthread_mutex_unlock(&run->lock);
}

void asg_run_world_wake(struct asg_run_world *run)
{
    (void)pthread_mutex_lock(&run->lock);
    (void)pthread_cond_signal(&run->changed);
    (void)pthread_mutex_unlock(&run->lock);
}

/* --- carrying out, without the world's lock --- */

struct task {
    enum asg_world_effect_kind kind;
    struct asg_boot_order order;
};

struct tasks {
    struct task *items;
    size_t count;
};

/* Copy what the effects need, under the lock. */
static struct tasks take_tasks(struct asg_run_world *run)
{
    struct tasks tasks = {.items = asg_alloc(run->effects.count, sizeof *tasks.items)};
    for (size_t i = 0; i < run->effects.count; i++) {
        const struct asg_world_effect *effect = &run->effects.items[i];
        struct task *task = &tasks.items[tasks.count++];
        task->kind = effect->kind;
        memcpy(task->order.id, effect->id, sizeof task->order.id);
        const struct asg_world_instance *instance =
            asg_world_find(run->options.world, effect->id);
        if (effect->kind != ASG_WORLD_BOOT || instance == NULL ||
            run->options.boot == NULL) {
            continue;
        }
        memcpy(task->order.address, instance->address_text, sizeof task->order.address);
        const char *user_data = instance->launch->data.user_data;
        if (user_data != NULL) task->order.user_data = strdup(user_data);
    }
    run->effects.count = 0;
    return tasks;
}

static void tell_ended(void *context, const char *id)
{
    struct asg_run_world *run = context;
    (void)pthread_mutex_lock(&run->lock);
    asg_world_tree_ended(run->options.world, id);
    (void)pthread_mutex_unlock(&run->lock);
}

static void start(struct asg_run_world *run, const struct asg_boot_order *order)
{
    struct asg_error error = {.text = ""};
    if (asg_boot_start(run->options.boot, order, &error) == ASG_OK) return;
    asg_log_warn("run_world", "boot_failed", "instance=%s: %s; it runs without processes",
                 order->id, error.text);
}

static void carry_out(struct asg_run_world *run, struct tasks *tasks)
{
    int64_t now_ms = asg_clock_monotonic_ms(&run->options.clock);
    for (size_t i = 0; i < tasks->count; i++) {
        struct task *task = &tasks->items[i];
        if (run->options.boot == NULL) {
            if (task->kind == ASG_WORLD_KILL) tell_ended(run, task->order.id);
            continue;
        }
        (void)pthread_mutex_lock(&run->boot_lock);
        switch (task->kind) {
        case ASG_WORLD_BOOT: start(run, &task->order); break;
        case ASG_WORLD_KILL:
            asg_boot_end(run->options.boot, task->order.id, now_ms);
            break;
        case ASG_WORLD_FORGET: asg_boot_forget(run->options.boot, task->order.id); break;
        }
        (void)pthread_mutex_unlock(&run->boot_lock);
        free(task->order.user_data);
    }
    free(tasks->items);
}

static bool step_boot(struct asg_run_world *run)
{
    if (run->options.boot == NULL) return false;
    (void)pthread_mutex_lock(&run->boot_lock);
    bool is_more = asg_boot_step(
        run->options.boot, asg_clock_monotonic_ms(&run->options.clock), tell_ended, run);
    (void)pthread_mutex_unlock(&run->boot_lock);
    return is_more;
}

/* --- the thread --- */

/* With the lock held: sleep until something is due, or a request or a child wakes us. */
static void wait_for_change(struct asg_run_world *run, bool is_stepping)
{
    int64_t wait_ms = is_stepping ? STEP_MS : WAIT_MS_MAX;
    int64_t next_ms = asg_world_next_ms(run->options.world);
    if (next_ms <= run->now_ms + wait_ms) wait_ms = next_ms - run->now_ms;
    if (wait_ms < 1) wait_ms = 1;
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += wait_ms / 1000;
    until.tv_nsec += wait_ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    (void)pthread_cond_timedwait(&run->changed, &run->lock, &until);
}

static void *run_thread(void *context)
{
    struct asg_run_world *run = context;
    (void)pthread_mutex_lock(&run->lock);
    while (!run->is_ending) {
        advance(run);
        struct tasks tasks = take_tasks(run);
        (void)pthread_mutex_unlock(&run->lock);
        carry_out(run, &tasks);
        bool is_stepping = step_boot(run);
        (void)pthread_mutex_lock(&run->lock);
        if (run->effects.count == 0 && !run->is_ending) wait_for_change(run, is_stepping);
    }
    (void)pthread_mutex_unlock(&run->lock);
    if (run->options.boot == NULL) return NULL;
    (void)pthread_mutex_lock(&run->boot_lock);
    asg_boot_end_all(run->options.boot, asg_clock_monotonic_ms(&run->options.clock));
    (void)pthread_mutex_unlock(&run->boot_lock);
    while (step_boot(run)) {
        const struct timespec moment = {.tv_nsec = STEP_MS * 1000000L};
        (void)nanosleep(&moment, NULL);
    }
    return NULL;
}

void asg_run_world_new(const struct asg_run_world_options *options,
                       struct asg_run_world **ret)
{
    struct asg_run_world *run = asg_alloc(1, sizeof *run);
    run->options = *options;
    run->began_wall_ms = asg_clock_wall_ms(&options->clock);
    run->began_us = asg_clock_monotonic_us(&options->clock);
    run->now_ms = run->began_wall_ms;
    (void)pthread_mutex_init(&run->lock, NULL);
    (void)pthread_mutex_init(&run->boot_lock, NULL);
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&run->changed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    if (pthread_create(&run->thread, NULL, run_thread, run) != 0) {
        abort(); /* no thread at the very start: the machine is out of everything */
    }
    *ret = run;
}

void asg_run_world_stop(struct asg_run_world *run)
{
    (void)pthread_mutex_lock(&run->lock);
    bool was_running = !run->is_ending;
    run->is_ending = true;
    (void)pthread_cond_signal(&run->changed);
    (void)pthread_mutex_unlock(&run->lock);
    if (was_running) (void)pthread_join(run->thread, NULL);
}

void asg_run_world_destroy(struct asg_run_world **run_at)
{
    struct asg_run_world *run = *run_at;
    if (run == NULL) return;
    asg_run_world_stop(run);
    asg_world_effects_clear(&run->effects);
    (void)pthread_cond_destroy(&run->changed);
    (void)pthread_mutex_destroy(&run->lock);
    (void)pthread_mutex_destroy(&run->boot_lock);
    free(run);
    *run_at = NULL;
}

size_t asg_run_world_signal(struct asg_run_world *run, const char *id, int signal)
{
    if (run->options.boot == NULL) return 0;
    (void)pthread_mutex_lock(&run->boot_lock);
    size_t count = asg_boot_signal(run->options.boot, id, signal);
    (void)pthread_mutex_unlock(&run->boot_lock);
    return count;
}
