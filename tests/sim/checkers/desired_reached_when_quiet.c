/* desired_reached_when_quiet - some time after the last fault every group has as many in
 * service as it desires, as many as EC2 has and as many as do work, and no job that
 * changes anything is open. */
#include "sim/sim.h"

static const char *open_job(const struct asg_core *core)
{
    static char text[160];
    struct asg_arena arena = {0};
    struct asg_job *jobs = NULL;
    size_t count = 0;
    const char *ret = NULL;
    asg_core_open_jobs(core, &arena, &jobs, &count);
    for (size_t i = 0; i < count && ret == NULL; i++) {
        if (jobs[i].kind == ASG_JOB_DESCRIBE) continue;
        (void)snprintf(text, sizeof text, "job %s (%s) is open since %lld s",
                       jobs[i].name,
                       asg_enum_word(&asg_job_kind_words, (int)jobs[i].kind),
                       (long long)(sim_wall_ms() - jobs[i].created_ms) / 1000);
        ret = text;
    }
    asg_arena_clear(&arena);
    return ret;
}

/* Those that were deleted are gone, and nothing of them lives. */
static const char *left_behind(void)
{
    static char text[160];
    for (uint32_t i = 0; i < our->group_count; i++) {
        const struct sim_group *group = &our->groups[i];
        if (group->exists && !group->is_deleting) continue;
        if (!group->exists && group->alive == 0) continue;
        (void)snprintf(text, sizeof text, "%s %s, EC2 has %u of it", group->name,
                       group->exists ? "is being deleted" : "is gone", group->alive);
        return text;
    }
    return NULL;
}

const char *law_desired_reached(void)
{
    static char text[160];
    if (our->controller == NULL || our->controller->commit == NULL) return "nobody leads";
    const struct asg_core *core = asg_commit_core(our->controller->commit);
    struct asg_arena arena = {0};
    struct asg_group_view *groups = NULL;
    size_t count = 0;
    const char *ret = NULL;
    asg_core_view_groups(core, "", &arena, &groups, &count);
    for (size_t i = 0; i < count && ret == NULL; i++) {
        const struct sim_group *books = sim_find_group(our, groups[i].config->name);
        uint32_t there = groups[i].in_service;
        if (books == NULL) continue;
        if (there == groups[i].config->desired && books->alive == there &&
            books->serving == there && groups[i].pending == 0 &&
            groups[i].terminating == 0) {
            continue;
        }
        (void)snprintf(
            text, sizeof text,
            "%s desires %u and has %u in service, %u pending, %u requested, %u "
            "terminating; EC2 has %u, %u of them with a living agent",
            books->name, groups[i].config->desired, there, groups[i].pending,
            groups[i].requested, groups[i].terminating, books->alive, books->serving);
        ret = text;
    }
    asg_arena_clear(&arena);
    if (ret == NULL) ret = left_behind();
    return ret != NULL ? ret : open_job(core);
}
