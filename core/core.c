/* core - the door: one event in, its effects out. */
#include "core/core.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/world/leads.h"
#include "core/step/look_again.h"
#include "core/step/narrate.h"
#include "core/world/rules.h"
#include "core/world/standing.h"
#include "core/world/state.h"
#include "core/world/touched.h"
#include "core/world/world.h"
#include "core/plan/plan_looks.h"
#include "core/settle/balance_group.h"
#include "core/take/behind.h"
#include "core/take/command_apply.h"
#include "core/take/take_command.h"
#include "core/take/take_enrolment.h"
#include "core/take/take_health.h"
#include "core/take/take_metrics.h"
#include "core/take/take_observed.h"
#include "core/take/take_result.h"
#include "core/take/take_tick.h"
#include "core/world/counts.h"

#define LOOKS_MAX         8 /* at one group in a step; two or three are what it takes */
#define RESTLESS_MS       INT64_C(1000)
#define ROWS_MAX          50000 /* of one kind in a step; then no further group is settled */
#define CLUSTER_ID_DIGITS 32

void asg_core_new(struct asg_core **ret)
{
    struct asg_core *core = asg_alloc(1, sizeof *core);
    asg_state_init(core);
    assert(asg_core_next_deadline(core) ==
           INT64_MAX); /* an empty world waits for nothing */
    *ret = core;
}

void asg_core_destroy(struct asg_core **core)
{
    struct asg_core *c = *core;
    if (c == NULL) return;
    assert(c->step == NULL); /* not in the middle of one */
    asg_state_clear(c);
    free(c);
    *core = NULL;
}

static bool has_its_part(const struct asg_event *event)
{
    switch (event->kind) {
    case ASG_EVENT_COMMAND: return event->command != NULL;
    case ASG_EVENT_METRICS: return event->metrics != NULL;
    case ASG_EVENT_HEALTH: return event->health != NULL;
    case ASG_EVENT_RESULT: return event->result != NULL;
    case ASG_EVENT_OBSERVED: return event->observed != NULL;
    case ASG_EVENT_TICK: return true;
    case ASG_EVENT_WITNESS: return event->witness != NULL;
    case ASG_EVENT_ENROLMENT: return event->enrolment != NULL;
    case ASG_EVENT_COUNT: break;
    }
    return false;
}

static bool is_init(const struct asg_event *event)
{
    assert(event->kind != ASG_EVENT_COMMAND || event->command != NULL);
    return event->kind == ASG_EVENT_COMMAND && event->command->kind == ASG_COMMAND_INIT;
}

static bool is_lead(const struct asg_event *event)
{
    return event->kind == ASG_EVENT_COMMAND && event->command->kind == ASG_COMMAND_LEAD;
}

/* As controllers name a cluster; tokens and tags contain it. */
static bool is_cluster_id(const char *text)
{
    size_t digits = strspn(text, "0123456789abcdef");
    return digits == CLUSTER_ID_DIGITS && text[digits] == '\0';
}

static enum asg_status check_init(const struct asg_event *event, struct asg_error *error)
{
    assert(is_init(event));
    const char *id = event->command->cluster_id;
    if (id != NULL && is_cluster_id(id)) return ASG_OK;
    return asg_fail(error, ASG_ERR_INVALID,
                    "the cluster's id in it is not %d hexadecimal digits, so this is not "
                    "a controller's log: restore it from a backup",
                    CLUSTER_ID_DIGITS);
}

/* Each leader has a higher epoch than the one before: the log gives it when it is opened.
 */
static enum asg_status check_lead(const struct asg_core *core,
                                  const struct asg_event *event, struct asg_error *error)
{
    assert(is_lead(event));
    enum asg_status status = asg_rules_check(core, event->command->rules, error);
    if (status != ASG_OK || event->command->epoch > core->epoch) return status;
    return asg_fail(error, ASG_ERR_INVALID,
                    "epoch %" PRIu64 " is to lead, and epoch %" PRIu64
                    " has led already: two controllers wrote this log, or parts of two "
                    "logs were joined; run `openasg log verify`, and restore a backup",
                    event->command->epoch, core->epoch);
}

/* What a controller never writes, though its parts are all there. */
static enum asg_status check_order(const struct asg_core *core,
                                   const struct asg_event *event, struct asg_error *error)
{
    assert(event->kind != ASG_EVENT_COMMAND || event->command != NULL);
    if (is_init(event)) return check_init(event, error);
    return is_lead(event) ? check_lead(core, event, error) : ASG_OK;
}

static void take_event(struct asg_core *core, const struct asg_event *event)
{
    assert(core->step != NULL && core->now_ms == event->time_ms);
    switch (event->kind) {
    case ASG_EVENT_COMMAND: asg_take_command(core, event->command); break;
    case ASG_EVENT_METRICS: asg_take_metrics(core, event->metrics); break;
    case ASG_EVENT_HEALTH: asg_take_health(core, event->health); break;
    case ASG_EVENT_RESULT: asg_take_result(core, event->result); break;
    case ASG_EVENT_OBSERVED: asg_take_observed(core, event->observed); break;
    case ASG_EVENT_TICK: asg_take_tick(core); break;
    case ASG_EVENT_WITNESS: asg_take_witness(core, event->witness); break;
    case ASG_EVENT_ENROLMENT: asg_take_enrolment(core, event->enrolment); break;
    case ASG_EVENT_COUNT: break;
    }
}

/* Of core/check.h what costs nothing, in every build: never above max, and a group that
 * waits for a moment is woken then. */
static void check_settled(const struct asg_core *core, const struct group *group)
{
    assert(asg_due_heap_has(&core->dues, &group->due) == (group->due.at_ms != INT64_MAX));
    assert(group->unknown_count <= core->orphan_count);
    assert(group->counts.serving <= group->counts.capacity);
    assert(group->counts.launching <= group->counts.alive);
    assert(group->config.min <= group->config.max);
    assert(group->config.desired >= group->config.min);
    assert(group->config.desired <= group->config.max);
}

static bool is_gone(const struct group *group)
{
    assert(group->instance_count > 0 ||
           group->counts.alive == 0); /* who is alive is there */
    return group->is_deleting && group->instance_count == 0;
}

static void say_gone(struct asg_core *core, struct group *group)
{
    assert(group->is_deleting && group->instance_count == 0);
    *asg_emit_watch(core) = (struct asg_watch){.group_no = group->no, .name = ""};
    asg_narrate(core, ASG_DECISION_COMMAND, group, "group is deleted");
}

static void note_changing(struct asg_core *core, struct group *group)
{
    bool are_some = false;
    for (size_t i = 0; i < group->instance_count && !are_some; i++) {
        are_some = asg_instance_is_changing(group->instances[i]);
    }
    asg_group_set_changing(core, group, are_some);
}

/* What it does to itself makes it dirty again: the last look at it is one that changes
 * nothing, and says when another one may. */
static void settle_group(struct asg_core *core, struct group *group)
{
    assert(group->is_dirty);
    group->is_dirty = false;
    asg_look_begin(core);
    asg_settle_group(core, group);
    assert(core->step->held_bits == 0); /* each topic is held or forgotten */
    assert(asg_count_capacity(group) <= asg_count_alive(group));
    group->tally.is_known = false;
    asg_look_end(core, group);
    check_settled(core, group);
    note_changing(core, group);
    asg_touch_settled(group);
    if (group->is_dirty || !is_gone(group)) return;
    assert(group->look_ups == 0); /* what is looked up has slots */
    say_gone(core, group);
    asg_group_remove(core, group);
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = (*(struct group *const *)a)->no;
    uint32_t y = (*(struct group *const *)b)->no;
    return (x > y) - (x < y);
}

static void put_off(struct asg_core *core, struct group *group, int64_t wait_ms)
{
    assert(group->is_dirty && wait_ms > 0);
    group->is_dirty = false;
    asg_due_heap_set(&core->dues, &group->due, core->now_ms + wait_ms);
}

static void put_all_off(struct asg_core *core, int64_t wait_ms)
{
    assert(core->step != NULL);
    for (size_t i = 0; i < core->dirty_count; i++) {
        put_off(core, core->dirty[i], wait_ms);
    }
    core->dirty_count = 0;
}

/* What follows from an event is one record of the log, whose lists are bounded
 * (ASG_LIST_MAX): a halt of everything may be lifted over any number of large groups. One
 * group alone is far from that. */
static bool is_full(const struct asg_effects *effects)
{
    assert(effects != NULL);
    const size_t counts[] = {
        effects->decision_count,      effects->job_count,      effects->closed_jobs.count,
        effects->recalled_jobs.count, effects->watch_count,    effects->member_count,
        effects->drain_count,         effects->activity_count,
    };
    _Static_assert(ROWS_MAX + ASG_GROUP_CAPACITY_MAX < ASG_LIST_MAX, "room for a group");
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        if (counts[i] >= ROWS_MAX) return true;
    }
    return false;
}

/* Those that changed, in the order of their numbers; those that changed by that, again. A
 * group that changes in every look is left alone for a while: no loop without an end.
 * When the step has grown large the rest goes on in the next one. */
static void settle_groups(struct asg_core *core)
{
    for (int looks = 0; core->dirty_count > 0; looks++) {
        if (looks == LOOKS_MAX) {
            put_all_off(core, RESTLESS_MS);
            return;
        }
        size_t count = core->dirty_count;
        struct group **round =
            asg_arena_take(&core->step->effects->arena, count * sizeof(struct group *));
        memcpy(round, core->dirty, count * sizeof(struct group *));
        core->dirty_count = 0;
        qsort(round, count, sizeof(struct group *), by_number);
        uint32_t last_no = 0;
        for (size_t i = 0; i < count; i++) {
            assert(round[i]->no > last_no); /* each once; the one before may be gone */
            last_no = round[i]->no;
            if (is_full(core->step->effects)) {
                put_off(core, round[i], /* wait_ms */ 1);
            } else {
                settle_group(core, round[i]);
            }
        }
        if (is_full(core->step->effects)) put_all_off(core, /* wait_ms */ 1);
    }
}

enum asg_status asg_core_step(struct asg_core *core, const struct asg_event *event,
                              struct asg_effects *ret)
{
    assert(core->step == NULL); /* one at a time */
    asg_effects_reset(ret);
    bool is_ready = core->cluster_id[0] != '\0';
    if (!has_its_part(event) || event->time_ms < core->now_ms ||
        is_ready == is_init(event)) {
        return ASG_ERR_INVALID;
    }
    enum asg_status status = check_order(core, event, NULL);
    if (status != ASG_OK) return status;
    struct step step = {.effects = ret, .before_ms = core->now_ms};
    core->now_ms = event->time_ms;
    core->step = &step;
    core->step_no++;
    /* What time has brought comes before this event; a leader is told first how late a
     * scheduled action may run. */
    if (!is_lead(event)) asg_take_due_groups(core);
    take_event(core, event);
    assert(core->cluster_id[0] != '\0'); /* INIT comes first, and names it */
    settle_groups(core);
    asg_job_forget_old(core); /* nobody holds one any more */
    settle_groups(core);
    asg_plan_looks(core);
    assert(core->dirty_count == 0);                /* nothing waits for the next event */
    assert(step.states_written == step.rows_used); /* the table alone moves instances */
    assert(asg_due_heap_first_ms(&core->dues) > core->now_ms); /* what was due is done */
    ret->is_halted = core->is_halted;
    ret->next_deadline_ms = asg_core_next_deadline(core);
    core->step = NULL;
    return ASG_OK;
}

void asg_core_explain(const struct asg_core *core, const struct asg_event *event,
                      enum asg_status status, struct asg_error *error)
{
    assert(status != ASG_OK);
    if (has_its_part(event) && check_order(core, event, error) == status) return;
    (void)asg_fail(
        error, status,
        "it is not an event that this program understands (%s); use the release "
        "that wrote it, or a newer one",
        asg_status_text(status));
}

static void earliest(int64_t *deadline_ms, int64_t at_ms)
{
    if (at_ms < *deadline_ms) *deadline_ms = at_ms;
}

int64_t asg_core_next_deadline(const struct asg_core *core)
{
    assert(core->dirty_count == 0); /* who is still to be settled has none yet */
    int64_t deadline_ms = asg_due_heap_first_ms(&core->dues);
    earliest(&deadline_ms, asg_due_heap_first_ms(&core->retries));
    if (core->epoch == 0) return deadline_ms;
    if (core->listing.job_id == 0) earliest(&deadline_ms, core->listing.next_ms);
    if (core->look.job_id == 0) earliest(&deadline_ms, core->look.next_ms);
    return deadline_ms;
}

bool asg_core_weigh_enrolment(const struct asg_core *core,
                              const struct asg_enrolment *enrolment,
                              struct asg_arena *arena, struct asg_reply *ret)
{
    return asg_take_weigh_enrolment(core, enrolment, arena, ret);
}

void asg_core_try_order(const struct asg_core *core, const struct asg_command *command,
                        struct asg_arena *arena, struct asg_reply *ret)
{
    assert(core->step == NULL);
    if (command->kind == ASG_COMMAND_APPLY) {
        asg_apply_try(core, command->apply, arena, ret);
        return;
    }
    *ret = (struct asg_reply){
        .is_set = true,
        .code = "ValidationError",
        .message =
            asg_arena_format(arena, "a dry run of %s is not supported, only of apply",
                             asg_enum_word(&asg_command_kind_words, (int)command->kind)),
    };
    assert(!ret->is_ok);
}

uint64_t asg_core_revision(const struct asg_core *core)
{
    return core->revision;
}

const char *asg_core_cluster_id(const struct asg_core *core)
{
    return core->cluster_id;
}

uint64_t asg_core_epoch(const struct asg_core *core)
{
    return core->epoch;
}

uint32_t asg_core_rules(const struct asg_core *core)
{
    return core->rules;
}

uint32_t asg_core_newest_rules(void)
{
    return asg_rules_newest();
}

bool asg_core_knows_job(const struct asg_core *core, uint64_t incarnation,
                        uint64_t job_id)
{
    return asg_lead_knows_job(core, incarnation, job_id);
}

bool asg_core_knows_lead(const struct asg_core *core, uint64_t epoch,
                         uint64_t incarnation)
{
    return asg_lead_knows(core, epoch, incarnation);
}

uint64_t asg_core_incarnation(const struct asg_core *core)
{
    return core->incarnation;
}

int64_t asg_core_now_ms(const struct asg_core *core)
{
    return core->now_ms;
}
