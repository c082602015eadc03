/* view - the state as readers see it: immutable pages, swapped as a whole.
 *
 * Flow:    core -> changes -> [publish] -> root -> the API, openasg, /metrics
 * Shape:   root -> racks of shelves of pages, by name -> page: the sheet of one group
 *          and its leaves, by number. What did not change is shared with the root before:
 *          a change copies one leaf, one page, and one shelf a level.
 * Memory:  each part counts who has it. A reader holds a root; what only older roots have
 *          goes with the last that holds them: a slow client keeps what it reads, and
 *          nothing else. Memory out ends the process (base/arena.h).
 * Threads: one writer publishes (publish.h); any thread holds, reads and drops. Neither
 *          waits for the other. Blocks: never.
 */
#ifndef ASG_VIEW_VIEW_H
#define ASG_VIEW_VIEW_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "model/changes.h"

#define ASG_LEAF_ROWS       64 /* instances of a leaf, at most */
#define ASG_NOT_LEADING_MAX 512

struct asg_view;
struct asg_root;

/* An empty view, of nothing and of nobody who leads. */
void asg_view_new(struct asg_view **ret);

/* Nobody holds a root of it any more. */
void asg_view_destroy(struct asg_view **view);

/* The newest root, held until asg_view_drop(): it stays as it is. Never NULL. Costs some
 * ten nanoseconds. */
const struct asg_root *asg_view_hold(struct asg_view *view);

/* Let it go; *root is NULL afterwards. A NULL *root is fine. */
void asg_view_drop(const struct asg_root **root);

/* ---- what a reader renders once ---- */

/* Bytes as they go out; `split`: where a second part of them begins. */
struct asg_rendered {
    size_t length;
    size_t split;
    char data[];
};

/* Each leaf and each sheet has one: filled by the reader that renders first, freed with
 * what it is of. */
struct asg_slot {
    _Atomic(struct asg_rendered *) rendered;
};

/* What is in it; NULL: nobody has rendered it yet. */
const struct asg_rendered *asg_slot_read(const struct asg_slot *slot);

/* Put a copy of these bytes there. When two do so at once one copy is kept: what is there
 * is returned. */
const struct asg_rendered *asg_slot_fill(struct asg_slot *slot, const void *data,
                                         size_t length, size_t split);

/* ---- pages ---- */

/* Some instances of a group that follow each other by number. */
struct asg_leaf {
    atomic_uint refs; /* who has it: pages; for view/ alone, as `arena` */
    struct asg_arena arena;
    struct asg_instance_rows content; /* 1 to ASG_LEAF_ROWS of them */
    struct asg_slot *slot;
};

/* All else of a group. */
struct asg_sheet {
    atomic_uint refs;
    struct asg_arena arena;
    struct asg_group_sheet content;
    struct asg_slot *slot;
};

/* A group. */
struct asg_page {
    atomic_uint refs;
    const char *name; /* of the group */
    const struct asg_sheet *sheet;
    struct asg_instance_counts counts;
    size_t leaf_count;
    const struct asg_leaf *leaves[]; /* by number */
};

/* All that belongs to no group. */
struct asg_cluster_page {
    atomic_uint refs;
    struct asg_arena arena;
    struct asg_cluster_sheet content;
};

/* The name of the page's group; lent by the page. */
const char *asg_page_name(const struct asg_page *page);

/* How many of those that serve are warming at that moment: reads the leaves in which
 * some may be. */
uint32_t asg_page_warming(const struct asg_page *page, int64_t now_ms);

/* The group with its counts filled in as they are at that moment; lent by the page. */
struct asg_group_view asg_page_group(const struct asg_page *page, int64_t now_ms);

/* What the controller knows beside core, and holds groups back. */
struct asg_beside {
    bool is_known;
    uint32_t workers;      /* that can call EC2 now */
    bool are_launches_out; /* EC2's request rate for them is used up, as the next */
    bool are_ends_out;
};

struct asg_beside asg_root_beside(const struct asg_root *root);

/* Why the group does not do what it wants at that moment, the most important first, each
 * reason once (but those of several policies or processes): what its sheet says and is
 * not over, and what holds all groups. Texts are lent by the root and the page. */
void asg_root_holds(const struct asg_root *root, const struct asg_page *page,
                    int64_t now_ms, struct asg_arena *arena, struct asg_hold **ret,
                    size_t *ret_count);

/* ---- a root ---- */

struct asg_totals {
    uint32_t groups;
    uint32_t instances;
    uint32_t open_jobs;
    uint32_t dead_jobs;
    uint64_t revision;              /* of asg_status_view */
    struct asg_alarm_counts alarms; /* of groups, whatever the time is */
    uint32_t breakers;              /* groups whose launches pause, or did */
};

/* "" while the controller leads; else why not: what is to be read is of before. */
const char *asg_root_not_leading(const struct asg_root *root);

/* Rises with each that is published. */
uint64_t asg_root_number(const struct asg_root *root);

/* The time of the last event that it knows. */
int64_t asg_root_time_ms(const struct asg_root *root);

struct asg_totals asg_root_totals(const struct asg_root *root);

/* Alarms that stand at that moment: of groups and of what belongs to none. */
struct asg_alarm_counts asg_root_alarms(const struct asg_root *root, int64_t now_ms);

const struct asg_cluster_sheet *asg_root_cluster(const struct asg_root *root);

/* Pages by name (strcmp), from 0; `at` is below the count. */
size_t asg_root_count(const struct asg_root *root);
const struct asg_page *asg_root_page(const struct asg_root *root, size_t at);

/* Where the group of that name stands, or the first behind it, or the count. */
size_t asg_root_place(const struct asg_root *root, const char *name);

/* NULL: there is none. */
const struct asg_page *asg_root_find(const struct asg_root *root, const char *name);

/* The instance of that id, its page and leaf; NULL: no group has it. The last two may be
 * NULL. */
const struct asg_instance_view *asg_root_find_instance(const struct asg_root *root,
                                                       const char *instance_id,
                                                       const struct asg_page **ret_page,
                                                       const struct asg_leaf **ret_leaf);

/* Where the leaf with the instance of that number stands, or the first behind it. */
size_t asg_page_place(const struct asg_page *page, uint64_t instance_no);

#endif
