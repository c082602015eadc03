/* counts - how many of a group's instances are what. */
#ifndef ASG_CORE_FACTS_COUNTS_H
#define ASG_CORE_FACTS_COUNTS_H

#include "core/facts/world.h"

uint32_t count_capacity(const struct group *group);

uint32_t count_alive(const struct group *group);

uint32_t count_warming(const struct group *group, int64_t now_ms);

uint32_t count_launching(const struct group *group);

#endif
