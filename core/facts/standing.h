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

/* On its way out and not gone. */
bool is_ending(const struct instance *instance);

/* Something of it is about to change: EC2 is asked often. */
bool is_changing(const struct instance *instance);

bool is_over_in_ec2(int ec2_state);

bool is_warm(const struct instance *instance, int64_t now_ms);

#endif
