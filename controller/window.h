/* window - what the agents of all groups said in the present evaluation period.
 *
 * Flow:     ingest_report -> [window] -> metrics event -> core
 * One slot an instance; each slot keeps the mean of its samples of the period, so that
 * an agent that reports five times counts once. A full tick reads the slots from front
 * to back (structure of arrays): 13 bytes of CPU data an instance.
 * Time:     milliseconds; periods of a group begin at whole multiples of its period.
 * Values:   thousandths (event.h). What an agent says is bounded: percentages by 100,
 *           load and rates by limits, and the sum of load or of a rate in a group of five
 * or more is robust: its one or few most extreme values on each side count as the next
 * ones do, so that a false report moves a group by its share at most; and where fewer
 * than three have told it, nobody has. Threads:  one owner (the ingest thread).
 */
#ifndef ASG_CONTROLLER_WINDOW_H
#define ASG_CONTROLLER_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "model/effects.h"
#include "model/event.h"
#include "model/report.h"

struct asg_window;

#define ASG_WINDOW_SLOT_NONE UINT32_MAX

/* More than this no instance has; more is taken for this much. */
struct asg_window_limits {
    int64_t rate_bytes; /* a second: network or disk; at most 1 PiB */
    int64_t load;       /* per core; at most 1,000,000 */
};
#define ASG_WINDOW_RATE_MAX (INT64_C(400) << 30) /* EC2's fastest network, 2026 */
#define ASG_WINDOW_LOAD_MAX 100

/* limits NULL: the two above. */
void asg_window_new(const struct asg_window_limits *limits, struct asg_window **ret);
void asg_window_destroy(struct asg_window **window);

/* A group came or changed; an empty name takes it away with all its counting. */
void asg_window_watch(struct asg_window *window, const struct asg_watch *watch,
                      int64_t now_ms);

/* The next group that is watched, from number `from` on; 0: none. */
uint32_t asg_window_next_group(const struct asg_window *window, uint32_t from);

/* For how many groups there is room, and how many steps a collect takes at most: it
 * follows how many there were at once, not how many there ever were. */
size_t asg_window_group_places(const struct asg_window *window);

/* Give `slot` to a member of a group, or change whether it counts: from then on, what it
 * said before in the period does not. GONE empties it.
 * Slots are numbered by the caller from 0 without holes worth speaking of. */
void asg_window_set(struct asg_window *window, uint32_t slot, uint32_t group_no,
                    enum asg_member_state state);

/* Take one report of a slot's instance; the caller has checked that it is new. Rates are
 * over the time that the reports say has passed between them: how long one was under way
 * or waited does not matter. */
void asg_window_add(struct asg_window *window, uint32_t slot,
                    const struct asg_report *report);

/* CPU of the last report in thousandths of a percent, -1 before the first. */
int64_t asg_window_last_cpu(const struct asg_window *window, uint32_t slot);

/* The earliest end of a period; INT64_MAX without groups. */
int64_t asg_window_next_due(const struct asg_window *window);

/* End the periods that are due at now_ms: one row a group and metric, by group number
 * then metric, also for groups nobody reported of (count 0). Rows live in `arena`. */
void asg_window_collect(struct asg_window *window, int64_t now_ms,
                        struct asg_arena *arena, struct asg_metrics *ret);

#endif
