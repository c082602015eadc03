/* text_pool - texts that many hold, each kept once: zones, types, templates.
 *
 * A holder has a plain pointer to the text; "" is everybody's and costs nothing. A text
 * that nobody holds any more is freed, so the pool is as large as what is in use.
 * Threads: one owner at a time.
 */
#ifndef ASG_BASE_TEXT_POOL_H
#define ASG_BASE_TEXT_POOL_H

#include "base/text_index.h"

struct asg_text_pool {
    struct asg_text_index texts;
};

void asg_text_pool_init(struct asg_text_pool *pool);

/* Free all texts, held or not. */
void asg_text_pool_clear(struct asg_text_pool *pool);

/* Make *held the pool's copy of `text` and let go of what it was. *held is "" or a text
 * of this pool; NULL `text` is "". */
void asg_text_pool_set(struct asg_text_pool *pool, const char **held, const char *text);

#endif
