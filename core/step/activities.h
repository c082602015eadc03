/* activities - what an order, a launch or an end of an instance is in AWS's words: opened
 * here, followed, closed, and each change put into the effects, whole and once a step.
 *
 * An open one belongs to its instance; a launch that found no room waits in its group for
 * the next slot, and goes on with that. One that is over is no longer core's. Its cause
 * is "At <time> <who moved desired>.  At <time> <the act>.  openasg: <our reason>."
 * (docs/rules.md, "Activities").
 */
#ifndef ASG_CORE_STEP_ACTIVITIES_H
#define ASG_CORE_STEP_ACTIVITIES_H

#include "core/world/world.h"

/* ---- causes ---- */

/* Who moved desired last, and how: the first sentence of the causes of what follows from
 * it, without its time and its full stop; `reason` is ours, "" for none. */
void asg_activity_wish(struct asg_core *core, struct group *group, const char *reason,
                       const char *format, ...) ASG_PRINTF(4, 5);

/* It is carried out: what happens from here on has other causes. */
void asg_activity_forget_wish(struct asg_core *core, struct group *group);

/* From how many to how many instances the group is on its way in this look. */
void asg_activity_note_span(struct asg_core *core, uint32_t from, uint32_t to);

/* A cause: the wish when it is asked for and stands, the act (without its time and its
 * full stop), and our reason, "" for none. Lives as long as the step. */
const char *asg_activity_say(struct asg_core *core, const struct group *group,
                             bool with_wish, const char *reason, const char *act, ...)
    ASG_PRINTF(5, 6);

/* "2026-01-02T03:04:05Z" of now, for a second sentence of an act. */
const char *asg_activity_say_now(struct asg_core *core);

/* ---- one activity ---- */

/* Open one for an instance that has none. A launch, and a return from standby, begins as
 * PRE_IN_SERVICE, 30; all else as IN_PROGRESS, 0. */
void asg_activity_open(struct asg_core *core, struct instance *instance,
                       enum asg_activity_kind kind, const char *cause);

/* It goes on: another status, progress, message or place. Nothing happens when none is
 * open. */
void asg_activity_go_on(struct asg_core *core, struct instance *instance,
                        enum asg_activity_status status, uint32_t progress,
                        const char *message);

/* It is over: SUCCESSFUL, FAILED or CANCELLED. Nothing happens when none is open. */
void asg_activity_close(struct asg_core *core, struct instance *instance,
                        enum asg_activity_status status, const char *message);

/* One that begins and ends in a moment: instances were to be taken out of service, and
 * none may be; `message` says why. */
void asg_activity_tell_no_end(struct asg_core *core, struct group *group,
                              const char *message);

/* ---- launches ---- */

/* `count` launches are decided, and wait until it is known what is launched: as many as
 * do not wait yet begin. */
void asg_activity_expect(struct asg_core *core, struct group *group, uint32_t count);

/* The slot is new: its launch goes on with one that waits, or begins. *cause is NULL for
 * the first slot of a job, and kept for the others: they mostly have the same. */
void asg_activity_take_slot(struct asg_core *core, struct instance *slot,
                            const char **cause);

/* The slot came to nothing and its launch is made again: it waits for the next one. */
void asg_activity_wait(struct asg_core *core, struct instance *slot, const char *message);

/* Those that wait end: all but `left` of them. */
void asg_activity_end_waiting(struct asg_core *core, struct group *group, uint32_t left,
                              enum asg_activity_status status, const char *message);

/* "<what EC2 says>. Launching EC2 instance failed.", as AWS ends a launch that failed. */
const char *asg_activity_say_failure(struct asg_core *core, const char *what);

/* ---- the life cycle ---- */

/* The instance has left `from` by a row of the table, which may end its activity. */
void asg_activity_follow(struct asg_core *core, struct instance *instance,
                         enum asg_instance_state from);

#endif
