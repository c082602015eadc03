#include "ec2local/boot_private.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "crypto/crypto.h"

#define WRAPPER_WORDS_MAX 32
#define ARGUMENTS_MAX     (WRAPPER_WORDS_MAX + BOOT_SCRIPTS_MAX + 8)

extern char **environ;

enum asg_status asg_boot_new(const struct asg_boot_options *options,
                             struct asg_boot **ret, struct asg_error *error)
{
    struct asg_boot *boot = asg_alloc(1, sizeof *boot);
    boot->options = *options;
    boot->lock_file = -1;
    boot->tree_file = -1;
    (void)pthread_mutex_init(&boot->lock, NULL);
    /* Orphans of an instance become our children, so that none gets away. */
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    enum asg_status status = asg_boot_open_folder(boot, error);
    if (status != ASG_OK) {
        asg_boot_destroy(&boot);
        return status;
    }
    *ret = boot;
    return ASG_OK;
}

static void ignore_end(void *context, const char *id)
{
    (void)context;
    (void)id;
}

void asg_boot_destroy(struct asg_boot **boot_at)
{
    struct asg_boot *boot = *boot_at;
    if (boot == NULL) return;
    for (size_t i = 0; i < boot->count; i++) {
        boot->trees[i].is_ending = true;
        boot->trees[i].kill_at_ms = 0; /* no grace */
    }
    boot->ends_all = true;
    boot->kill_strays_at_ms = 0;
    while (asg_boot_step(boot, 0, ignore_end, NULL)) {
        const struct timespec moment = {.tv_nsec = 1000000};
        (void)nanosleep(&moment, NULL);
    }
    asg_boot_close_folder(boot);
    asg_process_table_clear(&boot->table);
    (void)pthread_mutex_destroy(&boot->lock);
    free(boot->trees);
    free(boot->known);
    free(boot);
    *boot_at = NULL;
}

/* --- the list --- */

static struct tree *find_tree(struct asg_boot *boot, const char *id)
{
    for (size_t i = 0; i < boot->count; i++) {
        if (strcmp(boot->trees[i].id, id) == 0) return &boot->trees[i];
    }
    return NULL;
}

/* A start after a stop gets a new secret and forgets the old tree. */
static struct tree *add_tree(struct asg_boot *boot, const char *id)
{
    unsigned char noise[(ASG_BOOT_SECRET_SIZE - 1) / 2];
    asg_random_bytes(noise, sizeof noise);
    (void)pthread_mutex_lock(&boot->lock);
    struct tree *tree = find_tree(boot, id);
    if (tree == NULL) {
        if (boot->count == boot->capacity) {
            boot->capacity = boot->capacity == 0 ? 64 : boot->capacity * 2;
            boot->trees = asg_realloc(boot->trees, boot->capacity, sizeof *boot->trees);
        }
        tree = &boot->trees[boot->count++];
    }
    *tree = (struct tree){.is_root_over = true};
    memcpy(tree->id, id, strlen(id) + 1);
    asg_hex_encode(noise, sizeof noise, tree->secret);
    (void)pthread_mutex_unlock(&boot->lock);
    return tree;
}

void asg_boot_forget(struct asg_boot *boot, const char *id)
{
    (void)pthread_mutex_lock(&boot->lock);
    struct tree *tree = find_tree(boot, id);
    if (tree != NULL) *tree = boot->trees[--boot->count];
    (void)pthread_mutex_unlock(&boot->lock);
}

bool asg_boot_find_secret(struct asg_boot *boot, const char *secret,
                          char ret_id[ASG_WORLD_ID_SIZE])
{
    if (strlen(secret) != ASG_BOOT_SECRET_SIZE - 1) return false;
    bool is_found = false;
    (void)pthread_mutex_lock(&boot->lock);
    for (size_t i = 0; i < boot->count && !is_found; i++) {
        if (!asg_secret_equal(boot->trees[i].secret, secret, ASG_BOOT_SECRET_SIZE)) {
            continue;
        }
        memcpy(ret_id, boot->trees[i].id, ASG_WORLD_ID_SIZE);
        is_found = true;
    }
    (void)pthread_mutex_unlock(&boot->lock);
    return is_found;
}

bool asg_boot_secret(struct asg_boot *boot, const char *id,
                     char ret[ASG_BOOT_SECRET_SIZE])
{
    (void)pthread_mutex_lock(&boot->lock);
    const struct tree *tree = find_tree(boot, id);
    if (tree != NULL) memcpy(ret, tree->secret, ASG_BOOT_SECRET_SIZE);
    (void)pthread_mutex_unlock(&boot->lock);
    return tree != NULL;
}

pid_t asg_boot_root(struct asg_boot *boot, const char *id)
{
    (void)pthread_mutex_lock(&boot->lock);
    const struct tree *tree = find_tree(boot, id);
    pid_t root = tree != NULL && !tree->is_root_over ? tree->root : 0;
    (void)pthread_mutex_unlock(&boot->lock);
    return root;
}

/* --- what a process gets --- */

/* The wrapper's words with {id} and {address} filled in. */
static size_t fill_wrapper(const char *wrapper, const struct asg_boot_order *order,
                           struct asg_arena *arena, const char **arguments)
{
    size_t count = 0;
    const char *at = wrapper + strspn(wrapper, " ");
    while (*at != '\0' && count < WRAPPER_WORDS_MAX) {
        size_t length = strcspn(at, " ");
        const char *word = asg_arena_text_n(arena, at, length);
        for (const char *open = strchr(word, '{'); open != NULL;
             open = strchr(open + 1, '{')) {
            bool is_id = strncmp(open, "{id}", 4) == 0;
            bool is_address = strncmp(open, "{address}", 9) == 0;
            if (!is_id && !is_address) continue;
            size_t before = (size_t)(open - word);
            word = asg_arena_format(arena, "%.*s%s%s", (int)before, word,
                                    is_id ? order->id : order->address,
                                    open + (is_id ? 4 : 9));
            open = word + before;
        }
        arguments[count++] = word;
        at += length;
        at += strspn(at, " ");
    }
    return count;
}

static void fill_arguments(const struct asg_boot *boot,
                           const struct asg_boot_order *order,
                           const struct boot_scripts *scripts, struct asg_arena *arena,
                           const char **arguments)
{
    size_t count = fill_wrapper(boot->options.wrapper, order, arena, arguments);
    if (scripts->count > 1) { /* one after the other, as cloud-init does */
        arguments[count++] = "/bin/sh";
        arguments[count++] = "-c";
        arguments[count++] = "for part in \"$@\"; do \"$part\"; done";
        arguments[count++] = "user-data";
    }
    for (size_t i = 0; i < scripts->count; i++) {
        arguments[count++] = scripts->paths[i];
    }
    arguments[count] = NULL;
}

static const char **fill_environment(const struct asg_boot *boot,
                                     const struct asg_boot_order *order,
                                     const struct tree *tree, const char *folder,
                                     struct asg_arena *arena)
{
    size_t given = boot->options.environment_count;
    const char **variables = asg_arena_take(arena, (given + 10) * sizeof *variables);
    size_t count = 0;
    const char *path = getenv("PATH");
    variables[count++] = asg_arena_format(
        arena, "PATH=%s", path != NULL ? path : "/usr/local/bin:/usr/bin:/bin");
    variables[count++] = asg_arena_format(arena, "HOME=%s", folder);
    variables[count++] = asg_arena_format(arena, "INSTANCE_ID=%s", order->id);
    variables[count++] = asg_arena_format(arena, "INSTANCE_ADDRESS=%s", order->address);
    variables[count++] =
        asg_arena_format(arena, "AWS_EC2_METADATA_SERVICE_ENDPOINT=%s/imds/%s/",
                         boot->options.imds_url, tree->secret);
    variables[count++] = asg_arena_format(arena, "AWS_REGION=%s", boot->options.region);
    variables[count++] =
        asg_arena_format(arena, ASG_BOOT_MARK "=%s:%s", boot->mark, order->id);
    for (size_t i = 0; i < given; i++) {
        const char *entry = boot->options.environment[i];
        if (strchr(entry, '=') != NULL) {
            variables[count++] = entry;
        } else if (getenv(entry) != NULL) {
            variables[count++] = asg_arena_format(arena, "%s=%s", entry, getenv(entry));
        }
    }
    variables[count] = NULL;
    return variables;
}

/* --- starting --- */

static void say_on_console(const char *console, const char *text, const char *more)
{
    int file = open(console, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0) return;
    (void)dprintf(file, "ec2local: %s%s\n", text, more);
    (void)close(file);
}

static int spawn(const char *folder, const char *console, const char *const *arguments,
                 const char *const *variables, pid_t *ret)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigset_t all;
    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    (void)posix_spawn_file_actions_init(&files);
    (void)posix_spawn_file_actions_addchdir_np(&files, folder);
    (void)posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    (void)posix_spawn_file_actions_addopen(&files, 1, console,
                                           O_WRONLY | O_CREAT | O_APPEND, 0600);
    (void)posix_spawn_file_actions_adddup2(&files, 1, 2);
    (void)posix_spawn_file_actions_addclosefrom_np(&files, 3);
    (void)posix_spawnattr_init(&attributes);
    (void)posix_spawnattr_setsigmask(&attributes, &none);
    (void)posix_spawnattr_setsigdefault(&attributes, &all);
    (void)posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    int reason = posix_spawnp(ret, arguments[0], &files, &attributes,
                              (char *const *)(uintptr_t)arguments,
                              (char *const *)(uintptr_t)variables);
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&files);
    return reason;
}

static enum asg_status run_scripts(struct asg_boot *boot,
                                   const struct asg_boot_order *order,
                                   const struct boot_scripts *scripts, const char *folder,
                                   const char *console, struct tree *tree,
                                   struct asg_error *error)
{
    ASG_CLEANUP(asg_arena_clear) struct asg_arena arena = {0};
    const char *arguments[ARGUMENTS_MAX];
    fill_arguments(boot, order, scripts, &arena, arguments);
    const char **variables = fill_environment(boot, order, tree, folder, &arena);
    pid_t root = 0;
    int reason = spawn(folder, console, arguments, variables, &root);
    if (reason != 0) {
        say_on_console(console, "the user data cannot be run: ", strerror(reason));
        return asg_fail(error, ASG_ERR_IO, "cannot run %s: %s", arguments[0],
                        strerror(reason));
    }
    (void)pthread_mutex_lock(&boot->lock);
    tree->root = root;
    tree->is_root_over = false;
    (void)pthread_mutex_unlock(&boot->lock);
    asg_boot_note_tree(boot, tree);
    return ASG_OK;
}

enum asg_status asg_boot_start(struct asg_boot *boot, const struct asg_boot_order *order,
                               struct asg_error *error)
{
    struct tree *tree = add_tree(boot, order->id);
    char folder[BOOT_PATH_BYTES];
    int length = snprintf(folder, sizeof folder, "%s/instances/%s", boot->options.folder,
                          order->id);
    if (length >= BOOT_PATH_BYTES - 32) {
        return asg_fail(error, ASG_ERR_LIMIT, "the path %s/instances is too long",
                        boot->options.folder);
    }
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        return asg_fail(error, ASG_ERR_IO, "cannot make %s: %s", folder, strerror(errno));
    }
    char console[BOOT_PATH_BYTES + 16];
    (void)snprintf(console, sizeof console, "%s/console.log", folder);
    struct boot_scripts *scripts = asg_alloc(1, sizeof *scripts);
    enum asg_status status =
        asg_boot_write_scripts(folder, order->user_data, scripts, error);
    if (status == ASG_OK && scripts->count == 0) {
        say_on_console(console, "no user data is run: ", scripts->why);
    } else if (status == ASG_OK) {
        status = run_scripts(boot, order, scripts, folder, console, tree, error);
    }
    free(scripts);
    return status;
}
