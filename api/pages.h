/* pages - lists that are given in pages, and the token that leads to the next one.
 *
 * A token carries the last key of its page, so that what goes in between loses nothing,
 * and a mark of the arguments that it is for: with others, or made up, it is refused.
 * Threads: as the call. Memory: the call's arena.
 */
#ifndef ASG_API_PAGES_H
#define ASG_API_PAGES_H

#include "api/call.h"

struct asg_api_page {
    const char *after; /* the page begins behind this key; "": with the first */
    size_t most;       /* items of it */
};

/* NextToken and MaxRecords; `otherwise`: how many without. False: the token is none of
 * ours for these arguments, and the call is ended with InvalidNextToken. */
bool asg_api_page_read(struct asg_api_call *call, size_t otherwise,
                       struct asg_api_page *ret);

/* Of what stands in groups a key is "GROUP:NAME": no group's name has a colon, so keys
 * are ordered as the pages of the view are. Where the page begins; "" and "": at the
 * first. */
void asg_api_page_split(struct asg_api_call *call, const struct asg_api_page *page,
                        const char **ret_group, const char **ret_name);

/* Such a key. */
const char *asg_api_page_key(struct asg_api_call *call, const char *group,
                             const char *name);

/* The token of the page behind `last`, a key of more than "". */
const char *asg_api_page_token(struct asg_api_call *call, const char *last);

#endif
