/* publish - how the one writer makes the next root of a view.
 *
 * Flow:    [begin] -> put and take pages -> [publish]: readers see all of it at once
 * A draft shares with the newest root what it does not change.
 * Threads: the writer.
 * Blocks: never.
 */
#ifndef ASG_VIEW_PUBLISH_H
#define ASG_VIEW_PUBLISH_H

#include "view/view.h"

/* Begin a draft: the newest root once more, or (is_empty) nothing at all. One at a time.
 */
void asg_view_begin(struct asg_view *view, bool is_empty);

/* The page of that name in the draft; NULL: none. */
const struct asg_page *asg_draft_find(struct asg_view *view, const char *name);

/* Put a page there, in place of the one of its name; it is taken over. The ids of its
 * instances lead to it from now on. */
void asg_draft_put(struct asg_view *view, struct asg_page *page);

/* Take out the group of that name and number, with its ids; not being there is fine. */
void asg_draft_take_out(struct asg_view *view, const char *name, uint32_t group_no);

/* Taken over. */
void asg_draft_put_cluster(struct asg_view *view, struct asg_cluster_page *cluster);

void asg_draft_set_jobs(struct asg_view *view, uint32_t open, uint32_t dead);

/* The cluster's, of asg_status_view. */
void asg_draft_set_revision(struct asg_view *view, uint64_t revision);

void asg_draft_set_beside(struct asg_view *view, const struct asg_beside *beside);

/* "" while the controller leads, else why not. */
void asg_draft_set_leading(struct asg_view *view, const char *not_leading);

/* The draft is the newest root. */
void asg_view_publish(struct asg_view *view, int64_t time_ms);

/* ---- the parts of a page: made by the writer, shared by pages ---- */

/* Empty ones: the caller fills in what they have, in their arena, then nobody changes it.
 */
struct asg_leaf *asg_leaf_new(void);
struct asg_sheet *asg_sheet_new(void);
struct asg_cluster_page *asg_cluster_page_new(void);

/* One more that has it; NULL is fine for drop. */
const struct asg_leaf *asg_leaf_share(const struct asg_leaf *leaf);
const struct asg_sheet *asg_sheet_share(const struct asg_sheet *sheet);
void asg_leaf_drop(const struct asg_leaf *leaf);
void asg_sheet_drop(const struct asg_sheet *sheet);

/* A page of these; each is taken over. */
struct asg_page *asg_page_new(const struct asg_sheet *sheet,
                              const struct asg_leaf *const *leaves, size_t leaf_count);
void asg_page_drop(const struct asg_page *page);

#endif
