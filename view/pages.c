/* pages - leaves, sheets and pages: shared, counted, and freed by the last that has them.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "view/parts.h"

void asg_refs_add(atomic_uint *refs)
{
    unsigned before = atomic_fetch_add_explicit(refs, 1, memory_order_relaxed);
    assert(before > 0 && before < UINT32_MAX); /* by somebody who has it */
    (void)before;
}

bool asg_refs_drop(atomic_uint *refs)
{
    unsigned before = atomic_fetch_sub_explicit(refs, 1, memory_order_acq_rel);
    assert(before > 0);
    return before == 1;
}

/* ---- what a reader renders once ---- */

static struct asg_slot *new_slot(void)
{
    struct asg_slot *slot = asg_alloc(1, sizeof *slot);
    atomic_init(&slot->rendered, NULL);
    assert(asg_slot_read(slot) == NULL);
    return slot;
}

static void free_slot(struct asg_slot *slot)
{
    assert(slot != NULL);
    free(atomic_load_explicit(&slot->rendered, memory_order_acquire));
    free(slot);
}

const struct asg_rendered *asg_slot_read(const struct asg_slot *slot)
{
    return atomic_load_explicit(&slot->rendered, memory_order_acquire);
}

const struct asg_rendered *asg_slot_fill(struct asg_slot *slot, const void *data,
                                         size_t length, size_t split)
{
    assert(split <= length);
    struct asg_rendered *rendered = asg_alloc(1, sizeof *rendered + length);
    rendered->length = length;
    rendered->split = split;
    memcpy(rendered->data, data, length);
    struct asg_rendered *first = NULL;
    if (atomic_compare_exchange_strong(&slot->rendered, &first, rendered)) {
        return rendered;
    }
    assert(first != NULL);
    free(rendered);
    return first;
}

/* ---- leaves and sheets ---- */

struct asg_leaf *asg_leaf_new(void)
{
    struct asg_leaf *leaf = asg_alloc(1, sizeof *leaf);
    atomic_init(&leaf->refs, 1);
    leaf->slot = new_slot();
    assert(leaf->content.count == 0);
    return leaf;
}

const struct asg_leaf *asg_leaf_share(const struct asg_leaf *leaf)
{
    asg_refs_add((atomic_uint *)(uintptr_t)&leaf->refs);
    return leaf;
}

void asg_leaf_drop(const struct asg_leaf *leaf)
{
    struct asg_leaf *mine = (struct asg_leaf *)(uintptr_t)leaf;
    if (mine == NULL || !asg_refs_drop(&mine->refs)) return;
    assert(mine->content.count <= ASG_LEAF_ROWS);
    asg_arena_clear(&mine->arena);
    free_slot(mine->slot);
    free(mine);
}

struct asg_sheet *asg_sheet_new(void)
{
    struct asg_sheet *sheet = asg_alloc(1, sizeof *sheet);
    atomic_init(&sheet->refs, 1);
    sheet->slot = new_slot();
    assert(sheet->content.group.config == NULL);
    return sheet;
}

const struct asg_sheet *asg_sheet_share(const struct asg_sheet *sheet)
{
    asg_refs_add((atomic_uint *)(uintptr_t)&sheet->refs);
    return sheet;
}

void asg_sheet_drop(const struct asg_sheet *sheet)
{
    struct asg_sheet *mine = (struct asg_sheet *)(uintptr_t)sheet;
    if (mine == NULL || !asg_refs_drop(&mine->refs)) return;
    asg_arena_clear(&mine->arena);
    free_slot(mine->slot);
    free(mine);
}

struct asg_cluster_page *asg_cluster_page_new(void)
{
    struct asg_cluster_page *cluster = asg_alloc(1, sizeof *cluster);
    atomic_init(&cluster->refs, 1);
    assert(cluster->content.template_count == 0);
    return cluster;
}

/* ---- pages ---- */

static void add_counts(struct asg_instance_counts *sum,
                       const struct asg_instance_counts *more)
{
    sum->instances += more->instances;
    sum->requested += more->requested;
    sum->pending += more->pending;
    sum->serving += more->serving;
    sum->terminating += more->terminating;
    sum->unhealthy += more->unhealthy;
    if (more->warm_ms > sum->warm_ms) sum->warm_ms = more->warm_ms;
    assert(sum->serving <= sum->instances);
}

struct asg_page *asg_page_new(const struct asg_sheet *sheet,
                              const struct asg_leaf *const *leaves, size_t leaf_count)
{
    struct asg_page *page =
        asg_alloc(1, sizeof *page + leaf_count * sizeof page->leaves[0]);
    atomic_init(&page->refs, 1);
    page->sheet = sheet;
    page->name = sheet->content.group.config->name;
    page->leaf_count = leaf_count;
    uint64_t last_no = 0;
    for (size_t i = 0; i < leaf_count; i++) {
        const struct asg_instance_rows *rows = &leaves[i]->content;
        assert(rows->count > 0 && rows->count <= ASG_LEAF_ROWS);
        assert(rows->items[0].no > last_no);
        last_no = rows->items[rows->count - 1].no;
        page->leaves[i] = leaves[i];
        add_counts(&page->counts, &rows->counts);
    }
    return page;
}

const struct asg_page *asg_page_share(const struct asg_page *page)
{
    asg_refs_add((atomic_uint *)(uintptr_t)&page->refs);
    return page;
}

void asg_page_drop(const struct asg_page *page)
{
    struct asg_page *mine = (struct asg_page *)(uintptr_t)page;
    if (mine == NULL || !asg_refs_drop(&mine->refs)) return;
    assert(mine->sheet != NULL);
    asg_sheet_drop(mine->sheet);
    for (size_t i = 0; i < mine->leaf_count; i++) {
        asg_leaf_drop(mine->leaves[i]);
    }
    free(mine);
}

const char *asg_page_name(const struct asg_page *page)
{
    assert(page->name != NULL);
    return page->name;
}

size_t asg_page_place(const struct asg_page *page, uint64_t instance_no)
{
    size_t low = 0;
    size_t high = page->leaf_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct asg_instance_rows *rows = &page->leaves[middle]->content;
        if (rows->items[rows->count - 1].no < instance_no) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    assert(low <= page->leaf_count);
    return low;
}

uint32_t asg_page_warming(const struct asg_page *page, int64_t now_ms)
{
    if (page->counts.warm_ms <= now_ms) return 0;
    uint32_t warming = 0;
    for (size_t i = 0; i < page->leaf_count; i++) {
        const struct asg_instance_rows *rows = &page->leaves[i]->content;
        if (rows->counts.warm_ms <= now_ms) continue;
        for (size_t k = 0; k < rows->count; k++) {
            warming += rows->items[k].warm_ms > now_ms;
        }
    }
    assert(warming <= page->counts.serving);
    return warming;
}

struct asg_group_view asg_page_group(const struct asg_page *page, int64_t now_ms)
{
    struct asg_group_view view = page->sheet->content.group;
    assert(view.in_service == 0 && view.pending == 0); /* the sheet counts nobody */
    view.requested = page->counts.requested;
    view.pending = page->counts.pending;
    view.warming = asg_page_warming(page, now_ms);
    view.in_service = page->counts.serving;
    view.terminating = page->counts.terminating;
    view.unhealthy = page->counts.unhealthy;
    return view;
}
