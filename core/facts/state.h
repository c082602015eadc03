/* state - making, finding and removing what core remembers. */
#ifndef ASG_CORE_FACTS_STATE_H
#define ASG_CORE_FACTS_STATE_H

#include "core/facts/world.h"

/* An empty world, and its end. */
void init_state(struct asg_core *core);
void clear_state(struct asg_core *core);

/* Find what follows from a state that was loaded. False: it contradicts itself, numbers
 * do not rise or two have the same name. */
bool index_state(struct asg_core *core);

/* It is looked at before the step ends. */
void mark_dirty(struct asg_core *core, struct group *group);

struct group *find_group(const struct asg_core *core, const char *name);

struct group *group_of_no(const struct asg_core *core, uint32_t no);

/* A zeroed one behind the others, for loading. */
struct group *push_group(struct asg_core *core);

struct group *add_group(struct asg_core *core, const struct asg_group_config *config);

void remove_group(struct asg_core *core, struct group *group);

void set_group_config(struct group *group, const struct asg_group_config *config);

struct instance *add_instance(struct asg_core *core, struct group *group);

/* A zeroed one behind the others, for loading. */
struct instance *push_instance(struct group *group);

/* Nobody else may have that id. */
void set_instance_id(struct asg_core *core, struct instance *instance, const char *id);

/* Those that are over are forgotten, in one pass. */
void drop_instances(struct asg_core *core, struct group *group,
                    bool (*is_over)(const struct instance *instance));

/* Straight to the instance; *ret_group is left alone when it is not known. */
struct instance *find_instance(const struct asg_core *core, const char *id,
                               struct group **ret_group);

/* Where the instance of that number stands in its group, or the next one behind it. */
size_t instance_place(const struct group *group, uint64_t no);

/* EC2 is asked often of some of its instances, or of none. */
void set_changing(struct asg_core *core, struct group *group, bool is_changing);

struct job *find_job(const struct asg_core *core, uint64_t id);

/* A zeroed one behind the others, for loading. */
struct job *push_job(struct asg_core *core);

struct job *add_job(struct asg_core *core, enum asg_job_kind kind, struct group *group);

/* The job ended, or is forgotten, with its instances alive: they may be planned anew. */
void give_up_termination(struct asg_core *core, const struct job *job);

/* The job has this slot: all of its slots lie between the first and the last. */
void note_slot(struct job *job, const struct instance *slot);

void set_retry(struct asg_core *core, struct job *job, int64_t at_ms); /* 0: it is out */

void set_job_state(struct asg_core *core, struct job *job, enum asg_job_state state);

struct template *find_template(struct asg_core *core, const char *name);

struct policy *find_policy(struct group *group, const char *name);

struct schedule *find_schedule(struct group *group, const char *name);

#endif
