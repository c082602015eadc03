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

const char *asg_write_interfaces(const struct asg_ec2_template_version *version,
                                 struct asg_arena *arena)
{
    struct asg_bytes lines = {0};
    for (size_t i = 0; i < version->interface_count; i++) {
        const struct asg_ec2_parameter *parameter = &version->interfaces[i];
        unsigned numbers[ASG_LAUNCH_LISTS_MAX] = {0};
        const struct asg_launch_field *field =
            asg_launch_field_of_xml(parameter->name, numbers);
        char name[ASG_LAUNCH_NAME_MAX];
        if (is_left_out(field, parameter->value)) continue;
        if (!asg_launch_fill(field->query, numbers, name, sizeof name)) continue;
        asg_bytes_printf(&lines, "%s=%s\n", name, parameter->value);
    }
    const char *text = asg_arena_text_n(arena, (const char *)lines.data, lines.length);
    asg_bytes_clear(&lines);
    return text;
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

void asg_add_launch_parameters(const struct asg_launch *launch, const char *interfaces,
                               struct asg_arena *arena, struct asg_ec2_run_instances *ret)
{
    bool has_own = false;
    for (size_t i = 0; i < launch->parameter_count; i++) {
        has_own = has_own || is_interface(launch->parameters[i].name);
    }
    if (has_own) interfaces = "";
    size_t most = count_lines(interfaces) + launch->parameter_count;
    struct asg_ec2_parameter *all = asg_arena_take(arena, (most + 1) * sizeof *all);
    size_t count = 0;
    while (interfaces[0] != '\0') {
        size_t name = strcspn(interfaces, "=");
        size_t value = strcspn(interfaces + name, "\n") - 1;
        all[count++] = (struct asg_ec2_parameter){
            asg_arena_text_n(arena, interfaces, name),
            asg_arena_text_n(arena, interfaces + name + 1, value)};
        interfaces += name + 1 + value + 1;
    }
    ret->has_interfaces = has_own || count > 0;
    for (size_t i = 0; i < launch->parameter_count; i++) {
        all[count++] = (struct asg_ec2_parameter){launch->parameters[i].name,
                                                  launch->parameters[i].value};
    }
    ret->parameters = all;
    ret->parameter_count = count;
}
