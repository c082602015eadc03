/* ids - from the id of an instance to its group: buckets by hash, on branches that roots
 * share. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "view/parts.h"

static uint32_t hash_of(const char *id)
{
    uint32_t hash = UINT32_C(2166136261);
    for (; *id != '\0'; id++) {
        hash = (hash ^ (uint8_t)*id) * UINT32_C(16777619);
    }
    return hash ^ hash >> 15;
}

static void drop_bucket(struct id_bucket *bucket)
{
    if (bucket == NULL || !asg_refs_drop(&bucket->refs)) return;
    assert(bucket->count > 0);
    free(bucket);
}

static void drop_branch(struct id_branch *branch)
{
    if (branch == NULL || !asg_refs_drop(&branch->refs)) return;
    for (size_t i = 0; i < ID_BRANCHES; i++) {
        drop_bucket(branch->buckets[i]);
    }
    free(branch);
}

struct id_tree *asg_ids_share(struct id_tree *tree)
{
    if (tree != NULL) asg_refs_add(&tree->refs);
    return tree;
}

void asg_ids_drop(struct id_tree *tree)
{
    if (tree == NULL || !asg_refs_drop(&tree->refs)) return;
    assert(tree->draft_no > 0);
    for (size_t i = 0; i < ID_BRANCHES; i++) {
        drop_branch(tree->branches[i]);
    }
    free(tree);
}

static struct id_tree *own_tree(struct asg_root *root, uint64_t draft_no)
{
    struct id_tree *tree = root->ids;
    if (tree != NULL && tree->draft_no == draft_no) return tree;
    struct id_tree *copy = asg_alloc(1, sizeof *copy);
    atomic_init(&copy->refs, 1);
    copy->draft_no = draft_no;
    for (size_t i = 0; tree != NULL && i < ID_BRANCHES; i++) {
        copy->branches[i] = tree->branches[i];
        if (copy->branches[i] != NULL) asg_refs_add(&copy->branches[i]->refs);
    }
    asg_ids_drop(tree);
    root->ids = copy;
    return copy;
}

static struct id_branch *own_branch(struct asg_root *root, uint64_t draft_no, size_t at)
{
    struct id_tree *tree = own_tree(root, draft_no);
    struct id_branch *branch = tree->branches[at];
    if (branch != NULL && branch->draft_no == draft_no) return branch;
    struct id_branch *copy = asg_alloc(1, sizeof *copy);
    atomic_init(&copy->refs, 1);
    copy->draft_no = draft_no;
    for (size_t i = 0; branch != NULL && i < ID_BRANCHES; i++) {
        if (branch->buckets[i] == NULL) continue;
        asg_refs_add(&branch->buckets[i]->refs);
        copy->buckets[i] = branch->buckets[i];
    }
    assert(copy->draft_no == draft_no);
    drop_branch(branch);
    tree->branches[at] = copy;
    return copy;
}

/* A bucket of the entries of `from` but the one of that id, and of `more` when it is not
 * NULL. NULL: nothing is left. */
static struct id_bucket *bucket_without(const struct id_bucket *from, const char *id,
                                        const struct id_entry *more)
{
    size_t count = 0;
    size_t texts = 0;
    for (size_t i = 0; from != NULL && i < from->count; i++) {
        if (strcmp(from->entries[i].id, id) == 0) continue;
        count++;
        texts += strlen(from->entries[i].group) + 1;
    }
    if (more != NULL) {
        count++;
        texts += strlen(more->group) + 1;
    }
    if (count == 0) return NULL;
    struct id_bucket *bucket =
        asg_alloc(1, sizeof *bucket + count * sizeof bucket->entries[0] + texts);
    atomic_init(&bucket->refs, 1);
    char *text = (char *)(bucket->entries + count);
    size_t entries = from != NULL ? from->count : 0;
    for (size_t i = 0; i < entries + (more != NULL ? 1 : 0); i++) {
        const struct id_entry *entry = i < entries ? &from->entries[i] : more;
        if (i < entries && strcmp(entry->id, id) == 0) continue;
        size_t size = strlen(entry->group) + 1;
        memcpy(text, entry->group, size);
        bucket->entries[bucket->count] = *entry;
        bucket->entries[bucket->count++].group = text;
        text += size;
    }
    assert(bucket->count == count);
    return bucket;
}

static void change(struct asg_root *root, uint64_t draft_no, const char *id,
                   const struct id_entry *entry)
{
    uint32_t hash = hash_of(id);
    struct id_branch *branch = own_branch(root, draft_no, hash % ID_BRANCHES);
    struct id_bucket **place = &branch->buckets[hash / ID_BRANCHES % ID_BRANCHES];
    struct id_bucket *before = *place;
    *place = bucket_without(before, id, entry);
    assert(entry == NULL || *place != NULL);
    drop_bucket(before);
}

const struct id_entry *asg_ids_find(const struct asg_root *root, const char *id)
{
    uint32_t hash = hash_of(id);
    const struct id_branch *branch =
        root->ids != NULL ? root->ids->branches[hash % ID_BRANCHES] : NULL;
    if (branch == NULL) return NULL;
    const struct id_bucket *bucket = branch->buckets[hash / ID_BRANCHES % ID_BRANCHES];
    for (size_t i = 0; bucket != NULL && i < bucket->count; i++) {
        if (strcmp(bucket->entries[i].id, id) == 0) return &bucket->entries[i];
    }
    return NULL;
}

/* ---- from one page to the next ---- */

/* The rows of a page one after another. */
struct cursor {
    const struct asg_page *page;
    size_t leaf;
    size_t row;
};

static const struct asg_leaf *leaf_of(const struct cursor *cursor)
{
    bool is_over = cursor->page == NULL || cursor->leaf == cursor->page->leaf_count;
    return is_over ? NULL : cursor->page->leaves[cursor->leaf];
}

static const struct asg_instance_view *row_of(const struct cursor *cursor)
{
    const struct asg_leaf *leaf = leaf_of(cursor);
    assert(leaf == NULL || cursor->row < leaf->content.count);
    return leaf != NULL ? &leaf->content.items[cursor->row] : NULL;
}

static void go_on(struct cursor *cursor)
{
    const struct asg_leaf *leaf = leaf_of(cursor);
    assert(leaf != NULL);
    if (++cursor->row < leaf->content.count) return;
    cursor->row = 0;
    cursor->leaf++;
}

static void put_row(struct asg_root *root, uint64_t draft_no,
                    const struct asg_instance_view *row)
{
    struct id_entry entry = {.instance_no = row->no, .group = row->group};
    size_t length = strlen(row->instance_id);
    assert(length < sizeof entry.id);
    memcpy(entry.id, row->instance_id, length + 1);
    change(root, draft_no, row->instance_id, &entry);
}

static void move_row(struct asg_root *root, uint64_t draft_no,
                     const struct asg_instance_view *before,
                     const struct asg_instance_view *after)
{
    const char *old_id = before != NULL ? before->instance_id : "";
    const char *new_id = after != NULL ? after->instance_id : "";
    assert(before == NULL || after == NULL || before->no == after->no);
    if (strcmp(old_id, new_id) == 0) return;
    if (old_id[0] != '\0') {
        const struct id_entry *entry = asg_ids_find(root, old_id);
        bool is_its = entry != NULL && entry->instance_no == before->no;
        if (is_its) change(root, draft_no, old_id, NULL);
    }
    if (new_id[0] != '\0') put_row(root, draft_no, after);
}

void asg_ids_move(struct asg_root *root, uint64_t draft_no,
                  const struct asg_page *old_page, const struct asg_page *new_page)
{
    struct cursor old_at = {.page = old_page};
    struct cursor new_at = {.page = new_page};
    for (;;) {
        const struct asg_instance_view *before = row_of(&old_at);
        const struct asg_instance_view *after = row_of(&new_at);
        if (before == NULL && after == NULL) return;
        bool is_shared =
            old_at.row == 0 && new_at.row == 0 && leaf_of(&old_at) == leaf_of(&new_at);
        if (is_shared) {
            old_at.leaf++;
            new_at.leaf++;
            continue;
        }
        if (after == NULL || (before != NULL && before->no < after->no)) {
            move_row(root, draft_no, before, NULL);
            go_on(&old_at);
        } else if (before == NULL || after->no < before->no) {
            move_row(root, draft_no, NULL, after);
            go_on(&new_at);
        } else {
            move_row(root, draft_no, before, after);
            go_on(&old_at);
            go_on(&new_at);
        }
    }
}
