#include "aws/sigv4.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/percent.h"
#include "aws/sigv4_key.h"
#include "crypto/crypto.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char *asg_sigv4_signed_headers(const struct asg_sigv4_request *request,
                                     struct asg_arena *arena)
{
    const char **names =
        asg_arena_take(arena, (request->header_count + 1) * sizeof *names);
    size_t count = 0;
    size_t length = 0;
    for (size_t i = 0; i < request->header_count; i++) {
        if (strcasecmp(request->headers[i].name, "authorization") == 0) continue;
        char *name = asg_arena_take(arena, strlen(request->headers[i].name) + 1);
        for (size_t j = 0; request->headers[i].name[j] != '\0'; j++) {
            name[j] = lower(request->headers[i].name[j]);
        }
        names[count++] = name;
        length += strlen(name) + 1;
    }
    qsort(names, count, sizeof *names, compare_names);

    char *joined = asg_arena_take(arena, length + 1);
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && strcmp(names[i], names[i - 1]) == 0) continue;
        if (used > 0) joined[used++] = ';';
        size_t name_length = strlen(names[i]);
        memcpy(joined + used, names[i], name_length);
        used += name_length;
    }
    joined[used] = '\0';
    return joined;
}

/* Append the path with ".", ".." and empty segments collapsed, not yet encoded. */
static void collapse_path(const char *path, struct asg_bytes *ret)
{
    size_t start = ret->length;
    asg_bytes_append_byte(ret, '/');
    const char *segment = path;
    while (*segment != '\0') {
        while (*segment == '/') {
            segment++;
        }
        size_t length = strcspn(segment, "/");
        if (length == 0) break;
        bool is_here = length == 1 && segment[0] == '.';
        bool is_up = length == 2 && segment[0] == '.' && segment[1] == '.';
        if (is_up) {
            /* Drop the closing slash, then the segment before it. */
            if (ret->length > start + 1) ret->length--;
            while (ret->length > start + 1 && ret->data[ret->length - 1] != '/') {
                ret->length--;
            }
        } else if (!is_here) {
            asg_bytes_append(ret, segment, length);
            asg_bytes_append_byte(ret, '/');
        }
        segment += length;
    }
    size_t path_length = strlen(path);
    bool ends_in_slash = path_length > 0 && path[path_length - 1] == '/';
    if (!ends_in_slash && ret->length > start + 1) ret->length--;
}

static void append_path(const char *path, bool keep_path, struct asg_bytes *ret)
{
    if (path == NULL || path[0] == '\0' || strcmp(path, "/") == 0) {
        asg_bytes_append_byte(ret, '/');
    } else if (keep_path) {
        asg_percent_encode(path, strlen(path), /* keeps_slash */ true, ret);
    } else {
        struct asg_bytes collapsed = {0};
        collapse_path(path, &collapsed);
        asg_percent_encode((const char *)collapsed.data, collapsed.length,
                           /* keeps_slash */ true, ret);
        asg_bytes_clear(&collapsed);
    }
}

struct query_pair {
    size_t name; /* offsets in the buffer of encoded texts, each with a closing zero */
    size_t value;
    const char *texts; /* set once the buffer stands still */
};

static int compare_pairs(const void *a, const void *b)
{
    const struct query_pair *left = a;
    const struct query_pair *right = b;
    int order = strcmp(left->texts + left->name, right->texts + right->name);
    if (order != 0) return order;
    return strcmp(left->texts + left->value, right->texts + right->value);
}

static size_t recode(const char *text, size_t length, struct asg_bytes *texts)
{
    struct asg_bytes plain = {0};
    asg_percent_decode(text, length, /* plus_is_space */ true, &plain);
    size_t offset = texts->length;
    asg_percent_encode((const char *)plain.data, plain.length, /* keeps_slash */ false,
                       texts);
    asg_bytes_append_byte(texts, 0);
    asg_bytes_clear(&plain);
    return offset;
}

static enum asg_status append_query(const char *query, bool is_presigned,
                                    struct asg_bytes *ret)
{
    static const char signature[] = "X-Amz-Signature=";
    if (query == NULL || query[0] == '\0') return ASG_OK;

    size_t limit = 1;
    for (const char *c = query; *c != '\0'; c++) {
        if (*c == '&') limit++;
    }
    if (limit > ASG_SIGV4_QUERY_MAX) return ASG_ERR_LIMIT;

    struct query_pair *pairs = asg_alloc(limit, sizeof *pairs);
    struct asg_bytes texts = {0};
    size_t count = 0;
    while (*query != '\0') {
        size_t length = strcspn(query, "&");
        bool is_signature =
            is_presigned && strncmp(query, signature, sizeof signature - 1) == 0;
        if (length > 0 && !is_signature) {
            const char *equals = memchr(query, '=', length);
            size_t name_length = equals == NULL ? length : (size_t)(equals - query);
            pairs[count].name = recode(query, name_length, &texts);
            pairs[count].value =
                equals == NULL ? recode("", 0, &texts)
                               : recode(equals + 1, length - name_length - 1, &texts);
            count++;
        }
        query += length;
        if (*query == '&') query++;
    }
    for (size_t i = 0; i < count; i++) {
        pairs[i].texts = (const char *)texts.data;
    }
    qsort(pairs, count, sizeof *pairs, compare_pairs);
    for (size_t i = 0; i < count; i++) {
        if (i > 0) asg_bytes_append_byte(ret, '&');
        asg_bytes_append_text(ret, pairs[i].texts + pairs[i].name);
        asg_bytes_append_byte(ret, '=');
        asg_bytes_append_text(ret, pairs[i].texts + pairs[i].value);
    }
    asg_bytes_clear(&texts);
    free(pairs);
    return ASG_OK;
}

/* Blanks at both ends go, runs of blanks (and folded lines) become one. */
static void append_header_value(const char *value, struct asg_bytes *ret)
{
    while (is_blank(*value)) {
        value++;
    }
    while (*value != '\0') {
        size_t length = 0;
        while (value[length] != '\0' && !is_blank(value[length])) {
            length++;
        }
        asg_bytes_append(ret, value, length);
        value += length;
        while (is_blank(*value)) {
            value++;
        }
        if (*value != '\0') asg_bytes_append_byte(ret, ' ');
    }
}

static void append_header(const struct asg_sigv4_request *request, const char *name,
                          size_t name_length, struct asg_bytes *ret)
{
    asg_bytes_append(ret, name, name_length);
    asg_bytes_append_byte(ret, ':');
    bool is_first = true;
    for (size_t i = 0; i < request->header_count; i++) {
        const struct asg_sigv4_header *header = &request->headers[i];
        if (strncasecmp(header->name, name, name_length) != 0) continue;
        if (header->name[name_length] != '\0') continue;
        if (!is_first) asg_bytes_append_byte(ret, ',');
        is_first = false;
        append_header_value(header->value, ret);
    }
    asg_bytes_append_byte(ret, '\n');
}

enum asg_status asg_sigv4_canonical_request(const struct asg_sigv4_request *request,
                                            const char *signed_headers,
                                            const char *body_sha256, bool keep_path,
                                            struct asg_bytes *ret)
{
    return asg_sigv4_append_canonical(request, signed_headers, body_sha256, keep_path,
                                      /* is_presigned */ false, ret);
}

enum asg_status asg_sigv4_append_canonical(const struct asg_sigv4_request *request,
                                           const char *signed_headers,
                                           const char *body_sha256, bool keep_path,
                                           bool is_presigned, struct asg_bytes *ret)
{
    assert(request->method != NULL);
    asg_bytes_append_text(ret, request->method);
    asg_bytes_append_byte(ret, '\n');
    append_path(request->path, keep_path, ret);
    asg_bytes_append_byte(ret, '\n');
    enum asg_status status = append_query(request->query, is_presigned, ret);
    if (status != ASG_OK) return status;
    asg_bytes_append_byte(ret, '\n');
    for (const char *name = signed_headers; *name != '\0';) {
        size_t length = strcspn(name, ";");
        append_header(request, name, length, ret);
        name += length;
        if (*name == ';') name++;
    }
    asg_bytes_append_byte(ret, '\n');
    asg_bytes_append_text(ret, signed_headers);
    asg_bytes_append_byte(ret, '\n');
    asg_bytes_append_text(ret, body_sha256);
    return ASG_OK;
}

void asg_sigv4_string_to_sign(const char *date, const char *region, const char *service,
                              const void *canonical_request, size_t length,
                              struct asg_bytes *ret)
{
    uint8_t hash[ASG_SHA256_BYTES];
    char hex[ASG_SHA256_HEX_SIZE];
    asg_sha256(canonical_request, length, hash);
    asg_hex_encode(hash, sizeof hash, hex);
    asg_sigv4_append_to_sign(date, region, service, hex, ret);
}

void asg_sigv4_append_to_sign(const char *date, const char *region, const char *service,
                              const char *canonical_sha256, struct asg_bytes *ret)
{
    asg_bytes_append_text(ret, "AWS4-HMAC-SHA256\n");
    asg_bytes_append_text(ret, date);
    asg_bytes_append_byte(ret, '\n');
    asg_bytes_append(ret, date, 8);
    asg_bytes_append_byte(ret, '/');
    asg_bytes_append_text(ret, region);
    asg_bytes_append_byte(ret, '/');
    asg_bytes_append_text(ret, service);
    asg_bytes_append_text(ret, "/aws4_request\n");
    asg_bytes_append_text(ret, canonical_sha256);
}

void asg_sigv4_date(int64_t time_ms, char ret[ASG_SIGV4_DATE_SIZE])
{
    time_t seconds = (time_t)(time_ms / 1000);
    struct tm parts = {0};
    (void)gmtime_r(&seconds, &parts);
    size_t length = strftime(ret, ASG_SIGV4_DATE_SIZE, "%Y%m%dT%H%M%SZ", &parts);
    assert(length == ASG_SIGV4_DATE_SIZE - 1);
    (void)length;
}
