/* end_quietly - Ctrl-C is how a command that shows things for ever is ended: exit code 0.
 */
#ifndef ASG_CLI_LISTS_END_QUIETLY_H
#define ASG_CLI_LISTS_END_QUIETLY_H

/* From now on. What was written and not flushed is lost, so flush after each piece. */
void asg_end_quietly(void);

#endif
