/* shelves - the pages of a root by name, sixty-four a shelf: one that changes costs the
 * copy of its shelf. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "view/parts.h"

struct shelf *asg_shelf_share(struct shelf *shelf)
{
    asg_refs_add(&shelf->refs);
    return shelf;
}

void asg_shelf_drop(struct shelf *shelf)
{
    if (!asg_refs_drop(&shelf->refs)) return;
    assert(shelf->count <= SHELF_PAGES);
    for (size_t i = 0; i < shelf->count; i++) {
        asg_page_drop(shelf->pages[i]);
    }
    free(shelf);
}

static struct shelf *new_shelf(uint64_t draft_no)
{
    struct shelf *shelf = asg_alloc(1, sizeof *shelf);
    atomic_init(&shelf->refs, 1);
    shelf->draft_no = draft_no;
    assert(shelf->count == 0);
    return shelf;
}

/* The shelf at that place, made the draft's own. */
static struct shelf *own_shelf(struct asg_root *root, uint64_t draft_no, size_t at)
{
    struct shelf *shelf = root->shelves[at];
    if (shelf->draft_no == draft_no) return shelf;
    struct shelf *copy = new_shelf(draft_no);
    for (size_t i = 0; i < shelf->count; i++) {
        copy->pages[i] = asg_page_share(shelf->pages[i]);
    }
    copy->count = shelf->count;
    assert(copy->count > 0);
    asg_shelf_drop(shelf);
    root->shelves[at] = copy;
    return copy;
}

static const char *last_name(const struct shelf *shelf)
{
    assert(shelf->count > 0);
    return asg_page_name(shelf->pages[shelf->count - 1]);
}

/* The shelf on which that name stands or belongs: the first whose last name is not before
 * it. The count of shelves: behind all. */
static size_t shelf_place(const struct asg_root *root, const char *name)
{
    size_t low = 0;
    size_t high = root->shelf_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(last_name(root->shelves[middle]), name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    assert(low <= root->shelf_count);
    return low;
}

static size_t page_place(const struct shelf *shelf, const char *name)
{
    size_t low = 0;
    size_t high = shelf->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(asg_page_name(shelf->pages[middle]), name) < 0) {
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
    return at < shelf->count && strcmp(asg_page_name(shelf->pages[at]), name) == 0;
}

static void insert_shelf(struct asg_root *root, size_t at, struct shelf *shelf)
{
    assert(at <= root->shelf_count);
    if (root->shelf_count == root->shelf_capacity) {
        root->shelf_capacity = root->shelf_capacity == 0 ? 4 : root->shelf_capacity * 2;
        root->shelves =
            asg_realloc(root->shelves, root->shelf_capacity, sizeof(struct shelf *));
    }
    struct shelf **place = root->shelves + at;
    memmove(place + 1, place, (root->shelf_count - at) * sizeof(struct shelf *));
    *place = shelf;
    root->shelf_count++;
}

static void remove_shelf(struct asg_root *root, size_t at)
{
    assert(at < root->shelf_count);
    asg_shelf_drop(root->shelves[at]);
    struct shelf **place = root->shelves + at;
    root->shelf_count--;
    memmove(place, place + 1, (root->shelf_count - at) * sizeof(struct shelf *));
}

/* Its second half becomes a shelf of its own behind it. */
static void split_shelf(struct asg_root *root, uint64_t draft_no, size_t at)
{
    struct shelf *shelf = root->shelves[at];
    assert(shelf->draft_no == draft_no && shelf->count == SHELF_PAGES);
    struct shelf *half = new_shelf(draft_no);
    size_t kept = shelf->count / 2;
    for (size_t i = kept; i < shelf->count; i++) {
        half->pages[half->count++] = shelf->pages[i];
    }
    shelf->count = kept;
    insert_shelf(root, at + 1, half);
}

/* Two neighbours that fit on half a shelf become one. */
static void join_shelves(struct asg_root *root, uint64_t draft_no, size_t at)
{
    if (at + 1 >= root->shelf_count) return;
    if (root->shelves[at]->count + root->shelves[at + 1]->count > SHELF_PAGES / 2) return;
    struct shelf *shelf = own_shelf(root, draft_no, at);
    const struct shelf *next = root->shelves[at + 1];
    for (size_t i = 0; i < next->count; i++) {
        shelf->pages[shelf->count++] = asg_page_share(next->pages[i]);
    }
    assert(shelf->count <= SHELF_PAGES / 2);
    remove_shelf(root, at + 1);
}

const struct asg_page *asg_shelves_put(struct asg_root *root, uint64_t draft_no,
                                       const struct asg_page *page)
{
    const char *name = asg_page_name(page);
    size_t at = shelf_place(root, name);
    if (at == root->shelf_count && at > 0) at--; /* behind all: onto the last */
    if (at == root->shelf_count) insert_shelf(root, at, new_shelf(draft_no));
    struct shelf *shelf = own_shelf(root, draft_no, at);
    size_t place = page_place(shelf, name);
    if (is_at(shelf, place, name)) {
        const struct asg_page *before = shelf->pages[place];
        shelf->pages[place] = page;
        return before;
    }
    if (shelf->count == SHELF_PAGES) {
        split_shelf(root, draft_no, at);
        if (place > shelf->count) {
            place -= shelf->count;
            shelf = root->shelves[at + 1];
        }
    }
    assert(place <= shelf->count && shelf->count < SHELF_PAGES);
    memmove(shelf->pages + place + 1, shelf->pages + place,
            (shelf->count - place) * sizeof shelf->pages[0]);
    shelf->pages[place] = page;
    shelf->count++;
    root->totals.groups++;
    return NULL;
}

const struct asg_page *asg_shelves_take_out(struct asg_root *root, uint64_t draft_no,
                                            const char *name)
{
    size_t at = shelf_place(root, name);
    if (at == root->shelf_count) return NULL;
    size_t place = page_place(root->shelves[at], name);
    if (!is_at(root->shelves[at], place, name)) return NULL;
    struct shelf *shelf = own_shelf(root, draft_no, at);
    const struct asg_page *page = shelf->pages[place];
    shelf->count--;
    memmove(shelf->pages + place, shelf->pages + place + 1,
            (shelf->count - place) * sizeof shelf->pages[0]);
    assert(root->totals.groups > 0);
    root->totals.groups--;
    if (shelf->count == 0) {
        remove_shelf(root, at);
        return page;
    }
    join_shelves(root, draft_no, at);
    if (at > 0) join_shelves(root, draft_no, at - 1);
    return page;
}

void asg_shelves_finish(struct asg_root *root)
{
    root->firsts = asg_alloc(root->shelf_count + 1, sizeof *root->firsts);
    for (size_t i = 0; i < root->shelf_count; i++) {
        root->firsts[i + 1] = root->firsts[i] + root->shelves[i]->count;
    }
    assert(root->firsts[root->shelf_count] == root->totals.groups);
}

/* ---- for readers ---- */

const struct asg_page *asg_root_find(const struct asg_root *root, const char *name)
{
    size_t at = shelf_place(root, name);
    if (at == root->shelf_count) return NULL;
    const struct shelf *shelf = root->shelves[at];
    size_t place = page_place(shelf, name);
    assert(place < shelf->count); /* its last name is not before this one */
    return is_at(shelf, place, name) ? shelf->pages[place] : NULL;
}

size_t asg_root_count(const struct asg_root *root)
{
    return root->totals.groups;
}

const struct asg_page *asg_root_page(const struct asg_root *root, size_t at)
{
    assert(at < root->totals.groups);
    size_t low = 0; /* the last shelf that begins at it or before */
    size_t high = root->shelf_count;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (root->firsts[middle] <= at) {
            low = middle;
        } else {
            high = middle;
        }
    }
    assert(at - root->firsts[low] < root->shelves[low]->count);
    return root->shelves[low]->pages[at - root->firsts[low]];
}

size_t asg_root_place(const struct asg_root *root, const char *name)
{
    size_t at = shelf_place(root, name);
    size_t place = root->firsts[at];
    if (at < root->shelf_count) place += page_place(root->shelves[at], name);
    assert(place <= root->totals.groups);
    return place;
}
