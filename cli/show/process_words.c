#include "cli/show/process_words.h"

#include "model/enums.h"
#include "text/nearest.h"

void asg_process_write(uint64_t bits, struct asg_bytes *ret)
{
    bool is_first = true;
    for (int i = 0; i < ASG_PROCESS_COUNT; i++) {
        if ((bits & UINT64_C(1) << i) == 0) continue;
        asg_bytes_printf(ret, "%s%s", is_first ? "" : ",",
                         asg_enum_word(&asg_process_words, i));
        is_first = false;
    }
}

static enum asg_status say_unknown(const char *given, struct asg_error *error)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes advice = {0};
    asg_words_advise(&asg_process_words, given, &advice);
    return asg_fail(error, ASG_ERR_INVALID, "there is no process \"%.64s\"%s", given,
                    asg_bytes_text(&advice));
}

enum asg_status asg_process_bits(const struct asg_texts *words, uint64_t *ret,
                                 struct asg_error *error)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < words->count; i++) {
        int value = asg_enum_value(&asg_process_words, words->items[i]);
        if (value < 0) return say_unknown(words->items[i], error);
        bits |= UINT64_C(1) << value;
    }
    *ret = bits;
    return ASG_OK;
}
