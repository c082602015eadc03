/* show_result - what a command that changes something says when it has done it.
 *
 * As a table: one sentence on `err`. With --output json, yaml or csv: one object on `out`
 * and nothing on `err`. The object's fields are in docs/json.md; fields are only ever
 * added. */
#ifndef ASG_CLI_SHOW_SHOW_RESULT_H
#define ASG_CLI_SHOW_SHOW_RESULT_H

#include "cli/cli.h"
#include "model/messages.h"

/* NULL and 0: not known, null in JSON. */
struct asg_done {
    const char *action;     /* "group create"; NULL: the command that runs */
    const char *kind;       /* "group", "policy", "schedule", "instance", "job", .. */
    const char *name;       /* of the thing of that kind */
    const char *group;      /* that it belongs to */
    struct asg_texts names; /* several things of that kind; `name` is then NULL */
    const char *message;    /* one sentence without its full stop */
    const char *note;       /* what the controller could not check */
    bool is_changed;        /* false: everything was so already */
    bool is_dry_run;        /* nothing was done */
    uint64_t job_id;        /* that the order started */
    uint64_t revision;      /* of the configuration, after the order */
};

extern const struct asg_schema asg_done_schema;

/* Show it; returns ASG_EXIT_OK. */
int asg_cli_result(struct asg_cli *cli, const struct asg_done *result);

/* "note: ..." on `err`; NULL and "": nothing. */
void asg_cli_note(struct asg_cli *cli, const char *note);

/* What an order did, without its message: kind and names from `command`, the job from
 * `answer`. */
struct asg_done asg_done_by_order(const struct asg_command *command,
                                  const struct asg_answer *answer);

#endif
