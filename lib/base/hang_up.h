/* hang_up - SIGHUP, which a service is sent to have it read its settings again, does not
 * end a program that reads none again: it says so in its log. Threads: call both from the
 * main thread, the first before others are made.
 */
#ifndef ASG_BASE_HANG_UP_H
#define ASG_BASE_HANG_UP_H

/* From here on SIGHUP ends nothing. Programs that we run have its default again. */
void asg_hang_up_catch(void);

/* Call it on each turn of the loop: a line in the log when SIGHUP came. */
void asg_hang_up_tell(const char *component);

/* That line, for a program that takes the signal in another way. */
void asg_hang_up_log(const char *component);

#endif
