#include "model/launch_fields.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct asg_launch_field asg_launch_fields[] = {
#include "model/launch_fields.def"
};
const size_t asg_launch_field_count =
    sizeof asg_launch_fields / sizeof asg_launch_fields[0];

/* Length of a number of a list at `text`, 0: there is none. */
static size_t read_index(const char *text, unsigned *ret)
{
    size_t length = strspn(text, "0123456789");
    if (length == 0 || length > 3 || text[0] == '0') return 0;
    *ret = (unsigned)strtoul(text, NULL, 10);
    return length;
}

/* True when `text` is the pattern with numbers in place of its "#". */
static bool matches(const char *pattern, const char *text,
                    unsigned numbers[ASG_LAUNCH_LISTS_MAX])
{
    size_t lists = 0;
    while (*pattern != '\0') {
        if (*pattern == '#') {
            size_t length = read_index(text, &numbers[lists++]);
            if (length == 0) return false;
            text += length;
            pattern++;
        } else if (*pattern++ != *text++) {
            return false;
        }
    }
    return *text == '\0';
}

const struct asg_launch_field *asg_launch_field_of_query(
    const char *name, unsigned ret_numbers[ASG_LAUNCH_LISTS_MAX])
{
    unsigned ignored[ASG_LAUNCH_LISTS_MAX];
    unsigned *numbers = ret_numbers != NULL ? ret_numbers : ignored;
    for (size_t i = 0; i < asg_launch_field_count; i++) {
        const struct asg_launch_field *field = &asg_launch_fields[i];
        if (field->query[0] != name[0]) continue;
        if (matches(field->query, name, numbers)) return field;
    }
    return NULL;
}

const struct asg_launch_field *asg_launch_field_of_xml(
    const char *path, unsigned ret_numbers[ASG_LAUNCH_LISTS_MAX])
{
    unsigned ignored[ASG_LAUNCH_LISTS_MAX];
    unsigned *numbers = ret_numbers != NULL ? ret_numbers : ignored;
    for (size_t i = 0; i < asg_launch_field_count; i++) {
        if (matches(asg_launch_fields[i].xml, path, numbers)) {
            return &asg_launch_fields[i];
        }
    }
    return NULL;
}

const struct asg_launch_field *asg_launch_field_of_name(const char *name)
{
    for (size_t i = 0; i < asg_launch_field_count; i++) {
        if (strcmp(asg_launch_fields[i].name, name) == 0) return &asg_launch_fields[i];
    }
    return NULL;
}

bool asg_launch_name_begins(const char *path)
{
    size_t length = strlen(path);
    for (size_t i = 0; i < asg_launch_field_count; i++) {
        const char *name = asg_launch_fields[i].name;
        if (strncmp(name, path, length) == 0 && name[length] == '.') return true;
    }
    return false;
}

bool asg_launch_fill(const char *pattern, const unsigned numbers[ASG_LAUNCH_LISTS_MAX],
                     char *ret, size_t size)
{
    size_t used = 0;
    size_t lists = 0;
    for (; *pattern != '\0'; pattern++) {
        if (size - used < 12) return false; /* a number, at its longest */
        if (*pattern == '#') {
            used += (size_t)snprintf(ret + used, size - used, "%u", numbers[lists++]);
        } else {
            ret[used++] = *pattern;
        }
    }
    ret[used] = '\0';
    return true;
}

static bool is_number(const char *value, bool takes_point)
{
    if (*value == '-') value++;
    size_t length = strspn(value, "0123456789");
    if (length == 0 || length > 18) return false;
    value += length;
    if (takes_point && *value == '.') {
        length = strspn(value + 1, "0123456789");
        if (length == 0 || length > 18) return false;
        value += 1 + length;
    }
    return *value == '\0';
}

static bool is_word(const char *words, const char *value)
{
    size_t length = strlen(value);
    for (const char *at = words; *at != '\0';) {
        size_t word_length = strcspn(at, "|");
        if (word_length == length && strncmp(at, value, length) == 0) return true;
        at += word_length;
        if (*at == '|') at++;
    }
    return false;
}

bool asg_launch_value_fits(const struct asg_launch_field *field, const char *value)
{
    switch (field->kind) {
    case ASG_LAUNCH_NUMBER: return is_number(value, /* takes_point */ false);
    case ASG_LAUNCH_DECIMAL: return is_number(value, /* takes_point */ true);
    case ASG_LAUNCH_FLAG:
        return strcmp(value, "true") == 0 || strcmp(value, "false") == 0;
    case ASG_LAUNCH_TIME:
    case ASG_LAUNCH_TEXT: break;
    }
    return field->words[0] == '\0' || is_word(field->words, value);
}

/* ---- lists of parameters ---- */

const char *asg_launch_parameter_find(const struct asg_launch_parameter *parameters,
                                      size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(parameters[i].name, name) == 0) return parameters[i].value;
    }
    return NULL;
}

struct own {
    const char *query;
    const char *hint;
};

/* What openasg says itself in each launch. */
static const struct own own_of_group[] = {
    {"InstanceType", "the group's instance types set it"},
    {"UserData", "the template sets it, and the agent's line is added"},
    {"NetworkInterface.#.SubnetId", "the group's zones set it"},
    {"Placement.AvailabilityZone", "the group's zones set it"},
    {"Placement.AvailabilityZoneId", "the group's zones set it"},
};

/* What a template of ours has fields of its own for; user data must not be logged. */
static const struct own own_of_template[] = {
    {"ImageId", "image_id says it"},
    {"InstanceType", "instance_type sets it"},
    {"UserData", "it travels beside the template"},
};

static const struct own own_of_configuration[] = {
    {"UserData", "it travels beside the launch configuration"},
    {"NetworkInterface.#.SubnetId", "the group's zones set it"},
    {"Placement.AvailabilityZone", "the group's zones set it"},
    {"Placement.AvailabilityZoneId", "the group's zones set it"},
};

#define OWN(rows)                                                                        \
    {                                                                                    \
        (rows), sizeof(rows) / sizeof(rows)[0]                                           \
    }
static const struct {
    const struct own *rows;
    size_t count;
} owns[] = {
    [ASG_LAUNCH_OF_TEMPLATE] = OWN(own_of_template),
    [ASG_LAUNCH_OF_GROUP] = OWN(own_of_group),
    [ASG_LAUNCH_OF_CONFIGURATION] = OWN(own_of_configuration),
};

/* Why the parameter may not be said here; NULL: it may. */
static const char *who_says(const struct asg_launch_field *field, const char *value,
                            enum asg_launch_owner owner)
{
    assert(owner <= ASG_LAUNCH_OF_CONFIGURATION);
    for (size_t i = 0; i < owns[owner].count; i++) {
        const struct own *own = &owns[owner].rows[i];
        if (strcmp(field->query, own->query) == 0) return own->hint;
    }
    if (owner == ASG_LAUNCH_OF_TEMPLATE) return NULL;
    if (strcmp(field->query, "TagSpecification.#.ResourceType") == 0 &&
        strcmp(value, "instance") == 0) {
        return "the group's tags are those of the instances";
    }
    /* Which a worker sends under RunInstances' own name of it. */
    if (owner == ASG_LAUNCH_OF_CONFIGURATION && strcmp(field->query, "RamDiskId") == 0) {
        return NULL;
    }
    return field->is_template_only ? "RunInstances does not take it" : NULL;
}

static enum asg_status check_parameter(const struct asg_launch_parameter *parameter,
                                       enum asg_launch_owner owner,
                                       struct asg_error *error)
{
    const char *name = parameter->name != NULL ? parameter->name : "";
    const char *value = parameter->value != NULL ? parameter->value : "";
    const struct asg_launch_field *field = asg_launch_field_of_query(name, NULL);
    if (field == NULL) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "a launch template has no parameter '%.150s'", name);
    }
    if (!asg_launch_value_fits(field, value)) {
        return asg_fail(error, ASG_ERR_INVALID, "'%.100s' is not a value for %s%s%s",
                        value, name, field->words[0] != '\0' ? ": it takes " : "",
                        field->words);
    }
    const char *hint = who_says(field, value, owner);
    if (hint != NULL) {
        return asg_fail(error, ASG_ERR_INVALID, "%s cannot be set here: %s", name, hint);
    }
    return ASG_OK;
}

enum asg_status asg_launch_parameters_check(const struct asg_launch_parameter *parameters,
                                            size_t count, enum asg_launch_owner owner,
                                            struct asg_error *error)
{
    if (count > ASG_LAUNCH_PARAMETERS_MAX) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "%zu launch parameters are more than the limit of %d", count,
                        ASG_LAUNCH_PARAMETERS_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        enum asg_status status = check_parameter(&parameters[i], owner, error);
        if (status != ASG_OK) return status;
        if (asg_launch_parameter_find(parameters, i, parameters[i].name) != NULL) {
            return asg_fail(error, ASG_ERR_INVALID, "%s is listed twice",
                            parameters[i].name);
        }
    }
    return ASG_OK;
}
