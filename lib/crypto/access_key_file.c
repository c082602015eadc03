/* access_key_file - the keys' file on the disk: read, and replaced as a whole. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/safe_file.h"
#include "crypto/access_keys.h"
#include "crypto/crypto.h"

static enum asg_status fail_errno(struct asg_error *error, const char *verb,
                                  const char *path)
{
    return asg_fail(error, errno == ENOENT ? ASG_ERR_NOT_FOUND : ASG_ERR_IO,
                    "cannot %s the file of access keys %s: %s", verb, path,
                    strerror(errno));
}

static enum asg_status read_file(const char *path, bool is_own, struct asg_bytes *ret,
                                 struct asg_error *error)
{
    const struct asg_safe_need need = {.what = "the file of access keys",
                                       .length_max = ASG_ACCESS_KEYS_BYTES_MAX,
                                       .guard = ASG_SAFE_SECRET,
                                       .is_own = is_own};
    return asg_safe_file_read(path, &need, ret, error);
}

static enum asg_status load(const char *path, bool is_own, struct asg_access_keys *ret,
                            struct asg_error *error)
{
    struct asg_bytes text = {0};
    enum asg_status status = read_file(path, is_own, &text, error);
    if (status == ASG_OK) {
        status = asg_access_keys_parse((const char *)text.data, text.length, ret, error);
        if (status != ASG_OK) asg_fail_wrap(error, status, "%s", path);
    }
    asg_safe_bytes_clear(&text);
    return status;
}

enum asg_status asg_access_keys_load(const char *path, struct asg_access_keys *ret,
                                     struct asg_error *error)
{
    return load(path, /* is_own */ false, ret, error);
}

enum asg_status asg_access_keys_load_own(const char *path, struct asg_access_keys *ret,
                                         struct asg_error *error)
{
    return load(path, /* is_own */ true, ret, error);
}

/* ---- changing it ---- */

/* The file belongs to whom it belonged; a first one to the owner of its folder. */
static bool give_owner(int file, const char *path, int folder)
{
    struct stat wanted;
    struct stat present;
    if (lstat(path, &wanted) != 0 && fstat(folder, &wanted) != 0) return false;
    if (fstat(file, &present) != 0) return false;
    if (present.st_uid == wanted.st_uid) return true;
    return fchown(file, wanted.st_uid, wanted.st_gid) == 0;
}

static bool write_all(int file, const struct asg_bytes *text)
{
    size_t done = 0;
    while (done < text->length) {
        ssize_t count = write(file, text->data + done, text->length - done);
        if (count < 0) return false;
        done += (size_t)count;
    }
    return fsync(file) == 0;
}

static enum asg_status replace(const char *path, int folder, const struct asg_bytes *text,
                               struct asg_error *error)
{
    char fresh[4096];
    struct stat info;
    if (lstat(path, &info) == 0 && S_ISLNK(info.st_mode)) {
        return asg_fail(error, ASG_ERR_DENIED,
                        "the file of access keys %s is a symbolic link: it can be read, "
                        "and is changed where it comes from",
                        path);
    }
    if (snprintf(fresh, sizeof fresh, "%s.new", path) >= (int)sizeof fresh) {
        errno = ENAMETOOLONG;
        return fail_errno(error, "write", path);
    }
    (void)unlink(fresh); /* of one that died */
    int file = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) return fail_errno(error, "write", path);
    bool is_written = write_all(file, text) && give_owner(file, path, folder);
    int code = errno;
    if (close(file) != 0) is_written = false;
    if (is_written && rename(fresh, path) == 0) {
        (void)fsync(folder);
        return ASG_OK;
    }
    if (is_written) code = errno;
    (void)unlink(fresh);
    errno = code;
    return fail_errno(error, "write", path);
}

/* The folder, locked against another who changes the file; -1. */
static int lock_folder(const char *path)
{
    char *copy = strdup(path);
    if (copy == NULL) return -1;
    int folder = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(copy);
    if (folder < 0) return -1;
    while (flock(folder, LOCK_EX) != 0) {
        if (errno == EINTR) continue;
        (void)close(folder);
        return -1;
    }
    return folder;
}

static const struct asg_access_key *find_name(const struct asg_access_keys *keys,
                                              const char *name)
{
    for (size_t i = 0; i < keys->count; i++) {
        if (strcmp(keys->items[i].name, name) == 0) return &keys->items[i];
    }
    return NULL;
}

/* A new text that must make sense before it replaces the old one. */
static enum asg_status put(const char *path, int folder, const struct asg_bytes *text,
                           struct asg_error *error)
{
    struct asg_access_keys trial = {.count = 0};
    enum asg_status status =
        asg_access_keys_parse((const char *)text->data, text->length, &trial, error);
    asg_access_keys_clear(&trial);
    return status == ASG_OK ? replace(path, folder, text, error) : status;
}

/* Without the line that says that there are none. */
static void drop_none(struct asg_bytes *text)
{
    static const char line[] = ASG_ACCESS_KEYS_NONE "\n";
    size_t length = sizeof line - 1;
    for (size_t at = 0; at + length <= text->length; at++) {
        bool begins = at == 0 || text->data[at - 1] == '\n';
        if (!begins || memcmp(text->data + at, line, length) != 0) continue;
        memmove(text->data + at, text->data + at + length, text->length - at - length);
        text->length -= length;
        return;
    }
}

/* Who takes the last key out means it: the file says so. */
static enum asg_status note_none(struct asg_bytes *text, struct asg_error *error)
{
    struct asg_access_keys keys = {.count = 0};
    enum asg_status status =
        asg_access_keys_parse((const char *)text->data, text->length, &keys, error);
    if (status == ASG_OK && keys.count == 0 && !keys.says_none) {
        if (text->length > 0 && !keys.is_whole) asg_bytes_append_byte(text, '\n');
        asg_bytes_append_text(text, ASG_ACCESS_KEYS_NONE "\n");
    }
    asg_access_keys_clear(&keys);
    return status;
}

/* A pair and a name stand in one line each. */
static enum asg_status check_new(const char *path, const struct asg_access_keys *keys,
                                 const struct asg_access_key *key,
                                 struct asg_error *error)
{
    for (size_t i = 0; i < keys->count; i++) {
        const struct asg_access_key *known = &keys->items[i];
        if (strcmp(known->access_key_id, key->access_key_id) != 0) continue;
        const char *token = key->session_token != NULL ? key->session_token : "";
        bool is_same = strcmp(known->secret, key->secret) == 0 &&
                       strcmp(known->session_token, token) == 0;
        return asg_fail(error, ASG_ERR_EXISTS,
                        is_same
                            ? "%s allows the key %s as \"%s\" already: nothing is needed"
                            : "%s allows the key %s as \"%s\" already, with another "
                              "secret or token: remove that one first",
                        path, key->access_key_id, known->name);
    }
    if (find_name(keys, key->name) == NULL) return ASG_OK;
    return asg_fail(error, ASG_ERR_EXISTS, "%s has a key of the name \"%s\" already",
                    path, key->name);
}

static enum asg_status add(const char *path, int folder, const struct asg_access_key *key,
                           struct asg_error *error)
{
    struct asg_bytes text = {0};
    struct asg_access_keys keys = {.count = 0};
    enum asg_status status = read_file(path, /* is_own */ false, &text, error);
    if (status == ASG_ERR_NOT_FOUND) {
        status = ASG_OK;
    } else if (status == ASG_OK) {
        status = asg_access_keys_load(path, &keys, error);
    }
    if (status == ASG_OK) status = check_new(path, &keys, key, error);
    if (status == ASG_OK) {
        if (text.length > 0 && text.data[text.length - 1] != '\n') {
            asg_bytes_append_byte(&text, '\n');
        }
        drop_none(&text);
        asg_access_key_print(key, &text);
        status = put(path, folder, &text, error);
    }
    asg_access_keys_clear(&keys);
    asg_safe_bytes_clear(&text);
    return status;
}

/* The line names the key, as a word of its own. */
static bool is_line_of(const char *line, size_t length, const char *name)
{
    struct asg_access_keys keys = {.count = 0};
    struct asg_error ignored;
    bool is_it = asg_access_keys_parse(line, length, &keys, &ignored) == ASG_OK &&
                 find_name(&keys, name) != NULL;
    asg_access_keys_clear(&keys);
    return is_it;
}

struct rotation {
    const char *old_name;
    const char *access_key_id;
    const char *secret;
};

/* What stands in the place of a line: the key with its new pair, and the old one. */
static void print_rotated(const char *line, size_t length, const struct rotation *with,
                          struct asg_bytes *ret)
{
    struct asg_access_keys keys = {.count = 0};
    struct asg_error ignored;
    if (asg_access_keys_parse(line, length, &keys, &ignored) != ASG_OK) return;
    struct asg_access_key key = keys.items[0];
    if (with->old_name != NULL) {
        key.name = with->old_name;
        asg_access_key_print(&key, ret);
    }
    key.name = keys.items[0].name;
    key.access_key_id = with->access_key_id;
    key.secret = with->secret;
    key.session_token = "";
    asg_access_key_print(&key, ret);
    asg_access_keys_clear(&keys);
}

/* Take the line of a key out, or put others in its place. */
static enum asg_status change_line(const char *path, int folder, const char *name,
                                   const struct rotation *with, struct asg_error *error)
{
    struct asg_bytes text = {0};
    struct asg_bytes rest = {0};
    bool is_found = false;
    (void)asg_bytes_reserve(&rest, ASG_ACCESS_KEYS_BYTES_MAX + 1); /* as read_file() */
    enum asg_status status = read_file(path, /* is_own */ false, &text, error);
    for (size_t at = 0; at < text.length;) {
        const uint8_t *feed = memchr(text.data + at, '\n', text.length - at);
        size_t length =
            feed != NULL ? (size_t)(feed - (text.data + at)) + 1 : text.length - at;
        const char *line = (const char *)text.data + at;
        if (is_line_of(line, length, name)) {
            is_found = true;
            if (with != NULL) print_rotated(line, length, with, &rest);
        } else {
            asg_bytes_append(&rest, line, length);
        }
        at += length;
    }
    if (status == ASG_OK && !is_found) {
        status = asg_fail(error, ASG_ERR_NOT_FOUND, "%s has no key of the name \"%s\"",
                          path, name);
    }
    if (status == ASG_OK) status = note_none(&rest, error);
    if (status == ASG_OK) status = put(path, folder, &rest, error);
    asg_safe_bytes_clear(&text);
    asg_safe_bytes_clear(&rest);
    return status;
}

enum asg_status asg_access_keys_add(const char *path, const struct asg_access_key *key,
                                    struct asg_error *error)
{
    int folder = lock_folder(path);
    if (folder < 0) return fail_errno(error, "write", path);
    enum asg_status status = add(path, folder, key, error);
    (void)close(folder);
    return status;
}

enum asg_status asg_access_keys_remove(const char *path, const char *name,
                                       struct asg_error *error)
{
    int folder = lock_folder(path);
    if (folder < 0) return fail_errno(error, "write", path);
    enum asg_status status = change_line(path, folder, name, NULL, error);
    (void)close(folder);
    return status;
}

enum asg_status asg_access_keys_rotate(const char *path, const char *name,
                                       const char *old_name, const char *access_key_id,
                                       const char *secret, struct asg_error *error)
{
    const struct rotation with = {
        .old_name = old_name, .access_key_id = access_key_id, .secret = secret};
    int folder = lock_folder(path);
    if (folder < 0) return fail_errno(error, "write", path);
    enum asg_status status = change_line(path, folder, name, &with, error);
    (void)close(folder);
    return status;
}
