#include "wire/read.h"

#include <endian.h>
#include <string.h>

#include "base/utf8.h"

static size_t bytes_left(const struct cursor *cursor)
{
    return (size_t)(cursor->end - cursor->at);
}

/* `width` bytes (1, 2, 4 or 8), most significant first. */
static bool read_big_endian(struct cursor *cursor, unsigned width, uint64_t *ret)
{
    if (bytes_left(cursor) < width) return false;
    uint16_t two;
    uint32_t four;
    uint64_t eight;
    switch (width) {
    case 1: *ret = cursor->at[0]; break;
    case 2:
        memcpy(&two, cursor->at, sizeof two);
        *ret = be16toh(two);
        break;
    case 4:
        memcpy(&four, cursor->at, sizeof four);
        *ret = be32toh(four);
        break;
    default:
        memcpy(&eight, cursor->at, sizeof eight);
        *ret = be64toh(eight);
        break;
    }
    cursor->at += width;
    return true;
}

bool read_wide_unsigned(struct cursor *cursor, uint64_t *ret)
{
    if (cursor->at == cursor->end) return false;
    uint8_t tag = *cursor->at++;
    if (tag < 0xcc || tag > 0xcf) return false;
    return read_big_endian(cursor, 1u << (tag - 0xcc), ret);
}

bool read_wide_signed(struct cursor *cursor, int64_t *ret)
{
    if (cursor->at == cursor->end) return false;
    uint8_t tag = *cursor->at;
    if (tag >= 0xe0) {
        cursor->at++;
        *ret = (int8_t)tag;
        return true;
    }
    uint64_t value;
    if (tag < 0xd0 || tag > 0xd3) {
        if (!read_wide_unsigned(cursor, &value) || value > INT64_MAX) return false;
        *ret = (int64_t)value;
        return true;
    }
    cursor->at++;
    if (!read_big_endian(cursor, 1u << (tag - 0xd0), &value)) return false;
    switch (tag) {
    case 0xd0: *ret = (int8_t)value; break;
    case 0xd1: *ret = (int16_t)value; break;
    case 0xd2: *ret = (int32_t)value; break;
    default: *ret = (int64_t)value; break;
    }
    return true;
}

bool read_bool(struct cursor *cursor, bool *ret)
{
    if (cursor->at == cursor->end || (*cursor->at != 0xc2 && *cursor->at != 0xc3)) {
        return false;
    }
    *ret = *cursor->at++ == 0xc3;
    return true;
}

bool read_nil(struct cursor *cursor)
{
    if (cursor->at == cursor->end || *cursor->at != 0xc0) return false;
    cursor->at++;
    return true;
}

/* The length that follows a tag of one of three widths, checked against what is left. */
static bool read_length(struct cursor *cursor, unsigned width, size_t limit, size_t *ret)
{
    uint64_t length;
    if (!read_big_endian(cursor, width, &length)) return false;
    if (length > limit || length > bytes_left(cursor)) return false;
    *ret = (size_t)length;
    return true;
}

bool read_text(struct cursor *cursor, size_t limit, const char **ret, size_t *ret_length)
{
    if (cursor->at == cursor->end) return false;
    uint8_t tag = *cursor->at++;
    size_t length;
    if (tag >= 0xa0 && tag <= 0xbf) {
        length = tag & 0x1f;
        if (length > limit || length > bytes_left(cursor)) return false;
    } else if (tag >= 0xd9 && tag <= 0xdb) {
        if (!read_length(cursor, 1u << (tag - 0xd9), limit, &length)) return false;
    } else {
        return false;
    }
    if (!asg_utf8_is_valid((const char *)cursor->at, length)) return false;
    *ret = (const char *)cursor->at;
    *ret_length = length;
    cursor->at += length;
    return true;
}

bool read_blob(struct cursor *cursor, size_t limit, const uint8_t **ret, size_t *length)
{
    if (cursor->at == cursor->end) return false;
    uint8_t tag = *cursor->at++;
    if (tag < 0xc4 || tag > 0xc6) return false;
    if (!read_length(cursor, 1u << (tag - 0xc4), limit, length)) return false;
    *ret = cursor->at;
    cursor->at += *length;
    return true;
}

bool read_array(struct cursor *cursor, size_t *ret)
{
    if (cursor->at == cursor->end) return false;
    uint8_t tag = *cursor->at++;
    if (tag >= 0x90 && tag <= 0x9f) {
        *ret = tag & 0x0f;
        return *ret <= bytes_left(cursor);
    }
    if (tag != 0xdc && tag != 0xdd) return false;
    return read_length(cursor, tag == 0xdc ? 2 : 4, SIZE_MAX, ret);
}

static bool skip_bytes(struct cursor *cursor, size_t count)
{
    if (bytes_left(cursor) < count) return false;
    cursor->at += count;
    return true;
}

static bool skip_items(struct cursor *cursor, uint64_t count, unsigned depth)
{
    if (depth == 0 || count > bytes_left(cursor)) return false;
    for (uint64_t i = 0; i < count; i++) {
        if (!skip_item(cursor, depth - 1)) return false;
    }
    return true;
}

bool skip_item(struct cursor *cursor, unsigned depth)
{
    if (cursor->at == cursor->end) return false;
    uint8_t tag = *cursor->at++;
    uint64_t length;
    if (tag < 0x80 || tag >= 0xe0) return true;
    if (tag <= 0x8f) return skip_items(cursor, UINT64_C(2) * (tag & 0x0fu), depth);
    if (tag <= 0x9f) return skip_items(cursor, tag & 0x0fu, depth);
    if (tag <= 0xbf) return skip_bytes(cursor, tag & 0x1fu);
    switch (tag) {
    case 0xc0:
    case 0xc2:
    case 0xc3: return true;
    case 0xc4:
    case 0xc5:
    case 0xc6:
        return read_big_endian(cursor, 1u << (tag - 0xc4), &length) &&
               length <= bytes_left(cursor) && skip_bytes(cursor, (size_t)length);
    case 0xca: return skip_bytes(cursor, 4);
    case 0xcb: return skip_bytes(cursor, 8);
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf: return skip_bytes(cursor, (size_t)1 << (tag - 0xcc));
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3: return skip_bytes(cursor, (size_t)1 << (tag - 0xd0));
    case 0xd9:
    case 0xda:
    case 0xdb:
        return read_big_endian(cursor, 1u << (tag - 0xd9), &length) &&
               length <= bytes_left(cursor) && skip_bytes(cursor, (size_t)length);
    case 0xdc:
    case 0xdd:
        return read_big_endian(cursor, tag == 0xdc ? 2 : 4, &length) &&
               skip_items(cursor, length, depth);
    case 0xde:
    case 0xdf:
        return read_big_endian(cursor, tag == 0xde ? 2 : 4, &length) &&
               length <= UINT32_MAX && skip_items(cursor, 2 * length, depth);
    default: return false; /* ext types and 0xc1: not ours */
    }
}
