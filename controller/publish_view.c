#include "controller/publish_view.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define JOIN_ROWS (ASG_LEAF_ROWS / 2) /* neighbours of so few become one leaf */

/* The leaves of the page that is being made. */
struct leaves {
    const struct asg_core *core;
    uint32_t group_no;
    const struct asg_leaf **items;
    size_t count;
    size_t capacity;
};

static uint64_t first_no(const struct asg_leaf *leaf)
{
    assert(leaf->content.count > 0);
    return leaf->content.items[0].no;
}

static uint64_t last_no(const struct asg_leaf *leaf)
{
    assert(leaf->content.count > 0);
    return leaf->content.items[leaf->content.count - 1].no;
}

static void push(struct leaves *leaves, const struct asg_leaf *leaf)
{
    assert(leaves->count == 0 ||
           last_no(leaves->items[leaves->count - 1]) < first_no(leaf));
    if (leaves->count == leaves->capacity) {
        leaves->capacity = leaves->capacity == 0 ? 8 : leaves->capacity * 2;
        leaves->items =
            asg_realloc(leaves->items, leaves->capacity, sizeof *leaves->items);
    }
    leaves->items[leaves->count++] = leaf;
}

/* A leaf of the first instances in that range; NULL: there are none. */
static const struct asg_leaf *read_leaf(const struct leaves *leaves, uint64_t from_no,
                                        uint64_t to_no)
{
    struct asg_leaf *leaf = asg_leaf_new();
    asg_core_view_rows(leaves->core, leaves->group_no, from_no, to_no, ASG_LEAF_ROWS,
                       &leaf->arena, &leaf->content);
    if (leaf->content.count > 0) return leaf;
    asg_leaf_drop(leaf);
    return NULL;
}

/* The last two are one when they are so small: leaves do not crumble. */
static void join_last(struct leaves *leaves)
{
    if (leaves->count < 2) return;
    const struct asg_leaf *a = leaves->items[leaves->count - 2];
    const struct asg_leaf *b = leaves->items[leaves->count - 1];
    if (a->content.count + b->content.count > JOIN_ROWS) return;
    const struct asg_leaf *joined = read_leaf(leaves, first_no(a), last_no(b));
    assert(joined != NULL &&
           joined->content.count == a->content.count + b->content.count);
    asg_leaf_drop(a);
    asg_leaf_drop(b);
    leaves->count -= 2;
    push(leaves, joined);
}

/* All instances in that range, a leaf after another. */
static void read_range(struct leaves *leaves, uint64_t from_no, uint64_t to_no)
{
    for (;;) {
        const struct asg_leaf *leaf = read_leaf(leaves, from_no, to_no);
        if (leaf == NULL) return;
        push(leaves, leaf);
        join_last(leaves);
        from_no = last_no(leaves->items[leaves->count - 1]) + 1;
        if (from_no > to_no || from_no == 0) return;
    }
}

/* Is a number from `*at` on within the leaf? Goes on behind it. */
static bool is_touched(const struct asg_leaf *leaf,
                       const struct asg_touched_group *touched, size_t *at)
{
    bool is = false;
    uint64_t last = last_no(leaf);
    while (*at < touched->instance_count && touched->instance_nos[*at] <= last) {
        is = is || touched->instance_nos[*at] >= first_no(leaf);
        (*at)++;
    }
    return is;
}

static void make_leaves(struct leaves *leaves, const struct asg_page *before,
                        const struct asg_touched_group *touched)
{
    size_t at = 0; /* in the touched numbers */
    size_t count = before != NULL ? before->leaf_count : 0;
    uint64_t rest_no = 1; /* new instances have numbers from it on */
    for (size_t i = 0; i < count; i++) {
        const struct asg_leaf *leaf = before->leaves[i];
        bool is_new = is_touched(leaf, touched, &at);
        bool is_last = i + 1 == count;
        rest_no = last_no(leaf) + 1;
        /* New ones go onto the last leaf while there is room. */
        bool grows = is_last && at < touched->instance_count &&
                     leaf->content.count < ASG_LEAF_ROWS;
        if (is_new || grows) {
            uint64_t to_no = grows ? UINT64_MAX : last_no(leaf);
            read_range(leaves, first_no(leaf), to_no);
            if (grows) return;
        } else {
            push(leaves, asg_leaf_share(leaf));
            join_last(leaves);
        }
    }
    if (before == NULL || at < touched->instance_count) {
        read_range(leaves, rest_no, UINT64_MAX);
    }
}

/* What a reader renders of an instance has the name of its group's template in it, which
 * is the group's to know. */
static bool renders_alike(const struct asg_sheet *a, const struct asg_sheet *b)
{
    const struct asg_group_config *x = a->content.group.config;
    const struct asg_group_config *y = b->content.group.config;
    bool is_same = strcmp(x->template_id, y->template_id) == 0 &&
                   strcmp(x->template_name, y->template_name) == 0 &&
                   (x->mixed == NULL) == (y->mixed == NULL) &&
                   x->kept_count == y->kept_count;
    for (size_t i = 0; is_same && i < x->kept_count; i++) {
        is_same = strcmp(x->kept[i].path, y->kept[i].path) == 0 &&
                  strcmp(x->kept[i].value, y->kept[i].value) == 0;
    }
    return is_same;
}

static void publish_group(struct asg_view *view, const struct asg_core *core,
                          const struct asg_touched_group *touched,
                          struct asg_group_metrics *metrics)
{
    const char *name = asg_core_group_name(core, touched->group_no);
    assert(name != NULL); /* who is gone is not listed */
    const struct asg_page *before = asg_draft_find(view, name);
    const struct asg_page *shown = before;
    const struct asg_sheet *sheet = NULL;
    if (touched->has_sheet || before == NULL) {
        struct asg_sheet *made = asg_sheet_new();
        bool is_there =
            asg_core_view_sheet(core, touched->group_no, &made->arena, &made->content);
        assert(is_there);
        (void)is_there;
        sheet = made;
    } else {
        assert(before->sheet->content.group.group_no == touched->group_no);
        sheet = asg_sheet_share(before->sheet);
    }
    struct leaves leaves = {.core = core, .group_no = touched->group_no};
    if (before != NULL && !renders_alike(before->sheet, sheet)) before = NULL;
    make_leaves(&leaves, before, touched);
    struct asg_page *page = asg_page_new(sheet, leaves.items, leaves.count);
    asg_group_metrics_page(metrics, shown, page, touched, asg_core_now_ms(core));
    asg_draft_put(view, page);
    free(leaves.items);
}

static void publish_cluster(struct asg_view *view, const struct asg_core *core)
{
    struct asg_cluster_page *cluster = asg_cluster_page_new();
    asg_core_view_cluster(core, &cluster->arena, &cluster->content);
    assert(cluster->content.status.cluster_id != NULL);
    asg_draft_put_cluster(view, cluster);
}

void asg_publish_view(struct asg_view *view, struct asg_core *core,
                      struct asg_group_metrics *metrics)
{
    struct asg_arena arena = {0};
    struct asg_changes changes;
    asg_core_changes(core, &arena, &changes);
    asg_view_begin(view, changes.is_all);
    for (size_t i = 0; i < changes.gone_count; i++) {
        asg_draft_take_out(view, changes.gone[i].name, changes.gone[i].group_no);
    }
    for (size_t i = 0; i < changes.group_count; i++) {
        assert(i == 0 || changes.groups[i].group_no > changes.groups[i - 1].group_no);
        publish_group(view, core, &changes.groups[i], metrics);
    }
    if (changes.is_cluster) publish_cluster(view, core);
    struct asg_job_counts jobs = asg_core_job_counts(core);
    asg_draft_set_jobs(view, jobs.open, jobs.dead);
    asg_draft_set_revision(view, asg_core_revision(core));
    asg_draft_set_leading(view, "");
    asg_view_publish(view, asg_core_now_ms(core));
    asg_arena_clear(&arena);
}

void asg_publish_not_leading(struct asg_view *view, const char *why)
{
    assert(why[0] != '\0');
    const struct asg_root *root = asg_view_hold(view);
    int64_t time_ms = asg_root_time_ms(root);
    asg_view_drop(&root);
    asg_view_begin(view, /* is_empty */ false);
    asg_draft_set_leading(view, why);
    asg_view_publish(view, time_ms);
}

void asg_publish_beside(struct asg_view *view, const struct asg_beside *beside)
{
    const struct asg_root *root = asg_view_hold(view);
    struct asg_beside before = asg_root_beside(root);
    int64_t time_ms = asg_root_time_ms(root);
    asg_view_drop(&root);
    bool is_same = before.is_known == beside->is_known &&
                   before.workers == beside->workers &&
                   before.are_launches_out == beside->are_launches_out &&
                   before.are_ends_out == beside->are_ends_out;
    if (is_same) return;
    asg_view_begin(view, /* is_empty */ false);
    asg_draft_set_beside(view, beside);
    asg_view_publish(view, time_ms);
}
