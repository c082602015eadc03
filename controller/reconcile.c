#include "controller/reconcile.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/id_map.h"

/* How long an instance has been missing, or called ended against its agent's word. */
struct missing {
    uint32_t listings;
    int64_t since_ms;
    bool is_reporting;                   /* its agent says otherwise */
    const struct asg_seen_instance *row; /* that ends it; NULL: there is none */
    char id[ASG_ID_MAX + 1];
};

struct asg_reconciler {
    struct asg_reconciler_options options;
    struct missing *missing; /* of the last complete listing */
    size_t missing_count;
    size_t missing_capacity;
    struct asg_id_map by_id; /* into missing[] */
    struct asg_missing_counts counts;
    bool believes_next;
    /* of the last listing with statuses: impaired, and core does not know it */
    struct asg_id_map suspects;
};

void asg_reconciler_new(const struct asg_reconciler_options *options,
                        struct asg_reconciler **ret)
{
    struct asg_reconciler *reconciler = asg_alloc(1, sizeof *reconciler);
    reconciler->options = *options;
    *ret = reconciler;
}

void asg_reconciler_destroy(struct asg_reconciler **reconciler)
{
    if (*reconciler == NULL) return;
    free((*reconciler)->missing);
    asg_id_map_clear(&(*reconciler)->by_id);
    asg_id_map_clear(&(*reconciler)->suspects);
    free(*reconciler);
    *reconciler = NULL;
}

static bool is_over(enum asg_ec2_state state)
{
    return state == ASG_EC2_TERMINATED || state == ASG_EC2_SHUTTING_DOWN;
}

static bool differs(const struct asg_core *core, const struct asg_seen_instance *seen)
{
    struct asg_belief belief;
    if (!asg_core_find_instance(core, seen->instance_id, &belief)) {
        return !is_over(seen->state); /* the dead of others and of long ago are no news */
    }
    return belief.ec2_state != seen->state || belief.is_impaired != seen->is_impaired ||
           strcmp(belief.event_code, seen->event_code != NULL ? seen->event_code : "") !=
               0 ||
           strcmp(belief.private_ip, seen->private_ip) != 0;
}

static bool is_end(enum asg_ec2_state state)
{
    return is_over(state) || state == ASG_EC2_STOPPING || state == ASG_EC2_STOPPED;
}

/* Ends, by EC2's word alone, what nobody ordered to end. */
static bool is_sudden_end(const struct asg_core *core,
                          const struct asg_seen_instance *seen)
{
    struct asg_belief belief;
    return is_end(seen->state) && strlen(seen->instance_id) <= ASG_ID_MAX &&
           asg_core_find_instance(core, seen->instance_id, &belief) &&
           !belief.is_ending && !is_end(belief.ec2_state);
}

/* Rows that end an instance whose agent reports: one of the two is wrong. */
static void find_denied(const struct asg_reconciler *reconciler,
                        const struct asg_core *core, const struct asg_result *result,
                        struct asg_arena *arena, struct asg_id_map *ret)
{
    const struct asg_reconciler_options *options = &reconciler->options;
    if (options->ask_agents == NULL) return;
    const char **ids = NULL;
    size_t count = 0;
    size_t capacity = 0;
    for (size_t i = 0; i < result->instance_count; i++) {
        if (!is_sudden_end(core, &result->instances[i])) continue;
        const char **id =
            asg_arena_push(arena, (void **)&ids, &count, &capacity, sizeof *ids);
        *id = result->instances[i].instance_id;
    }
    if (count == 0) return;
    bool *reporting = asg_arena_take(arena, count * sizeof *reporting);
    options->ask_agents(options->context, ids, count, reporting);
    for (size_t i = 0; i < count; i++) {
        if (reporting[i]) asg_id_map_put(ret, ids[i], 0);
    }
}

/* Only a whole listing asks for status checks and scheduled events, and says with a code
 * when it got no answer: what was known of them stands until then. */
static bool knows_status(const struct asg_result *result, bool is_complete)
{
    return is_complete && (result->error_code == NULL || result->error_code[0] == '\0');
}

static struct asg_seen_instance with_known_status(const struct asg_core *core,
                                                  const struct asg_seen_instance *seen,
                                                  struct asg_arena *arena)
{
    struct asg_seen_instance whole = *seen;
    struct asg_belief belief;
    if (!asg_core_find_instance(core, seen->instance_id, &belief)) return whole;
    whole.is_impaired = belief.is_impaired;
    whole.event_code = asg_arena_text(arena, belief.event_code);
    whole.event_ms = belief.event_ms;
    return whole;
}

/* A failed status check is believed when two listings in a row show it. */
static bool is_impaired_again(const struct asg_reconciler *reconciler,
                              const struct asg_core *core,
                              const struct asg_seen_instance *seen,
                              struct asg_id_map *fresh)
{
    struct asg_belief belief;
    bool is_news = seen->is_impaired &&
                   asg_core_find_instance(core, seen->instance_id, &belief) &&
                   !belief.is_impaired;
    if (!is_news) return seen->is_impaired;
    asg_id_map_put(fresh, seen->instance_id, 0);
    return asg_id_map_find(&reconciler->suspects, seen->instance_id) != ASG_ID_MAP_NONE;
}

/* It has our tags, so a listing of what is ours has it while EC2 does. */
static bool is_expected(const struct asg_belief *belief)
{
    return belief->instance_id[0] != '\0' && !belief->is_untagged &&
           belief->state != ASG_INSTANCE_REQUESTED &&
           belief->state != ASG_INSTANCE_TERMINATED;
}

/* Count one more listing without this instance. */
static void note_missing(const struct asg_reconciler *reconciler, struct missing *fresh,
                         const char *id, int64_t log_ms)
{
    uint32_t before = asg_id_map_find(&reconciler->by_id, id);
    *fresh = (struct missing){.since_ms = log_ms};
    if (before != ASG_ID_MAP_NONE) *fresh = reconciler->missing[before];
    if (fresh->listings < UINT32_MAX) fresh->listings++;
    size_t length = strnlen(id, ASG_ID_MAX);
    memcpy(fresh->id, id, length);
    fresh->id[length] = '\0';
}

/* What the agents of those that are missing say to it. */
static void ask_agents(struct asg_reconciler *reconciler, struct asg_arena *arena)
{
    const struct asg_reconciler_options *options = &reconciler->options;
    size_t count = reconciler->missing_count;
    if (options->ask_agents == NULL || count == 0) return;
    const char **ids = asg_arena_take(arena, count * sizeof *ids);
    bool *reporting = asg_arena_take(arena, count * sizeof *reporting);
    for (size_t i = 0; i < count; i++) {
        ids[i] = reconciler->missing[i].id;
    }
    options->ask_agents(options->context, ids, count, reporting);
    for (size_t i = 0; i < count; i++) {
        reconciler->missing[i].is_reporting = reporting[i];
        reconciler->counts.reporting += reporting[i];
    }
}

struct found {
    struct asg_seen_instance *items;
    size_t count;
    size_t capacity;
};

/* Who should be in a complete listing and is not, with how often that was so before. */
static void find_missing(struct asg_reconciler *reconciler, const struct asg_core *core,
                         const struct asg_result *result, const struct asg_id_map *denied,
                         int64_t log_ms, struct asg_arena *arena)
{
    struct asg_id_map seen = {0};
    for (size_t i = 0; i < result->instance_count; i++) {
        if (strlen(result->instances[i].instance_id) > ASG_ID_MAX) continue;
        asg_id_map_put(&seen, result->instances[i].instance_id, (uint32_t)i);
    }
    struct asg_belief *beliefs = NULL;
    size_t belief_count = 0;
    asg_core_list_beliefs(core, arena, &beliefs, &belief_count);
    struct missing *missing = NULL;
    size_t count = 0;
    size_t capacity = 0;
    struct asg_missing_counts *counts = &reconciler->counts;
    *counts = (struct asg_missing_counts){0};
    for (size_t i = 0; i < belief_count; i++) {
        const struct asg_belief *belief = &beliefs[i];
        if (!is_expected(belief)) continue;
        counts->believed++;
        uint32_t row = asg_id_map_find(&seen, belief->instance_id);
        bool is_denied = row != ASG_ID_MAP_NONE &&
                         asg_id_map_find(denied, belief->instance_id) != ASG_ID_MAP_NONE;
        if (row != ASG_ID_MAP_NONE && !is_denied) continue;
        if (count == capacity) {
            capacity = capacity == 0 ? 16 : capacity * 2;
            missing = asg_realloc(missing, capacity, sizeof *missing);
        }
        note_missing(reconciler, &missing[count], belief->instance_id, log_ms);
        missing[count++].row = is_denied ? &result->instances[row] : NULL;
        counts->missing++;
    }
    counts->is_mass = reconciler->options.mass_percent > 0 &&
                      counts->missing > ASG_MASS_MIN &&
                      (uint64_t)counts->missing * 100 >
                          (uint64_t)counts->believed * reconciler->options.mass_percent;
    asg_id_map_clear(&seen);
    free(reconciler->missing);
    asg_id_map_clear(&reconciler->by_id);
    reconciler->missing = missing;
    reconciler->missing_count = count;
    reconciler->missing_capacity = capacity;
    for (size_t i = 0; i < count; i++) {
        asg_id_map_put(&reconciler->by_id, missing[i].id, (uint32_t)i);
    }
    ask_agents(reconciler, arena);
}

static void add_absent(struct asg_reconciler *reconciler, int64_t log_ms,
                       struct asg_arena *arena, struct found *found)
{
    const struct asg_reconciler_options *options = &reconciler->options;
    const struct asg_missing_counts *counts = &reconciler->counts;
    bool is_ordered = reconciler->believes_next;
    reconciler->believes_next = false;
    /* One agent that reports shows that the listing is wrong, and of the others it is no
       better. */
    if (counts->is_mass && counts->reporting > 0 && !is_ordered) return;
    for (size_t i = 0; i < reconciler->missing_count; i++) {
        const struct missing *missing = &reconciler->missing[i];
        bool stands = missing->listings >= options->absent_listings &&
                      log_ms - missing->since_ms >= options->absent_ms;
        if (!stands && !is_ordered) continue;
        bool is_said = missing->row != NULL && stands; /* and not by its absence alone */
        if (missing->is_reporting && !is_said) continue;
        struct asg_seen_instance *row = asg_arena_push(
            arena, (void **)&found->items, &found->count, &found->capacity, sizeof *row);
        if (missing->row != NULL) {
            *row = *missing->row;
            continue;
        }
        *row = (struct asg_seen_instance){
            .instance_id = asg_arena_text(arena, missing->id),
            .state = ASG_EC2_ABSENT,
            .state_reason = is_ordered ? "in no listing, and an operator says it is gone"
                                       : "in none of several complete listings",
        };
    }
}

/* They are the listing's, which goes. */
static void forget_rows(struct asg_reconciler *reconciler)
{
    for (size_t i = 0; i < reconciler->missing_count; i++) {
        reconciler->missing[i].row = NULL;
    }
}

struct asg_missing_counts asg_reconciler_missing(const struct asg_reconciler *reconciler)
{
    return reconciler->counts;
}

void asg_reconciler_believe(struct asg_reconciler *reconciler)
{
    reconciler->believes_next = true;
}

void asg_reconcile(struct asg_reconciler *reconciler, const struct asg_core *core,
                   const struct asg_result *result, bool is_complete, int64_t log_ms,
                   struct asg_arena *arena, struct asg_observed *ret)
{
    bool failed = result->outcome != ASG_OUTCOME_OK;
    bool has_status = !failed && knows_status(result, is_complete);
    struct found found = {0};
    struct asg_id_map suspects = {0};
    struct asg_id_map denied = {0};
    if (!failed) find_denied(reconciler, core, result, arena, &denied);
    for (size_t i = 0; !failed && i < result->instance_count; i++) {
        struct asg_seen_instance seen = result->instances[i];
        if (asg_id_map_find(&denied, seen.instance_id) != ASG_ID_MAP_NONE) continue;
        if (has_status) {
            seen.is_impaired = is_impaired_again(reconciler, core, &seen, &suspects);
        } else {
            seen = with_known_status(core, &seen, arena);
        }
        if (!differs(core, &seen)) continue;
        struct asg_seen_instance *row = asg_arena_push(
            arena, (void **)&found.items, &found.count, &found.capacity, sizeof *row);
        *row = seen;
    }
    if (has_status) {
        asg_id_map_clear(&reconciler->suspects);
        reconciler->suspects = suspects;
    }
    if (!failed && is_complete) {
        find_missing(reconciler, core, result, &denied, log_ms, arena);
        add_absent(reconciler, log_ms, arena, &found);
        forget_rows(reconciler);
    }
    asg_id_map_clear(&denied);
    *ret = (struct asg_observed){
        .job_id = result->job_id,
        .is_complete = is_complete && !failed,
        .failed = failed,
        .instances = found.items,
        .instance_count = found.count,
    };
}
