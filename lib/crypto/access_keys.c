#include "crypto/access_keys.h"

#include <stdio.h>
#include <string.h>

#include "base/percent.h"
#include "base/utf8.h"
#include "crypto/crypto.h"

#define SECRET_MIN 16 /* characters: less could be guessed */

/* A line that is being read; `error` and `line` for what it says when it fails. */
struct reading {
    struct asg_access_keys *keys;
    struct asg_bytes scratch;
    struct asg_error *error;
    size_t line;
};

static void wipe_text(const char *text)
{
    if (text != NULL) asg_secret_wipe((void *)(uintptr_t)text, strlen(text));
}

void asg_access_keys_clear(struct asg_access_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++) {
        wipe_text(keys->items[i].secret);
        wipe_text(keys->items[i].session_token);
    }
    asg_arena_clear(&keys->arena);
    *keys = (struct asg_access_keys){.count = 0};
}

/* ---- one value ---- */

static enum asg_status fail(const struct reading *reading, const char *what)
{
    return asg_fail(reading->error, ASG_ERR_MALFORMED, "line %zu: %s", reading->line,
                    what);
}

/* Decoded, or NULL when it is empty, too long, or no text. */
static const char *decode(struct reading *reading, const char *text, size_t length,
                          size_t most)
{
    struct asg_bytes *scratch = &reading->scratch;
    asg_bytes_reset(scratch);
    asg_percent_decode(text, length, /* plus_is_space */ false, scratch);
    if (scratch->length == 0 || scratch->length > most ||
        !asg_utf8_is_valid((const char *)scratch->data, scratch->length)) {
        return NULL;
    }
    for (size_t i = 0; i < scratch->length; i++) {
        if (scratch->data[i] < ' ' || scratch->data[i] == 0x7f) return NULL;
    }
    return asg_arena_text_n(&reading->keys->arena, (const char *)scratch->data,
                            scratch->length);
}

static bool is_made_of(const char *text, const char *allowed)
{
    return text != NULL && strspn(text, allowed) == strlen(text);
}

static bool is_ascii(const char *text)
{
    for (; text != NULL && *text != '\0'; text++) {
        if (*text < ' ' || *text >= 0x7f) return false;
    }
    return text != NULL;
}

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS  "0123456789"

static enum asg_status take_text(struct reading *reading, const char *text, size_t length,
                                 size_t most, const char *allowed, const char *trouble,
                                 const char **ret)
{
    const char *value = decode(reading, text, length, most);
    bool is_fine = allowed != NULL ? is_made_of(value, allowed) : is_ascii(value);
    if (!is_fine) return fail(reading, trouble);
    *ret = value;
    return ASG_OK;
}

static enum asg_status take_patterns(struct reading *reading, const char *text,
                                     size_t length, const char *trouble,
                                     const char *const **ret, size_t *ret_count)
{
    const char **patterns = asg_arena_take(
        &reading->keys->arena, ASG_ACCESS_KEY_PATTERNS_MAX * sizeof *patterns);
    size_t count = 0;
    for (const char *end = text + length; text <= end; count++) {
        const char *comma = memchr(text, ',', (size_t)(end - text));
        const char *stop = comma != NULL ? comma : end;
        if (count == ASG_ACCESS_KEY_PATTERNS_MAX) return fail(reading, trouble);
        const char *pattern = decode(reading, text, (size_t)(stop - text), 1020);
        if (pattern == NULL || strcspn(pattern, "*") + 1 < strlen(pattern)) {
            return fail(reading, trouble);
        }
        patterns[count] = pattern;
        text = stop + 1;
    }
    *ret = patterns;
    *ret_count = count;
    return ASG_OK;
}

/* ---- one line ---- */

static bool is_named(const char *word, size_t length, const char *name)
{
    return strlen(name) == length && memcmp(word, name, length) == 0;
}

static enum asg_status take_value(struct reading *reading, const char *word, size_t name,
                                  size_t length, struct asg_access_key *key)
{
    const char *value = word + name + 1;
    size_t rest = length - name - 1;
    if (is_named(word, name, "name") && key->name == NULL) {
        return take_text(
            reading, value, rest, ASG_ACCESS_KEY_NAME_MAX, LETTERS DIGITS "+=,.@_-",
            "name= is up to 64 letters, digits and + = , . @ _ -", &key->name);
    }
    if (is_named(word, name, "key") && key->access_key_id == NULL) {
        return take_text(
            reading, value, rest, ASG_ACCESS_KEY_ID_MAX, LETTERS DIGITS "._-",
            "key= (the access key id) is up to 128 letters, digits and . _ -",
            &key->access_key_id);
    }
    if (is_named(word, name, "secret") && key->secret == NULL) {
        return take_text(reading, value, rest, ASG_ACCESS_KEY_SECRET_MAX, NULL,
                         "secret= is 16 to 256 characters of ASCII", &key->secret);
    }
    if (is_named(word, name, "token") && key->session_token == NULL) {
        return take_text(reading, value, rest, ASG_ACCESS_KEY_TOKEN_MAX, NULL,
                         "token= is up to 4096 characters of ASCII", &key->session_token);
    }
    if (is_named(word, name, "actions") && key->actions == NULL) {
        return take_patterns(reading, value, rest,
                             "actions= is up to 100 names or beginnings that end in *, "
                             "with commas between",
                             &key->actions, &key->action_count);
    }
    if (is_named(word, name, "groups") && key->groups == NULL) {
        return take_patterns(reading, value, rest,
                             "groups= is up to 100 names or beginnings that end in *, "
                             "with commas between",
                             &key->groups, &key->group_count);
    }
    return fail(reading, "there are name=, key=, secret=, token=, actions= and groups=, "
                         "each once");
}

static enum asg_status check_key(const struct reading *reading,
                                 const struct asg_access_key *key)
{
    if (key->name == NULL || key->access_key_id == NULL || key->secret == NULL ||
        key->actions == NULL || key->groups == NULL) {
        return fail(reading, "name=, key=, secret=, actions= and groups= are needed");
    }
    if (strlen(key->secret) < SECRET_MIN) {
        return fail(reading, "secret= is 16 to 256 characters of ASCII");
    }
    const struct asg_access_keys *keys = reading->keys;
    for (size_t i = 0; i + 1 < keys->count; i++) { /* the last is this one */
        if (strcmp(keys->items[i].name, key->name) == 0) {
            return fail(reading, "another line has this name=");
        }
        if (strcmp(keys->items[i].access_key_id, key->access_key_id) == 0) {
            return fail(reading, "another line has this key=");
        }
    }
    return ASG_OK;
}

static enum asg_status take_line(struct reading *reading, const char *text, size_t length)
{
    struct asg_access_keys *keys = reading->keys;
    if (keys->count == ASG_ACCESS_KEYS_MAX) {
        return asg_fail(reading->error, ASG_ERR_LIMIT, "there are more than %d keys",
                        ASG_ACCESS_KEYS_MAX);
    }
    struct asg_access_key *key = &keys->items[keys->count++];
    const char *end = text + length;
    enum asg_status status = ASG_OK;
    while (status == ASG_OK && text < end) {
        const char *stop = text;
        while (stop < end && *stop != ' ' && *stop != '\t') {
            stop++;
        }
        const char *equals = memchr(text, '=', (size_t)(stop - text));
        if (equals == NULL) {
            return fail(reading, "it is made of words NAME=VALUE with blanks between");
        }
        status = take_value(reading, text, (size_t)(equals - text), (size_t)(stop - text),
                            key);
        for (text = stop; text < end && (*text == ' ' || *text == '\t');) {
            text++;
        }
    }
    if (status == ASG_OK) status = check_key(reading, key);
    if (status == ASG_OK && key->session_token == NULL) key->session_token = "";
    return status;
}

/* ---- the file ---- */

static bool says_none(const char *text, size_t length)
{
    size_t wanted = strlen(ASG_ACCESS_KEYS_NONE);
    return length == wanted && memcmp(text, ASG_ACCESS_KEYS_NONE, wanted) == 0;
}

static enum asg_status parse_lines(struct reading *reading, const char *text,
                                   size_t length)
{
    const char *end = text + length;
    enum asg_status status = ASG_OK;
    while (status == ASG_OK && text < end) {
        reading->line++;
        const char *feed = memchr(text, '\n', (size_t)(end - text));
        const char *stop = feed != NULL ? feed : end;
        const char *next = feed != NULL ? feed + 1 : end;
        while (stop > text && (stop[-1] == ' ' || stop[-1] == '\t' || stop[-1] == '\r')) {
            stop--;
        }
        while (text < stop && (*text == ' ' || *text == '\t')) {
            text++;
        }
        if (text < stop && *text != '#') {
            status = take_line(reading, text, (size_t)(stop - text));
        } else if (says_none(text, (size_t)(stop - text))) {
            reading->keys->says_none = true;
        }
        text = next;
    }
    return status;
}

enum asg_status asg_access_keys_parse(const char *text, size_t length,
                                      struct asg_access_keys *ret,
                                      struct asg_error *error)
{
    if (length > ASG_ACCESS_KEYS_BYTES_MAX) {
        return asg_fail(error, ASG_ERR_LIMIT, "it has more than %zu bytes",
                        ASG_ACCESS_KEYS_BYTES_MAX);
    }
    struct asg_access_keys keys = {.is_whole = length > 0 && text[length - 1] == '\n'};
    keys.items = asg_arena_take(&keys.arena, ASG_ACCESS_KEYS_MAX * sizeof *keys.items);
    struct reading reading = {.keys = &keys, .error = error};
    enum asg_status status = parse_lines(&reading, text, length);
    if (reading.scratch.length > 0) {
        asg_secret_wipe(reading.scratch.data, reading.scratch.length);
    }
    asg_bytes_clear(&reading.scratch);
    if (status == ASG_OK) {
        *ret = keys;
    } else {
        asg_access_keys_clear(&keys);
    }
    return status;
}

/* ---- writing ---- */

static void append_value(struct asg_bytes *ret, const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte <= ' ' || byte == 0x7f || byte == '%' || byte == ',') {
            asg_bytes_printf(ret, "%%%02X", byte);
        } else {
            asg_bytes_append_byte(ret, byte);
        }
    }
}

static void append_patterns(struct asg_bytes *ret, const char *word,
                            const char *const *patterns, size_t count)
{
    asg_bytes_append_text(ret, word);
    for (size_t i = 0; i < count; i++) {
        if (i > 0) asg_bytes_append_byte(ret, ',');
        append_value(ret, patterns[i]);
    }
}

void asg_access_key_print(const struct asg_access_key *key, struct asg_bytes *ret)
{
    asg_bytes_append_text(ret, "name=");
    append_value(ret, key->name);
    asg_bytes_append_text(ret, " key=");
    append_value(ret, key->access_key_id);
    asg_bytes_append_text(ret, " secret=");
    append_value(ret, key->secret);
    if (key->session_token != NULL && key->session_token[0] != '\0') {
        asg_bytes_append_text(ret, " token=");
        append_value(ret, key->session_token);
    }
    append_patterns(ret, " actions=", key->actions, key->action_count);
    append_patterns(ret, " groups=", key->groups, key->group_count);
    asg_bytes_append_byte(ret, '\n');
}

/* ---- making and matching ---- */

void asg_access_key_draw(char ret_id[ASG_ACCESS_KEY_ID_SIZE],
                         char ret_secret[ASG_ACCESS_KEY_SECRET_SIZE])
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    uint8_t random[30];
    asg_random_bytes(random, 16);
    memcpy(ret_id, "ASGA", 4);
    for (size_t i = 0; i < 16; i++) {
        ret_id[4 + i] =
            letters[random[i] % 32]; /* 32 divides 256: no letter is likelier */
    }
    ret_id[ASG_ACCESS_KEY_ID_SIZE - 1] = '\0';
    asg_random_bytes(random, sizeof random);
    asg_base64_encode(random, sizeof random, ret_secret);
    asg_secret_wipe(random, sizeof random);
}

bool asg_access_key_matches(const char *const *patterns, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(patterns[i]);
        bool is_beginning = length > 0 && patterns[i][length - 1] == '*';
        if (is_beginning ? strncmp(patterns[i], text, length - 1) == 0
                         : strcmp(patterns[i], text) == 0) {
            return true;
        }
    }
    return false;
}
