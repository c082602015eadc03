/* world - everything core remembers.
 *
 * Ordered containers, never a walk through a hash: groups by number (numbers are given in
 * order and never again), instances of a group by number, jobs by id. Texts of a
 * configuration live in the arena beside it. state_fields.c saves and loads all of it.
 */
#ifndef ASG_CORE_WORLD_WORLD_H
#define ASG_CORE_WORLD_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/due_heap.h"
#include "base/id_map.h"
#include "base/text_index.h"
#include "base/text_pool.h"
#include "core/world/group.h"
#include "core/world/job.h"
#include "model/changes.h"
#include "model/effects.h"

#define ASG_NAME_MAX         127
#define ASG_TOKEN_MAX        64
#define ASG_CLOSED_JOBS_KEPT 256
#define ASG_DEAD_JOBS_KEPT   1000
#define ASG_ORPHANS_MAX      20000
#define ASG_DETACHED_MAX     20000
#define ASG_LEADS_KEPT       256
#define ASG_HEARD_KEPT       16
#define ASG_ORPHAN_ENDS      8
#define ORPHAN_WAIT_MS       INT64_C(900000) /* before it is ended */

struct template
{
    char name[ASG_NAME_MAX + 1];
    char id[ASG_TEMPLATE_MAX + 1];
    uint64_t version;
    uint64_t job_id; /* 0: none under way */
    char failure[ASG_REASON_MAX + 1];
};

/* What groups may launch from instead of a template. */
struct configuration {
    struct asg_arena arena;
    struct asg_launch_configuration config;
};

/* An instance of ours that no group has, as EC2 showed it last. */
struct orphan {
    char id[ASG_INSTANCE_ID_MAX + 1];
    enum asg_orphan_kind kind;
    char group[ASG_NAME_MAX + 1];
    char type[ASG_TYPE_MAX + 1];
    char subnet_id[ASG_SUBNET_MAX + 1];
    char zone[ASG_ZONE_MAX + 1];
    char private_ip[ASG_IP_MAX + 1];
    enum asg_ec2_state ec2_state;
    int64_t launched_ms;
    uint64_t job_id; /* by its tags, as the next two */
    uint32_t attempt;
    uint64_t incarnation;
    bool is_spot;
    int64_t first_ms;
    uint64_t look_job_id; /* the describe that showed it last */
    bool is_ending;       /* its termination is planned */
    bool is_gone;         /* to be dropped before the step ends; not saved */
};

/* An instance that a group let go, detached.h. */
struct detached {
    char id[ASG_INSTANCE_ID_MAX + 1];
    uint32_t serial;      /* rises along the list: where it stands is found by it */
    int64_t seen_ms;      /* when it was let go, or EC2 showed it with our tags last */
    uint64_t look_job_id; /* the describe that did; 0: none since */
};

/* A LEAD of this log, or one that it was told of. */
struct lead {
    uint64_t epoch;
    uint64_t incarnation;
    uint64_t last_job_id; /* that it gave out; UINT64_MAX: it still leads */
};

struct sight; /* judge_health.c */

/* What is of one step only: where its effects go, and what was looked up for it. */
struct step {
    struct asg_effects *effects;
    int64_t before_ms;         /* the time of the event before this one */
    const struct sight *sight; /* of the fleet's silence; NULL: not looked yet */
    /* of the group under way */
    int64_t look_again_ms; /* look_again.h */
    uint32_t held_bits;    /* 1 << topic: still held, narrate.h */
    /* so many times a state was written, and a row of the life cycle was used */
    uint32_t states_written;
    uint32_t rows_used;
    /* room in the lists of the effects */
    size_t decision_capacity;
    size_t job_capacity;
    size_t closed_capacity;
    size_t recalled_capacity;
    size_t watch_capacity;
    size_t member_capacity;
    size_t drain_capacity;
    size_t alarm_capacity;
    size_t activity_capacity;
    /* how many instances the group under way has and is to have, for activities */
    uint32_t span_from;
    uint32_t span_to;
    const char *now; /* as causes write it; NULL: not written yet */
};

/* Complete listings of what EC2 has. */
struct listing {
    uint64_t job_id; /* one under way */
    int64_t next_ms;
    uint32_t count;   /* since it leads */
    int64_t every_ms; /* between two of them then; 0: not told */
};

/* Looks at those that change, between two listings. */
struct look {
    uint64_t job_id; /* one under way */
    int64_t next_ms;
    int64_t pause_ms;
};

/* What was touched since somebody asked, touched.h. */
struct touched {
    bool is_all;
    bool is_cluster;
    uint32_t round;        /* what was touched in it is marked by its number */
    struct group **groups; /* in no order */
    size_t group_count;
    size_t group_capacity;
    struct asg_arena arena; /* of: */
    struct asg_gone_group *gone;
    size_t gone_count;
    size_t gone_capacity;
};

struct asg_core {
    char cluster_id[ASG_NAME_MAX + 1];
    uint64_t seed;
    uint64_t epoch;
    uint32_t rules; /* that decide, rules.h: of the newest LEAD; 0 before the first */
    uint64_t incarnation; /* of the LEAD, drawn by chance at the edge */
    int64_t led_ms;
    int64_t now_ms;
    bool is_halted;
    uint32_t last_group_no;
    uint64_t last_instance_no;
    uint64_t last_job_id;
    uint64_t revision;     /* of what groups are meant to be, raise_revision.h */
    struct group **groups; /* by number */
    size_t group_count;
    size_t group_capacity;
    struct job **jobs; /* by id */
    size_t job_count;
    size_t job_capacity;
    struct template *templates; /* as they were first put */
    size_t template_count;
    struct configuration *configurations; /* by name */
    size_t configuration_count;
    struct lead leads[ASG_LEADS_KEPT]; /* of this log, oldest first */
    size_t lead_count;
    struct lead heard[ASG_HEARD_KEPT]; /* of a future of it that is lost */
    size_t heard_count;
    bool is_unlisted;       /* no whole listing was seen since it leads */
    bool is_behind;         /* held: this log is an old copy */
    bool has_more_orphans;  /* than there was room for */
    uint64_t behind_job_id; /* a whole listing of a later job is awaited; 0: of none */
    struct orphan *orphans; /* as they were first seen */
    size_t orphan_count;
    size_t orphan_capacity;
    struct detached *detached; /* as they were let go */
    size_t detached_count;
    size_t detached_capacity;
    int64_t orphan_ends[ASG_ORPHAN_ENDS];
    size_t orphan_end_count;
    int64_t schedule_late_ms; /* a scheduled action may still run then; 0: not told */
    struct listing listing;
    struct look look;
    /* not saved: they follow from the rest, and nothing iterates a hash */
    struct asg_text_index names;      /* groups */
    struct asg_text_index ids;        /* instances */
    struct asg_text_index curve_keys; /* identities, as the next */
    struct asg_text_index tls_keys;
    struct asg_text_pool texts;   /* kept_text.h */
    struct asg_id_map orphan_ids; /* their places */
    struct asg_id_map detached_ids;
    struct asg_due_heap dues;    /* when groups want their tick */
    struct asg_due_heap retries; /* when jobs are planned again */
    struct group **changing;     /* groups of which EC2 is asked often, by number */
    size_t changing_count;
    size_t changing_capacity;
    struct group **dirty; /* in no order */
    size_t dirty_count;
    size_t dirty_capacity;
    size_t closed_job_count;
    size_t dead_job_count;
    struct job *dead_jobs; /* in no order that counts */
    uint64_t step_no;      /* how many there were */
    struct touched touched;
    struct step *step; /* the one under way; NULL between two */
};

#endif
