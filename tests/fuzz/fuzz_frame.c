/* fuzz_frame - any bytes as any message: what decodes must encode and decode again. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum asg_message_type type;
    if (asg_wire_message_type(data, size, &type) != ASG_OK) return 0;
    const struct asg_schema *schema = asg_wire_message_schema(type);
    if (schema == NULL) return 0;
    struct asg_arena arena = {0};
    void *object = asg_arena_take(&arena, schema->size);
    if (asg_wire_decode_message(data, size, type, &arena, object) == ASG_OK) {
        struct asg_bytes first = {0};
        struct asg_bytes again = {0};
        asg_wire_encode_message(type, object, &first);
        void *back = asg_arena_take(&arena, schema->size);
        enum asg_status status =
            asg_wire_decode_message(first.data, first.length, type, &arena, back);
        assert(status == ASG_OK);
        asg_wire_encode_message(type, back, &again);
        assert(first.length == again.length &&
               memcmp(first.data, again.data, first.length) == 0);
        asg_bytes_clear(&first);
        asg_bytes_clear(&again);
    }
    asg_arena_clear(&arena);
    struct asg_report report;
    enum asg_status by_hand = asg_wire_decode_report(data, size, &report);
    assert(by_hand == ASG_OK || by_hand == ASG_ERR_MALFORMED ||
           by_hand == ASG_ERR_VERSION);
    return 0;
}
