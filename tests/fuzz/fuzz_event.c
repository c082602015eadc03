/* fuzz_event - any bytes as the payload of an event: what decodes must encode and decode
 * again, and metrics come in order. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_order(const struct asg_metrics *metrics)
{
    for (size_t i = 1; metrics != NULL && i < metrics->group_count; i++) {
        const struct asg_group_metric *row = &metrics->groups[i];
        const struct asg_group_metric *before = row - 1;
        assert(before->group_no < row->group_no ||
               (before->group_no == row->group_no && before->metric < row->metric));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct asg_arena arena = {0};
    struct asg_event event;
    if (asg_wire_decode(&asg_event_schema, data, size, &arena, &event) == ASG_OK) {
        check_order(event.metrics);
        struct asg_bytes first = {0};
        struct asg_bytes again = {0};
        asg_wire_encode(&asg_event_schema, &event, &first);
        struct asg_event back;
        enum asg_status status =
            asg_wire_decode(&asg_event_schema, first.data, first.length, &arena, &back);
        assert(status == ASG_OK);
        asg_wire_encode(&asg_event_schema, &back, &again);
        assert(first.length == again.length &&
               memcmp(first.data, again.data, first.length) == 0);
        asg_bytes_clear(&first);
        asg_bytes_clear(&again);
    }
    asg_arena_clear(&arena);
    return 0;
}
