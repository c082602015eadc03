/* doctor_programs - --check-config of the programs whose settings lie on this host. */
#include <string.h>
#include <unistd.h>

#include "base/safe_file.h"
#include "cli/doctor/doctor.h"
#include "cli/doctor/run_program.h"

#define SAID_MAX 65536
#define LIMIT_MS 10000

/* A line each: "openasg-worker: TEXT". */
static void take_lines(struct asg_doctor *doctor, const char *program,
                       struct asg_bytes *said)
{
    size_t prefix = strlen(program);
    char *text = NULL;
    asg_bytes_append_byte(said, '\0');
    for (char *line = strtok_r((char *)said->data, "\n", &text); line != NULL;
         line = strtok_r(NULL, "\n", &text)) {
        bool is_named = strncmp(line, program, prefix) == 0 && line[prefix] == ':';
        asg_doctor_find(doctor, ASG_FINDING_FAILED, program, NULL, "%s",
                        is_named ? line + prefix + 2 : line);
    }
}

/* Of a program that is run; ended by a NULL. */
struct environment {
    const char **items;
    size_t count;
    size_t capacity;
};

static void add_entry(struct environment *environment, const char *entry,
                      struct asg_arena *arena)
{
    void *items = environment->items;
    const char **item = asg_arena_push(arena, &items, &environment->count,
                                       &environment->capacity, sizeof *item);
    environment->items = items;
    *item = entry;
}

/* A program's settings and credentials. Not LD_PRELOAD and its like: a unit's program has
 * them as the unit's user, and we may be root. */
static bool is_of_settings(const char *line)
{
    static const char *const heads[] = {"OPENASG_", "AWS_"};
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        if (strncmp(line, heads[i], strlen(heads[i])) == 0) return true;
    }
    return false;
}

/* Lines "NAME=value", the value with or without quotes. */
static void add_entries(struct asg_doctor *doctor, struct environment *environment,
                        const char *path)
{
    const struct asg_safe_need need = {
        .what = "file", .length_max = SAID_MAX, .guard = ASG_SAFE_FIXED, .is_own = true};
    struct asg_arena *arena = &doctor->cli->arena;
    ASG_CLEANUP(asg_safe_bytes_clear) struct asg_bytes text = {0};
    struct asg_error error = {""};
    if (access(path, R_OK) != 0) return; /* not there, or not for us */
    if (asg_safe_file_read(path, &need, &text, &error) != ASG_OK) {
        asg_doctor_find(doctor, ASG_FINDING_WARNING, "environment",
                        "Until then its settings are checked without it.", "%s",
                        error.text);
        return;
    }
    char *rest = NULL;
    asg_bytes_append_byte(&text, '\0');
    for (char *line = strtok_r((char *)text.data, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        char *value = strchr(line, '=');
        if (value == NULL || !is_of_settings(line)) continue;
        size_t length = strlen(value + 1);
        bool is_quoted = length >= 2 && (value[1] == '"' || value[1] == '\'') &&
                         value[length] == value[1];
        add_entry(environment,
                  asg_arena_format(arena, "%.*s=%.*s", (int)(value - line), line,
                                   (int)(is_quoted ? length - 2 : length),
                                   value + (is_quoted ? 2 : 1)),
                  arena);
    }
}

/* Ours, and what of settings the units add from /etc/default/PROGRAM and
 * /etc/openasg/NAME.env. */
static char *const *environment_of(struct asg_doctor *doctor, const char *program)
{
    struct asg_arena *arena = &doctor->cli->arena;
    struct environment all = {0};
    for (char *const *entry = environ; *entry != NULL; entry++) {
        add_entry(&all, *entry, arena);
    }
    const char *name = program + strlen("openasg-");
    add_entries(doctor, &all,
                asg_arena_format(arena, "%s/../default/%s", doctor->etc, program));
    add_entries(doctor, &all, asg_arena_format(arena, "%s/%s.env", doctor->etc, name));
    add_entry(&all, NULL, arena);
    return (char *const *)(uintptr_t)all.items;
}

static void check_program(struct asg_doctor *doctor, const char *program,
                          const char *settings)
{
    const char *file =
        asg_arena_format(&doctor->cli->arena, "%s/%s", doctor->etc, settings);
    if (access(file, F_OK) != 0) return;
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes said = {0};
    const char *const words[] = {program, "--check-config", "--config", file, NULL};
    int code =
        asg_run_program(asg_program_path(program, &doctor->cli->arena), words,
                        environment_of(doctor, program), LIMIT_MS, SAID_MAX, &said);
    if (code == 0) {
        asg_doctor_find(doctor, ASG_FINDING_OK, program, NULL,
                        "the settings of %s are fine", file);
    } else if (code == 127 && said.length == 0) {
        asg_doctor_find(doctor, ASG_FINDING_WARNING, program,
                        "Install it, or remove the file.",
                        "%s exists, and the program cannot be run", file);
    } else if (said.length == 0) {
        asg_doctor_find(doctor, ASG_FINDING_FAILED, program,
                        "Run it by hand with --check-config.",
                        "checking %s ended without a message (exit code %d)", file, code);
    } else if (asg_path_leads_out(file)) {
        asg_doctor_find(
            doctor, ASG_FINDING_FAILED, program, "Run it by hand with --check-config.",
            "%s is wrong (exit code %d); what the program said is left out: a "
            "symbolic link leads to a file in another folder",
            file, code);
    } else {
        take_lines(doctor, program, &said);
    }
}

void asg_doctor_check_programs(struct asg_doctor *doctor)
{
    check_program(doctor, "openasg-controller", "controller.yaml");
    check_program(doctor, "openasg-worker", "worker.yaml");
    check_program(doctor, "openasg-agent", "agent.yaml");
}
