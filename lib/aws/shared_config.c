#include "aws/shared_config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "aws/environment.h"
#include "base/arena.h"
#include "base/bytes.h"
#include "crypto/crypto.h"

enum section_kind { SECTION_PROFILE, SECTION_SERVICES, SECTION_OTHER };

/* One "name = value"; the texts lie in the text of the file. */
struct setting {
    enum section_kind kind;
    const char *section;
    const char *parent; /* of a nested one; else "" */
    const char *name;   /* "" for the head of a section itself */
    const char *value;
};

struct asg_shared_config {
    struct asg_bytes texts[2]; /* config, credentials */
    struct asg_arena arena;    /* holds no values */
    struct setting *settings;  /* later ones win */
    size_t count;
    size_t capacity;
    const char *profile;
    bool is_named;
    bool is_open; /* the credentials file to others than its owner */
};

/* At most so much, and a byte of what is beyond. The room is taken at once: one that grew
 * would leave secrets where it was. */
static void read_into(FILE *file, const struct stat *facts, struct asg_bytes *ret)
{
    size_t room = ASG_SHARED_FILE_MAX + 1;
    bool has_size = S_ISREG(facts->st_mode) && facts->st_size > 0;
    if (has_size && (uint64_t)facts->st_size < room) room = (size_t)facts->st_size + 1;
    uint8_t *data = asg_bytes_reserve(ret, room + 1); /* and a zero */
    ret->length = fread(data, 1, room, file);
    if (ret->length < room || room > ASG_SHARED_FILE_MAX) return;
    /* It has grown since it was looked at. */
    asg_secret_wipe(ret->data, ret->length);
    asg_bytes_clear(ret);
    rewind(file);
    data = asg_bytes_reserve(ret, ASG_SHARED_FILE_MAX + 2);
    ret->length = fread(data, 1, ASG_SHARED_FILE_MAX + 1, file);
}

static enum asg_status read_whole_file(const char *path, struct asg_bytes *ret,
                                       bool *ret_is_open, struct asg_error *error)
{
    FILE *file = fopen(path, "re");
    if (file == NULL && (errno == ENOENT || errno == ENOTDIR)) {
        return asg_fail(error, ASG_ERR_NOT_FOUND, "%s does not exist", path);
    }
    if (file == NULL) {
        return asg_fail(error, ASG_ERR_IO, "cannot read %s: %s", path, strerror(errno));
    }
    /* No buffer of stdio's: it would keep the secrets after we wiped ours. */
    (void)setvbuf(file, NULL, _IONBF, 0);
    struct stat facts = {.st_size = 0};
    *ret_is_open = fstat(fileno(file), &facts) == 0 && (facts.st_mode & 077) != 0;
    read_into(file, &facts, ret);
    bool has_failed = ferror(file) != 0;
    (void)fclose(file);
    if (has_failed) {
        return asg_fail(error, ASG_ERR_IO,
                        "cannot read %s: it is a folder, or the disk failed", path);
    }
    if (ret->length > ASG_SHARED_FILE_MAX) {
        return asg_fail(error, ASG_ERR_LIMIT, "%s is larger than %zu bytes", path,
                        ASG_SHARED_FILE_MAX);
    }
    return ASG_OK;
}

/* Cut blanks off both ends, in place. */
static char *trim(char *text)
{
    text += strspn(text, " \t\r");
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t\r", text[length - 1]) != NULL) {
        length--;
    }
    text[length] = '\0';
    return text;
}

static struct setting *add_setting(struct asg_shared_config *config)
{
    struct setting *setting =
        asg_arena_push(&config->arena, (void **)&config->settings, &config->count,
                       &config->capacity, sizeof *config->settings);
    *setting = (struct setting){.section = "", .parent = "", .name = "", .value = ""};
    return setting;
}

/* The name behind "profile " or "services " in the head of a section; `aws configure`
 * writes one with a blank in quotes. */
static const char *after_word(char *head, const char *word)
{
    size_t length = strlen(word);
    if (strncmp(head, word, length) != 0 ||
        (head[length] != ' ' && head[length] != '\t')) {
        return NULL;
    }
    char *name = trim(head + length);
    length = strlen(name);
    bool is_quoted =
        length >= 2 && (name[0] == '\'' || name[0] == '"') && name[length - 1] == name[0];
    if (!is_quoted) return name;
    name[length - 1] = '\0';
    return name + 1;
}

/* Names of settings are the same in upper case. */
static const char *lower(char *name)
{
    for (char *at = name; *at != '\0'; at++) {
        if (*at >= 'A' && *at <= 'Z') *at = (char)(*at - 'A' + 'a');
    }
    return name;
}

static struct setting begin_section(char *head, bool is_credentials_file)
{
    struct setting setting = {
        .kind = SECTION_PROFILE, .section = head, .parent = "", .name = "", .value = ""};
    if (is_credentials_file) return setting;
    const char *services = after_word(head, "services");
    const char *profile = after_word(head, "profile");
    if (profile != NULL) {
        setting.section = profile;
    } else if (services != NULL) {
        setting.kind = SECTION_SERVICES;
        setting.section = services;
    } else if (strcmp(head, "default") != 0) {
        setting.kind = SECTION_OTHER;
    }
    return setting;
}

/* Lines of an INI file: [section], name = value, # or ; begins a comment line. A line
 * that begins with more blanks than the setting above it belongs to that. */
static void read_settings(struct asg_shared_config *config, char *text,
                          bool is_credentials_file)
{
    struct setting section = {
        .kind = SECTION_OTHER, .section = "", .parent = "", .name = "", .value = ""};
    const char *parent = "";
    size_t parent_indent = 0;
    char *rest = text;
    char *line = NULL;
    while ((line = strsep(&rest, "\n")) != NULL) {
        if (line[0] == '#' || line[0] == ';' || line[0] == '\0') continue;
        size_t indent = strspn(line, " \t");
        if (line[0] == '[') {
            char *end = strchr(line, ']');
            if (end == NULL) continue;
            *end = '\0';
            section = begin_section(trim(line + 1), is_credentials_file);
            parent = "";
            *add_setting(config) = section;
            continue;
        }
        char *equals = strchr(line, '=');
        if (equals == NULL || section.kind == SECTION_OTHER) continue;
        *equals = '\0';
        struct setting *setting = add_setting(config);
        *setting = section;
        setting->name = lower(trim(line));
        setting->value = trim(equals + 1);
        if (parent[0] != '\0' && indent > parent_indent) {
            setting->parent = parent;
        } else {
            parent = setting->name;
            parent_indent = indent;
        }
    }
}

static enum asg_status load_file(struct asg_shared_config *config, const char *named,
                                 const char *variable, const char *below_home,
                                 bool is_credentials_file, struct asg_error *error)
{
    const char *path =
        named != NULL && named[0] != '\0' ? named : asg_environment_get(variable);
    const char *home = asg_environment_get("HOME");
    if (path == NULL && home == NULL) return ASG_OK;
    if (path == NULL) path = asg_arena_format(&config->arena, "%s/%s", home, below_home);
    /* No shell was there to do it: units and containers set these variables as text. */
    if (strncmp(path, "~/", 2) == 0 && home != NULL) {
        path = asg_arena_format(&config->arena, "%s%s", home, path + 1);
    }
    struct asg_bytes *text = &config->texts[is_credentials_file ? 1 : 0];
    bool is_open = false;
    enum asg_status status = read_whole_file(path, text, &is_open, error);
    bool must_be_there = named != NULL && named[0] != '\0';
    if (status == ASG_ERR_NOT_FOUND && !must_be_there) return ASG_OK;
    if (status != ASG_OK) return status;
    if (is_credentials_file) config->is_open = is_open;
    (void)asg_bytes_text(text); /* closes it with a zero */
    read_settings(config, (char *)text->data, is_credentials_file);
    return ASG_OK;
}

void asg_shared_config_new_empty(struct asg_shared_config **ret)
{
    struct asg_shared_config *config = asg_alloc(1, sizeof *config);
    config->profile = "default";
    *ret = config;
}

enum asg_status asg_shared_config_load(const struct asg_shared_config_options *options,
                                       struct asg_shared_config **ret,
                                       struct asg_error *error)
{
    struct asg_shared_config *config = NULL;
    asg_shared_config_new_empty(&config);
    const char *profile = options->profile;
    if (profile == NULL || profile[0] == '\0')
        profile = asg_environment_get("AWS_PROFILE");
    config->is_named = profile != NULL;
    if (profile != NULL) config->profile = asg_arena_text(&config->arena, profile);

    enum asg_status status = load_file(config, NULL, "AWS_CONFIG_FILE", ".aws/config",
                                       /* is_credentials_file */ false, error);
    if (status == ASG_OK) {
        status = load_file(config, options->credentials_file,
                           "AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials",
                           /* is_credentials_file */ true, error);
    }
    if (status == ASG_OK && config->is_named &&
        !asg_shared_config_has_profile(config, config->profile)) {
        status = asg_fail(error, ASG_ERR_INVALID,
                          "profile \"%.100s\" is in neither of the AWS files: write "
                          "[profile %.100s] to the config file or [%.100s] to the "
                          "credentials file",
                          config->profile, config->profile, config->profile);
    }
    if (status != ASG_OK) {
        asg_shared_config_destroy(&config);
        return status;
    }
    *ret = config;
    return ASG_OK;
}

void asg_shared_config_destroy(struct asg_shared_config **config)
{
    if (*config == NULL) return;
    for (size_t i = 0; i < 2; i++) {
        struct asg_bytes *text = &(*config)->texts[i];
        if (text->data != NULL) asg_secret_wipe(text->data, text->length);
        asg_bytes_clear(text);
    }
    asg_arena_clear(&(*config)->arena);
    free(*config);
    *config = NULL;
}

const char *asg_shared_config_profile(const struct asg_shared_config *config)
{
    return config->profile;
}

bool asg_shared_config_is_named(const struct asg_shared_config *config)
{
    return config->is_named;
}

bool asg_shared_config_is_open(const struct asg_shared_config *config)
{
    return config->is_open;
}

bool asg_shared_config_has_profile(const struct asg_shared_config *config,
                                   const char *profile)
{
    for (size_t i = 0; i < config->count; i++) {
        if (config->settings[i].kind == SECTION_PROFILE &&
            strcmp(config->settings[i].section, profile) == 0) {
            return true;
        }
    }
    return false;
}

static const char *find(const struct asg_shared_config *config, enum section_kind kind,
                        const char *section, const char *parent, const char *name)
{
    for (size_t i = config->count; i-- > 0;) {
        const struct setting *setting = &config->settings[i];
        if (setting->kind == kind && strcmp(setting->section, section) == 0 &&
            strcmp(setting->parent, parent) == 0 && strcmp(setting->name, name) == 0) {
            return setting->value[0] == '\0' ? NULL : setting->value;
        }
    }
    return NULL;
}

const char *asg_shared_config_get(const struct asg_shared_config *config,
                                  const char *profile, const char *name)
{
    return find(config, SECTION_PROFILE, profile, "", name);
}

const char *asg_shared_config_of_service(const struct asg_shared_config *config,
                                         const char *service, const char *name)
{
    const char *section = asg_shared_config_get(config, config->profile, "services");
    if (section == NULL) return NULL;
    return find(config, SECTION_SERVICES, section, service, name);
}
