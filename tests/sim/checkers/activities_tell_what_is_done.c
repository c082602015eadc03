/* activities_tell_what_is_done - each launch and each termination is told by exactly one
 * activity: numbered without a gap, begun once, ended once, in the record of what it
 * tells, with a cause whose numbers are those of the group. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim.h"

#define LAW "activities_tell_what_is_done"

/* One that is not over. */
struct open_activity {
    uint32_t group_no;
    uint64_t no;
    int64_t start_ms;
    int64_t begun_us; /* on the simulator's clock */
    enum asg_activity_kind kind;
    uint64_t cause; /* its hash */
};

struct sim_activities {
    struct open_activity *open;
    size_t count;
    size_t capacity;
    uint64_t *last; /* number of each group, by the group's */
    uint32_t groups;
    bool is_old_log; /* it went back: what was open then is not known */
};

static struct sim_activities *book(void)
{
    if (our->activities == NULL) our->activities = asg_alloc(1, sizeof *our->activities);
    return our->activities;
}

void law_activities_clear(void)
{
    if (our->activities == NULL) return;
    free(our->activities->open);
    free(our->activities->last);
    free(our->activities);
    our->activities = NULL;
}

void law_activities_go_back(void)
{
    struct sim_activities *activities = book();
    activities->count = 0;
    activities->is_old_log = true;
    for (uint32_t i = 0; i < activities->groups; i++) {
        activities->last[i] = 0;
    }
}

static uint64_t hash_of(const char *text)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (; *text != '\0'; text++) {
        hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
    }
    return hash;
}

static struct open_activity *find_open(const struct asg_activity *row)
{
    struct sim_activities *activities = book();
    for (size_t i = 0; i < activities->count; i++) {
        struct open_activity *open = &activities->open[i];
        if (open->group_no == row->group_no && open->no == row->no) return open;
    }
    return NULL;
}

static void open_one(const struct asg_activity *row)
{
    struct sim_activities *activities = book();
    if (activities->count == activities->capacity) {
        activities->capacity = activities->capacity == 0 ? 64 : activities->capacity * 2;
        activities->open =
            asg_realloc(activities->open, activities->capacity, sizeof *activities->open);
    }
    activities->open[activities->count++] =
        (struct open_activity){.group_no = row->group_no,
                               .no = row->no,
                               .start_ms = row->start_ms,
                               .begun_us = sim.now_us,
                               .kind = row->kind,
                               .cause = hash_of(row->cause)};
}

static uint64_t *last_of(uint32_t group_no)
{
    struct sim_activities *activities = book();
    if (group_no >= activities->groups) {
        uint32_t wider = group_no + 64;
        activities->last = asg_realloc(activities->last, wider, sizeof *activities->last);
        memset(activities->last + activities->groups, 0,
               (wider - activities->groups) * sizeof *activities->last);
        activities->groups = wider;
    }
    return &activities->last[group_no];
}

/* ---- the numbers of a cause ---- */

static struct sim_group *group_of(const struct asg_activity *row)
{
    struct sim_group *group = sim_find_group(our, row->group);
    return group != NULL && group->no == row->group_no ? group : NULL;
}

/* "... the capacity from 3 to 2": false when the cause has no such words. */
static bool read_span(const char *cause, const char *words, uint32_t *from, uint32_t *to)
{
    const char *at = strstr(cause, words);
    return at != NULL &&
           sscanf(at + strlen(words), " from %" SCNu32 " to %" SCNu32, from, to) == 2;
}

/* What is done for desired ends at desired: but where some are launched before others
 * leave, which is one more for each of them. */
static void check_span(const struct asg_activity *row)
{
    uint32_t from = 0;
    uint32_t to = 0;
    const struct sim_group *group = group_of(row);
    bool is_for_desired =
        strstr(row->cause, "a difference between desired and actual") != NULL;
    bool grows = read_span(row->cause, "increasing the capacity", &from, &to);
    bool shrinks = !grows && read_span(row->cause, "shrinking the capacity", &from, &to);
    if ((grows && from >= to) || (shrinks && from <= to)) {
        sim_break(LAW, "an activity of %s says: %s", row->group, row->cause);
    }
    if (!is_for_desired || group == NULL) return;
    bool is_right = sim.features.rebalances ? to >= group->desired : to == group->desired;
    if ((grows || shrinks) && is_right) return;
    sim_break(LAW, "desired of %s is %u, and an activity says: %s", row->group,
              group->desired, row->cause);
}

/* ---- rows ---- */

static void begin_one(const struct asg_activity *row, int64_t time_ms)
{
    struct sim_activities *activities = book();
    uint64_t *last = last_of(row->group_no);
    bool is_next = row->no == *last + 1;
    if (activities->is_old_log && row->start_ms < time_ms) {
        open_one(row); /* begun before the log went back */
        return;
    }
    if (!is_next && !(activities->is_old_log && row->no > *last)) {
        sim_break(LAW, "activity %llu of %s begins after %llu",
                  (unsigned long long)row->no, row->group, (unsigned long long)*last);
    }
    if (row->start_ms != time_ms) {
        sim_break(LAW, "activity %llu of %s begins at another time than its record",
                  (unsigned long long)row->no, row->group);
    }
    *last = row->no;
    open_one(row);
    check_span(row);
}

static void take_row(const struct asg_activity *row, int64_t time_ms)
{
    struct open_activity *open = find_open(row);
    if (open == NULL) {
        begin_one(row, time_ms);
        open = find_open(row);
    }
    if (open->kind != row->kind || open->start_ms != row->start_ms ||
        open->cause != hash_of(row->cause)) {
        sim_break(LAW, "activity %llu of %s is not what it was: %s",
                  (unsigned long long)row->no, row->group, row->cause);
    }
    if ((row->end_ms != 0) != (row->progress == 100)) {
        sim_break(LAW, "activity %llu of %s is at %u %% and %s",
                  (unsigned long long)row->no, row->group, row->progress,
                  row->end_ms != 0 ? "over" : "open");
    }
    if (row->end_ms == 0) return;
    struct sim_activities *activities = book();
    *open = activities->open[--activities->count];
}

/* ---- what they must tell ---- */

static bool is_told(const struct asg_effects *effects, const char *id, int kind,
                    bool is_over)
{
    for (size_t i = 0; i < effects->activity_count; i++) {
        const struct asg_activity *row = &effects->activities[i];
        if (strcmp(row->instance_id, id) != 0) continue;
        if (kind >= 0 && (int)row->kind != kind) continue;
        if (!is_over || row->end_ms != 0) return true;
    }
    return false;
}

static void check_decision(const struct asg_effects *effects,
                           const struct asg_decision *decision)
{
    const char *id = decision->instance_id;
    if (id[0] == '\0' || decision->state_from == decision->state_to) return;
    const char *missing = NULL;
    switch (decision->state_to) {
    case ASG_INSTANCE_PENDING:
        if (decision->state_from == ASG_INSTANCE_REQUESTED &&
            !is_told(effects, id, ASG_ACT_LAUNCH, false))
            missing = "launched";
        break;
    case ASG_INSTANCE_TERMINATING:
        if (!is_told(effects, id, ASG_ACT_TERMINATE, false)) missing = "being ended";
        break;
    case ASG_INSTANCE_TERMINATED:
        if (!is_told(effects, id, -1, true)) missing = "over";
        break;
    default: break;
    }
    if (missing == NULL) return;
    sim_break(LAW, "%s is %s, and no activity says so: %s", id, missing, decision->text);
}

void law_activities(const struct asg_effects *effects, int64_t time_ms)
{
    for (size_t i = 0; i < effects->activity_count; i++) {
        take_row(&effects->activities[i], time_ms);
    }
    for (size_t i = 0; i < effects->decision_count; i++) {
        check_decision(effects, &effects->decisions[i]);
    }
}

/* After the faults: what was begun in trouble has its end. */
const char *law_activities_end(void)
{
    static char missing[160];
    const struct sim_activities *activities = book();
    for (size_t i = 0; i < activities->count; i++) {
        const struct open_activity *open = &activities->open[i];
        if (open->begun_us >= sim.quiet_since_us) continue;
        (void)snprintf(
            missing, sizeof missing, "activity %llu (%s) of group %u has not ended",
            (unsigned long long)open->no,
            asg_enum_word(&asg_activity_kind_words, (int)open->kind), open->group_no);
        return missing;
    }
    return NULL;
}
