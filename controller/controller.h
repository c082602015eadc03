/* controller - the loop that owns core: takes events, commits, releases.
 *
 * Flow:    inbox, workers, admin, timers -> event -> commit -> jobs, replies, members
 * One thread runs it; ingest and prober have their own and come in by the inbox. When
 * the log cannot be written it stops leading, keeps answering that it does not lead,
 * and opens the log again until that works (docs/rules.md, "Write before act"). When its
 * process stood still, a turn being late by more than a minute, it opens the log again,
 * too, and leads anew: what it knew is old (docs/reliability.md, "After an absence").
 */
#ifndef ASG_CONTROLLER_CONTROLLER_H
#define ASG_CONTROLLER_CONTROLLER_H

#include <stdatomic.h>

#include "base/clock.h"
#include "controller/settings.h"

struct asg_controller;

/* Make the folders and keys, bind the sockets, rebuild the state and begin to lead.
 * The text of a failure says what to do. */
ASG_MUST_USE enum asg_status asg_controller_new(
    const struct asg_controller_settings *settings, struct asg_clock clock,
    struct asg_controller **ret, struct asg_error *error);

/* Take what came and do what is due, without waiting. Returns the milliseconds to the
 * next thing of the loop's own, a minute at most: a call that comes more than a minute
 * after that finds that the process stood still. asg_controller_run() calls it after each
 * wait; a simulator calls it when its own clock says so. */
int64_t asg_controller_turn(struct asg_controller *controller);

/* Run until *stop is set (by a signal handler, in whichever thread). *reload set (SIGHUP;
 * NULL: never) has the API's certificate and keys read anew. */
void asg_controller_run(struct asg_controller *controller, const atomic_bool *stop,
                        atomic_bool *reload);

/* Saves a snapshot when it leads, closes everything. */
void asg_controller_destroy(struct asg_controller **controller);

#endif
