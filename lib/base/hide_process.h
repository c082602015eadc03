/* hide_process - a process that holds secrets is nobody else's to look into.
 * Threads: call it first in main(), before others are made.
 */
#ifndef ASG_BASE_HIDE_PROCESS_H
#define ASG_BASE_HIDE_PROCESS_H

/* No core dumps; no ptrace and no reading
 * of its memory, environment or open files in /proc by others, be they of the same user
 * (root may). Programs that it runs may be looked into again. Under the address
 * sanitizer, whose leak check looks into its own process, only the core dumps are off. */
void asg_hide_process(void);

#endif
