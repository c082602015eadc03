#include "core/world/detached.h"

#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "core/values/text.h"

#define KEPT_MS INT64_C(3600000) /* EC2 shows what ended for about an hour */

struct detached *asg_detached_find(const struct asg_core *core, const char *id)
{
    uint32_t at = asg_id_map_find(&core->detached_ids, id);
    assert(at == ASG_ID_MAP_NONE || at < core->detached_count);
    return at == ASG_ID_MAP_NONE ? NULL : &core->detached[at];
}

void asg_detached_index(struct asg_core *core)
{
    asg_id_map_clear(&core->detached_ids);
    assert(core->detached_count <= ASG_DETACHED_MAX);
    for (size_t i = 0; i < core->detached_count; i++) {
        asg_id_map_put(&core->detached_ids, core->detached[i].id, (uint32_t)i);
    }
}

bool asg_detached_has_room(const struct asg_core *core, size_t count)
{
    assert(core->detached_count <= ASG_DETACHED_MAX);
    return count <= ASG_DETACHED_MAX - core->detached_count;
}

/* The oldest makes room, though whoever asks for more than there is room for is refused:
 * an attachment that failed was not asked whether there is. */
static void drop_first(struct asg_core *core)
{
    assert(core->detached_count > 0);
    core->detached_count--;
    memmove(core->detached, core->detached + 1,
            core->detached_count * sizeof *core->detached);
    asg_detached_index(core);
}

void asg_detached_remember(struct asg_core *core, const char *id)
{
    assert(id[0] != '\0' && strlen(id) <= ASG_INSTANCE_ID_MAX);
    struct detached *known = asg_detached_find(core, id);
    if (known != NULL) {
        known->seen_ms = core->now_ms;
        return;
    }
    if (core->detached_count == ASG_DETACHED_MAX) drop_first(core);
    if (core->detached_count == core->detached_capacity) {
        core->detached_capacity =
            core->detached_capacity == 0 ? 8 : 2 * core->detached_capacity;
        core->detached =
            asg_realloc(core->detached, core->detached_capacity, sizeof *core->detached);
    }
    asg_id_map_put(&core->detached_ids, id, (uint32_t)core->detached_count);
    struct detached *detached = &core->detached[core->detached_count++];
    *detached = (struct detached){.seen_ms = core->now_ms};
    asg_text_copy(detached->id, sizeof detached->id, id);
}

static void drop_those(struct asg_core *core,
                       bool (*goes)(const struct detached *detached, const void *context),
                       const void *context)
{
    size_t kept = 0;
    for (size_t i = 0; i < core->detached_count; i++) {
        if (goes(&core->detached[i], context)) continue;
        core->detached[kept++] = core->detached[i];
    }
    assert(kept <= core->detached_count);
    if (kept == core->detached_count) return;
    core->detached_count = kept;
    asg_detached_index(core);
}

static bool has_id(const struct detached *detached, const void *id)
{
    return strcmp(detached->id, id) == 0;
}

void asg_detached_lift(struct asg_core *core, const char *id)
{
    if (asg_detached_find(core, id) == NULL) return;
    drop_those(core, has_id, id);
    assert(asg_detached_find(core, id) == NULL);
}

void asg_detached_note_seen(struct asg_core *core, struct detached *detached,
                            uint64_t look_job_id)
{
    assert(asg_detached_find(core, detached->id) == detached);
    detached->seen_ms = core->now_ms;
    detached->look_job_id = look_job_id;
}

struct listed {
    int64_t now_ms;
    uint64_t look_job_id;
};

static bool is_long_gone(const struct detached *detached, const void *context)
{
    const struct listed *listed = context;
    bool is_shown =
        listed->look_job_id != 0 && detached->look_job_id == listed->look_job_id;
    return !is_shown && detached->seen_ms + KEPT_MS <= listed->now_ms;
}

void asg_detached_end_listing(struct asg_core *core, uint64_t look_job_id)
{
    assert(core->step != NULL);
    const struct listed listed = {.now_ms = core->now_ms, .look_job_id = look_job_id};
    drop_those(core, is_long_gone, &listed);
}
