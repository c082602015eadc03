/* command_rotate - a new key in the place of one that got old or known: on the files of
 * the controller's folder, with words on what happens next and how to go back. */
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/safe_file.h"
#include "bus/keys.h"
#include "cli/ask/ask_yes.h"
#include "cli/commands.h"
#include "cli/keys/key_name.h"
#include "crypto/access_keys.h"
#include "crypto/certificates.h"
#include "crypto/crypto.h"

#define JOIN_SECRET_BYTES 32
#define RESTART           "restart the controller (systemctl restart openasg-controller)"

static const struct asg_argument rotate_arguments[] = {
    {.name = "WHAT",
     .complete = "keys",
     .help = "ca, controller, join-secret, worker, admin or api (docs/security.md)."},
    {.name = "NAME",
     .help = "Of a worker, an admin or a key of the API.",
     .is_optional = true},
};

static const struct asg_option rotate_options[] = {
    {.name = "finish",
     .type = ASG_OPTION_FLAG,
     .help = "ca: the next authority signs, once all agents trust it."},
    {.name = "forget",
     .type = ASG_OPTION_FLAG,
     .help =
         "ca: trust only the authority that signs, once all agents have a certificate "
         "of it."},
    {.name = "into",
     .old_name = "to",
     .type = ASG_OPTION_FILE,
     .value = "DIR",
     .help = "worker, admin: folder of NAME.key.",
     .default_text = "dir when NAME.key is there, else the present one"},
    {.name = "public",
     .type = ASG_OPTION_FILE,
     .value = "FILE",
     .help = "worker, admin: the new public key, of a pair that \"keys make\" made where "
             "it is used; no private key is generated or moved then."},
    {.name = "allowed",
     .type = ASG_OPTION_FILE,
     .value = "DIR",
     .help = "worker, admin: the controller's folder of public keys (its allow.workers, "
             "allow.admins).",
     .default_text = "workers.d or admins.d in dir"},
    {.name = "now",
     .type = ASG_OPTION_FLAG,
     .help =
         "api: refuse the old key immediately instead of keeping it as NAME.old. ca: do "
         "not wait for the agents to renew."},
    {.name = "file",
     .type = ASG_OPTION_FILE,
     .value = "FILE",
     .help = "api: the controller's file of keys (its api.keys).",
     .default_text = "api-keys in dir"},
    ASG_YES_OPTION,
};

/* ---- ca ---- */

static int fail(struct asg_cli *cli, const struct asg_error *error)
{
    return asg_cli_fail(cli, ASG_EXIT_FAILED, "%s", error->text);
}

static void say_added(struct asg_cli *cli, const struct asg_rotation *now)
{
    const char *dir = cli->settings.dir;
    (void)fprintf(cli->out, "%s\n", now->next);
    (void)fprintf(
        cli->err,
        "%s/ca.key.next: the key of the next authority (mode 0600); it signs nothing "
        "yet\n"
        "%s/ca.pem: its certificate is trusted beside that of the present one, %.16s...\n"
        "next: " RESTART ". Wait for one life of the agents'\n"
        "  certificates (enrol.certificate_life, 24 h unless set): each agent learns "
        "of the next\n"
        "  authority when it renews. Then: openasg keys rotate ca --finish\n"
        "undo: rm %s/ca.key.next; openasg keys rotate ca --forget; restart the "
        "controller\n",
        dir, dir, now->signer, dir);
}

/* No file says how long certificates live here; a day is what it is unless set. */
#define USUAL_LIFE_S INT64_C(86400)

/* How long ago a step wrote its file; -1: it did not. */
static int64_t age_of(struct asg_cli *cli, const char *file)
{
    const char *path = asg_arena_format(&cli->arena, "%s/%s", cli->settings.dir, file);
    struct stat info;
    if (stat(path, &info) != 0) return -1;
    int64_t age_s = (int64_t)time(NULL) - (int64_t)info.st_mtim.tv_sec;
    return age_s > 0 ? age_s : 0;
}

static int refuse_early(struct asg_cli *cli, const char *what, const char *harm,
                        int64_t age_s)
{
    int64_t left_min = (USUAL_LIFE_S - age_s + 59) / 60;
    return asg_cli_fail(
        cli, ASG_EXIT_FAILED,
        "%s only %lld h %lld min ago, and nothing was changed now. %s Wait "
        "%lld h %lld min more, one life of the agents' certificates "
        "(enrol.certificate_life, 24 h unless set; wait longer if yours is longer); with "
        "--now it is done without the wait",
        what, (long long)(age_s / 3600), (long long)(age_s / 60 % 60), harm,
        (long long)(left_min / 60), (long long)(left_min % 60));
}

/* The agents learn of a step when they renew: one that comes before they did cuts them
 * off. What cannot be done anyway, or is done already, has words of its own. */
static int check_early(struct asg_cli *cli, const struct asg_rotation *now, bool finishes)
{
    int64_t age_s = age_of(cli, finishes ? "ca.key.next" : "ca.key.old");
    bool is_step = finishes ? now->has_next : !now->has_next && now->trusted > 1;
    if (!is_step || age_s < 0 || age_s >= USUAL_LIFE_S) return ASG_EXIT_OK;
    if (finishes) {
        return refuse_early(
            cli, "the next authority was made",
            "Agents that have not renewed their certificate since do not know it: they "
            "would refuse the controller's probes and drains, and could no longer renew.",
            age_s);
    }
    return refuse_early(
        cli, "the new authority began to sign",
        "Agents that have not renewed their certificate since have one of the previous "
        "authority: probes would not trust them until they renew.",
        age_s);
}

static void say_finished(struct asg_cli *cli, const struct asg_rotation *now)
{
    const char *dir = cli->settings.dir;
    (void)fprintf(cli->out, "%s\n", now->signer);
    (void)fprintf(
        cli->err,
        "%s/ca.key: the key that signs now; the previous one is %s/ca.key.old\n"
        "%s/ca.pem: trusts %zu authorities, the one that signs first\n"
        "next: " RESTART ": join lines carry the new\n"
        "  fingerprint from then on. Instances that were launched before and have not "
        "enrolled\n"
        "  yet do not trust the controller: their groups replace them. Wait for one "
        "life of the\n"
        "  agents' certificates again, then: openasg keys rotate ca --forget\n"
        "undo: mv %s/ca.key %s/ca.key.next; mv %s/ca.key.old %s/ca.key; restart the "
        "controller\n",
        dir, dir, dir, now->trusted, dir, dir, dir, dir);
}

static void say_forgot(struct asg_cli *cli, const struct asg_rotation *now)
{
    const char *dir = cli->settings.dir;
    (void)fprintf(cli->out, "%s\n", now->signer);
    (void)fprintf(
        cli->err,
        "%s/ca.pem: trusts the authority that signs and no other; what it trusted before "
        "is\n"
        "  in %s/ca.pem.old\n"
        "next: " RESTART ". An agent whose certificate is\n"
        "  of a previous authority is not trusted by probes until it renews.\n"
        "  When all is well remove %s/ca.key.old (shred -u) and %s/ca.pem.old\n"
        "undo: mv %s/ca.pem.old %s/ca.pem; restart the controller\n",
        dir, dir, dir, dir, dir, dir);
}

/* Only about a step that there is to take: what cannot be done has words of its own. */
static int ask_for_step(struct asg_cli *cli, const struct asg_arguments *arguments,
                        const struct asg_rotation *now)
{
    if (asg_option_flag(arguments, "finish") && now->has_next) {
        return asg_cli_ask_yes_here(cli, arguments,
                                    "make the next authority in %s sign; agents that "
                                    "have not renewed since it was made are cut off",
                                    cli->settings.dir);
    }
    if (asg_option_flag(arguments, "forget") && !now->has_next && now->trusted > 1) {
        return asg_cli_ask_yes_here(cli, arguments,
                                    "stop trusting the previous authority in %s; agents "
                                    "that still have a certificate of it are cut off",
                                    cli->settings.dir);
    }
    return ASG_EXIT_OK;
}

static int rotate_ca(struct asg_cli *cli, const struct asg_arguments *arguments)
{
    struct asg_rotation now;
    struct asg_error error = {""};
    const char *dir = cli->settings.dir;
    bool finishes = asg_option_flag(arguments, "finish");
    bool forgets = asg_option_flag(arguments, "forget");
    if (finishes && forgets) {
        return asg_cli_fail(cli, ASG_EXIT_USAGE,
                            "--finish and --forget are two steps with a restart and a "
                            "day between them");
    }
    bool has_patience = !asg_option_flag(arguments, "now");
    if (!has_patience && !finishes && !forgets) {
        return asg_cli_fail(cli, ASG_EXIT_USAGE,
                            "--now is for --finish and --forget: the next authority is "
                            "always created immediately");
    }
    enum asg_status status = asg_authority_look(dir, &now, &error);
    if (status != ASG_OK) return fail(cli, &error);
    if (has_patience && (finishes || forgets)) {
        int early = check_early(cli, &now, finishes);
        if (early != ASG_EXIT_OK) return early;
    }
    int code = ask_for_step(cli, arguments, &now);
    if (code != ASG_EXIT_OK) return code;
    status = finishes  ? asg_authority_take_next(dir, &now, &error)
             : forgets ? asg_authority_forget(dir, &now, &error)
                       : asg_authority_add_next(dir, &now, &error);
    if (status != ASG_OK) return fail(cli, &error);
    if (finishes) {
        say_finished(cli, &now);
    } else if (forgets) {
        say_forgot(cli, &now);
    } else {
        say_added(cli, &now);
    }
    return ASG_EXIT_OK;
}

/* ---- controller ---- */

static int rotate_controller(struct asg_cli *cli, const struct asg_arguments *arguments)
{
    (void)arguments;
    struct asg_error error = {""};
    ASG_CLEANUP(asg_bus_keys_clear) struct asg_bus_keys keys = {0};
    const char *path =
        asg_arena_format(&cli->arena, "%s/controller.key", cli->settings.dir);
    if (asg_bus_keys_replace(path, &keys, &error) != ASG_OK) return fail(cli, &error);
    (void)fprintf(cli->out, "%s\n", keys.public_key);
    (void)fprintf(
        cli->err,
        "%s: the new key pair; the previous one is %s.old\n"
        "%s.pub: the new public key\n"
        "next: set reports.first_after to 2m in controller.yaml, so that no agent counts "
        "as silent, and\n"
        "  " RESTART " immediately: it uses the old key until then, and openasg\n"
        "  on this host, which reads the new one, gets no answer from it.\n"
        "  workers: set controller.key in worker.yaml to the new public key and restart "
        "them; they\n"
        "  get no jobs before that\n"
        "  admins on other hosts: copy %s.pub (their server_key_file)\n"
        "  agents: nothing; within a minute they enrol again and receive the new key\n"
        "undo: mv %s.old %s; restart the controller, which rewrites the public file\n",
        path, path, path, path, path, path);
    return ASG_EXIT_OK;
}

/* ---- join secret ---- */

static enum asg_status replace_secret(const char *path, const char *old_path,
                                      struct asg_error *error)
{
    const struct asg_safe_need need = {
        .what = "join secret", .length_max = 4096, .guard = ASG_SAFE_SECRET};
    struct asg_bytes old = {0};
    uint8_t fresh[JOIN_SECRET_BYTES];
    enum asg_status status = asg_safe_file_read(path, &need, &old, error);
    if (status == ASG_OK) {
        status = asg_safe_file_replace(old_path, 0600, old.data, old.length, error);
    }
    if (status == ASG_OK) {
        asg_random_bytes(fresh, sizeof fresh);
        status = asg_safe_file_replace(path, 0600, fresh, sizeof fresh, error);
    }
    asg_secret_wipe(fresh, sizeof fresh);
    asg_safe_bytes_clear(&old);
    return status;
}

static int rotate_join_secret(struct asg_cli *cli, const struct asg_arguments *arguments)
{
    (void)arguments;
    struct asg_error error = {""};
    const char *path = asg_arena_format(&cli->arena, "%s/join.secret", cli->settings.dir);
    const char *old_path = asg_arena_format(&cli->arena, "%s.old", path);
    if (replace_secret(path, old_path, &error) != ASG_OK) return fail(cli, &error);
    (void)fprintf(
        cli->err,
        "%s: the new secret; the previous one is %s\n"
        "next: " RESTART "; it uses the old secret until\n"
        "  then. Enrolled instances are not affected. Those that were launched and "
        "have not enrolled\n"
        "  yet cannot any more, and their groups replace them: do it while few are "
        "launching\n"
        "undo: mv %s %s; restart the controller\n",
        path, old_path, old_path, path);
    return ASG_EXIT_OK;
}

/* ---- worker, admin ---- */

struct peer {
    const char *name;
    const char *listed;     /* NAME.pub in the controller's folder */
    const char *old_listed; /* no .pub at its end: not read any more */
    const char *key_path;   /* NULL: --public */
    bool had_key;
    char old_key[ASG_BUS_KEY_SIZE];
    char new_key[ASG_BUS_KEY_SIZE];
};

static enum asg_status make_pair(struct peer *peer, struct asg_error *error)
{
    ASG_CLEANUP(asg_bus_keys_clear) struct asg_bus_keys keys = {0};
    peer->had_key = access(peer->key_path, F_OK) == 0;
    enum asg_status status =
        peer->had_key ? asg_bus_keys_replace(peer->key_path, &keys, error)
                      : asg_bus_keys_load_or_make(peer->key_path, &keys, error);
    if (status == ASG_OK) memcpy(peer->new_key, keys.public_key, sizeof peer->new_key);
    return status;
}

static enum asg_status list_key(const struct peer *peer, struct asg_error *error)
{
    enum asg_status status =
        asg_bus_public_key_save(peer->old_listed, peer->old_key, error);
    if (status != ASG_OK) return status;
    return asg_bus_public_key_save(peer->listed, peer->new_key, error);
}

static void say_listed(struct asg_cli *cli, const struct peer *peer, bool is_worker)
{
    FILE *err = cli->err;
    (void)fprintf(cli->out, "%s\n", peer->new_key);
    if (peer->key_path != NULL) {
        (void)fprintf(err, "%s: the new key pair, for %s alone", peer->key_path,
                      peer->name);
        if (peer->had_key)
            (void)fprintf(err, "; the previous one is %s.old", peer->key_path);
        (void)fputc('\n', err);
    }
    (void)fprintf(
        err,
        "%s: the new public key; the previous one is %s\n"
        "next: the controller reads the folder again each second and refuses the "
        "old key from then\n"
        "  on; nothing needs a restart there. ",
        peer->listed, peer->old_listed);
    if (is_worker) {
        (void)fprintf(err, "Put the new pair where the worker reads it\n"
                           "  (key_file, else worker.key in its dir; mode 0600) and "
                           "restart the worker. Jobs that it\n"
                           "  had are done by others when their leases run out\n");
    } else {
        (void)fprintf(err,
                      "Put the new pair where the admin's openasg\n"
                      "  reads it (key_file, else admin.key in its dir; mode 0600)\n");
    }
    (void)fprintf(err, "undo: mv %s %s", peer->old_listed, peer->listed);
    if (peer->had_key) {
        (void)fprintf(err, "; mv %s.old %s", peer->key_path, peer->key_path);
    }
    (void)fputc('\n', err);
}

static const char *key_folder(struct asg_cli *cli, const struct asg_arguments *arguments,
                              const char *name)
{
    const char *folder = asg_option_text(arguments, "into");
    if (folder != NULL) return folder;
    const char *dir = cli->settings.dir;
    const char *path = asg_arena_format(&cli->arena, "%s/%s.key", dir, name);
    return access(path, F_OK) == 0 ? dir : ".";
}

static int fill_peer(struct asg_cli *cli, const struct asg_arguments *arguments,
                     const char *allowed, struct peer *peer)
{
    const char *name = asg_argument_text(arguments, 1);
    const char *folder = asg_option_text(arguments, "allowed");
    if (!asg_is_key_name(name)) return asg_fail_key_name(cli, name);
    if (folder == NULL) {
        folder = asg_arena_format(&cli->arena, "%s/%s", cli->settings.dir, allowed);
    }
    peer->name = name;
    peer->listed = asg_arena_format(&cli->arena, "%s/%s.pub", folder, name);
    peer->old_listed = asg_arena_format(&cli->arena, "%s.old", peer->listed);
    if (asg_option_text(arguments, "public") == NULL) {
        peer->key_path = asg_arena_format(&cli->arena, "%s/%s.key",
                                          key_folder(cli, arguments, name), name);
    }
    return ASG_EXIT_OK;
}

static int rotate_peer(struct asg_cli *cli, const struct asg_arguments *arguments,
                       bool is_worker)
{
    struct peer peer = {.key_path = NULL};
    struct asg_error error = {""};
    int code = fill_peer(cli, arguments, is_worker ? "workers.d" : "admins.d", &peer);
    if (code != ASG_EXIT_OK) return code;
    enum asg_status status = asg_bus_public_key_load(peer.listed, peer.old_key, &error);
    if (status == ASG_ERR_NOT_FOUND) {
        return asg_cli_fail(
            cli, ASG_EXIT_FAILED,
            "there is no %s: \"%s\" is not a known %s of this controller; create a "
            "first key with \"openasg keys make %s\"",
            peer.listed, peer.name, is_worker ? "worker" : "admin", peer.name);
    }
    if (status == ASG_OK) {
        status = peer.key_path != NULL
                     ? make_pair(&peer, &error)
                     : asg_bus_public_key_load(asg_option_text(arguments, "public"),
                                               peer.new_key, &error);
    }
    if (status != ASG_OK) return fail(cli, &error);
    if (strcmp(peer.old_key, peer.new_key) == 0) {
        return asg_cli_fail(cli, ASG_EXIT_FAILED, "%s holds this key already",
                            peer.listed);
    }
    if (list_key(&peer, &error) != ASG_OK) return fail(cli, &error);
    say_listed(cli, &peer, is_worker);
    return ASG_EXIT_OK;
}

static int rotate_worker(struct asg_cli *cli, const struct asg_arguments *arguments)
{
    return rotate_peer(cli, arguments, /* is_worker */ true);
}

static int rotate_admin(struct asg_cli *cli, const struct asg_arguments *arguments)
{
    return rotate_peer(cli, arguments, /* is_worker */ false);
}

/* ---- api ---- */

static void say_api(struct asg_cli *cli, const char *path, const char *name,
                    const char *old_name)
{
    (void)fprintf(cli->err,
                  "%s: the key of \"%s\" is new, with the same actions and groups; it is "
                  "valid\n"
                  "  once, and its secret is not shown again\n",
                  path, name);
    if (old_name == NULL) {
        (void)fprintf(cli->err, "  the old key is refused within a moment\n"
                                "next: give the new one to its clients\n"
                                "undo: none; the old secret is gone\n");
        return;
    }
    (void)fprintf(
        cli->err,
        "  the old key stays valid as \"%s\"\n"
        "next: give the new one to its clients, then: openasg keys remove-api "
        "%s\n"
        "undo: openasg keys remove-api %s, and remove .old from the name in the "
        "file\n",
        old_name, old_name, name);
}

/* --now takes the present key away, not one that a rotation before it left. */
static void say_older(struct asg_cli *cli, const char *path, const char *name)
{
    struct asg_access_keys keys = {.count = 0};
    struct asg_error error = {""};
    const char *older = asg_arena_format(&cli->arena, "%s.old", name);
    bool is_there = false;
    if (asg_access_keys_load(path, &keys, &error) == ASG_OK) {
        for (size_t i = 0; i < keys.count; i++)
            is_there = is_there || strcmp(keys.items[i].name, older) == 0;
    }
    asg_access_keys_clear(&keys);
    if (!is_there) return;
    const char *usual = asg_arena_format(&cli->arena, "%s/api-keys", cli->settings.dir);
    bool is_usual = strcmp(path, usual) == 0;
    (void)fprintf(
        cli->err,
        "warning: the key of the previous rotation, \"%s\", is still valid. Remove "
        "it: openasg keys remove-api %s%s%s\n",
        older, older, is_usual ? "" : " --file ", is_usual ? "" : path);
}

static int rotate_api(struct asg_cli *cli, const struct asg_arguments *arguments)
{
    char id[ASG_ACCESS_KEY_ID_SIZE];
    char secret[ASG_ACCESS_KEY_SECRET_SIZE];
    struct asg_error error = {""};
    const char *name = asg_argument_text(arguments, 1);
    const char *path = asg_option_text(arguments, "file");
    if (path == NULL) {
        path = asg_arena_format(&cli->arena, "%s/api-keys", cli->settings.dir);
    }
    const char *old_name = asg_option_flag(arguments, "now")
                               ? NULL
                               : asg_arena_format(&cli->arena, "%s.old", name);
    if (old_name == NULL) {
        int code = asg_cli_ask_yes_here(
            cli, arguments, "refuse the present key of \"%s\" immediately", name);
        if (code != ASG_EXIT_OK) return code;
    }
    asg_access_key_draw(id, secret);
    enum asg_status status =
        asg_access_keys_rotate(path, name, old_name, id, secret, &error);
    if (status == ASG_OK) {
        (void)fprintf(cli->out,
                      "export AWS_ACCESS_KEY_ID=%s\nexport AWS_SECRET_ACCESS_KEY=%s\n",
                      id, secret);
        say_api(cli, path, name, old_name);
        if (old_name == NULL) say_older(cli, path, name);
    }
    asg_secret_wipe(secret, sizeof secret);
    if (status == ASG_ERR_MALFORMED && old_name != NULL) {
        return asg_cli_fail(cli, ASG_EXIT_FAILED,
                            "%s cannot have both keys: %s; if \"%s\" is left from "
                            "a previous rotation, remove it first",
                            path, error.text, old_name);
    }
    return status == ASG_OK ? ASG_EXIT_OK : fail(cli, &error);
}

/* ---- which ---- */

static const struct kind {
    const char *what;
    bool has_name;
    const char *options[3]; /* that it understands, NULL at their end */
    int (*run)(struct asg_cli *cli, const struct asg_arguments *arguments);
} kinds[] = {
    {"ca", false, {"finish", "forget", "now"}, rotate_ca},
    {"controller", false, {NULL}, rotate_controller},
    {"join-secret", false, {NULL}, rotate_join_secret},
    {"worker", true, {"into", "public", "allowed"}, rotate_worker},
    {"admin", true, {"into", "public", "allowed"}, rotate_admin},
    {"api", true, {"now", "file", NULL}, rotate_api},
};

static bool understands(const struct kind *kind, const char *option)
{
    for (size_t i = 0; i < 3 && kind->options[i] != NULL; i++) {
        if (strcmp(kind->options[i], option) == 0) return true;
    }
    return false;
}

static int check_kind(struct asg_cli *cli, const struct kind *kind,
                      const struct asg_arguments *arguments)
{
    const char *name = asg_argument_text(arguments, 1);
    if (kind->has_name && name == NULL) {
        return asg_cli_fail(cli, ASG_EXIT_USAGE, "keys rotate %s needs a NAME",
                            kind->what);
    }
    if (!kind->has_name && name != NULL) {
        return asg_cli_fail(cli, ASG_EXIT_USAGE,
                            "keys rotate %s takes no NAME: there is only one",
                            kind->what);
    }
    for (size_t i = 0; i < sizeof rotate_options / sizeof rotate_options[0]; i++) {
        const char *option = rotate_options[i].name;
        if (strcmp(option, "yes") == 0) continue;
        if (asg_option_is_set(arguments, option) && !understands(kind, option)) {
            return asg_cli_fail(cli, ASG_EXIT_USAGE, "keys rotate %s has no option --%s",
                                kind->what, option);
        }
    }
    if (asg_option_is_set(arguments, "into") && asg_option_is_set(arguments, "public")) {
        return asg_cli_fail(cli, ASG_EXIT_USAGE,
                            "with --public no key pair is written: leave out --into");
    }
    return ASG_EXIT_OK;
}

static int run_rotate(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    const char *what = asg_argument_text(arguments, 0);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].what, what) != 0) continue;
        int code = check_kind(cli, &kinds[i], arguments);
        return code == ASG_EXIT_OK ? kinds[i].run(cli, arguments) : code;
    }
    return asg_cli_fail(cli, ASG_EXIT_USAGE,
                        "WHAT cannot be \"%.40s\": it is ca, controller, join-secret, "
                        "worker, admin or api",
                        what);
}

static const struct asg_command_entry commands[] = {
    {.name = "keys rotate",
     .summary = "Replace a key that is old or was leaked",
     .details =
         "Works on the files of the controller's folder (dir), on its host, as their "
         "owner or as root. Says what it did, what comes next and how to undo it; the "
         "old key is kept with .old at its name. Shows the new public key (ca: the "
         "fingerprint; api: the exports).\n"
         "ca takes three steps with a restart of the controller and one life of the "
         "agents' certificates between them, so that no agent is cut off: the next "
         "authority is trusted, then it signs (--finish), then the previous one is no "
         "longer trusted (--forget). Less than 24 h after the previous step, --finish "
         "and --forget are refused without --now. A step that crashed may be repeated.",
     .examples = "openasg keys rotate worker worker-1 --public worker-1.pub\n"
                 "openasg keys rotate api terraform\n"
                 "openasg keys rotate ca\n"
                 "openasg keys rotate ca --finish",
     ASG_ARGUMENTS(rotate_arguments),
     ASG_OPTIONS(rotate_options),
     .run = run_rotate},
};

const struct asg_family asg_rotate_family = ASG_FAMILY(commands);
