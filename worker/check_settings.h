/* check_settings - what a start would find wrong with the settings and the files they
 * name: --check-config. */
#ifndef ASG_WORKER_CHECK_SETTINGS_H
#define ASG_WORKER_CHECK_SETTINGS_H

#include "text/config.h"

/* `settings` is a struct asg_worker_settings. Reads files; asks no one and makes
 * nothing. */
void asg_worker_check_settings(const void *settings, struct asg_problems *problems);

#endif
