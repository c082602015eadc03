/* doctor_programs - --check-config of the programs whose settings lie on this host. */
#include <string.h>
#include <unistd.h>

#include "cli/doctor.h"
#include "cli/run_program.h"

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

static void check_program(struct asg_doctor *doctor, const char *program,
                          const char *settings)
{
    const char *file =
        asg_arena_format(&doctor->cli->arena, "%s/%s", doctor->etc, settings);
    if (access(file, F_OK) != 0) return;
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes said = {0};
    const char *const words[] = {program, "--check-config", "--config", file, NULL};
    int code = asg_run_program(asg_program_path(program, &doctor->cli->arena), words,
                               LIMIT_MS, SAID_MAX, &said);
    if (code == 0) {
        asg_doctor_find(doctor, ASG_FINDING_OK, program, NULL,
                        "the settings of %s are fine", file);
    } else if (code == 127 && said.length == 0) {
        asg_doctor_find(doctor, ASG_FINDING_WARNING, program,
                        "Install it, or remove the file.",
                        "%s is there, and the program cannot be run", file);
    } else if (said.length == 0) {
        asg_doctor_find(doctor, ASG_FINDING_FAILED, program,
                        "Run it by hand with --check-config.",
                        "checking %s ended without a word (exit code %d)", file, code);
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
