#include "controller/collect_result.h"

#include "model/copy.h"
#include "model/schemas.h"

static void forget(struct asg_collected *slot)
{
    asg_arena_clear(&slot->arena);
    *slot = (struct asg_collected){0};
}

void asg_collector_clear(struct asg_collector *collector)
{
    for (size_t i = 0; i < ASG_COLLECTED_MAX; i++) {
        forget(&collector->slots[i]);
    }
    collector->done = NULL;
}

/* The lease belongs to one delivery: parts of another are of another answer. */
static bool is_of(const struct asg_collected *slot, uint32_t peer,
                  const struct asg_result_message *message)
{
    return slot->is_used && slot->peer == peer && slot->lease_id == message->lease_id &&
           slot->result.job_id == message->result->job_id &&
           slot->result.attempt == message->result->attempt;
}

static struct asg_collected *find(struct asg_collector *collector, uint32_t peer,
                                  const struct asg_result_message *message)
{
    for (size_t i = 0; i < ASG_COLLECTED_MAX; i++) {
        if (is_of(&collector->slots[i], peer, message)) return &collector->slots[i];
    }
    return NULL;
}

static struct asg_collected *oldest(struct asg_collector *collector)
{
    struct asg_collected *chosen = &collector->slots[0];
    for (size_t i = 1; i < ASG_COLLECTED_MAX; i++) {
        struct asg_collected *slot = &collector->slots[i];
        if (slot->begun_no < chosen->begun_no) chosen = slot; /* an empty one has 0 */
    }
    return chosen;
}

static struct asg_collected *begin(struct asg_collector *collector, uint32_t peer,
                                   const struct asg_result_message *message)
{
    struct asg_collected *slot = find(collector, peer, message);
    if (slot == NULL) slot = oldest(collector);
    forget(slot);
    slot->is_used = true;
    slot->peer = peer;
    slot->lease_id = message->lease_id;
    slot->begun_no = ++collector->begun_count;
    struct asg_result bare = *message->result;
    bare.instances = NULL;
    bare.instance_count = 0;
    asg_model_copy(&asg_result_schema, &bare, &slot->arena, &slot->result);
    return slot;
}

static void add_instances(struct asg_collected *slot, const struct asg_result *from)
{
    for (size_t i = 0; i < from->instance_count; i++) {
        void *items = slot->result.instances;
        struct asg_seen_instance *added =
            asg_arena_push(&slot->arena, &items, &slot->result.instance_count,
                           &slot->instance_capacity, sizeof *added);
        slot->result.instances = items;
        asg_model_copy(&asg_seen_instance_schema, &from->instances[i], &slot->arena,
                       added);
    }
}

bool asg_collect_part(struct asg_collector *collector, uint32_t peer,
                      const struct asg_result_part *part, struct asg_result_message *ret)
{
    if (collector->done != NULL) forget(collector->done);
    collector->done = NULL;
    const struct asg_result_message *message = &part->message;
    struct asg_collected *slot = part->number == 0 ? begin(collector, peer, message)
                                                   : find(collector, peer, message);
    if (slot == NULL || slot->next != part->number ||
        message->result->instance_count > ASG_LIST_MAX - slot->result.instance_count) {
        return false;
    }
    add_instances(slot, message->result);
    slot->next++;
    if (!part->is_last) return false;
    *ret = *message;
    ret->result = &slot->result;
    collector->done = slot;
    return true;
}
