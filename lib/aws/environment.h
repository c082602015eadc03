/* environment - what variables say, with the secrets among them out of everybody's sight:
 * /proc/<pid>/environ shows them for as long as a program runs, and every child inherits
 * them.
 *
 * Threads: hide before any thread is made, forget after all have ended; get from any.
 */
#ifndef ASG_AWS_ENVIRONMENT_H
#define ASG_AWS_ENVIRONMENT_H

/* What a variable says, hidden or not; NULL when it is not set or empty. */
const char *asg_environment_get(const char *name);

/* Take AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and AWS_CONTAINER_AUTHORIZATION_TOKEN out
 * of the environment: copied, overwritten where they stood, unset. */
void asg_environment_hide_secrets(void);

/* Wipe what was hidden. */
void asg_environment_forget_secrets(void);

#endif
