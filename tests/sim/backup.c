/* backup - the log goes back to a copy that was taken earlier, and with it all that the
 * books say from durable records. What EC2, agents and workers do goes on from where it
 * is. Once in a run for a cluster, and only where nothing is pruned: the replay at the
 * end needs the records before the copy. */
#include <stdlib.h>
#include <string.h>

#include "sim/sim.h"

struct sim_backup {
    uint64_t seq;
    uint64_t epoch;
    uint32_t groups_made;
    bool is_halted;
    bool is_restored;
    struct sim_group groups[SIM_GROUPS_MAX];
    struct asg_group_metric last_metrics[SIM_GROUPS_MAX];
    struct sim_job *jobs; /* by their places then */
    size_t job_count;
    struct sim_instance *instances; /* only what is durable of them is looked at */
    size_t instance_count;
};

bool sim_is_restored(void)
{
    return our->backup != NULL && our->backup->is_restored;
}

bool sim_backup_take(void)
{
    /* What a lost part of the log moved is moved in EC2, and no log says how. */
    if (sim.features.moves) return false;
    if (our->backup != NULL || sim.features.retention_ms != 0) return false;
    struct sim_backup *backup = asg_alloc(1, sizeof *backup);
    backup->seq = sim_disk_durable(our->disk);
    backup->epoch = our->last_epoch;
    backup->groups_made = our->groups_made;
    backup->is_halted = our->is_halted;
    memcpy(backup->groups, our->groups, sizeof backup->groups);
    memcpy(backup->last_metrics, our->last_metrics, sizeof backup->last_metrics);
    backup->job_count = our->job_count;
    backup->jobs = asg_alloc(our->job_count + 1, sizeof *backup->jobs);
    if (our->job_count > 0) {
        memcpy(backup->jobs, our->jobs, our->job_count * sizeof *backup->jobs);
    }
    backup->instance_count = sim.instance_count;
    backup->instances = asg_alloc(sim.instance_count + 1, sizeof *backup->instances);
    for (size_t i = 0; i < sim.instance_count; i++) {
        backup->instances[i] = *sim.instances[i];
    }
    our->backup = backup;
    sim_tell("operator", "copies the log, to record %llu",
             (unsigned long long)backup->seq);
    return true;
}

/* Of a group only what durable records said. */
static void restore_group(struct sim_group *group, const struct sim_group *was)
{
    if (was->max != group->max) { /* a launch under way may have counted on the larger */
        if (group->max > group->older_max) group->older_max = group->max;
        group->max_changed_us = sim.now_us;
        group->max = was->max;
    }
    group->no = was->no;
    group->exists = was->exists;
    group->is_deleting = was->is_deleting;
    group->is_dry_run = was->is_dry_run;
    group->dry_run_since_us = sim.now_us;
    group->is_halted = was->is_halted;
    group->halted_since_us = sim.now_us;
    group->suspended = was->suspended;
    for (int i = 0; i < ASG_PROCESS_COUNT; i++) {
        group->suspended_since_us[i] = sim.now_us;
    }
    group->has_policy = was->has_policy;
    group->extra_policies = was->extra_policies;
    memcpy(group->schedules, was->schedules, sizeof group->schedules);
    for (uint32_t i = 0; i < SIM_SCHEDULES; i++) {
        group->schedules[i].seen_ms = 0;
    }
    group->ordered_us = sim.now_us;
    group->desired = was->desired;
    group->min = was->min;
    memcpy(group->ended_ms, was->ended_ms, sizeof group->ended_ms);
    memcpy(group->ended_by_health, was->ended_by_health, sizeof group->ended_by_health);
    memcpy(group->ended, was->ended, sizeof group->ended);
    group->end_count = was->end_count;
    group->scaled_out_ms = was->scaled_out_ms;
}

static void restore_jobs(const struct sim_backup *backup)
{
    for (size_t i = 0; i < our->job_count; i++) {
        if (i < backup->job_count) {
            our->jobs[i].is_over = backup->jobs[i].is_over;
            our->jobs[i].count = backup->jobs[i].count;
        } else {
            our->jobs[i].is_lost = true;
        }
    }
}

static void restore_instance(struct sim_instance *instance,
                             const struct sim_instance *was)
{
    const struct sim_job *job = sim_find_job_of_token(instance->token);
    instance->is_lost = job != NULL && job->is_lost && !instance->is_stray;
    instance->was_lost |= instance->is_lost;
    instance->bound_generation = 0; /* the next leader says */
    instance->unbound_us = sim.now_us;
    instance->is_heard = was->is_heard;
    instance->is_silent = was->is_silent;
    instance->is_protected = was->is_protected;
    instance->is_called_ill = was->is_called_ill;
    instance->heard_us = was->heard_us;
    instance->is_over = was->is_over;
    instance->end_cause = was->end_cause;
    instance->was_serving = was->was_serving;
    instance->drain_from_ms = was->drain_from_ms;
    instance->drain_limit_ms = was->drain_limit_ms;
    instance->is_drained = was->is_drained;
}

void sim_backup_restore(void)
{
    struct sim_backup *backup = our->backup;
    if (backup == NULL || backup->is_restored || sim.is_quiet) return;
    sim_stop_controller(/* is_crash */ true);
    sim_tell("disk",
             "the log is lost; a copy that ends at record %llu of %llu is put in "
             "its place",
             (unsigned long long)backup->seq, (unsigned long long)our->last_seq);
    sim.swarm.hits[SIM_FAULT_OLD_BACKUP]++;
    backup->is_restored = true;
    sim_disk_go_back(our->disk, backup->seq);
    our->last_seq = backup->seq;
    law_activities_go_back();
    our->last_epoch = backup->epoch;
    our->groups_made = backup->groups_made;
    our->is_halted = backup->is_halted;
    our->halted_since_us = sim.now_us;
    memcpy(our->last_metrics, backup->last_metrics, sizeof our->last_metrics);
    for (uint32_t i = 0; i < our->group_count; i++) {
        restore_group(&our->groups[i], &backup->groups[i]);
    }
    restore_jobs(backup);
    static const struct sim_instance unknown;
    for (size_t i = 0; i < sim.instance_count; i++) {
        bool is_kept = i < backup->instance_count;
        if (sim.instances[i]->cluster != our) continue;
        restore_instance(sim.instances[i], is_kept ? &backup->instances[i] : &unknown);
    }
    for (uint32_t i = 0; i < our->group_count; i++) {
        if (!our->groups[i].exists) sim_order_group(&our->groups[i]);
    }
    our->learns_bindings = true;
    sim_settle_unknown();
}

void sim_backup_clear(void)
{
    if (our->backup == NULL) return;
    free(our->backup->jobs);
    free(our->backup->instances);
    free(our->backup);
    our->backup = NULL;
}
