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

/* Pointers to later instances of the group move. */
void remove_instance(struct asg_core *core, struct group *group,
                     struct instance *instance);

struct instance *find_instance(struct asg_core *core, const char *id,
                               struct group **ret_group);

struct job *find_job(struct asg_core *core, uint64_t id);

/* A zeroed one behind the others, for loading. */
struct job *push_job(struct asg_core *core);

struct job *add_job(struct asg_core *core, enum asg_job_kind kind, struct group *group);

/* The job ended, or is forgotten, with its instances alive: they may be planned anew. */
void give_up_termination(struct asg_core *core, const struct job *job);

void set_retry(struct asg_core *core, struct job *job, int64_t at_ms); /* 0: it is out */

void set_job_state(struct asg_core *core, struct job *job, enum asg_job_state state);

struct template *find_template(struct asg_core *core, const char *name);

struct policy *find_policy(struct group *group, const char *name);

struct schedule *find_schedule(struct group *group, const char *name);

#endif
