#include "aws/retry.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define HINT_DIGITS_MAX 9

int64_t asg_retry_hint_ms(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > HINT_DIGITS_MAX || text[digits] != '\0') return -1;
    return strtoll(text, NULL, 10);
}

int64_t asg_retry_delay_ms(enum asg_error_class class, uint32_t attempts, int64_t hint_ms,
                           uint32_t chance)
{
    assert(attempts >= 1);
    int64_t most_ms = class == ASG_ERROR_CLASS_THROTTLE ? ASG_RETRY_BASE_THROTTLE_MS
                                                        : ASG_RETRY_BASE_TRANSIENT_MS;
    for (uint32_t i = 1; i < attempts && most_ms < ASG_RETRY_CAP_MS; i++) {
        most_ms *= 2;
    }
    if (most_ms > ASG_RETRY_CAP_MS) most_ms = ASG_RETRY_CAP_MS;
    int64_t delay_ms = most_ms * (int64_t)chance / (int64_t)UINT32_MAX;
    if (hint_ms <= delay_ms) return delay_ms;
    if (hint_ms > delay_ms + ASG_RETRY_HINT_MORE_MS) {
        return delay_ms + ASG_RETRY_HINT_MORE_MS;
    }
    return hint_ms;
}

enum asg_retry_answer asg_retry_ask(struct asg_retry_quota *quota,
                                    const struct asg_retry_question *question,
                                    int64_t *ret_delay_ms, int32_t *ret_cost)
{
    if (!asg_error_class_is_repeated(question->class)) return ASG_RETRY_WRONG_CLASS;
    if (question->attempts >= question->attempts_max) return ASG_RETRY_ATTEMPTS_OVER;
    int32_t cost = question->class == ASG_ERROR_CLASS_THROTTLE ? ASG_RETRY_COST_THROTTLE
                                                               : ASG_RETRY_COST_TRANSIENT;
    if (quota->left < cost) return ASG_RETRY_QUOTA_OVER;
    quota->left -= cost;
    *ret_cost = cost;
    *ret_delay_ms = asg_retry_delay_ms(question->class, question->attempts,
                                       question->hint_ms, question->chance);
    return ASG_RETRY_AGAIN;
}

void asg_retry_give_back(struct asg_retry_quota *quota, int32_t cost)
{
    quota->left += cost > 0 ? cost : 1;
    if (quota->left > ASG_RETRY_QUOTA) quota->left = ASG_RETRY_QUOTA;
}
