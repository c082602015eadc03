/* The JSON of a source of credentials: whatever comes, it is read within its bytes; what
 * is read has no zero byte and comes out again when it is written and read once more. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "aws/json_texts.h"
#include "base/bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_text(const char *text, struct asg_bytes *ret)
{
    asg_bytes_append_byte(ret, '"');
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x20 || c == '"' || c == '\\') {
            asg_bytes_printf(ret, "\\u%04x", c);
        } else {
            asg_bytes_append_byte(ret, c);
        }
    }
    asg_bytes_append_byte(ret, '"');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct asg_json_member first[] = {{.name = "AccessKeyId"}, {.name = "Token"}};
    enum asg_status status = asg_json_read_texts(data, size, first, 2);
    assert(status == ASG_OK || status == ASG_ERR_MALFORMED || status == ASG_ERR_LIMIT);
    for (size_t i = 0; i < 2; i++) {
        const char *text = asg_secret_reveal(&first[i].value);
        assert(strlen(text) == first[i].value.length);
        if (status != ASG_OK) assert(text[0] == '\0');
    }
    if (status == ASG_OK) {
        struct asg_bytes again = {0};
        asg_bytes_append_text(&again, "{\"AccessKeyId\":");
        write_text(asg_secret_reveal(&first[0].value), &again);
        asg_bytes_append_text(&again, ",\"Token\":");
        write_text(asg_secret_reveal(&first[1].value), &again);
        asg_bytes_append_byte(&again, '}');
        struct asg_json_member second[] = {{.name = "AccessKeyId"}, {.name = "Token"}};
        assert(asg_json_read_texts(again.data, again.length, second, 2) == ASG_OK);
        for (size_t i = 0; i < 2; i++) {
            assert(asg_secret_same(&first[i].value, &second[i].value));
            asg_secret_clear(&second[i].value);
        }
        asg_bytes_clear(&again);
    }
    asg_secret_clear(&first[0].value);
    asg_secret_clear(&first[1].value);
    return 0;
}
