/* state - creating, finding and removing what core remembers. */
#ifndef ASG_CORE_WORLD_STATE_H
#define ASG_CORE_WORLD_STATE_H

#include "core/world/world.h"

/* An empty world, and its end. */
void asg_state_init(struct asg_core *core);
void asg_state_clear(struct asg_core *core);

/* Find what follows from a state that was loaded. False: it contradicts itself, numbers
 * do not rise or two have the same name. */
bool asg_state_index(struct asg_core *core);

/* It is looked at before the step ends. */
void asg_group_mark_dirty(struct asg_core *core, struct group *group);

struct group *asg_group_find(const struct asg_core *core, const char *name);

struct group *asg_group_of_no(const struct asg_core *core, uint32_t no);

/* A zeroed one behind the others, for loading. */
struct group *asg_group_push(struct asg_core *core);

struct group *asg_group_add(struct asg_core *core, const struct asg_group_config *config);

void asg_group_remove(struct asg_core *core, struct group *group);

void asg_group_set_config(struct group *group, const struct asg_group_config *config);

/* What it is now is remembered, as what it was before an update. */
void asg_group_keep_before(struct group *group);

struct instance *asg_instance_add(struct asg_core *core, struct group *group);

/* A zeroed one behind the others, for loading. */
struct instance *asg_instance_push(struct group *group);

/* Nobody else may have that id. */
void asg_instance_set_id(struct asg_core *core, struct instance *instance,
                         const char *id);

/* Those that are over are forgotten, in one pass. */
void asg_instance_drop(struct asg_core *core, struct group *group,
                       bool (*is_over)(const struct instance *instance));

/* Straight to the instance; *ret_group is left alone when it is not known. */
struct instance *asg_instance_find(const struct asg_core *core, const char *id,
                                   struct group **ret_group);

/* Where the instance of that number stands in its group, or the next one behind it. */
size_t asg_instance_place(const struct group *group, uint64_t no);

/* EC2 is asked often of some of its instances, or of none. */
void asg_group_set_changing(struct asg_core *core, struct group *group, bool is_changing);

struct job *asg_job_find(const struct asg_core *core, uint64_t id);

/* A zeroed one behind the others, for loading. */
struct job *asg_job_push(struct asg_core *core);

struct job *asg_job_add(struct asg_core *core, enum asg_job_kind kind,
                        struct group *group);

/* Closed jobs are remembered for a while, dead ones longer: the oldest go first. Only at
 * the end of a step: before that somebody may hold one. Groups may be dirty afterwards.
 */
void asg_job_forget_old(struct asg_core *core);

/* The job ended, or is forgotten, with its instances alive: they may be planned anew. */
void asg_job_give_up_termination(struct asg_core *core, const struct job *job);

/* The job has this slot: all of its slots lie between the first and the last. */
void asg_job_note_slot(struct job *job, const struct instance *slot);

void asg_job_set_retry(struct asg_core *core, struct job *job,
                       int64_t at_ms); /* 0: it is out */

/* A launch in doubt: nothing of it is sent, and listings that begin at from_ms or later
 * are to tell. asg_job_set_retry() ends that. */
void asg_job_look_up(struct asg_core *core, struct job *job, int64_t from_ms);

void asg_job_set_state(struct asg_core *core, struct job *job, enum asg_job_state state);

/* The group's dead letters, or only those of launches, are over. Returns how many. */
size_t asg_job_cancel_dead(struct asg_core *core, uint32_t group_no, bool is_of_launches);

struct template *asg_template_find(const struct asg_core *core, const char *name);

struct policy *asg_policy_find(const struct group *group, const char *name);

struct schedule *asg_schedule_find(const struct group *group, const char *name);

#endif
