#include "ec2local/json_out.h"

void asg_json_out_text(struct asg_bytes *out, const char *text)
{
    if (text == NULL) {
        asg_bytes_append_text(out, "null");
        return;
    }
    asg_bytes_append_byte(out, '"');
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte == '"' || byte == '\\') {
            asg_bytes_append_byte(out, '\\');
            asg_bytes_append_byte(out, byte);
        } else if (byte < 0x20) {
            asg_bytes_printf(out, "\\u%04x", byte);
        } else {
            asg_bytes_append_byte(out, byte);
        }
    }
    asg_bytes_append_byte(out, '"');
}
