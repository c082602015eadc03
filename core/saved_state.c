/* saved_state - the whole state as bytes, and back.
 *
 * The bytes begin with a mark, then the number of the form: which fields follow, and in
 * which order (state_fields.c). A state can be saved in every form from the oldest on, so
 * that the hashes of a log can be found again whatever form its writer used. */
#include <assert.h>
#include <string.h>

#include "core/core.h"
#include "core/saved/fields.h"
#include "core/world/rules.h"
#include "core/world/detached.h"
#include "core/world/orphans.h"
#include "core/world/state.h"
#include "core/saved/state_fields.h"
#include "core/world/world.h"

/* Forms: 1 as openasg 1.0 saves it. */
#define FORM_OLDEST 1
#define FORM_NEWEST 1

static const char mark[] = "openasg state "; /* no old state begins so */
#define MARK_LENGTH (sizeof mark - 1)

/* Before there was a mark a state began with the number of its form, up to this one. */
#define UNMARKED_FORMS 11

uint32_t asg_core_form(void)
{
    return FORM_NEWEST;
}

void asg_core_save(const struct asg_core *core, struct asg_bytes *ret)
{
    asg_core_save_as(core, FORM_NEWEST, ret);
}

void asg_core_save_as(const struct asg_core *core, uint32_t form, struct asg_bytes *ret)
{
    assert(core->step == NULL); /* never in the middle of one */
    assert(form >= FORM_OLDEST && form <= FORM_NEWEST);
    struct asg_fields fields = {.out = ret, .form = form};
    asg_bytes_append(ret, mark, MARK_LENGTH);
    asg_fields_u32(&fields, &form);
    /* A saving visitor changes nothing; the cast saves a second list of fields. */
    asg_state_fields(&fields, (struct asg_core *)(uintptr_t)core);
}

/* ---- a part of it ---- */

/* The first of `count` ordered items whose number is not below `no`. */
static size_t find_from(const void *items, size_t count, uint64_t no,
                        uint64_t (*number_of)(const void *items, size_t at))
{
    assert(items != NULL || count == 0);
    size_t low = 0;
    while (low < count) {
        size_t middle = low + (count - low) / 2;
        if (number_of(items, middle) < no) {
            low = middle + 1;
        } else {
            count = middle;
        }
    }
    return low;
}

static uint64_t group_number(const void *items, size_t at)
{
    return ((struct group *const *)items)[at]->no;
}

static uint64_t instance_number(const void *items, size_t at)
{
    return ((struct instance *const *)items)[at]->no;
}

static uint64_t job_number(const void *items, size_t at)
{
    return ((struct job *const *)items)[at]->plan.id;
}

/* Room for so many bytes, of which these are left? */
static bool is_full(const struct asg_fields *f, size_t end)
{
    assert(!asg_fields_is_loading(f)); /* a part is only saved */
    return f->out->length >= end;
}

/* False: full, and *place says where it goes on. */
static bool save_groups(struct asg_fields *f, struct asg_core *whole, size_t end,
                        struct asg_state_place *place)
{
    assert(place->job_id == 0); /* jobs come behind all groups */
    size_t at =
        find_from(whole->groups, whole->group_count, place->group_no, group_number);
    for (; at < whole->group_count; at++) {
        struct group *group = whole->groups[at];
        bool is_begun = group->no == place->group_no && place->instance_no > 0;
        if (!is_begun) *place = (struct asg_state_place){.group_no = group->no};
        if (is_full(f, end)) return false;
        if (!is_begun) asg_state_group_fields(f, whole, group);
        size_t i = find_from(group->instances, group->instance_count, place->instance_no,
                             instance_number);
        for (; i < group->instance_count; i++) {
            place->instance_no = group->instances[i]->no;
            if (is_full(f, end)) return false;
            assert(group->instances[i]->no == place->instance_no);
            asg_state_instance_fields(f, whole, group->instances[i]);
        }
    }
    return true;
}

static bool save_jobs(struct asg_fields *f, const struct asg_core *core, size_t end,
                      struct asg_state_place *place)
{
    size_t at = find_from(core->jobs, core->job_count, place->job_id, job_number);
    for (; at < core->job_count; at++) {
        *place = (struct asg_state_place){.job_id = core->jobs[at]->plan.id};
        if (is_full(f, end)) return false;
        assert(core->jobs[at]->plan.id == place->job_id);
        asg_state_job_fields(f, core->jobs[at]);
    }
    return true;
}

void asg_core_save_part(const struct asg_core *core, uint32_t form, size_t bytes_max,
                        struct asg_state_place *place, struct asg_bytes *ret)
{
    assert(core->step == NULL);
    assert(form >= FORM_OLDEST && form <= FORM_NEWEST);
    struct asg_fields fields = {.out = ret, .form = form};
    /* A saving visitor changes nothing; the cast saves a second list of fields. */
    struct asg_core *whole = (struct asg_core *)(uintptr_t)core;
    asg_bytes_append(ret, mark, MARK_LENGTH);
    asg_fields_u32(&fields, &form);
    asg_state_head_fields(&fields, whole);
    assert(bytes_max > 0 && bytes_max <= SIZE_MAX - ret->length);
    size_t end = ret->length + bytes_max; /* at least one more item: no part is in vain */
    bool is_whole = place->job_id > 0 || save_groups(&fields, whole, end, place);
    if (is_whole) is_whole = save_jobs(&fields, core, end, place);
    if (is_whole) *place = (struct asg_state_place){0};
}

/* ---- one group of it ---- */

bool asg_core_save_group(const struct asg_core *core, const char *name,
                         struct asg_bytes *ret)
{
    assert(core->step == NULL);
    struct group *group = asg_group_find(core, name);
    if (group == NULL) return false;
    struct asg_arena arena = {0};
    struct job **jobs = asg_arena_take(&arena, (core->job_count + 1) * sizeof *jobs);
    size_t job_count = 0;
    for (size_t i = 0; i < core->job_count; i++) {
        if (core->jobs[i]->group_no == group->no) jobs[job_count++] = core->jobs[i];
    }
    assert(job_count <= core->job_count);
    struct asg_core *alone = asg_arena_take(&arena, sizeof *alone);
    *alone = *core; /* a view: it owns nothing, and only its head is its own */
    alone->groups = &group;
    alone->group_count = 1;
    alone->jobs = jobs;
    alone->job_count = job_count;
    alone->template_count = 0;
    alone->orphan_count = 0;
    alone->orphan_end_count = 0;
    alone->is_behind = false;
    alone->has_more_orphans = false;
    alone->behind_job_id = 0;
    alone->listing.job_id = 0;
    alone->look.job_id = 0;
    asg_core_save(alone, ret);
    asg_arena_clear(&arena);
    return true;
}

void asg_core_save_hashed(const struct asg_core *core, const struct asg_state_hash *said,
                          struct asg_bytes *ret)
{
    if (said->bytes_max == 0) {
        asg_core_save_as(core, said->form, ret);
        return;
    }
    struct asg_state_place place = {.group_no = said->group_no,
                                    .instance_no = said->instance_no,
                                    .job_id = said->job_id};
    assert(said->bytes_max > 0);
    size_t most = said->bytes_max < SIZE_MAX / 2 ? (size_t)said->bytes_max : SIZE_MAX / 2;
    asg_core_save_part(core, said->form, most, &place, ret);
}

static enum asg_status read_header(struct asg_fields *fields, struct asg_error *error)
{
    assert(asg_fields_is_loading(fields));
    assert(fields->at == fields->begin);
    size_t length = (size_t)(fields->end - fields->begin);
    if (length < MARK_LENGTH || memcmp(fields->begin, mark, MARK_LENGTH) != 0) {
        bool is_old =
            length > 0 && fields->begin[0] >= 1 && fields->begin[0] <= UNMARKED_FORMS;
        if (!is_old) {
            return asg_fail(error, ASG_ERR_MALFORMED,
                            "these bytes are not a saved state");
        }
        return asg_fail(error, ASG_ERR_VERSION,
                        "this state was saved by an openasg from before 1.0, which this "
                        "one cannot read; docs/audit.md, \"A log from before 1.0\", says "
                        "what to do");
    }
    assert((size_t)(fields->end - fields->at) >= MARK_LENGTH);
    fields->at += MARK_LENGTH;
    asg_fields_u32(fields, &fields->form);
    if (fields->is_bad || fields->form < FORM_OLDEST) {
        return asg_fail(error, ASG_ERR_MALFORMED,
                        "the saved state does not say which form it has");
    }
    if (fields->form <= FORM_NEWEST) return ASG_OK;
    return asg_fail(error, ASG_ERR_VERSION,
                    "the state was saved by a newer openasg (form %u of the state, this "
                    "one knows %d to %d); use that version, or a newer one",
                    fields->form, FORM_OLDEST, FORM_NEWEST);
}

static enum asg_status finish(const struct asg_fields *fields, struct asg_error *error)
{
    if (fields->is_bad) {
        return asg_fail(error, ASG_ERR_MALFORMED,
                        "the saved state is damaged at byte %zu: %s", fields->flaw_at,
                        fields->flaw);
    }
    assert(fields->at <= fields->end);
    if (fields->at == fields->end) return ASG_OK;
    return asg_fail(error, ASG_ERR_MALFORMED,
                    "the saved state ends at byte %zu, and %zu more bytes follow",
                    (size_t)(fields->at - fields->begin),
                    (size_t)(fields->end - fields->at));
}

enum asg_status asg_core_load(const void *data, size_t length, struct asg_core **ret,
                              struct asg_error *error)
{
    struct asg_fields fields = {
        .begin = data, .at = data, .end = (const uint8_t *)data + length};
    enum asg_status status = read_header(&fields, error);
    if (status != ASG_OK) return status;
    struct asg_core *core = NULL;
    asg_core_new(&core);
    asg_state_fields(&fields, core);
    status = finish(&fields, error);
    if (status == ASG_OK && core->rules != 0) {
        status = asg_rules_check(core, core->rules, error);
    }
    if (status == ASG_OK && !asg_state_index(core)) {
        status = asg_fail(error, ASG_ERR_MALFORMED,
                          "the saved state contradicts itself: groups, instances or jobs "
                          "out of order, or two with the same name");
    }
    if (status != ASG_OK) {
        asg_core_destroy(&core);
        return status;
    }
    asg_orphan_index(core);
    asg_detached_index(core);
    asg_orphan_count_unknown(core);
    assert(core->dirty_count == 0 && core->step == NULL);
    *ret = core;
    return ASG_OK;
}
