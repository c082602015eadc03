/* lives - long lives of clusters for so many hours, in processes of their own. */
#ifndef ASG_SIM_LIVES_H
#define ASG_SIM_LIVES_H

#include <stdbool.h>
#include <stdint.h>

#define SIM_BUDGET_ALL (UINT64_MAX / 100) /* as many reports as there are */

/* Seeds of lives are told by their size. */
bool sim_is_life(uint64_t seed);

/* Runs new seeds in `jobs` processes until `hours` are over, a law breaks or a signal to
 * stop comes; a line of progress each minute, everything at the end. Seeds that are under
 * way when the time is over are finished; after a second signal they are given up.
 * Returns what main returns. */
int sim_run_lives(double hours, int jobs);

#endif
