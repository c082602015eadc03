/* bundle - what a debug bundle is made of: parts with a name, from which every secret
 * that this host knows is taken out.
 *
 * Secrets are not collected in the first place; this is the second line, for one that
 * stands where it should not (in a tag, on a command line).
 * Threads: one.
 */
#ifndef ASG_CLI_DOCTOR_BUNDLE_H
#define ASG_CLI_DOCTOR_BUNDLE_H

#include "cli/cli.h"
#include "cli/doctor/tar_gz.h"

struct asg_bundle {
    struct asg_cli *cli;
    struct asg_tar_gz *tar;
    const char *folder; /* in the archive */
    const char *etc;    /* folder of the programs' settings */
    struct asg_texts secrets;
    size_t secret_capacity;
    size_t hidden;            /* times that one was taken out */
    size_t count;             /* parts */
    struct asg_bytes missing; /* a line each: what could not be read, and why */
};

/* Add a part; secrets in it become "****". */
void asg_bundle_add(struct asg_bundle *bundle, const char *name,
                    const struct asg_bytes *data);

/* What is missing, and why. */
void asg_bundle_miss(struct asg_bundle *bundle, const char *name, const char *format, ...)
    ASG_PRINTF(3, 4);

/* bundle_secrets.c: learn the secrets that this user can read: of the environment, of the
 * key files and access keys of the settings' folder. */
void asg_bundle_learn_secrets(struct asg_bundle *bundle);
void asg_bundle_forget_secrets(struct asg_bundle *bundle);

/* bundle_host.c: files, processes and limits of this host. */
void asg_bundle_add_host(struct asg_bundle *bundle);

/* bundle_cluster.c: what the controller says, its metrics, and the log's last records. */
void asg_bundle_add_cluster(struct asg_bundle *bundle);

#endif
