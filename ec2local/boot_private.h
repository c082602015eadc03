/* boot_private - what the boot*.c files share and nobody else sees. */
#ifndef ASG_EC2LOCAL_BOOT_PRIVATE_H
#define ASG_EC2LOCAL_BOOT_PRIVATE_H

#include <pthread.h>

#include "base/bytes.h"
#include "ec2local/boot.h"
#include "ec2local/process_table.h"

#define BOOT_PATH_BYTES 4096

struct tree {
    char id[ASG_WORLD_ID_SIZE];
    char secret[ASG_BOOT_SECRET_SIZE];
    pid_t root; /* its session too; 0: never had a process */
    bool is_root_over;
    bool is_ending;
    bool was_asked; /* SIGTERM was sent */
    int64_t kill_at_ms;
    size_t alive; /* seen in the last look */
};

/* A process of a tree that is ending, once recognised: when its parent goes, nothing else
 * may tell whose it is. */
struct known {
    pid_t pid;
    uint64_t started;
    char id[ASG_WORLD_ID_SIZE];
};

struct asg_boot {
    struct asg_boot_options options;
    char mark[33]; /* of this folder, in the environment of all its processes */
    int lock_file;
    int tree_file;        /* one line a boot, for the cleanup after a crash */
    pthread_mutex_t lock; /* of the list of trees, for readers on other threads */
    struct tree *trees;
    size_t count;
    size_t capacity;
    struct asg_process_table table;
    struct known *known;
    size_t known_count;
    size_t known_capacity;
    bool ends_all; /* whatever descends from us is to go */
    size_t strays; /* such processes seen in the last look */
    int64_t kill_strays_at_ms;
};

/* boot_script: the executable files to run, in order, written into `folder`; none: *ret
 * is 0 and `why` says so in words. */
#define BOOT_SCRIPTS_MAX 16
struct boot_scripts {
    char paths[BOOT_SCRIPTS_MAX][BOOT_PATH_BYTES];
    size_t count;
    const char *why;
};
ASG_MUST_USE enum asg_status asg_boot_write_scripts(const char *folder,
                                                    const char *user_data,
                                                    struct boot_scripts *ret,
                                                    struct asg_error *error);

/* boot_leftovers */
ASG_MUST_USE enum asg_status asg_boot_open_folder(struct asg_boot *boot,
                                                  struct asg_error *error);
void asg_boot_note_tree(struct asg_boot *boot, const struct tree *tree);
void asg_boot_close_folder(struct asg_boot *boot);

/* boot_end: the place in trees[] of each process, -1: nobody's. */
int asg_boot_owner(struct asg_boot *boot, const struct asg_process *process);

#endif
