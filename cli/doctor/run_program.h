/* run_program - another program of ours, and what it says. */
#ifndef ASG_CLI_DOCTOR_RUN_PROGRAM_H
#define ASG_CLI_DOCTOR_RUN_PROGRAM_H

#include "base/arena.h"
#include "base/bytes.h"

/* Beside the program that runs, else the name alone, for PATH. "openasg" is that program
 * itself, under whatever name. */
const char *asg_program_path(const char *name, struct asg_arena *arena);

/* Run it with `words` (words[0] its name, NULL at the end), no input, standard output and
 * errors both in *ret, at most `bytes_max` of them. Ended after `limit_ms`. `environment`
 * NULL: ours. Returns its exit code, 126 when it was ended by a signal, 127 when it
 * cannot be run. */
int asg_run_program(const char *path, const char *const *words, char *const *environment,
                    int64_t limit_ms, size_t bytes_max, struct asg_bytes *ret);

#endif
