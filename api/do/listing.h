/* listing - what stands in groups (policies, scheduled actions, tags), given in pages:
 * by group and then by name, from the view.
 *
 * A handler says what it wants and hands in a function that goes through one group;
 * pages, tokens and the frame of the answer are done here. What a request names is put in
 * order once, so that a name costs a search and no ARN is built, however many things
 * there are. Nothing outside api/do includes it. Threads: as the call. Memory: the call's
 * arena.
 */
#ifndef ASG_API_DO_LISTING_H
#define ASG_API_DO_LISTING_H

#include "api/arns.h"
#include "query/write.h"
#include "view/view.h"

/* ---- what is asked for ---- */

struct asg_text_set {
    const char **items; /* in order */
    size_t count;
};

/* Of a list of texts, as a request has them. */
struct asg_text_set asg_text_set_take(struct asg_api_call *call,
                                      const struct asg_query_value *values, size_t count);
bool asg_text_set_has(const struct asg_text_set *set, const char *text);

/* Things of one kind by their names alone, or by their ARNs. */
struct asg_wanted {
    struct asg_text_set names;
    struct asg_arn_name *arns; /* in order */
    size_t arn_count;
};

/* The texts of the member `member` of the call's input; none when it is not given. */
struct asg_wanted asg_wanted_take(struct asg_api_call *call, const char *member,
                                  enum asg_arn_kind kind);
bool asg_wanted_is_empty(const struct asg_wanted *wanted);
bool asg_wanted_has(const struct asg_wanted *wanted, const struct asg_arn_name *thing);

/* ---- the pages ---- */

struct asg_listing {
    struct asg_api_call *call;
    struct asg_writer writer;
    const char *after_group; /* of the last thing of the page before; "" */
    const char *after_name;
    size_t left;
    const char *last_group; /* of the last thing of this page */
    const char *last_name;
    bool has_more;
};

/* NextToken and MaxRecords; `most`: how many without. False: the call is ended. */
bool asg_listing_init(struct asg_listing *listing, struct asg_api_call *call,
                      size_t most);

/* Goes through one group in the order of names, and asks asg_listing_takes() for each
 * thing that is wanted, before it writes it. */
typedef void asg_list_group(struct asg_listing *listing, const struct asg_page *page,
                            const void *context);

/* Answer with all of one group, or of all (NULL), as the list `member`. Ends the call. */
void asg_listing_run(struct asg_listing *listing, const char *member, const char *group,
                     asg_list_group *list_group, const void *context);

/* The name behind which the page begins in this group; NULL: with its first. */
const char *asg_listing_after(const struct asg_listing *listing, const char *group);

/* It is on this page. False: the page is full, and the group needs no further look. */
bool asg_listing_takes(struct asg_listing *listing, const char *group, const char *name);

#endif
