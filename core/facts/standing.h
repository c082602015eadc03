/* standing - what one instance counts as. */
#ifndef ASG_CORE_FACTS_STANDING_H
#define ASG_CORE_FACTS_STANDING_H

#include "core/facts/instance.h"

/* Wanted and not on its way out. */
bool counts_as_capacity(const struct instance *instance);

/* EC2 may have it running, or will. */
bool is_alive(const struct instance *instance);

/* Asked for, or not in service yet. */
bool is_launching(const struct instance *instance);

/* On its way out, and EC2 does not say that it is over. */
bool is_ending(const struct instance *instance);

/* On its way out, whatever EC2 says. */
bool is_on_its_way_out(const struct instance *instance);

/* Asked for, and EC2 has given it no id yet. */
bool is_slot(const struct instance *instance);

/* Launched, and not in service yet. */
bool is_arriving(const struct instance *instance);

bool is_serving(const struct instance *instance);

/* Its health decides whether it is replaced. */
bool is_judged(const struct instance *instance);

/* For something that has its time: a drain, or hooks. */
bool is_waiting(const struct instance *instance);

/* Nothing more will come of it. */
bool is_finished(const struct instance *instance);

/* Something of it is about to change: EC2 is asked often. */
bool is_changing(const struct instance *instance);

bool is_over_in_ec2(int ec2_state);

bool is_warm(const struct instance *instance, int64_t now_ms);

#endif
