#include "worker/launch_parameters.h"

#include <string.h>

#include "base/bytes.h"
#include "model/launch_fields.h"

#define INTERFACE "NetworkInterface."

const struct asg_ec2_parameter *asg_ec2_parameters_of(
    const struct asg_launch_parameter *parameters, size_t count, struct asg_arena *arena)
{
    struct asg_ec2_parameter *copy = asg_arena_take(arena, (count + 1) * sizeof *copy);
    for (size_t i = 0; i < count; i++) {
        copy[i] = (struct asg_ec2_parameter){parameters[i].name, parameters[i].value};
    }
    return copy;
}

/* An interface that is there already keeps the subnet it is in. */
static bool is_left_out(const struct asg_launch_field *field, const char *value)
{
    return field == NULL || field->is_template_only || strchr(value, '\n') != NULL ||
           strcmp(field->query, "NetworkInterface.#.SubnetId") == 0;
}

static void write_line(struct asg_bytes *lines, const char *name, const char *value)
{
    asg_bytes_printf(lines, "%s=%s\n", name, value);
}

static const char *take_lines(struct asg_bytes *lines, struct asg_arena *arena)
{
    const char *text = asg_arena_text_n(arena, (const char *)lines->data, lines->length);
    asg_bytes_clear(lines);
    return text;
}

const char *asg_write_interfaces(const struct asg_ec2_template_version *version,
                                 struct asg_arena *arena)
{
    struct asg_bytes lines = {0};
    for (size_t i = 0; i < version->parameter_count; i++) {
        const struct asg_ec2_parameter *parameter = &version->parameters[i];
        bool is_of_one = strncmp(parameter->name, "networkInterfaceSet/", 20) == 0;
        if (!is_of_one || parameter->value[0] == '\0') continue;
        unsigned numbers[ASG_LAUNCH_LISTS_MAX] = {0};
        const struct asg_launch_field *field =
            asg_launch_field_of_xml(parameter->name, numbers);
        char name[ASG_LAUNCH_NAME_MAX];
        if (is_left_out(field, parameter->value)) continue;
        if (!asg_launch_fill(field->query, numbers, name, sizeof name)) continue;
        write_line(&lines, name, parameter->value);
    }
    return take_lines(&lines, arena);
}

static bool is_blank(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '\0';
}

/* Elements that hold others say nothing themselves; of those that say nothing the ones
 * whose being there means something stay. */
static bool says_something(const struct asg_launch_field *field, const char *value)
{
    if (!is_blank(value)) return true;
    return field != NULL && (strcmp(field->query, "BlockDeviceMapping.#.NoDevice") == 0 ||
                             strcmp(field->query, "TagSpecification.#.Tag.#.Value") == 0);
}

/* What EC2 shows of a template and nobody can ask for. */
static bool is_shown_only(const char *path)
{
    static const char *const paths[] = {"metadataOptions/state", "operator/managed",
                                        "operator/hiddenByDefault"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        if (strcmp(paths[i], path) == 0) return true;
    }
    const char *last = strrchr(path, '/');
    return last != NULL && strcmp(last, "/isPrimaryIpv6") == 0;
}

enum asg_status asg_write_parameters(const struct asg_ec2_template_version *version,
                                     struct asg_arena *arena, const char **ret,
                                     struct asg_error *error)
{
    struct asg_bytes lines = {0};
    for (size_t i = 0; i < version->parameter_count; i++) {
        const struct asg_ec2_parameter *parameter = &version->parameters[i];
        unsigned numbers[ASG_LAUNCH_LISTS_MAX] = {0};
        const struct asg_launch_field *field =
            asg_launch_field_of_xml(parameter->name, numbers);
        char name[ASG_LAUNCH_NAME_MAX];
        if (!says_something(field, parameter->value)) continue;
        if (is_shown_only(parameter->name)) continue;
        if (field != NULL && strcmp(field->query, "UserData") == 0) continue;
        if (field == NULL || strchr(parameter->value, '\n') != NULL ||
            !asg_launch_fill(field->query, numbers, name, sizeof name)) {
            asg_bytes_clear(&lines);
            return asg_fail(error, ASG_ERR_UNSUPPORTED,
                            "the launch template says %s, which openasg cannot copy into "
                            "the template of a fleet",
                            parameter->name);
        }
        write_line(&lines, name, parameter->value);
    }
    *ret = take_lines(&lines, arena);
    return ASG_OK;
}

static size_t count_lines(const char *lines)
{
    size_t count = 0;
    for (; (lines = strchr(lines, '\n')) != NULL; lines++) {
        count++;
    }
    return count;
}

static bool is_interface(const char *name)
{
    return strncmp(name, INTERFACE, sizeof INTERFACE - 1) == 0;
}

struct asg_ec2_parameter *asg_read_parameters(const char *lines, size_t more,
                                              struct asg_arena *arena, size_t *ret_count)
{
    struct asg_ec2_parameter *all =
        asg_arena_take(arena, (count_lines(lines) + more + 1) * sizeof *all);
    size_t count = 0;
    while (lines[0] != '\0') {
        size_t name = strcspn(lines, "=");
        size_t value = strcspn(lines + name, "\n") - 1;
        all[count++] =
            (struct asg_ec2_parameter){asg_arena_text_n(arena, lines, name),
                                       asg_arena_text_n(arena, lines + name + 1, value)};
        lines += name + 1 + value + 1;
    }
    *ret_count = count;
    return all;
}

/* A launch without a template: what the job says of the type comes first, and
 * RunInstances has a name of its own for the RAM disk. False: this one is not sent. */
static bool fit_plain(const struct asg_launch *launch,
                      struct asg_ec2_parameter *parameter)
{
    if (!asg_launch_is_plain(launch)) return true;
    if (strcmp(parameter->name, "RamDiskId") == 0) parameter->name = "RamdiskId";
    return launch->instance_type[0] == '\0' ||
           strcmp(parameter->name, "InstanceType") != 0;
}

void asg_add_launch_parameters(const struct asg_launch *launch, const char *interfaces,
                               struct asg_arena *arena, struct asg_ec2_run_instances *ret)
{
    bool has_own = false;
    for (size_t i = 0; i < launch->parameter_count; i++) {
        has_own = has_own || is_interface(launch->parameters[i].name);
    }
    if (has_own) interfaces = "";
    size_t count = 0;
    struct asg_ec2_parameter *all =
        asg_read_parameters(interfaces, launch->parameter_count, arena, &count);
    ret->has_interfaces = has_own || count > 0;
    for (size_t i = 0; i < launch->parameter_count; i++) {
        all[count] = (struct asg_ec2_parameter){launch->parameters[i].name,
                                                launch->parameters[i].value};
        if (fit_plain(launch, &all[count])) count++;
    }
    ret->parameters = all;
    ret->parameter_count = count;
}
