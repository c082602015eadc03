/* config_value - one key's text to its field and back. */
#include "text/config_layers.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "text/nearest.h"
#include "text/quantity.h"

static void *field_of(const struct asg_config_layers *layers,
                      const struct asg_config_key *key)
{
    return (char *)layers->config + key->offset;
}

static enum asg_status refuse(const struct asg_config_key *key, const char *text,
                              const char *where, const char *wanted,
                              struct asg_error *error)
{
    return asg_fail(error, ASG_ERR_INVALID, "%s: %s cannot be \"%.80s\": write %s", where,
                    key->name, text, wanted);
}

static const char *number_text(const struct asg_config_key *key, int64_t value,
                               char text[ASG_QUANTITY_TEXT_MAX])
{
    if (key->type == ASG_CONFIG_DURATION) {
        asg_quantity_print_duration(value, text);
    } else if (key->type == ASG_CONFIG_SIZE) {
        asg_quantity_print_size(value, text);
    } else {
        (void)snprintf(text, ASG_QUANTITY_TEXT_MAX, "%" PRId64, value);
    }
    return text;
}

static enum asg_status set_number(struct asg_config_layers *layers,
                                  const struct asg_config_key *key, const char *text,
                                  const char *where, struct asg_error *error)
{
    int64_t value = 0;
    bool is_read = false;
    const char *wanted = "a whole number";
    if (key->type == ASG_CONFIG_NUMBER) {
        is_read = asg_quantity_integer(text, &value);
    } else if (key->type == ASG_CONFIG_DURATION) {
        is_read = asg_quantity_duration(text, &value);
        wanted = "a number with its unit: 200ms, 5s, 10m, 1h";
    } else {
        is_read = asg_quantity_size(text, &value);
        wanted = "bytes: 4096, 4k, 16m, 1g";
    }
    if (!is_read) return refuse(key, text, where, wanted, error);
    if (value < key->min || value > key->max) {
        char min[ASG_QUANTITY_TEXT_MAX];
        char max[ASG_QUANTITY_TEXT_MAX];
        return asg_fail(error, ASG_ERR_INVALID, "%s: %s is %.40s: must be %s to %s",
                        where, key->name, text, number_text(key, key->min, min),
                        number_text(key, key->max, max));
    }
    *(int64_t *)field_of(layers, key) = value;
    return ASG_OK;
}

static enum asg_status set_word(struct asg_config_layers *layers,
                                const struct asg_config_key *key, const char *text,
                                const char *where, struct asg_error *error)
{
    int value = asg_enum_value(key->words, text);
    if (value >= 0) {
        *(int *)field_of(layers, key) = value;
        return ASG_OK;
    }
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes wanted = {0};
    asg_words_write(key->words, &wanted);
    return refuse(key, text, where, asg_bytes_text(&wanted), error);
}

/* A number up to 65535, or * for any that is free. */
static bool is_port(const char *text)
{
    if (strcmp(text, "*") == 0) return true;
    size_t length = strlen(text);
    return length > 0 && length <= 5 && strspn(text, "0123456789") == length &&
           strtol(text, NULL, 10) <= 65535;
}

static bool is_endpoint(const char *text)
{
    if (strncmp(text, "tcp://", 6) == 0) {
        const char *colon = strrchr(text + 6, ':');
        return colon != NULL && colon > text + 6 && is_port(colon + 1);
    }
    return (strncmp(text, "ipc://", 6) == 0 && text[6] != '\0') ||
           (strncmp(text, "inproc://", 9) == 0 && text[9] != '\0');
}

static bool is_url(const char *text)
{
    return (strncmp(text, "http://", 7) == 0 && text[7] != '\0') ||
           (strncmp(text, "https://", 8) == 0 && text[8] != '\0');
}

static enum asg_status set_text(struct asg_config_layers *layers,
                                const struct asg_config_key *key, const char *text,
                                const char *where, struct asg_error *error)
{
    if (key->type == ASG_CONFIG_ENDPOINT && text[0] != '\0' && !is_endpoint(text)) {
        return refuse(key, text, where, "an endpoint: tcp://host:port", error);
    }
    if (key->type == ASG_CONFIG_URL && text[0] != '\0' && !is_url(text)) {
        return refuse(key, text, where, "a URL: http://host:port or https://host", error);
    }
    *(const char **)field_of(layers, key) = asg_arena_text(layers->arena, text);
    return ASG_OK;
}

static enum asg_status set_texts(struct asg_config_layers *layers,
                                 const struct asg_config_key *key, const char *text,
                                 const char *where, struct asg_error *error)
{
    size_t count = 0;
    for (const char *at = text; *at != '\0'; at++)
        count += *at == ',';
    if (text[0] != '\0') count++;
    if (count > ASG_CONFIG_LIST_MAX) {
        return asg_fail(error, ASG_ERR_LIMIT, "%s: %s has more than %d entries", where,
                        key->name, ASG_CONFIG_LIST_MAX);
    }
    struct asg_texts texts = {0};
    texts.items = asg_arena_take(layers->arena, (count + 1) * sizeof *texts.items);
    const char *at = text;
    for (size_t i = 0; i < count; i++) {
        while (*at == ' ')
            at++;
        size_t length = strcspn(at, ",");
        const char *next = at[length] == ',' ? at + length + 1 : at + length;
        while (length > 0 && at[length - 1] == ' ')
            length--;
        if (length > 0) {
            texts.items[texts.count++] = asg_arena_text_n(layers->arena, at, length);
        }
        at = next;
    }
    *(struct asg_texts *)field_of(layers, key) = texts;
    return ASG_OK;
}

enum asg_status asg_config_set(struct asg_config_layers *layers,
                               const struct asg_config_key *key, const char *text,
                               const char *where, struct asg_error *error)
{
    enum asg_status status = ASG_ERR_INVALID;
    switch (key->type) {
    case ASG_CONFIG_TEXT:
    case ASG_CONFIG_PATH:
    case ASG_CONFIG_ENDPOINT:
    case ASG_CONFIG_URL:
    case ASG_CONFIG_SECRET_FILE:
        status = set_text(layers, key, text, where, error);
        break;
    case ASG_CONFIG_NUMBER:
    case ASG_CONFIG_DURATION:
    case ASG_CONFIG_SIZE: status = set_number(layers, key, text, where, error); break;
    case ASG_CONFIG_WORD: status = set_word(layers, key, text, where, error); break;
    case ASG_CONFIG_TEXTS: status = set_texts(layers, key, text, where, error); break;
    case ASG_CONFIG_BOOL:
        if (!asg_quantity_bool(text, field_of(layers, key))) {
            return refuse(key, text, where, "true or false", error);
        }
        status = ASG_OK;
        break;
    }
    if (status == ASG_OK) layers->is_set[key - layers->table->keys] = true;
    return status;
}

static const char *join_texts(const struct asg_texts *texts, struct asg_arena *arena)
{
    const char *text = "";
    for (size_t i = 0; i < texts->count; i++) {
        text = asg_arena_format(arena, "%s%s%s", text, i > 0 ? "," : "", texts->items[i]);
    }
    return text;
}

const char *asg_config_value_text(const struct asg_config_key *key, const void *config,
                                  struct asg_arena *arena)
{
    const void *field = (const char *)config + key->offset;
    char text[ASG_QUANTITY_TEXT_MAX];
    switch (key->type) {
    case ASG_CONFIG_BOOL: return *(const bool *)field ? "true" : "false";
    case ASG_CONFIG_NUMBER:
    case ASG_CONFIG_DURATION:
    case ASG_CONFIG_SIZE:
        return asg_arena_text(arena, number_text(key, *(const int64_t *)field, text));
    case ASG_CONFIG_WORD: return asg_enum_word(key->words, *(const int *)field);
    case ASG_CONFIG_TEXTS: return join_texts(field, arena);
    default: break;
    }
    const char *value = *(const char *const *)field;
    return value != NULL ? value : "";
}

const char *asg_config_type_text(const struct asg_config_key *key,
                                 struct asg_arena *arena)
{
    static const char *const names[] = {
        [ASG_CONFIG_TEXT] = "text",
        [ASG_CONFIG_PATH] = "path",
        [ASG_CONFIG_ENDPOINT] = "endpoint (tcp://host:port)",
        [ASG_CONFIG_URL] = "URL",
        [ASG_CONFIG_BOOL] = "true or false",
        [ASG_CONFIG_NUMBER] = "number",
        [ASG_CONFIG_DURATION] = "duration",
        [ASG_CONFIG_SIZE] = "size",
        [ASG_CONFIG_WORD] = "one of",
        [ASG_CONFIG_TEXTS] = "list",
        [ASG_CONFIG_SECRET_FILE] = "path of a file of mode 0600",
    };
    const char *name = names[key->type];
    if (key->type == ASG_CONFIG_WORD) {
        for (size_t i = 0; i < key->words->count; i++) {
            name = asg_arena_format(arena, "%s%s %s", name, i > 0 ? "," : "",
                                    key->words->words[i]);
        }
    }
    if (key->type == ASG_CONFIG_NUMBER || key->type == ASG_CONFIG_DURATION ||
        key->type == ASG_CONFIG_SIZE) {
        char min[ASG_QUANTITY_TEXT_MAX];
        char max[ASG_QUANTITY_TEXT_MAX];
        const char *unit = key->unit != NULL ? key->unit : "";
        bool says_unit = unit[0] != '\0' && key->type == ASG_CONFIG_NUMBER;
        name = asg_arena_format(
            arena, "%s, %s to %s%s%s", name, number_text(key, key->min, min),
            number_text(key, key->max, max), says_unit ? " " : "", says_unit ? unit : "");
    }
    return name;
}
