/* view - roots: swapped by pointer, held by readers, freed with the last that holds them.
 */
#include "view/view.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "view/parts.h"

/* ---- roots ---- */

static void drop_cluster(struct asg_cluster_page *cluster)
{
    if (cluster == NULL || !asg_refs_drop(&cluster->refs)) return;
    asg_arena_clear(&cluster->arena);
    free(cluster);
}

static void drop_root(struct asg_root *root)
{
    if (!asg_refs_drop(&root->refs)) return;
    assert(root->next_retired == NULL);
    asg_shelf_drop(root->top);
    asg_ids_drop(root->ids);
    drop_cluster(root->cluster);
    free(root);
}

static struct asg_root *new_root(void)
{
    struct asg_root *root = asg_alloc(1, sizeof *root);
    atomic_init(&root->refs, 1);
    (void)snprintf(root->not_leading, sizeof root->not_leading,
                   "this controller does not lead yet");
    root->cluster = asg_cluster_page_new();
    root->cluster->content.status.cluster_id = "";
    root->cluster->content.status.held = "";
    assert(root->top == NULL);
    return root;
}

/* Everything but what counts its holders. */
static struct asg_root *copy_root(const struct asg_root *from)
{
    struct asg_root *root = asg_alloc(1, sizeof *root);
    *root = (struct asg_root){.time_ms = from->time_ms,
                              .totals = from->totals,
                              .beside = from->beside,
                              .cluster = from->cluster,
                              .top = asg_shelf_share(from->top)};
    atomic_init(&root->refs, 1);
    memcpy(root->not_leading, from->not_leading, sizeof root->not_leading);
    asg_refs_add(&root->cluster->refs);
    root->ids = asg_ids_share(from->ids);
    assert(root->next_retired == NULL);
    return root;
}

/* ---- the view ---- */

void asg_view_new(struct asg_view **ret)
{
    struct asg_view *view = asg_alloc(1, sizeof *view);
    struct asg_root *root = new_root();
    asg_shelves_finish(root);
    atomic_init(&view->current, root);
    atomic_init(&view->pins, 0);
    assert(view->draft == NULL);
    *ret = view;
}

/* What the writer holds of roots that are not the newest any more. A reader that read the
 * pointer before it was changed may not hold the root yet: it is pinned, and as long as
 * anybody is, the holds stay. Whoever pins later reads the new pointer. */
static void drop_retired(struct asg_view *view)
{
    if (atomic_load(&view->pins) != 0) return;
    while (view->retired != NULL) {
        struct asg_root *root = view->retired;
        view->retired = root->next_retired;
        root->next_retired = NULL;
        drop_root(root);
    }
    assert(view->retired == NULL);
}

void asg_view_destroy(struct asg_view **view)
{
    struct asg_view *v = *view;
    if (v == NULL) return;
    assert(atomic_load(&v->pins) == 0 && v->draft == NULL);
    drop_retired(v);
    drop_root(atomic_load(&v->current));
    free(v);
    *view = NULL;
}

const struct asg_root *asg_view_hold(struct asg_view *view)
{
    (void)atomic_fetch_add(&view->pins, 1);
    struct asg_root *root = atomic_load(&view->current);
    asg_refs_add(&root->refs);
    (void)atomic_fetch_sub(&view->pins, 1);
    return root;
}

void asg_view_drop(const struct asg_root **root)
{
    if (*root == NULL) return;
    assert(atomic_load(&((struct asg_root *)(uintptr_t)*root)->refs) > 0);
    drop_root((struct asg_root *)(uintptr_t)*root);
    *root = NULL;
}

/* ---- a draft ---- */

void asg_view_begin(struct asg_view *view, bool is_empty)
{
    assert(view->draft == NULL);
    view->draft_no++;
    if (is_empty) {
        view->draft = new_root();
    } else {
        view->draft = copy_root(atomic_load(&view->current));
    }
}

const struct asg_page *asg_draft_find(struct asg_view *view, const char *name)
{
    assert(view->draft != NULL);
    return asg_root_find(view->draft, name);
}

static void count_in(struct asg_totals *totals, const struct asg_page *page)
{
    const struct asg_group_sheet *sheet = &page->sheet->content;
    totals->instances += page->counts.instances;
    for (int kind = 0; kind < ASG_ALARM_COUNT; kind++) {
        totals->alarms.of[kind] += sheet->alarm_counts.of[kind];
    }
    totals->breakers += sheet->breaker_until_ms != 0 ? 1 : 0;
    assert(totals->breakers <= totals->groups);
}

static void count_out(struct asg_totals *totals, const struct asg_page *page)
{
    const struct asg_group_sheet *sheet = &page->sheet->content;
    assert(totals->instances >= page->counts.instances);
    totals->instances -= page->counts.instances;
    for (int kind = 0; kind < ASG_ALARM_COUNT; kind++) {
        assert(totals->alarms.of[kind] >= sheet->alarm_counts.of[kind]);
        totals->alarms.of[kind] -= sheet->alarm_counts.of[kind];
    }
    totals->breakers -= sheet->breaker_until_ms != 0 ? 1 : 0;
}

void asg_draft_put(struct asg_view *view, struct asg_page *page)
{
    struct asg_root *draft = view->draft;
    assert(draft != NULL);
    const struct asg_page *before = asg_shelves_put(draft, view->draft_no, page);
    asg_ids_move(draft, view->draft_no, before, page);
    if (before != NULL) count_out(&draft->totals, before);
    count_in(&draft->totals, page);
    asg_page_drop(before);
}

void asg_draft_take_out(struct asg_view *view, const char *name, uint32_t group_no)
{
    struct asg_root *draft = view->draft;
    assert(draft != NULL);
    const struct asg_page *page = asg_root_find(draft, name);
    if (page == NULL || page->sheet->content.group.group_no != group_no) return;
    page = asg_shelves_take_out(draft, view->draft_no, name);
    asg_ids_move(draft, view->draft_no, page, NULL);
    count_out(&draft->totals, page);
    asg_page_drop(page);
}

void asg_draft_put_cluster(struct asg_view *view, struct asg_cluster_page *cluster)
{
    assert(view->draft != NULL);
    drop_cluster(view->draft->cluster);
    view->draft->cluster = cluster;
}

void asg_draft_set_jobs(struct asg_view *view, uint32_t open, uint32_t dead)
{
    assert(view->draft != NULL);
    view->draft->totals.open_jobs = open;
    view->draft->totals.dead_jobs = dead;
}

void asg_draft_set_revision(struct asg_view *view, uint64_t revision)
{
    assert(view->draft != NULL);
    view->draft->totals.revision = revision;
}

void asg_draft_set_beside(struct asg_view *view, const struct asg_beside *beside)
{
    assert(view->draft != NULL);
    view->draft->beside = *beside;
}

void asg_draft_set_leading(struct asg_view *view, const char *not_leading)
{
    assert(view->draft != NULL);
    (void)snprintf(view->draft->not_leading, sizeof view->draft->not_leading, "%s",
                   not_leading);
}

void asg_view_publish(struct asg_view *view, int64_t time_ms)
{
    struct asg_root *draft = view->draft;
    assert(draft != NULL);
    view->draft = NULL;
    asg_shelves_finish(draft);
    draft->number = view->draft_no;
    draft->time_ms = time_ms;
    struct asg_root *before = atomic_exchange(&view->current, draft);
    assert(before->next_retired == NULL);
    before->next_retired = view->retired;
    view->retired = before;
    drop_retired(view);
}

/* ---- a root, for readers ---- */

struct asg_beside asg_root_beside(const struct asg_root *root)
{
    return root->beside;
}

const char *asg_root_not_leading(const struct asg_root *root)
{
    return root->not_leading;
}

uint64_t asg_root_number(const struct asg_root *root)
{
    return root->number;
}

int64_t asg_root_time_ms(const struct asg_root *root)
{
    return root->time_ms;
}

struct asg_totals asg_root_totals(const struct asg_root *root)
{
    return root->totals;
}

struct asg_alarm_counts asg_root_alarms(const struct asg_root *root, int64_t now_ms)
{
    const struct asg_totals *totals = &root->totals;
    struct asg_alarm_counts alarms = totals->alarms;
    for (int kind = 0; kind < ASG_ALARM_COUNT; kind++) {
        alarms.of[kind] += root->cluster->content.alarm_counts.of[kind];
    }
    if (totals->breakers == 0) return alarms;
    for (size_t i = 0; i < totals->groups; i++) {
        const struct asg_page *page = asg_root_page(root, i);
        bool is_open = page->sheet->content.breaker_until_ms > now_ms;
        alarms.of[ASG_ALARM_LAUNCH_BREAKER] += is_open ? 1 : 0;
    }
    return alarms;
}

const struct asg_cluster_sheet *asg_root_cluster(const struct asg_root *root)
{
    return &root->cluster->content;
}

const struct asg_instance_view *asg_root_find_instance(const struct asg_root *root,
                                                       const char *instance_id,
                                                       const struct asg_page **ret_page,
                                                       const struct asg_leaf **ret_leaf)
{
    const struct id_entry *entry = asg_ids_find(root, instance_id);
    const struct asg_page *page =
        entry != NULL ? asg_root_find(root, entry->group) : NULL;
    assert(entry == NULL || page != NULL); /* ids go with their group */
    if (page == NULL) return NULL;
    size_t at = asg_page_place(page, entry->instance_no);
    const struct asg_leaf *leaf = page->leaves[at];
    const struct asg_instance_view *row = leaf->content.items;
    while (row->no != entry->instance_no) {
        row++;
        assert(row < leaf->content.items + leaf->content.count);
    }
    if (ret_page != NULL) *ret_page = page;
    if (ret_leaf != NULL) *ret_leaf = leaf;
    return row;
}
