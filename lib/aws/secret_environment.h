/* secret_environment - secrets that came in environment variables, out of everybody's
 * sight: /proc/<pid>/environ shows them for as long as a program runs, and every child
 * inherits them.
 *
 * Threads: hide and forget before any thread is made and after all have ended.
 */
#ifndef ASG_AWS_SECRET_ENVIRONMENT_H
#define ASG_AWS_SECRET_ENVIRONMENT_H

/* Take AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and AWS_CONTAINER_AUTHORIZATION_TOKEN out
 * of the environment: copied, overwritten where they stood, unset. */
void asg_secret_environment_hide(void);

/* What such a variable says, hidden or not; NULL when it is not set. */
const char *asg_secret_getenv(const char *name);

/* Wipe what was hidden. */
void asg_secret_environment_forget(void);

#endif
