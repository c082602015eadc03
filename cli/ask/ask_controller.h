/* ask_controller - one question or order to the controller, and its answer.
 *
 * Over CURVE with the admin key. Blocks until the answer is there or the time is up; a
 * text on `err` then says what to look at. */
#ifndef ASG_CLI_ASK_ASK_CONTROLLER_H
#define ASG_CLI_ASK_ASK_CONTROLLER_H

#include "cli/cli.h"
#include "model/messages.h"

/* Send and wait. ASG_EXIT_OK: *ret is filled and says ok; it lives in `arena`.
 * Otherwise the words are out already: ASG_EXIT_FAILED (refused; *ret is filled),
 * ASG_EXIT_UNREACHABLE, ASG_EXIT_USAGE (no key). */
int asg_ask(struct asg_cli *cli, const struct asg_request *request,
            struct asg_arena *arena, struct asg_answer *ret);

/* The same, and ASG_EXIT_OK also for an answer that says no: *ret has its reason, and
 * nothing is said yet. */
int asg_ask_any(struct asg_cli *cli, const struct asg_request *request,
                struct asg_arena *arena, struct asg_answer *ret);

/* Say why the controller said no; returns ASG_EXIT_FAILED. */
int asg_say_denied(struct asg_cli *cli, const struct asg_answer *answer);

/* Send an order and say on `err` what came of it; `done` is what to say when it is done
 * and the controller says nothing itself. */
int asg_order(struct asg_cli *cli, const struct asg_command *command, const char *done,
              struct asg_answer *ret);

/* A list of what a group has came back with `count` items: when it is empty, is the group
 * there at all? `group` NULL: of no group. ASG_EXIT_FAILED with words when it is not. */
int asg_check_listed(struct asg_cli *cli, const char *group, size_t count);

/* The group's view, in `arena`. ASG_EXIT_FAILED with words when there is none and
 * `must_exist`; else *ret is NULL. */
int asg_ask_group(struct asg_cli *cli, const char *name, bool must_exist,
                  struct asg_arena *arena, const struct asg_group_view **ret);

/* Say that there is no such group, and which one may be meant. */
int asg_fail_group(struct asg_cli *cli, const char *name);

/* A command with its texts set to "" and nothing else. */
struct asg_command asg_new_command(enum asg_command_kind kind, const char *group);

void asg_connection_destroy(struct asg_connection **connection);

#endif
