/* parts - what a root is made of. Nothing outside view/ includes it.
 * Threads: the writer changes what is of its draft; counts of holders from any. */
#ifndef ASG_VIEW_PARTS_H
#define ASG_VIEW_PARTS_H

#include "model/event.h"
#include "view/publish.h"

#define SHELF_WIDTH 64
#define ID_BRANCHES 64 /* of the tree of ids, and as many buckets each */

/* Some pages that follow each other by name, or, as a rack (level 1 and higher), shelves
 * of the level below. Whoever drafts changes those that are of the draft, and copies the
 * others first. */
struct shelf {
    atomic_uint refs;
    uint64_t draft_no;
    uint32_t level;
    bool is_counted; /* `firsts` is right: it is once the root is published */
    size_t count;    /* at least one in a root */
    size_t firsts[SHELF_WIDTH + 1]; /* pages before each place, and all of them */
    union {
        const struct asg_page *pages[SHELF_WIDTH]; /* level 0 */
        struct shelf *shelves[SHELF_WIDTH];
    };
};

/* Instances whose ids' hashes fall together, in no order. */
struct id_entry {
    char id[ASG_INSTANCE_ID_MAX + 1];
    uint64_t instance_no;
    const char *group; /* behind the entries */
};

struct id_bucket {
    atomic_uint refs;
    size_t count;
    struct id_entry entries[];
};

struct id_branch {
    atomic_uint refs;
    uint64_t draft_no;
    struct id_bucket *buckets[ID_BRANCHES]; /* NULL: empty */
};

struct id_tree {
    atomic_uint refs;
    uint64_t draft_no;
    struct id_branch *branches[ID_BRANCHES]; /* NULL: empty */
};

struct asg_root {
    atomic_uint refs;
    uint64_t number;
    int64_t time_ms;
    char not_leading[ASG_NOT_LEADING_MAX];
    struct asg_totals totals;
    struct asg_beside beside;
    struct asg_cluster_page *cluster;
    struct shelf *top;   /* of the pages by name; NULL: there are none */
    struct id_tree *ids; /* NULL: empty */
    struct asg_root *next_retired;
};

struct asg_view {
    _Atomic(struct asg_root *) current;
    atomic_uint pins; /* readers between reading `current` and holding what it says */
    struct asg_root *draft;
    uint64_t draft_no;
    struct asg_root *retired; /* the writer's holds that are to be dropped */
};

/* One more holder; one fewer: true when nobody is left. */
void asg_refs_add(atomic_uint *refs);
bool asg_refs_drop(atomic_uint *refs);

const struct asg_page *asg_page_share(const struct asg_page *page);

/* shelves.c */
struct shelf *asg_shelf_share(struct shelf *shelf);
void asg_shelf_drop(struct shelf *shelf);
/* The page takes the place of the one of its name, which is returned and is the caller's
 * to drop; NULL: there was none. */
const struct asg_page *asg_shelves_put(struct asg_root *root, uint64_t draft_no,
                                       const struct asg_page *page);
const struct asg_page *asg_shelves_take_out(struct asg_root *root, uint64_t draft_no,
                                            const char *name);
/* Nothing of it changes any more. */
void asg_shelves_finish(struct asg_root *root);

/* ids.c: each that the old page has and the new one has not is taken out, and the reverse
 * is put in. Either may be NULL. */
void asg_ids_move(struct asg_root *root, uint64_t draft_no,
                  const struct asg_page *old_page, const struct asg_page *new_page);
const struct id_entry *asg_ids_find(const struct asg_root *root, const char *id);
struct id_tree *asg_ids_share(struct id_tree *tree);
void asg_ids_drop(struct id_tree *tree);

#endif
