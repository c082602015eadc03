/* changes - what core's steps have touched, and what a reader may see of a group: for
 * those who keep a view of it (view/view.h). Never on the wire and never in the log.
 */
#ifndef ASG_MODEL_CHANGES_H
#define ASG_MODEL_CHANGES_H

#include "model/group.h"
#include "model/messages.h"

/* A group that is there, and what of it may be other than before. */
struct asg_touched_group {
    uint32_t group_no;
    bool has_sheet;               /* something besides its instances */
    const uint64_t *instance_nos; /* added, changed or gone: ascending, each once */
    size_t instance_count;
};

struct asg_gone_group {
    uint32_t group_no;
    const char *name; /* another group may have it by now */
};

struct asg_changes {
    bool is_all; /* everything there is: nothing is listed */
    /* templates, launch configurations, orphans and what else belongs to no group */
    bool is_cluster;
    struct asg_touched_group *groups; /* by number */
    size_t group_count;
    struct asg_gone_group *gone; /* in the order in which they went */
    size_t gone_count;
};

/* All that is to be seen of a group besides its instances. The counts of `group` stay
 * zero: they follow from the instances and the time. */
/* Alarms that stand, by kind. */
struct asg_alarm_counts {
    uint32_t of[ASG_ALARM_COUNT];
};

/* What launches of a group leave alone for now, as EC2 had no room there. */
struct asg_dry_offering {
    const char *type; /* "": the template's */
    const char *zone;
    bool is_spot; /* of fleets; false also for what a template buys */
    int64_t until_ms;
};

struct asg_group_sheet {
    struct asg_group_view group;
    struct asg_policy_config *policies; /* by name, as the next */
    size_t policy_count;
    struct asg_schedule_config *schedules;
    size_t schedule_count;
    struct asg_texts alarms;           /* that stand whatever the time is */
    struct asg_alarm_view *alarm_list; /* the same, with what they are about */
    size_t alarm_count;
    struct asg_alarm_counts alarm_counts; /* of these */
    int64_t breaker_until_ms;             /* launches pause until then; may be over */
    struct asg_dry_offering *dry;         /* may be over */
    size_t dry_count;
};

/* How many of some instances are what. */
struct asg_instance_counts {
    uint32_t instances; /* all of them */
    uint32_t requested; /* no id yet */
    uint32_t pending;
    uint32_t serving; /* warm and warming ones */
    uint32_t terminating;
    uint32_t unhealthy;
    int64_t warm_ms; /* then the last of those that serve is warm; 0: none serves */
};

/* Instances of a group that follow each other by number. What depends on the time
 * (is_warming) is left out: warm_ms says it. */
struct asg_instance_rows {
    struct asg_instance_view *items;
    size_t count;
    struct asg_instance_counts counts;
};

/* All that belongs to no group. Counts of groups and instances, the alarms of groups and
 * the revision stay out of `status`. */
struct asg_cluster_sheet {
    struct asg_status_view status;
    struct asg_alarm_counts alarm_counts; /* of its alarms */
    struct asg_template_view *templates;
    size_t template_count;
    struct asg_orphan_view *orphans;
    size_t orphan_count;
    struct asg_launch_configuration *launch_configurations; /* by name */
    size_t launch_configuration_count;
};

#endif
