/* check_settings - what a start would find wrong with the settings and the files they
 * name: --check-config. */
#ifndef ASG_AGENT_CHECK_SETTINGS_H
#define ASG_AGENT_CHECK_SETTINGS_H

#include "text/config.h"

/* `settings` is a struct asg_agent_settings. Reads files; asks no one and makes
 * nothing. */
void asg_agent_check_settings(const void *settings, struct asg_problems *problems);

#endif
