/* say_hold - why a group does nothing, for people. */
#ifndef ASG_CLI_SHOW_SAY_HOLD_H
#define ASG_CLI_SHOW_SAY_HOLD_H

#include "base/bytes.h"
#include "model/messages.h"

/* A few words of each stop, of the most important of all other reasons, and its moment:
 * "suspended: launch; scale-in limit until 21:52:10". One that is far from now_ms is a
 * day: "until 2026-11-29". Nothing: nothing is held. */
void asg_hold_note(const struct asg_group_view *view, int64_t now_ms,
                   struct asg_bytes *ret);

/* The whole sentence with its moment: "...; until 21:52:10", or "...; until 2026-11-29
 * 21:52:10" when it is far from now_ms. */
void asg_hold_sentence(const struct asg_hold *hold, int64_t now_ms,
                       struct asg_bytes *ret);

#endif
