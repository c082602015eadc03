#include "model/schema.h"

#include <string.h>

const char *asg_enum_word(const struct asg_enum *names, int value)
{
    return value >= 0 && (size_t)value < names->count ? names->words[value] : "?";
}

int asg_enum_value(const struct asg_enum *names, const char *word)
{
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->words[i], word) == 0) return (int)i;
    }
    return -1;
}

const struct asg_field *asg_schema_find(const struct asg_schema *schema, const char *name)
{
    for (size_t i = 0; i < schema->field_count; i++) {
        if (strcmp(schema->fields[i].name, name) == 0) return &schema->fields[i];
    }
    return NULL;
}
