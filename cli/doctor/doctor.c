#include "cli/doctor/doctor.h"

#include <stdarg.h>

void asg_doctor_find(struct asg_doctor *doctor, enum asg_finding_state state,
                     const char *check, const char *todo, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    struct asg_arena *arena = &doctor->cli->arena;
    void *items = doctor->findings;
    struct asg_finding *finding =
        asg_arena_push(arena, &items, &doctor->count, &doctor->capacity, sizeof *finding);
    doctor->findings = items;
    *finding = (struct asg_finding){.state = state,
                                    .check = check,
                                    .text = asg_arena_text(arena, text),
                                    .todo = asg_arena_text(arena, todo)};
}

void asg_doctor_fail(struct asg_doctor *doctor, const char *check,
                     const struct asg_error *error)
{
    asg_doctor_find(doctor, ASG_FINDING_FAILED, check, NULL, "%s", error->text);
}
