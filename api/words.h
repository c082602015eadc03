/* words - the Auto Scaling API's words for what the model numbers.
 * Threads: constant.
 */
#ifndef ASG_API_WORDS_H
#define ASG_API_WORDS_H

#include <stddef.h>

/* By the value of an enum of the model; NULL: the API has no word for it. */
struct asg_api_words {
    const char *const *words;
    size_t count;
};

extern const struct asg_api_words asg_api_process_words;            /* "AZRebalance" */
extern const struct asg_api_words asg_api_termination_policy_words; /* "OldestInstance" */
extern const struct asg_api_words asg_api_adjustment_words;  /* "ChangeInCapacity" */
extern const struct asg_api_words asg_api_policy_kind_words; /* "StepScaling" */
extern const struct asg_api_words asg_api_metric_words;      /* predefined, of tracking */
extern const struct asg_api_words asg_api_statistic_words;   /* of an aggregation */
extern const struct asg_api_words asg_api_activity_status_words; /* "InProgress" */

/* NULL: it has none. */
const char *asg_api_word(const struct asg_api_words *words, size_t value);

/* -1: no such word. Case counts, as it does for the service. */
int asg_api_value(const struct asg_api_words *words, const char *word);

#endif
