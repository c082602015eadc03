/* compare_view - is what readers see what core has? Every page is held against one made
 * afresh from core, byte by byte as the wire would write it. */
#ifndef ASG_TESTS_COMPARE_VIEW_H
#define ASG_TESTS_COMPARE_VIEW_H

#include <stdio.h>
#include <string.h>

#include "core/core.h"
#include "view/view.h"
#include "wire/wire.h"

struct view_comparison {
    const struct asg_core *core;
    const struct asg_root *root;
    struct asg_arena arena;
    struct asg_bytes seen;
    struct asg_bytes fresh;
    char wrong[256]; /* "" while nothing differs */
};

static inline void view_differs(struct view_comparison *c, const char *what,
                                const char *name)
{
    if (c->wrong[0] != '\0') return;
    (void)snprintf(c->wrong, sizeof c->wrong, "%s of %s is not what core has", what,
                   name);
}

static inline void compare_bytes(struct view_comparison *c, const char *what,
                                 const char *name)
{
    bool is_same =
        c->seen.length == c->fresh.length &&
        (c->seen.length == 0 || memcmp(c->seen.data, c->fresh.data, c->seen.length) == 0);
    if (!is_same) view_differs(c, what, name);
    asg_bytes_reset(&c->seen);
    asg_bytes_reset(&c->fresh);
}

static inline void write_sheet(const struct asg_group_sheet *sheet, struct asg_bytes *ret)
{
    asg_wire_encode(&asg_group_view_schema, &sheet->group, ret);
    for (size_t i = 0; i < sheet->policy_count; i++) {
        asg_wire_encode(&asg_policy_config_schema, &sheet->policies[i], ret);
    }
    for (size_t i = 0; i < sheet->schedule_count; i++) {
        asg_wire_encode(&asg_schedule_config_schema, &sheet->schedules[i], ret);
    }
    for (size_t i = 0; i < sheet->alarms.count; i++) {
        asg_bytes_append(ret, sheet->alarms.items[i], strlen(sheet->alarms.items[i]) + 1);
    }
    for (size_t i = 0; i < sheet->alarm_count; i++) {
        asg_wire_encode(&asg_alarm_view_schema, &sheet->alarm_list[i], ret);
    }
    asg_bytes_append(ret, &sheet->alarm_counts, sizeof sheet->alarm_counts);
    asg_bytes_append(ret, &sheet->breaker_until_ms, sizeof sheet->breaker_until_ms);
}

static inline void compare_sheet(struct view_comparison *c, const struct asg_page *page)
{
    const struct asg_group_sheet *seen = &page->sheet->content;
    struct asg_group_sheet fresh;
    const char *name = asg_page_name(page);
    if (!asg_core_view_sheet(c->core, seen->group.group_no, &c->arena, &fresh)) {
        view_differs(c, "the being", name);
        return;
    }
    write_sheet(seen, &c->seen);
    write_sheet(&fresh, &c->fresh);
    compare_bytes(c, "the sheet", name);
}

static inline void compare_found(struct view_comparison *c, const struct asg_page *page,
                                 const struct asg_instance_view *row)
{
    const struct asg_page *found_page = NULL;
    const struct asg_instance_view *found =
        asg_root_find_instance(c->root, row->instance_id, &found_page, NULL);
    if (found != row || found_page != page) view_differs(c, "the id", row->instance_id);
}

static inline void compare_rows(struct view_comparison *c, const struct asg_page *page)
{
    const char *name = asg_page_name(page);
    struct asg_instance_rows fresh;
    asg_core_view_rows(c->core, page->sheet->content.group.group_no, 1, UINT64_MAX,
                       SIZE_MAX, &c->arena, &fresh);
    size_t at = 0;
    for (size_t l = 0; l < page->leaf_count; l++) {
        const struct asg_instance_rows *rows = &page->leaves[l]->content;
        if (rows->count == 0 || rows->count > ASG_LEAF_ROWS)
            view_differs(c, "a leaf", name);
        for (size_t i = 0; i < rows->count; i++, at++) {
            if (at == fresh.count) {
                view_differs(c, "an instance too many", name);
                return;
            }
            asg_wire_encode(&asg_instance_view_schema, &rows->items[i], &c->seen);
            asg_wire_encode(&asg_instance_view_schema, &fresh.items[at], &c->fresh);
            char whom[128];
            (void)snprintf(whom, sizeof whom, "%s (%s, %s)", name,
                           fresh.items[at].instance_id, fresh.items[at].lifecycle);
            compare_bytes(c, "an instance", whom);
            if (rows->items[i].instance_id[0] != '\0') {
                compare_found(c, page, &rows->items[i]);
            }
        }
    }
    if (at != fresh.count) view_differs(c, "an instance too few", name);
    if (memcmp(&page->counts, &fresh.counts, sizeof fresh.counts) != 0) {
        view_differs(c, "the counts", name);
    }
}

static inline void write_cluster(const struct asg_cluster_sheet *cluster,
                                 struct asg_bytes *ret)
{
    struct asg_status_view status = cluster->status;
    status.time_ms = 0; /* these are the root's */
    status.open_jobs = 0;
    status.dead_jobs = 0;
    asg_wire_encode(&asg_status_view_schema, &status, ret);
    asg_bytes_append(ret, &cluster->alarm_counts, sizeof cluster->alarm_counts);
    for (size_t i = 0; i < cluster->template_count; i++) {
        asg_wire_encode(&asg_template_view_schema, &cluster->templates[i], ret);
    }
    for (size_t i = 0; i < cluster->launch_configuration_count; i++) {
        asg_wire_encode(&asg_launch_configuration_schema,
                        &cluster->launch_configurations[i], ret);
    }
    for (size_t i = 0; i < cluster->orphan_count; i++) {
        asg_wire_encode(&asg_orphan_view_schema, &cluster->orphans[i], ret);
    }
    for (size_t i = 0; i < cluster->launch_configuration_count; i++) {
        asg_wire_encode(&asg_launch_configuration_schema,
                        &cluster->launch_configurations[i], ret);
    }
}

static inline void compare_cluster(struct view_comparison *c)
{
    struct asg_cluster_sheet fresh;
    asg_core_view_cluster(c->core, &c->arena, &fresh);
    write_cluster(asg_root_cluster(c->root), &c->seen);
    write_cluster(&fresh, &c->fresh);
    compare_bytes(c, "the page", "the cluster");
    struct asg_job_counts jobs = asg_core_job_counts(c->core);
    struct asg_totals totals = asg_root_totals(c->root);
    if (totals.open_jobs != jobs.open || totals.dead_jobs != jobs.dead ||
        totals.revision != asg_core_revision(c->core)) {
        view_differs(c, "a total", "the cluster");
    }
    if (asg_root_time_ms(c->root) != asg_core_now_ms(c->core)) {
        view_differs(c, "the time", "the cluster");
    }
}

/* True: they say the same. False: *ret_wrong says what does not. */
static inline bool view_equals_core(struct asg_view *view, const struct asg_core *core,
                                    char ret_wrong[256])
{
    struct view_comparison c = {.core = core, .root = asg_view_hold(view)};
    struct asg_group_view *groups = NULL;
    size_t group_count = 0;
    asg_core_view_groups(core, NULL, &c.arena, &groups, &group_count);
    uint32_t instances = 0;
    if (asg_root_count(c.root) != group_count) {
        view_differs(&c, "the count of groups", "the cluster");
    }
    for (size_t i = 0; i < asg_root_count(c.root); i++) {
        const struct asg_page *page = asg_root_page(c.root, i);
        const char *name = asg_page_name(page);
        if (asg_root_find(c.root, name) != page || asg_root_place(c.root, name) != i) {
            view_differs(&c, "the place", name);
        }
        compare_sheet(&c, page);
        compare_rows(&c, page);
        instances += page->counts.instances;
    }
    if (asg_root_totals(c.root).instances != instances) {
        view_differs(&c, "the count of instances", "the cluster");
    }
    compare_cluster(&c);
    asg_view_drop(&c.root);
    asg_arena_clear(&c.arena);
    asg_bytes_clear(&c.seen);
    asg_bytes_clear(&c.fresh);
    (void)snprintf(ret_wrong, 256, "%s", c.wrong);
    return c.wrong[0] == '\0';
}

#endif
