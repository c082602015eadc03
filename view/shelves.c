/* shelves - the pages of a root by name: sixty-four a shelf, sixty-four shelves a rack,
 * and racks of racks as they are needed. A page that changes costs the copy of its shelf
 * and of the racks above it, however many there are beside. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "view/parts.h"

#define LEVELS_MAX 8 /* more pages than there are numbers of groups */

struct shelf *asg_shelf_share(struct shelf *shelf)
{
    if (shelf != NULL) asg_refs_add(&shelf->refs);
    return shelf;
}

static void drop_item(const struct shelf *shelf, size_t at)
{
    assert(at < shelf->count);
    if (shelf->level == 0) {
        asg_page_drop(shelf->pages[at]);
    } else {
        asg_shelf_drop(shelf->shelves[at]);
    }
}

void asg_shelf_drop(struct shelf *shelf)
{
    if (shelf == NULL || !asg_refs_drop(&shelf->refs)) return;
    assert(shelf->count <= SHELF_WIDTH && shelf->level < LEVELS_MAX);
    for (size_t i = 0; i < shelf->count; i++) {
        drop_item(shelf, i);
    }
    free(shelf);
}

static struct shelf *new_shelf(uint64_t draft_no, uint32_t level)
{
    struct shelf *shelf = asg_alloc(1, sizeof *shelf);
    atomic_init(&shelf->refs, 1);
    shelf->draft_no = draft_no;
    shelf->level = level;
    assert(level < LEVELS_MAX);
    return shelf;
}

/* Item `from_at` of `from` once more, behind the others. */
static void append_shared(struct shelf *shelf, const struct shelf *from, size_t from_at)
{
    assert(shelf->level == from->level && shelf->count < SHELF_WIDTH);
    if (shelf->level == 0) {
        shelf->pages[shelf->count++] = asg_page_share(from->pages[from_at]);
    } else {
        shelf->shelves[shelf->count++] = asg_shelf_share(from->shelves[from_at]);
    }
}

/* The shelf at that place, made the draft's own. */
static struct shelf *own(struct shelf **place, uint64_t draft_no)
{
    struct shelf *shelf = *place;
    if (shelf->draft_no == draft_no) {
        assert(atomic_load_explicit(&shelf->refs, memory_order_relaxed) == 1);
        shelf->is_counted = false;
        return shelf;
    }
    struct shelf *copy = new_shelf(draft_no, shelf->level);
    for (size_t i = 0; i < shelf->count; i++) {
        append_shared(copy, shelf, i);
    }
    assert(copy->count > 0);
    asg_shelf_drop(shelf);
    *place = copy;
    return copy;
}

static const char *last_name(const struct shelf *shelf)
{
    while (shelf->level > 0) {
        assert(shelf->count > 0);
        shelf = shelf->shelves[shelf->count - 1];
    }
    return asg_page_name(shelf->pages[shelf->count - 1]);
}

/* Where that name stands or belongs: the first item whose last name is not before it. The
 * count of items: behind all. */
static size_t place_of(const struct shelf *shelf, const char *name)
{
    size_t low = 0;
    size_t high = shelf->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const char *last = shelf->level == 0 ? asg_page_name(shelf->pages[middle])
                                             : last_name(shelf->shelves[middle]);
        if (strcmp(last, name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    assert(low <= shelf->count);
    return low;
}

static bool is_at(const struct shelf *shelf, size_t at, const char *name)
{
    assert(shelf->level == 0);
    return at < shelf->count && strcmp(asg_page_name(shelf->pages[at]), name) == 0;
}

/* ---- for the writer ---- */

/* What is put onto a shelf: a page, or a shelf onto a rack. */
union item {
    const struct asg_page *page;
    struct shelf *shelf;
};

static void insert(struct shelf *shelf, size_t at, union item item)
{
    assert(at <= shelf->count && shelf->count < SHELF_WIDTH);
    size_t behind = shelf->count - at;
    if (shelf->level == 0) {
        memmove(shelf->pages + at + 1, shelf->pages + at,
                behind * sizeof shelf->pages[0]);
        shelf->pages[at] = item.page;
    } else {
        memmove(shelf->shelves + at + 1, shelf->shelves + at,
                behind * sizeof shelf->shelves[0]);
        shelf->shelves[at] = item.shelf;
    }
    shelf->count++;
}

/* The item is the caller's from now on. */
static void take_out(struct shelf *shelf, size_t at)
{
    assert(at < shelf->count);
    shelf->count--;
    size_t behind = shelf->count - at;
    if (shelf->level == 0) {
        memmove(shelf->pages + at, shelf->pages + at + 1,
                behind * sizeof shelf->pages[0]);
    } else {
        memmove(shelf->shelves + at, shelf->shelves + at + 1,
                behind * sizeof shelf->shelves[0]);
    }
}

/* Put it there. A full shelf gives half of what it has to a new one behind it, which is
 * returned; behind all of a full one the new one begins with the item: names that come in
 * order leave full shelves. */
static struct shelf *insert_or_split(struct shelf *shelf, size_t at, union item item)
{
    if (shelf->count < SHELF_WIDTH) {
        insert(shelf, at, item);
        return NULL;
    }
    struct shelf *behind = new_shelf(shelf->draft_no, shelf->level);
    size_t kept = at == SHELF_WIDTH ? SHELF_WIDTH : SHELF_WIDTH / 2;
    for (size_t i = kept; i < SHELF_WIDTH; i++) {
        if (shelf->level == 0) {
            behind->pages[behind->count++] = shelf->pages[i];
        } else {
            behind->shelves[behind->count++] = shelf->shelves[i];
        }
    }
    shelf->count = kept;
    bool is_behind = at > kept || kept == SHELF_WIDTH;
    insert(is_behind ? behind : shelf, is_behind ? at - kept : at, item);
    assert(behind->count > 0);
    return behind;
}

/* What was at that place is in *ret_before. A shelf that was split off is returned. */
static struct shelf *put(struct shelf **place, uint64_t draft_no,
                         const struct asg_page *page, const struct asg_page **ret_before)
{
    struct shelf *shelf = own(place, draft_no);
    const char *name = asg_page_name(page);
    size_t at = place_of(shelf, name);
    if (shelf->level > 0) {
        assert(shelf->count > 0);
        if (at == shelf->count) at--; /* behind all: onto the last */
        struct shelf *behind = put(&shelf->shelves[at], draft_no, page, ret_before);
        return behind != NULL
                   ? insert_or_split(shelf, at + 1, (union item){.shelf = behind})
                   : NULL;
    }
    if (is_at(shelf, at, name)) {
        *ret_before = shelf->pages[at];
        shelf->pages[at] = page;
        return NULL;
    }
    return insert_or_split(shelf, at, (union item){.page = page});
}

const struct asg_page *asg_shelves_put(struct asg_root *root, uint64_t draft_no,
                                       const struct asg_page *page)
{
    if (root->top == NULL) root->top = new_shelf(draft_no, 0);
    const struct asg_page *before = NULL;
    struct shelf *behind = put(&root->top, draft_no, page, &before);
    if (behind != NULL) {
        struct shelf *rack = new_shelf(draft_no, root->top->level + 1);
        insert(rack, 0, (union item){.shelf = root->top});
        insert(rack, 1, (union item){.shelf = behind});
        root->top = rack;
    }
    assert(before == NULL || behind == NULL);
    if (before == NULL) root->totals.groups++;
    return before;
}

/* Two neighbours that fit on half a shelf become one. */
static void join(struct shelf *rack, uint64_t draft_no, size_t at)
{
    assert(rack->level > 0 && rack->draft_no == draft_no);
    if (at + 1 >= rack->count) return;
    struct shelf *next = rack->shelves[at + 1];
    if (rack->shelves[at]->count + next->count > SHELF_WIDTH / 2) return;
    struct shelf *shelf = own(&rack->shelves[at], draft_no);
    for (size_t i = 0; i < next->count; i++) {
        append_shared(shelf, next, i);
    }
    take_out(rack, at + 1);
    asg_shelf_drop(next);
}

/* The page of that name, which is there. */
static const struct asg_page *take(struct shelf **place, uint64_t draft_no,
                                   const char *name)
{
    struct shelf *shelf = own(place, draft_no);
    size_t at = place_of(shelf, name);
    assert(at < shelf->count);
    if (shelf->level == 0) {
        const struct asg_page *page = shelf->pages[at];
        take_out(shelf, at);
        return page;
    }
    const struct asg_page *page = take(&shelf->shelves[at], draft_no, name);
    struct shelf *item = shelf->shelves[at];
    if (item->count == 0) {
        take_out(shelf, at);
        asg_shelf_drop(item);
        return page;
    }
    join(shelf, draft_no, at);
    if (at > 0) join(shelf, draft_no, at - 1);
    return page;
}

const struct asg_page *asg_shelves_take_out(struct asg_root *root, uint64_t draft_no,
                                            const char *name)
{
    if (asg_root_find(root, name) == NULL) return NULL;
    const struct asg_page *page = take(&root->top, draft_no, name);
    assert(root->totals.groups > 0);
    root->totals.groups--;
    while (root->top != NULL && root->top->count < 2) {
        struct shelf *top = root->top;
        bool is_rack = top->level > 0;
        if (!is_rack && top->count == 1) break;
        root->top = top->count == 1 ? asg_shelf_share(top->shelves[0]) : NULL;
        asg_shelf_drop(top);
    }
    return page;
}

static size_t count_pages(struct shelf *shelf)
{
    for (size_t i = 0; i < shelf->count && !shelf->is_counted; i++) {
        shelf->firsts[i + 1] =
            shelf->firsts[i] + (shelf->level == 0 ? 1 : count_pages(shelf->shelves[i]));
    }
    shelf->is_counted = true; /* those of older roots were counted then */
    assert(shelf->firsts[0] == 0 && shelf->count > 0);
    return shelf->firsts[shelf->count];
}

void asg_shelves_finish(struct asg_root *root)
{
    size_t count = root->top != NULL ? count_pages(root->top) : 0;
    assert(count == root->totals.groups);
    (void)count;
}

/* ---- for readers ---- */

const struct asg_page *asg_root_find(const struct asg_root *root, const char *name)
{
    const struct shelf *shelf = root->top;
    if (shelf == NULL) return NULL;
    size_t at = place_of(shelf, name);
    while (shelf->level > 0 && at < shelf->count) {
        shelf = shelf->shelves[at];
        at = place_of(shelf, name);
        assert(at < shelf->count); /* its last name is not before this one */
    }
    return shelf->level == 0 && is_at(shelf, at, name) ? shelf->pages[at] : NULL;
}

size_t asg_root_count(const struct asg_root *root)
{
    return root->totals.groups;
}

const struct asg_page *asg_root_page(const struct asg_root *root, size_t at)
{
    assert(at < root->totals.groups);
    const struct shelf *shelf = root->top;
    while (shelf->level > 0) {
        size_t low = 0; /* the last item that begins at it or before */
        size_t high = shelf->count;
        while (high - low > 1) {
            size_t middle = (low + high) / 2;
            if (shelf->firsts[middle] <= at) {
                low = middle;
            } else {
                high = middle;
            }
        }
        at -= shelf->firsts[low];
        shelf = shelf->shelves[low];
    }
    assert(at < shelf->count);
    return shelf->pages[at];
}

size_t asg_root_place(const struct asg_root *root, const char *name)
{
    size_t before = 0;
    const struct shelf *shelf = root->top;
    if (shelf == NULL) return 0;
    size_t at = place_of(shelf, name);
    while (shelf->level > 0 && at < shelf->count) {
        before += shelf->firsts[at];
        shelf = shelf->shelves[at];
        at = place_of(shelf, name);
    }
    before += shelf->firsts[at];
    assert(before <= root->totals.groups);
    return before;
}
