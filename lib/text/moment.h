/* moment - times as people read them: RFC 3339, in UTC unless they want their own zone.
 *
 * The zone is the process's (TZ, else the machine's), and so is the choice: main() or the
 * command line makes it once, before anything is shown. What is written for machines
 * (JSON, CSV, the log) never follows it.
 * Threads: asg_moment_set_local() before any other thread.
 */
#ifndef ASG_TEXT_MOMENT_H
#define ASG_TEXT_MOMENT_H

#include <stdbool.h>
#include <stdint.h>

#define ASG_MOMENT_TEXT_MAX 40

/* From here on asg_moment_print() shows the process's zone with its offset. */
void asg_moment_set_local(bool is_local);

/* "2026-11-23T14:36:49Z", "2026-11-23T15:36:49+01:00"; "-" for 0 and less. */
void asg_moment_print(int64_t at_ms, char text[ASG_MOMENT_TEXT_MAX]);

/* The same with milliseconds, as records of the log have them. */
void asg_moment_print_ms(int64_t at_ms, char text[ASG_MOMENT_TEXT_MAX]);

#endif
