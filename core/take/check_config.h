/* check_config - may a group be so? Asked before anything of it is believed. */
#ifndef ASG_CORE_TAKE_CHECK_CONFIG_H
#define ASG_CORE_TAKE_CHECK_CONFIG_H

#include "base/error.h"
#include "core/world/world.h"

/* ASG_ERR_INVALID: the text says what cannot be. Its texts are not NULL. */
ASG_MUST_USE enum asg_status asg_take_check_config(const struct asg_core *core,
                                                   const struct asg_group_config *config,
                                                   struct asg_error *error);

/* Of a group: their number, and each of them. */
ASG_MUST_USE enum asg_status asg_take_check_tags(const struct asg_tag *tags, size_t count,
                                                 struct asg_error *error);

/* What cannot be said of a source, NULL: nothing. Static. */
const char *asg_take_wrong_with_source(const struct asg_source *source);

#endif
