/* verify_records - check all records of a log, on all cores when there are many.
 *
 * Private to lib/store. A record's chain hash is checked against the stored one before
 * it, so any part of the log can be checked by itself: threads with readers of their own
 * take one part after another, and one of them the pages. Whatever their number, the
 * first bad record is the one that is named.
 */
#ifndef ASG_STORE_VERIFY_RECORDS_H
#define ASG_STORE_VERIFY_RECORDS_H

#include "store/log_backend.h"

struct asg_verify_walk {
    struct asg_log *log;
    uint64_t from_seq; /* at least 1; up to the head */
    size_t jobs;       /* threads; 0: one a core */
    asg_log_progress *progress;
    void *context;
};

/* Fill in the counts of *ret and all of *ret_flaw. ASG_OK, ASG_ERR_CORRUPT (the first
 * flaw), ASG_ERR_CLOSED (progress said stop), or why the log could not be read. */
ASG_MUST_USE enum asg_status asg_verify_records(const struct asg_verify_walk *walk,
                                                struct asg_log_verdict *ret,
                                                struct asg_log_flaw_found *ret_flaw,
                                                struct asg_error *error);

/* What the verdict says of a flaw, with what to do about it. */
void asg_log_condemn(struct asg_log_verdict *verdict,
                     const struct asg_log_flaw_found *flaw);

#endif
