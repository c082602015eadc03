/* boot - the instances as process trees: start one, end one, know whose is whose.
 *
 * Each tree is a session of its own (setsid) that runs the instance's user data in the
 * folder <dir>/instances/<id>; its output goes to console.log there. Whatever it starts
 * belongs to it: processes of its session, processes that carry its mark in their
 * environment, and children of either, since ec2local is the reaper of all of them.
 *
 * Flow:    run_world -> [boot] -> processes
 * Time:    milliseconds, monotonic, passed in.
 * Threads: one owner (run_world's thread) for everything but asg_boot_find_secret(),
 *          asg_boot_secret() and asg_boot_root(), which any thread may call.
 * Blocks:  start writes files and waits for exec; the rest reads /proc.
 */
#ifndef ASG_EC2LOCAL_BOOT_H
#define ASG_EC2LOCAL_BOOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "ec2local/model.h"

#define ASG_BOOT_SECRET_SIZE 33 /* 32 hex digits: the prefix of its metadata URL */
#define ASG_BOOT_MARK        "ASG_INSTANCE_MARK"

struct asg_boot;

struct asg_boot_options {
    const char *folder;   /* of everything; exists */
    const char *imds_url; /* "http://127.0.0.1:7710"; the prefix is added */
    const char *region;
    const char *wrapper;            /* "ip netns exec {id}"; "" : none */
    const char *const *environment; /* KEY=VALUE, or KEY to pass ours on */
    size_t environment_count;
    int64_t grace_ms; /* from SIGTERM to SIGKILL */
};

/* Also ends what an earlier ec2local of the same folder left behind. Texts must outlive
 * the boot. ASG_ERR_IO: the folder cannot be used. ASG_ERR_CONFLICT: another ec2local
 * uses it. */
ASG_MUST_USE enum asg_status asg_boot_new(const struct asg_boot_options *options,
                                          struct asg_boot **ret, struct asg_error *error);
/* All trees must have ended; what is left is killed and waited for. */
void asg_boot_destroy(struct asg_boot **boot);

struct asg_boot_order {
    char id[ASG_WORLD_ID_SIZE];
    char address[16];
    char *user_data; /* base64, NULL: none */
};

/* Start its processes. No user data, or none that is a script: there are none, and the
 * console says so. ASG_ERR_IO: not started; the instance "runs" without processes. */
ASG_MUST_USE enum asg_status asg_boot_start(struct asg_boot *boot,
                                            const struct asg_boot_order *order,
                                            struct asg_error *error);

/* Begin to end its processes: SIGTERM now, SIGKILL after the grace. Unknown ids end at
 * the next step. */
void asg_boot_end(struct asg_boot *boot, const char *id, int64_t now_ms);
void asg_boot_end_all(struct asg_boot *boot, int64_t now_ms);

/* Forget an instance that is no longer listed; its folder stays. */
void asg_boot_forget(struct asg_boot *boot, const char *id);

/* Reap, signal, look again. `ended` is called for each tree that is gone. Returns true
 * while some are still ending: call again soon. */
bool asg_boot_step(struct asg_boot *boot, int64_t now_ms,
                   void (*ended)(void *context, const char *id), void *context);

/* Send a signal to the whole tree, as a fault; its instance stays as it is. Returns how
 * many processes got it. */
size_t asg_boot_signal(struct asg_boot *boot, const char *id, int signal);

/* The instance whose metadata prefix this is; false: nobody's. */
bool asg_boot_find_secret(struct asg_boot *boot, const char *secret,
                          char ret_id[ASG_WORLD_ID_SIZE]);
/* The prefix of an instance; false: not booted. */
bool asg_boot_secret(struct asg_boot *boot, const char *id,
                     char ret[ASG_BOOT_SECRET_SIZE]);
/* The first process of its tree, 0: none now. */
pid_t asg_boot_root(struct asg_boot *boot, const char *id);

#endif
