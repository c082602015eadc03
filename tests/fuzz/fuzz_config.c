/* fuzz_config - any bytes as settings and as a policy file: refused with words, or
 * read; what is read prints and reads back. */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/defaults.h"
#include "model/schemas.h"
#include "text/config_layers.h"
#include "text/parse.h"
#include "text/render.h"

struct settings {
    const char *name;
    const char *endpoint;
    int64_t interval_ms;
    int64_t bytes;
    int64_t number;
    int level;
    bool is_plain;
    struct asg_texts hosts;
};

#define AT(field) offsetof(struct settings, field)
static const struct asg_config_key keys[] = {
    {"name", ASG_CONFIG_TEXT, AT(name), "web", 0, 0, NULL, "", "Name."},
    {"listen.agents", ASG_CONFIG_ENDPOINT, AT(endpoint), "", 0, 0, NULL, "", "Where."},
    {"interval", ASG_CONFIG_DURATION, AT(interval_ms), "1s", 0, INT64_MAX, NULL, "",
     "T."},
    {"listen.buffer", ASG_CONFIG_SIZE, AT(bytes), "4k", 0, INT64_MAX, NULL, "", "Size."},
    {"number", ASG_CONFIG_NUMBER, AT(number), "2", INT64_MIN, INT64_MAX, NULL, "", "N."},
    {"metric", ASG_CONFIG_WORD, AT(level), "cpu", 0, 0, &asg_metric_name_words, "", "M."},
    {"plain", ASG_CONFIG_BOOL, AT(is_plain), "false", 0, 0, NULL, "", "B."},
    {"hosts", ASG_CONFIG_TEXTS, AT(hosts), "", 0, 0, NULL, "", "Names."},
};
static const struct asg_config_table table = {
    "fuzz", "FUZZ", "", keys, sizeof keys / sizeof keys[0], sizeof(struct settings)};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As a struct of the model: what is read renders and reads back as the same. */
static void fuzz_struct(const struct asg_schema *schema, const uint8_t *data, size_t size)
{
    struct asg_arena arena = {0};
    struct asg_error error = {0};
    void *object = asg_arena_take(&arena, schema->size);
    enum asg_status status = asg_parse_text(schema, "f", (const char *)data, size, &arena,
                                            object, NULL, &error);
    if (status != ASG_OK) {
        assert(error.text[0] != '\0');
    } else {
        asg_model_fill_unset(schema, object); /* as core does: 0 is not read back */
        struct asg_bytes first = {0};
        struct asg_bytes again = {0};
        asg_render_yaml(schema, object, &first);
        void *back = asg_arena_take(&arena, schema->size);
        status = asg_parse_text(schema, "p", asg_bytes_text(&first), first.length, &arena,
                                back, NULL, &error);
        assert(status == ASG_OK);
        asg_render_yaml(schema, back, &again);
        assert(strcmp(asg_bytes_text(&first), asg_bytes_text(&again)) == 0);
        asg_bytes_clear(&first);
        asg_bytes_clear(&again);
    }
    asg_arena_clear(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_struct(&asg_policy_config_schema, data, size);
    fuzz_struct(&asg_group_config_schema, data, size);
    struct asg_arena arena = {0};
    struct asg_error error = {0};
    struct settings settings;
    struct asg_config_layers layers;
    asg_config_begin(&layers, &table, &arena, &settings);
    enum asg_status status =
        asg_config_read_text(&layers, "f", (const char *)data, size, &error);
    if (status != ASG_OK) {
        assert(error.text[0] != '\0');
    } else {
        char *text = NULL;
        size_t length = 0;
        FILE *out = open_memstream(&text, &length);
        assert(out != NULL);
        asg_config_print(&table, &settings, out);
        (void)fclose(out);
        struct settings again;
        asg_config_begin(&layers, &table, &arena, &again);
        status = asg_config_read_text(&layers, "p", text, length, &error);
        assert(status == ASG_OK);
        assert(strcmp(settings.name, again.name) == 0);
        assert(settings.interval_ms == again.interval_ms);
        assert(settings.bytes == again.bytes && settings.number == again.number);
        assert(settings.hosts.count == again.hosts.count);
        free(text);
    }
    asg_arena_clear(&arena);
    return 0;
}
