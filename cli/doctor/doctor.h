/* doctor - what is wrong with an installation, as findings: each ok, a warning or failed,
 * with what to do.
 *
 * Flow:    command_doctor.c -> doctor_local.c (settings, keys, files, programs of this
 *          host), doctor_cluster.c (controller, workers, what they report) -> findings
 * Nothing is changed. Threads: one. Blocks: for files, the network and programs of ours.
 */
#ifndef ASG_CLI_DOCTOR_DOCTOR_H
#define ASG_CLI_DOCTOR_DOCTOR_H

#include "cli/cli.h"

enum asg_finding_state { ASG_FINDING_OK, ASG_FINDING_WARNING, ASG_FINDING_FAILED };
extern const struct asg_enum asg_finding_state_words;

struct asg_finding {
    enum asg_finding_state state;
    const char *check; /* "admin key" */
    const char *text;  /* what was found */
    const char *todo;  /* what to do; "" when it is fine */
};

struct asg_doctor {
    struct asg_cli *cli;
    const char *etc; /* folder of controller.yaml, worker.yaml, agent.yaml */
    struct asg_finding *findings;
    size_t count;
    size_t capacity;
};

/* `todo` is copied, NULL is "". */
void asg_doctor_find(struct asg_doctor *doctor, enum asg_finding_state state,
                     const char *check, const char *todo, const char *format, ...)
    ASG_PRINTF(5, 6);

/* A problem whose words have both: "what is wrong: what to do". */
void asg_doctor_fail(struct asg_doctor *doctor, const char *check,
                     const struct asg_error *error);

/* All checks, and the findings as text: a line each, and one with what to do. */
void asg_doctor_check_all(struct asg_doctor *doctor);
void asg_doctor_write(const struct asg_doctor *doctor, struct asg_bytes *ret);

/* doctor_local.c */
void asg_doctor_check_local(struct asg_doctor *doctor);

/* doctor_programs.c: --check-config of the programs whose settings are on this host. */
void asg_doctor_check_programs(struct asg_doctor *doctor);

/* doctor_cluster.c */
void asg_doctor_check_cluster(struct asg_doctor *doctor);

#endif
