/* compare - what files want beside what is there, and the order that makes up for it.
 *
 * Pure: no clock, no controller, no file. Of a group that is there only the fields that
 * the file names are compared; a policy or a scheduled action is compared whole, as what
 * it does not name has its preset's value. What only the API sets of a policy (kept)
 * stays where the file does not name it. Desired is for a group's creation, unless it is
 * asked for. docs/files.md. Threads: no state; any.
 */
#ifndef ASG_CLI_FILES_COMPARE_H
#define ASG_CLI_FILES_COMPARE_H

#include "cli/files/compare_fields.h"
#include "cli/files/declared.h"
#include "model/messages.h"

enum asg_difference_action {
    ASG_DIFFERENCE_CREATED,
    ASG_DIFFERENCE_CHANGED,
    ASG_DIFFERENCE_DELETED,
};
extern const struct asg_enum asg_difference_action_words;

enum asg_difference_kind {
    ASG_DIFFERENCE_GROUP,
    ASG_DIFFERENCE_POLICY,
    ASG_DIFFERENCE_SCHEDULE,
};
extern const struct asg_enum asg_difference_kind_words;

struct asg_difference {
    enum asg_difference_action action;
    enum asg_difference_kind kind;
    const char *group;
    const char *name; /* of the policy or the scheduled action; of a group: its own */
    const char *file; /* where it is declared; empty: nowhere */
    uint64_t line;
    struct asg_field_difference *fields; /* created: what the file names */
    size_t field_count;
    const char *refused; /* why it cannot be applied; empty: it can */
};

/* A group whose number of instances the order changes. */
struct asg_capacity_difference {
    const char *group;
    uint32_t there;     /* instances now, those that were asked for with them */
    uint32_t desired;   /* after it */
    uint32_t launch;    /* so many would be launched ... */
    uint32_t terminate; /* ... or terminated */
};

struct asg_differences {
    uint64_t revision; /* of the state that was compared */
    struct asg_difference *differences;
    size_t difference_count;
    size_t difference_capacity;
    struct asg_capacity_difference *capacities;
    size_t capacity_count;
    size_t capacity_capacity;
    uint32_t created;
    uint32_t changed;
    uint32_t deleted;
    uint32_t unchanged; /* what is `over` among them */
    uint32_t over;      /* scheduled actions that will never run any more */
    bool is_applied;    /* for those who show it */
    bool is_dry_run;
    const char *note; /* what the controller could not check; NULL */
};
extern const struct asg_schema asg_differences_schema;

/* The state as the controller says it. */
struct asg_present {
    uint64_t revision; /* read before the rest */
    struct asg_group_view *groups;
    size_t group_count;
    struct asg_policy_config *policies;
    size_t policy_count;
    struct asg_schedule_config *schedules;
    size_t schedule_count;
};

struct asg_compare_options {
    int64_t now_ms;    /* scheduled actions that have had their last run are not missed */
    bool sets_desired; /* of groups that are there too */
    bool prunes; /* what the files do not name of the groups they define is deleted */
};

/* Put groups, policies and scheduled actions in order, as asg_compare() needs them. */
void asg_present_sort(struct asg_present *present);

/* That group; NULL: it is not there. */
const struct asg_group_view *asg_present_find_group(const struct asg_present *present,
                                                    const char *name);

/* Compare. *ret_order has what differs and nothing else; its lists and texts live in
 * `arena`, or are those of `declared` and `present`. The offsets of time zones are still
 * to be filled in (model/zone_changes.h). ASG_ERR_INVALID: a policy or a scheduled action
 * is of a group that is neither there nor defined; error says file and line. */
ASG_MUST_USE enum asg_status asg_compare(
    const struct asg_declared *declared, const struct asg_present *present,
    const struct asg_compare_options *options, struct asg_arena *arena,
    struct asg_differences *ret, struct asg_apply *ret_order, struct asg_error *error);

#endif
