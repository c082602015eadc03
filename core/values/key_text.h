/* key_text - keys of 32 bytes, as they are written: CURVE keys in Z85, hashes of TLS keys
 * in hexadecimal digits. One text a key, one key a text.
 */
#ifndef ASG_CORE_VALUES_KEY_TEXT_H
#define ASG_CORE_VALUES_KEY_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "model/event.h"

#define ASG_KEY_BYTES 32

/* False, and *ret is as it was: the text is no such key. */
bool asg_key_read_curve(const char *text, uint8_t ret[ASG_KEY_BYTES]);
bool asg_key_read_tls(const char *text, uint8_t ret[ASG_KEY_BYTES]);

void asg_key_write_curve(const uint8_t key[ASG_KEY_BYTES],
                         char ret[ASG_CURVE_KEY_CHARS + 1]);
void asg_key_write_tls(const uint8_t key[ASG_KEY_BYTES], char ret[ASG_TLS_KEY_CHARS + 1]);

#endif
