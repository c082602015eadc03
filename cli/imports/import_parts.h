/* import_parts - what the files of import share. Private to cli/imports. */
#ifndef ASG_CLI_IMPORTS_IMPORT_PARTS_H
#define ASG_CLI_IMPORTS_IMPORT_PARTS_H

#include "cli/imports/import_group.h"
#include "model/schema.h"

struct asg_importing {
    const struct asg_answer_node *group;
    const struct asg_import_answers *answers;
    struct asg_arena *arena;
    struct asg_imported *ret;
    size_t schedule_capacity;
    size_t note_capacity;
};

/* `todo` is a constant, or lives in the arena. */
void asg_import_note(struct asg_importing *importing, const char *todo,
                     const char *format, ...) ASG_PRINTF(3, 4);

/* A note for each member of `node` that is not among `known`; `what` begins it: "The
 * policy web-cpu". */
void asg_import_note_unknown(struct asg_importing *importing,
                             const struct asg_answer_node *node, const char *const *known,
                             size_t known_count, const char *what);

/* The text as one word of a shell, for commands that somebody is told to run. */
const char *asg_import_shell(struct asg_importing *importing, const char *text);

/* AWS's word as ours: "ChangeInCapacity" is "change-in-capacity"; -1: not one of ours. */
int asg_import_word(const struct asg_enum *words, const char *of_aws);

/* A size, or a number of seconds as milliseconds, where it is given. */
void asg_import_size(const struct asg_answer_node *node, const char *name, uint32_t *ret);
void asg_import_seconds(const struct asg_answer_node *node, const char *name,
                        int64_t *ret_ms);

/* A node and all below it on one line: "MinSize=1 PoolState=Stopped"; cut at 300. */
const char *asg_import_show(struct asg_importing *importing,
                            const struct asg_answer_node *node);

/* import_launch.c: what it launches from, and where. */
void asg_import_template(struct asg_importing *importing,
                         const struct asg_answer_node *node);
void asg_import_mixed(struct asg_importing *importing,
                      const struct asg_answer_node *node);
void asg_import_launch_configuration(struct asg_importing *importing,
                                     const struct asg_answer_node *node);
void asg_import_places(struct asg_importing *importing);

/* import_policy.c: all of the group; sets its period of evaluation too. */
void asg_import_policies(struct asg_importing *importing);

/* import_schedule.c */
void asg_import_schedules(struct asg_importing *importing);

#endif
