/* state - making, finding and removing what core remembers. */
#ifndef ASG_CORE_FACTS_STATE_H
#define ASG_CORE_FACTS_STATE_H

#include "core/facts/world.h"

struct group *find_group(struct asg_core *core, const char *name);

struct group *group_of_no(struct asg_core *core, uint32_t no);

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

struct job *add_job(struct asg_core *core, enum asg_job_kind kind, struct group *group);

/* The job ended, or is forgotten, with its instances alive: they may be planned anew. */
void give_up_termination(struct asg_core *core, const struct job *job);

void set_retry(struct asg_core *core, struct job *job, int64_t at_ms); /* 0: it is out */

void find_jobs_deadline(struct asg_core *core);

void free_group(struct group *group);

void free_job(struct job *job);

struct template *find_template(struct asg_core *core, const char *name);

struct policy *find_policy(struct group *group, const char *name);

struct schedule *find_schedule(struct group *group, const char *name);

#endif
