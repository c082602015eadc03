#include "core/world/detached.h"

#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "core/values/text.h"

#define KEPT_MS    INT64_C(3600000) /* EC2 shows what ended for about an hour */
#define SERIAL_MAX (UINT32_MAX - 1) /* the map's last number says: none */

/* Where the one of that serial stands. */
static size_t place_of(const struct asg_core *core, uint32_t serial)
{
    size_t low = 0;
    size_t high = core->detached_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (core->detached[middle].serial < serial) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    assert(low < core->detached_count && core->detached[low].serial == serial);
    return low;
}

struct detached *asg_detached_find(const struct asg_core *core, const char *id)
{
    uint32_t serial = asg_id_map_find(&core->detached_ids, id);
    assert(serial == ASG_ID_MAP_NONE || core->detached_count > 0);
    return serial == ASG_ID_MAP_NONE ? NULL : &core->detached[place_of(core, serial)];
}

void asg_detached_index(struct asg_core *core)
{
    asg_id_map_clear(&core->detached_ids);
    assert(core->detached_count <= ASG_DETACHED_MAX);
    for (size_t i = 0; i < core->detached_count; i++) {
        core->detached[i].serial = (uint32_t)i;
        asg_id_map_put(&core->detached_ids, core->detached[i].id, (uint32_t)i);
    }
}

bool asg_detached_has_room(const struct asg_core *core, size_t count)
{
    assert(core->detached_count <= ASG_DETACHED_MAX);
    return count <= ASG_DETACHED_MAX - core->detached_count;
}

static void drop_at(struct asg_core *core, size_t at)
{
    assert(at < core->detached_count);
    struct detached *place = &core->detached[at];
    asg_id_map_remove(&core->detached_ids, place->id);
    core->detached_count--;
    memmove(place, place + 1, (core->detached_count - at) * sizeof *place);
}

static uint32_t next_serial(struct asg_core *core)
{
    size_t count = core->detached_count;
    if (count == 0) return 0;
    if (core->detached[count - 1].serial == SERIAL_MAX) {
        asg_detached_index(core);
    }
    assert(core->detached[count - 1].serial < SERIAL_MAX);
    return core->detached[count - 1].serial + 1;
}

void asg_detached_remember(struct asg_core *core, const char *id)
{
    assert(id[0] != '\0' && strlen(id) <= ASG_INSTANCE_ID_MAX);
    struct detached *known = asg_detached_find(core, id);
    if (known != NULL) {
        known->seen_ms = core->now_ms;
        return;
    }
    /* The oldest makes room, though whoever asks for more than there is room for is
     * refused: an attachment that failed was not asked whether there is. */
    if (core->detached_count == ASG_DETACHED_MAX) drop_at(core, 0);
    if (core->detached_count == core->detached_capacity) {
        core->detached_capacity =
            core->detached_capacity == 0 ? 8 : 2 * core->detached_capacity;
        core->detached =
            asg_realloc(core->detached, core->detached_capacity, sizeof *core->detached);
    }
    uint32_t serial = next_serial(core);
    asg_id_map_put(&core->detached_ids, id, serial);
    struct detached *detached = &core->detached[core->detached_count++];
    *detached = (struct detached){.serial = serial, .seen_ms = core->now_ms};
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

void asg_detached_lift(struct asg_core *core, const char *id)
{
    const struct detached *detached = asg_detached_find(core, id);
    if (detached == NULL) return;
    drop_at(core, (size_t)(detached - core->detached));
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
