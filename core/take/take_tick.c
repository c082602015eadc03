#include "core/take/take_tick.h"

#include <assert.h>
#include <stdlib.h>

#include "core/world/state.h"
#include "core/take/try_again.h"
#include "core/want/run_schedules.h"

static int by_number(const void *a, const void *b)
{
    uint32_t x = (*(struct group *const *)a)->no;
    uint32_t y = (*(struct group *const *)b)->no;
    return (x > y) - (x < y);
}

static int by_id(const void *a, const void *b)
{
    uint64_t x = (*(struct job *const *)a)->plan.id;
    uint64_t y = (*(struct job *const *)b)->plan.id;
    return (x > y) - (x < y);
}

/* All that are due leave the heap; each gets its next deadline when it is settled. */
void asg_take_due_groups(struct asg_core *core)
{
    struct group **due = NULL;
    size_t count = 0;
    size_t capacity = 0;
    while (asg_due_heap_first_ms(&core->dues) <= core->now_ms) {
        struct asg_due *first = asg_due_heap_first(&core->dues);
        asg_due_heap_remove(&core->dues, first);
        *(struct group **)asg_arena_push(&core->step->effects->arena, (void **)&due,
                                         &count, &capacity, sizeof(struct group *)) =
            ASG_OWNER_OF(first, struct group, due);
    }
    if (count > 1) qsort(due, count, sizeof(struct group *), by_number);
    for (size_t i = 0; i < count; i++) {
        assert(due[i]->due.place == 0); /* it gets its next deadline when it is settled */
        asg_group_mark_dirty(core, due[i]);
        asg_want_run_schedules(core, due[i]);
    }
}

void asg_take_waiting_schedules(struct asg_core *core)
{
    assert(core->step != NULL);
    for (size_t g = 0; g < core->group_count; g++) {
        asg_want_run_schedules(core, core->groups[g]);
    }
}

static void retry_jobs(struct asg_core *core)
{
    struct job **due = NULL;
    size_t count = 0;
    size_t capacity = 0;
    while (asg_due_heap_first_ms(&core->retries) <= core->now_ms) {
        struct asg_due *first = asg_due_heap_first(&core->retries);
        asg_due_heap_remove(&core->retries, first);
        *(struct job **)asg_arena_push(&core->step->effects->arena, (void **)&due, &count,
                                       &capacity, sizeof(struct job *)) =
            ASG_OWNER_OF(first, struct job, due);
    }
    if (count > 1) qsort(due, count, sizeof(struct job *), by_id);
    for (size_t i = 0; i < count; i++) {
        assert(due[i]->state == ASG_JOB_STATE_OPEN);
        assert(due[i]->retry_ms != 0 && due[i]->retry_ms <= core->now_ms);
        asg_try_again(core, due[i]);
    }
}

void asg_take_tick(struct asg_core *core)
{
    assert(core->step != NULL);
    retry_jobs(core);
}
