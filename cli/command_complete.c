/* command_complete - what a shell shows on TAB: "openasg __complete -- WORDS".
 *
 * Silent and quick whatever is wrong: a controller that is away, a key that is missing or
 * a file that cannot be read means that there are no names, nothing else. */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "cli/ask/ask_controller.h"
#include "cli/commands.h"
#include "cli/contexts.h"
#include "model/schemas.h"
#include "text/options_complete.h"

#define ANSWER_MS 1000 /* nobody waits longer for a TAB */
#define NAMES_MAX 1000

static const char *group_of(const struct asg_completion *completion)
{
    const char *group = asg_option_text(&completion->arguments, "group");
    if (group == NULL) group = asg_argument_text(&completion->arguments, 0);
    return group != NULL ? group : "";
}

static bool ask(struct asg_cli *cli, enum asg_query query, const char *group,
                struct asg_answer *ret)
{
    const struct asg_request request = {.query = query, .group = group, .name = ""};
    return asg_ask(cli, &request, &cli->arena, ret) == ASG_EXIT_OK;
}

/* ---- names that the controller knows ---- */

static void offer_groups(struct asg_cli *cli, struct asg_completion *completion)
{
    struct asg_answer answer = {0};
    if (!ask(cli, ASG_QUERY_GROUPS, "", &answer)) return;
    for (size_t i = 0; i < answer.group_count; i++) {
        const struct asg_group_view *view = &answer.groups[i];
        if (view->config == NULL) continue;
        asg_completion_offer(completion, view->config->name,
                             asg_arena_format(&cli->arena,
                                              "%" PRIu32 " in service, desired %" PRIu32,
                                              view->in_service, view->config->desired));
    }
}

static void offer_policies(struct asg_cli *cli, struct asg_completion *completion)
{
    struct asg_answer answer = {0};
    if (!ask(cli, ASG_QUERY_POLICIES, group_of(completion), &answer)) return;
    for (size_t i = 0; i < answer.policy_count; i++) {
        asg_completion_offer(
            completion, answer.policies[i].name,
            asg_enum_word(&asg_policy_kind_words, (int)answer.policies[i].kind));
    }
}

static void offer_schedules(struct asg_cli *cli, struct asg_completion *completion)
{
    struct asg_answer answer = {0};
    if (!ask(cli, ASG_QUERY_SCHEDULES, group_of(completion), &answer)) return;
    for (size_t i = 0; i < answer.schedule_count; i++) {
        asg_completion_offer(completion, answer.schedules[i].name,
                             answer.schedules[i].recurrence);
    }
}

static void offer_templates(struct asg_cli *cli, struct asg_completion *completion)
{
    struct asg_answer answer = {0};
    if (!ask(cli, ASG_QUERY_TEMPLATES, "", &answer)) return;
    for (size_t i = 0; i < answer.template_count; i++) {
        asg_completion_offer(completion, answer.templates[i].name,
                             answer.templates[i].state);
    }
}

static void offer_instances(struct asg_cli *cli, struct asg_completion *completion)
{
    struct asg_answer answer = {0};
    if (!ask(cli, ASG_QUERY_INSTANCES, "", &answer)) return;
    for (size_t i = 0; i < answer.instance_count && i < NAMES_MAX; i++) {
        const struct asg_instance_view *view = &answer.instances[i];
        if (view->instance_id[0] == '\0') continue;
        asg_completion_offer(
            completion, view->instance_id,
            asg_arena_format(&cli->arena, "%s, %s", view->group,
                             asg_enum_word(&asg_instance_state_words, (int)view->state)));
    }
}

static void offer_orphans(struct asg_cli *cli, struct asg_completion *completion)
{
    struct asg_answer answer = {0};
    if (!ask(cli, ASG_QUERY_ORPHANS, "", &answer)) return;
    for (size_t i = 0; i < answer.orphan_count && i < NAMES_MAX; i++) {
        asg_completion_offer(completion, answer.orphans[i].instance_id,
                             answer.orphans[i].why);
    }
}

static void offer_jobs(struct asg_cli *cli, struct asg_completion *completion)
{
    struct asg_answer answer = {0};
    if (!ask(cli, ASG_QUERY_JOBS, "", &answer)) return;
    for (size_t i = 0; i < answer.job_count && i < NAMES_MAX; i++) {
        const struct asg_job_view *view = &answer.jobs[i];
        char number[32];
        (void)snprintf(number, sizeof number, "%" PRIu64, view->id);
        asg_completion_offer(
            completion, number,
            asg_arena_format(&cli->arena, "%s %s, %s",
                             asg_enum_word(&asg_job_kind_words, (int)view->kind),
                             view->group,
                             asg_enum_word(&asg_job_state_words, (int)view->state)));
    }
}

static void offer_workers(struct asg_cli *cli, struct asg_completion *completion)
{
    struct asg_answer answer = {0};
    if (!ask(cli, ASG_QUERY_WORKERS, "", &answer)) return;
    for (size_t i = 0; i < answer.worker_count; i++) {
        asg_completion_offer(completion, answer.workers[i].name,
                             answer.workers[i].address);
    }
}

/* ---- names that are here ---- */

static void offer_contexts(struct asg_cli *cli, struct asg_completion *completion)
{
    const char *dir = asg_user_dir(environ, &cli->arena);
    if (dir == NULL) return;
    struct asg_texts names = asg_context_names(dir, &cli->arena);
    for (size_t i = 0; i < names.count; i++)
        asg_completion_offer(completion, names.items[i], "");
}

static void offer_words(struct asg_completion *completion, const struct asg_enum *words)
{
    for (size_t i = 0; i < words->count; i++)
        asg_completion_offer(completion, words->words[i], "");
}

static void offer_processes(struct asg_cli *cli, struct asg_completion *completion)
{
    (void)cli;
    offer_words(completion, &asg_process_words);
}

static void offer_decision_kinds(struct asg_cli *cli, struct asg_completion *completion)
{
    (void)cli;
    offer_words(completion, &asg_decision_kind_words);
}

static void offer_shells(struct asg_cli *cli, struct asg_completion *completion)
{
    static const char *const list[] = {"bash", "zsh", "fish"};
    static const struct asg_enum shells = {"shell", list, 3};
    (void)cli;
    offer_words(completion, &shells);
}

static void offer_keys(struct asg_cli *cli, struct asg_completion *completion)
{
    static const char *const list[] = {"ca",     "controller", "join-secret",
                                       "worker", "admin",      "api"};
    static const struct asg_enum keys = {"key", list, 6};
    (void)cli;
    offer_words(completion, &keys);
}

static const struct {
    const char *names;
    bool is_asked; /* the controller knows them */
    void (*offer)(struct asg_cli *cli, struct asg_completion *completion);
} kinds[] = {
    {"groups", true, offer_groups},
    {"policies", true, offer_policies},
    {"schedules", true, offer_schedules},
    {"templates", true, offer_templates},
    {"instances", true, offer_instances},
    {"orphans", true, offer_orphans},
    {"jobs", true, offer_jobs},
    {"workers", true, offer_workers},
    {"contexts", false, offer_contexts},
    {"processes", false, offer_processes},
    {"decision-kinds", false, offer_decision_kinds},
    {"shells", false, offer_shells},
    {"keys", false, offer_keys},
};

/* The controller is that of the line which is being written: --context counts. */
static void offer_names(struct asg_cli *cli, struct asg_completion *completion)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].names, completion->names) != 0) continue;
        struct asg_error error;
        if (kinds[i].is_asked &&
            asg_cli_load_settings(&completion->arguments, environ, &cli->arena,
                                  &cli->settings, &error) != ASG_OK) {
            return;
        }
        if (cli->settings.timeout_ms > ANSWER_MS || cli->settings.timeout_ms == 0)
            cli->settings.timeout_ms = ANSWER_MS;
        kinds[i].offer(cli, completion);
    }
}

static int run_complete(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    FILE *err = cli->err;
    FILE *nowhere = fopen("/dev/null", "we");
    if (nowhere != NULL) cli->err = nowhere;
    size_t count = arguments->values.count;
    char **words = asg_arena_take(&cli->arena, (count + 2) * sizeof *words);
    words[0] = (char *)cli->table->program;
    for (size_t i = 0; i < count; i++)
        words[i + 1] = (char *)arguments->values.items[i];
    struct asg_completion completion;
    asg_options_complete(cli->table, (int)count + 1, words, &cli->arena, &completion);
    if (completion.names != NULL) offer_names(cli, &completion);
    (void)fputs(completion.has_files ? ":files\n" : ":\n", cli->out);
    asg_cli_write(cli->out, asg_bytes_text(&completion.words), completion.words.length);
    asg_completion_clear(&completion);
    cli->err = err;
    if (nowhere != NULL) (void)fclose(nowhere);
    return ASG_EXIT_OK;
}

static const struct asg_argument words_argument[] = {
    {.name = "WORD",
     .help = "The words up to the cursor.",
     .is_optional = true,
     .is_repeated = true}};

static const struct asg_command_entry commands[] = {
    {.name = "__complete",
     .summary = "Print what fits next on a command line, for completion",
     .examples = "openasg __complete -- group show we",
     ASG_ARGUMENTS(words_argument),
     .run = run_complete,
     .is_hidden = true,
     .needs_nothing = true},
};

const struct asg_family asg_complete_family = ASG_FAMILY(commands);
